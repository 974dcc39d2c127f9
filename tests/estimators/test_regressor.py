from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning

from xent.distributions import Bernoulli, Gaussian, Laplace
from xent.errors import XentError
from xent.estimators import XentRegressor

SMALL = {"hidden": (32,), "random_state": 0, "epochs": 60}


def nll(regressor, X, y):
    mean, std = regressor.predict(X, return_std=True)
    return np.mean(0.5 * ((y - mean) / std) ** 2 + np.log(std) + 0.5 * np.log(2 * np.pi))


@pytest.mark.parametrize("distribution", [None, "gaussian", "laplace", "poisson"])
def test_predictions_are_in_the_units_of_the_target(diabetes, distribution):
    X, y = diabetes
    regressor = XentRegressor(**SMALL, distribution=distribution).fit(X[:350], y[:350])
    assert regressor.score(X[350:], y[350:]) > 0.3
    mean, std = regressor.predict(X[350:], return_std=True)
    # the spread of a Poisson count is its root, whatever the data say
    shares = {None: 0.9, "gaussian": 0.6, "laplace": 0.6, "poisson": 0.0}
    assert np.mean(np.abs(y[350:] - mean) < 2 * std) > shares[distribution]


def test_location_and_unit_of_the_target_do_not_matter(diabetes):
    X, y = diabetes
    for distribution in (None, "gaussian", "laplace"):
        one = XentRegressor(**SMALL, distribution=distribution).fit(X, y)
        other = XentRegressor(**SMALL, distribution=distribution).fit(X, 1e6 * y - 3e8)
        for a, b in zip(
            one.predict(X, return_std=True), other.predict(X, return_std=True), strict=True
        ):
            shift = -3e8 if a is not None and np.ptp(a) and a[0] > 90 and b[0] < 0 else 0.0
            np.testing.assert_allclose(b - shift, 1e6 * a, rtol=1e-5)


def test_by_default_the_error_has_the_size_seen_on_rows_held_out(diabetes):
    X, y = diabetes
    regressor = XentRegressor(**SMALL).fit(X, y)
    rmse = regressor.history_["validation_rmse"][regressor.best_epoch_ - 1]
    assert isinstance(regressor.distribution_, Gaussian)
    assert regressor.distribution_.sd == pytest.approx(rmse, rel=1e-9)
    alone = XentRegressor(**SMALL, validation_fraction=0).fit(X, y)
    assert alone.distribution_.sd == pytest.approx(np.sqrt(np.mean((alone.predict(X) - y) ** 2)))


def test_a_learned_error_beats_a_constant_one_where_it_varies():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(2000, 1))
    y = X[:, 0] + np.exp(2 * X[:, 0]) * 0.1 * rng.normal(size=2000)
    one = XentRegressor(**SMALL).fit(X[:1500], y[:1500])
    learned = XentRegressor(**SMALL, distribution="gaussian").fit(X[:1500], y[:1500])
    assert nll(learned, X[1500:], y[1500:]) < nll(one, X[1500:], y[1500:]) - 0.3
    _, std = learned.predict([[-0.9], [0.9]], return_std=True)
    assert std[1] > 8 * std[0]


def test_given_scales_are_in_the_units_of_the_target(diabetes):
    X, y = diabetes
    for distribution, std in ((Gaussian(50.0), 50.0), (Laplace(50.0), 50 * 2**0.5)):
        regressor = XentRegressor(**SMALL, distribution=distribution).fit(X, y)
        np.testing.assert_allclose(regressor.predict(X, return_std=True)[1], std)
    expected = Gaussian(50.0).nll(regressor.predict(X), y).mean()
    plain = XentRegressor(**SMALL, distribution=Gaussian(50.0), early_stopping=False).fit(X, y)
    assert plain.history_[-1]["loss"] == pytest.approx(expected, rel=0.2)


def test_poisson_rates_and_their_spread():
    rng = np.random.default_rng(1)
    X = rng.uniform(size=(600, 1))
    y = rng.poisson(np.exp(1 + 2 * X[:, 0]))
    regressor = XentRegressor(**SMALL, distribution="poisson").fit(X, y)
    rate, std = regressor.predict([[0.0], [1.0]], return_std=True)
    np.testing.assert_allclose(rate, np.exp([1, 3]), rtol=0.25)
    np.testing.assert_allclose(std, np.sqrt(rate))
    with pytest.raises(XentError, match="y"):
        regressor.fit(X, -1.0 - y)


def test_dtype_follows_the_features(diabetes):
    X, y = diabetes
    regressor = XentRegressor(**SMALL).fit(X.astype(np.float32), y)
    mean, std = regressor.predict(X.astype(np.float32), return_std=True)
    assert mean.dtype == std.dtype == np.float32
    assert XentRegressor(**SMALL).fit(X, y.astype(int)).predict(X).dtype == np.float64


def test_a_constant_target_is_learned():
    X = np.random.default_rng(0).normal(size=(60, 2))
    regressor = XentRegressor(**{**SMALL, "epochs": 500}).fit(X, np.full(60, 7e5))
    np.testing.assert_allclose(regressor.predict(X), 7e5, atol=0.2)


def test_warm_start_keeps_the_unit(diabetes):
    X, y = diabetes
    regressor = XentRegressor(**SMALL, warm_start=True).fit(X, y)
    before = regressor.score(X, y)
    regressor.set_params(epochs=1, learning_rate=1e-9).fit(X, y)
    assert regressor.score(X, y) == pytest.approx(before, abs=1e-3)


def test_pickled_it_predicts_the_same(diabetes):
    X, y = diabetes
    regressor = XentRegressor(**SMALL).fit(X, y)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(regressor)).predict(X), regressor.predict(X)
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"class_weight": "balanced"}, "class_weight needs classes"),
        ({"label_smoothing": 0.1}, "label_smoothing needs classes"),
        ({"distribution": "bernoulli"}, "distribution must be gaussian or laplace or poisson"),
        (
            {"distribution": Bernoulli()},
            "distribution must fit a regression",
        ),
    ],
)
def test_what_cannot_be_is_refused(diabetes, parameters, message):
    with pytest.raises(XentError, match=message):
        XentRegressor(**parameters).fit(*diabetes)


def test_targets_that_are_no_column(diabetes):
    X, y = diabetes
    with pytest.warns(DataConversionWarning):
        XentRegressor(**{**SMALL, "epochs": 1}).fit(X, y[:, None])
    with pytest.raises(ValueError, match="1d array"):
        XentRegressor().fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="NaN"):
        XentRegressor().fit(X, np.where(y > 100, np.nan, y))


def test_the_spread_of_another_distribution_is_refused(diabetes):
    X, y = diabetes
    regressor = XentRegressor(**{**SMALL, "epochs": 1}, distribution=1.0 * Gaussian()).fit(X, y)
    with pytest.raises(XentError, match="return_std needs gaussian, laplace or poisson"):
        regressor.predict(X, return_std=True)
