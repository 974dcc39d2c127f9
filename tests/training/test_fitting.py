"""From settings to a trainer: distribution, weights, seed, the unit of a real target."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Gaussian,
    LabelSmoothing,
    Laplace,
    MultiLabel,
    Poisson,
)
from xent.errors import XentError
from xent.training import Part, TrainingSettings
from xent.training.fitting import (
    TargetScale,
    choose_distribution,
    class_weight_factors,
    fit_target_scale,
    make_trainer,
    objective,
    resolve_seed,
    run_trainer,
)


@pytest.mark.parametrize(
    ("task", "name", "expected"),
    [
        ("binary", None, Bernoulli()),
        ("multiclass", None, Categorical(4)),
        ("multilabel", None, MultiLabel(4)),
        ("regression", None, Gaussian()),
        ("regression", "laplace", Laplace()),
        ("regression", "poisson", Poisson()),
        ("regression", Gaussian(sd=2.0), Gaussian(sd=2.0)),
    ],
)
def test_each_task_has_its_distribution(task, name, expected):
    assert choose_distribution(task, 4, TrainingSettings(distribution=name)) == expected


def test_a_distribution_that_does_not_fit_is_refused():
    with pytest.raises(
        XentError,
        match=r"gaussian or laplace or poisson for a regression target, got 'gausian'\. Did you mean",
    ):
        choose_distribution("regression", 1, TrainingSettings(distribution="gausian"))
    with pytest.raises(XentError, match="must be a name or a Distribution"):
        choose_distribution("binary", 2, TrainingSettings(distribution=3))
    with pytest.raises(
        XentError, match=r"must fit a binary target, such as Bernoulli\(\), got Gaussian"
    ):
        choose_distribution("binary", 2, TrainingSettings(distribution=Gaussian()))
    with pytest.raises(
        XentError, match=r"must fit a multiclass target, such as Categorical\(n_classes=3\)"
    ):
        choose_distribution("multiclass", 3, TrainingSettings(distribution=Categorical(5)))
    with pytest.raises(XentError, match="label_smoothing needs classes"):
        objective(Gaussian(), TrainingSettings(label_smoothing=0.1))


def test_smoothing_and_label_weights_modify_what_is_trained():
    assert objective(Bernoulli(), TrainingSettings(label_smoothing=0.1)) == LabelSmoothing(
        Bernoulli(), 0.1
    )
    weighted = objective(MultiLabel(2), TrainingSettings(class_weight={"b": 3}), ["a", "b"])
    assert weighted == ClassWeights(MultiLabel(2), ((1.0, 1.0), (1.0, 3.0)))
    with pytest.raises(XentError, match="must name labels"):
        objective(MultiLabel(2), TrainingSettings(class_weight="balanced"), ["a", "b"])


def test_balanced_class_weights_equal_scikit_learns():
    from sklearn.utils.class_weight import compute_sample_weight

    y = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_sample_weight("balanced", y)
    np.testing.assert_allclose(class_weight_factors(y, ["a", "b", "c"], "balanced"), expected)


def test_class_weights_go_by_the_classes_own_names_also_as_text():
    y = np.array([0, 1, 1])
    assert class_weight_factors(y, [-1, 1], {"-1": 5}).tolist() == [5, 1, 1]
    assert class_weight_factors(y, [-1, 1], None) is None
    with pytest.raises(
        XentError, match=r"class_weight names 'nn', which is no class\. Did you mean 'no'\?"
    ):
        class_weight_factors(y, ["no", "yes"], {"nn": 2})


def test_seeds_come_from_numbers_and_generators():
    assert resolve_seed(np.int64(5)) == 5
    assert resolve_seed(np.random.default_rng(1)) == resolve_seed(np.random.default_rng(1))
    assert resolve_seed(np.random.RandomState(1)) == resolve_seed(np.random.RandomState(1))
    assert resolve_seed(None) != resolve_seed(None)
    for wrong in (-1, 1.5, "7", True):
        with pytest.raises(XentError, match="random_state must be"):
            resolve_seed(wrong)


@given(
    location=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e6), sd=st.sampled_from([None, 0.5, 3.0])
)
def test_the_last_layer_takes_the_unit_of_the_target(location, scale, sd):
    """The NLL in units of y is that of the trained unit, larger by ln(scale)."""
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(20, 3)), rng.normal(size=20)
    unit = TargetScale(location, scale)
    distribution = Gaussian(None if sd is None else sd * scale)
    y = location + scale * t
    trainer = make_trainer(
        TrainingSettings(hidden=(4,), epochs=1, dtype="float64"),
        task="regression",
        distribution=distribution,
        target_scale=unit,
        training=Part(X, unit.to_trained(y)),
        validation=None,
        seed=0,
    )
    before = trainer.engine.distribution.nll(trainer.engine.predict(X), t)
    unit.unscale(trainer.engine)
    after = distribution.nll(trainer.engine.predict(X), y)
    np.testing.assert_allclose(after, before + np.log(scale), rtol=1e-6, atol=1e-6)


def test_the_history_of_a_real_target_is_in_its_own_unit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 2))
    y = 1e5 + 2e4 * X[:, 0] + 1e3 * rng.normal(size=50)
    unit = fit_target_scale(Gaussian(), y)
    part = Part(X, unit.to_trained(y))
    trainer = make_trainer(
        TrainingSettings(
            hidden=(), epochs=30, learning_rate=0.05, dtype="float64", early_stopping=False
        ),
        task="regression",
        distribution=Gaussian(),
        target_scale=unit,
        training=part,
        validation=part,
        seed=0,
    )
    record = run_trainer(trainer)[-1]
    unit.unscale(trainer.engine)
    z = trainer.engine.predict(X)
    assert record["validation_rmse"] == pytest.approx(
        np.sqrt(np.mean((z[:, 0] - y) ** 2)), rel=1e-9
    )
    assert record["validation_loss"] == pytest.approx(Gaussian().nll(z, y).mean(), rel=1e-9)


def test_only_real_targets_are_scaled():
    y = np.array([1.0, 2.0, 9.0])
    assert fit_target_scale(Poisson(), y) == TargetScale()
    assert fit_target_scale(Bernoulli(), y) == TargetScale()
    assert fit_target_scale(Gaussian(), np.full(3, 7.0)) == TargetScale(7.0, 1.0)
    weighted = fit_target_scale(Laplace(), y, np.array([1.0, 2.0, 0.0]))
    assert weighted.location == pytest.approx(5 / 3)
    assert Laplace(6.0) == TargetScale(0, 0.5).trained(Laplace(3.0))
