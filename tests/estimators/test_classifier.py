from __future__ import annotations

import logging
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.metrics import log_loss

from xent.data import row_groups
from xent.distributions import Bernoulli, Categorical, Gaussian, MultiLabelSoftmax, SoftDice
from xent.errors import XentError
from xent.estimators import XentClassifier
from xent.training import Callback, TrainingSettings

SMALL = {"hidden": (16,), "epochs": 12, "random_state": 0}


class Watcher(Callback):
    def __init__(self):
        self.epochs, self.rows, self.weights = [], [], None

    def train_begin(self, moment):
        self.epochs.append(0)

    def epoch_end(self, moment):
        self.epochs[-1] += 1


class StopAfter(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def epoch_end(self, moment):
        if moment.epoch == self.epoch:
            moment.stop("seen enough")


def test_parameters_are_the_training_settings_with_their_defaults():
    import dataclasses

    parameters = XentClassifier().get_params()
    assert parameters.pop("callbacks") == ()
    assert parameters.pop("warm_start") is False
    assert parameters == {
        field.name: field.default for field in dataclasses.fields(TrainingSettings)
    }


def test_two_classes(cancer):
    X, y = cancer
    names = np.array(["malignant", "benign"])[y]
    classifier = XentClassifier(random_state=1).fit(X, names)
    assert classifier.classes_.tolist() == ["benign", "malignant"]
    assert classifier.score(X, names) > 0.97
    p, z = classifier.predict_proba(X), classifier.decision_function(X)
    assert z.shape == (569,)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(p[:, 1], Bernoulli().mean(z))
    np.testing.assert_array_equal(classifier.predict(X) == "malignant", z > 0)
    log_p = classifier.predict_log_proba(X)
    np.testing.assert_allclose(log_p, np.log(p), rtol=1e-12, atol=1e-15)
    # log(p) has lost the digits where p is nearly 1: log p_1 = -nll
    np.testing.assert_allclose(log_p[:, 1], -Bernoulli().nll(z, np.ones(569)), rtol=1e-14)
    nll = Bernoulli().nll(z, (names == "malignant").astype(float)).mean()
    assert log_loss(names, p) == pytest.approx(nll, rel=1e-9)


def test_several_classes(iris):
    X, y = iris
    classifier = XentClassifier(**SMALL).fit(X, y + 5)
    z, p = classifier.decision_function(X), classifier.predict_proba(X)
    assert z.shape == (150, 3)
    np.testing.assert_array_equal(p, Categorical(3).mean(z))
    np.testing.assert_array_equal(classifier.predict(X), 5 + z.argmax(axis=1))
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(p), rtol=1e-10, atol=1e-14)
    assert np.isfinite(classifier.predict_log_proba(X * 1e5)).all()


@pytest.mark.parametrize("distribution", ["multilabel", "multilabel_softmax"])
def test_several_labels(iris_labels, distribution):
    X, labels = iris_labels
    classifier = XentClassifier(**SMALL, distribution=distribution).fit(X, labels)
    p, decided = classifier.predict_proba(X), classifier.predict(X)
    assert p.shape == decided.shape == labels.shape
    assert decided.dtype == labels.dtype
    assert classifier.classes_.tolist() == [0, 1, 2]
    np.testing.assert_allclose(classifier.predict_log_proba(X), np.log(p), rtol=1e-9)
    if distribution == "multilabel":
        np.testing.assert_array_equal(decided, p > 0.5)
    else:
        assert isinstance(classifier.distribution_, MultiLabelSoftmax)
        np.testing.assert_array_equal(decided.sum(axis=1), 1)


def test_the_smaller_probability_keeps_its_digits(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL).fit(X, y)
    far = X.mean(axis=0) + 60 * (X - X.mean(axis=0))
    p, z = classifier.predict_proba(far), classifier.decision_function(far)
    sure = (np.abs(z) > 40) & (np.abs(z) < 700)
    assert sure.sum() > 100
    assert (p[sure].min(axis=1) > 0).all()
    assert np.isfinite(classifier.predict_log_proba(X * 1e5)).all()


@pytest.mark.parametrize(
    ("dtype", "setting", "expected"),
    [
        ("float32", None, "float32"),
        ("float64", None, "float64"),
        ("int16", None, "float64"),
        ("float64", "float32", "float32"),
        ("float32", "float64", "float64"),
    ],
)
def test_the_dtype_is_that_of_the_features_or_the_declared_one(iris, dtype, setting, expected):
    X, y = iris
    classifier = XentClassifier(**SMALL, dtype=setting).fit(X.astype(dtype), y)
    assert classifier.predict_proba(X.astype(dtype)).dtype == expected
    assert classifier.decision_function(X.astype(dtype)).dtype == expected


def test_missing_features_are_filled_and_tagged_and_infinite_ones_refused(cancer):
    X, y = cancer
    X = X.copy()
    X[y == 1, 3] = np.nan  # only the tag tells the classes apart in this column
    classifier = XentClassifier(**{**SMALL, "epochs": 60}).fit(X[:, [3, 1]], y)
    assert classifier.network_.n_inputs == 3
    assert classifier.score(X[:, [3, 1]], y) > 0.99
    assert classifier.__sklearn_tags__().input_tags.allow_nan
    X[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        classifier.fit(X, y)


def test_validation_rows_decide_how_long_then_all_rows_train(cancer):
    X, y = cancer
    watcher = Watcher()
    settings = {"random_state": 4, "hidden": (32,), "patience": 3, "epochs": 50}
    classifier = XentClassifier(**settings, callbacks=(watcher,)).fit(X, y)
    best = int(np.argmin(classifier.history_["validation_loss"])) + 1
    assert classifier.best_epoch_ == best
    assert watcher.epochs == [classifier.n_iter_, best]
    assert len(classifier.refit_history_) == best
    assert "114 of 569 rows were held out" in classifier.notes_[0]
    assert "all rows for as many epochs" in classifier.notes_[-1]
    same = {**settings, "epochs": best, "validation_fraction": 0}
    alone = XentClassifier(**same).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba(X), classifier.predict_proba(X))
    assert alone.refit_history_ is None


def test_broken_off_in_the_second_training_the_first_one_stands(cancer):
    X, y = cancer

    class StopSecond(Watcher):
        def epoch_end(self, moment):
            super().epoch_end(moment)
            if len(self.epochs) == 2:
                moment.stop("the user went home")

    classifier = XentClassifier(**SMALL, callbacks=(StopSecond(),)).fit(X, y)
    assert classifier.refit_history_ is None
    assert "lowest validation loss" in classifier.notes_[-1]
    assert classifier._model.n_epochs == classifier.n_iter_ == 12
    assert classifier.score(X, y) > 0.9


def test_without_early_stopping_the_validation_part_only_looks_on(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL, early_stopping=False).fit(X, y)
    assert classifier.n_iter_ == classifier.best_epoch_ == 12
    assert len(classifier.history_["validation_loss"]) == 12
    assert classifier.refit_history_ is None
    assert classifier.notes_[1] == "trained 12 of at most 12 epochs (all epochs done)"


def test_stopped_by_a_callback_keeps_the_best_weights_and_trains_no_more(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL, callbacks=[StopAfter(5)]).fit(X, y)
    assert classifier.n_iter_ == 5
    assert classifier.refit_history_ is None
    assert "(seen enough)" in classifier.notes_[1]
    best = classifier.best_epoch_
    assert classifier.history_["validation_loss"][best - 1] == min(
        classifier.history_["validation_loss"]
    )


def test_below_200_distinct_rows_nothing_is_held_out_and_it_says_so(iris, caplog):
    X, y = iris
    with caplog.at_level(logging.INFO, logger="xent.estimators"), warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier = XentClassifier(**SMALL).fit(X, y)
    assert "validation_loss" not in classifier.history_.columns
    assert "no validation part was held out" in classifier.notes_[0]
    assert classifier.notes_[0] in caplog.text
    quiet = XentClassifier(**SMALL, validation_fraction=0).fit(X, y)
    assert quiet.notes_ == ("trained 12 of at most 12 epochs (all epochs done)",)


def test_copies_never_lie_on_both_sides(shared_data):
    import polars as pl

    table = pl.read_csv(shared_data / "phishing.csv")
    X = table.drop("Result").to_numpy().astype(np.float32)
    y = table["Result"].to_numpy()

    class Sides(Callback):
        def train_begin(self, moment):
            self.n_batches = moment.n_batches

    classifier = XentClassifier(
        hidden=(), epochs=1, random_state=0, batch_size=1000, callbacks=(Sides(),)
    ).fit(X, y)
    n_held = int(classifier.notes_[0].split()[0].replace(",", ""))
    n_groups = int(row_groups(X).max()) + 1
    # a fifth of the distinct rows; the rows vary with the number of copies
    assert n_groups == 5785
    assert 0.1 * len(y) < n_held < 0.3 * len(y)
    assert classifier.classes_.tolist() == [-1, 1]


def test_the_seed_repeats_a_fit_and_is_told(iris):
    X, y = iris
    first = XentClassifier(**{**SMALL, "random_state": None}).fit(X, y)
    again = clone(first).set_params(random_state=first.seed_).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    other = clone(first).fit(X, y)
    assert other.seed_ != first.seed_
    generator = XentClassifier(**{**SMALL, "random_state": np.random.default_rng(0)})
    assert generator.fit(X, y).seed_ != generator.fit(X, y).seed_


def test_warm_start_goes_on_from_the_weights(iris):
    X, y = iris
    classifier = XentClassifier(**SMALL, warm_start=True).fit(X, y)
    first, seed = classifier.history_[-1]["loss"], classifier.seed_
    classifier.fit(X, y)
    assert classifier.history_[0]["loss"] < first
    assert classifier.seed_ == seed
    assert classifier.n_iter_ == 12
    with pytest.raises(XentError, match=r"classes \[0, 1, 2\] of the first fit"):
        classifier.fit(X, y + 1)
    with pytest.raises(XentError, match=r"another one. To start anew"):
        classifier.set_params(hidden=(4,)).fit(X, y)
    classifier.set_params(warm_start=False).fit(X, y + 1)
    assert classifier.classes_.tolist() == [1, 2, 3]


def test_warm_start_also_when_it_trains_twice(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL, warm_start=True).fit(X, y)
    first = classifier.history_["loss"][0]
    classifier.fit(X, y)
    assert classifier.history_["loss"][0] < first
    assert classifier.refit_history_["loss"][0] < first


def test_class_weights_move_the_decisions(cancer):
    X, y = cancer
    rare = np.flatnonzero((y == 1) | (np.arange(len(y)) % 10 == 0))
    X, y = X[rare, :3], y[rare]
    plain = XentClassifier(**SMALL).fit(X, y).predict(X)
    balanced = XentClassifier(**SMALL, class_weight="balanced").fit(X, y).predict(X)
    named = XentClassifier(**SMALL, class_weight={0: 20.0}).fit(X, y).predict(X)
    assert (plain == 0).sum() < (balanced == 0).sum()
    assert (plain == 0).sum() < (named == 0).sum()
    with pytest.raises(XentError, match="names 7, which is no class"):
        XentClassifier(class_weight={7: 1.0}).fit(X, y)


def test_class_weights_are_sample_weights_that_leave_the_encoding_alone(cancer):
    X, y = cancer
    settings = {**SMALL, "validation_fraction": 0}
    weighted = XentClassifier(**settings, class_weight={0: 2.0}).fit(X, y)
    weight = np.where(y == 0, 2.0, 1.0)
    encoder = weighted._model.preparation.encoder
    np.testing.assert_allclose(encoder.center, X.mean(axis=0))
    both = XentClassifier(**settings, class_weight={0: 2.0}).fit(X, y, np.ones(len(y)))
    np.testing.assert_allclose(both.predict_proba(X), weighted.predict_proba(X), rtol=1e-9)
    by_rows = XentClassifier(**settings).fit(X, y, weight)
    assert np.abs(by_rows._model.preparation.encoder.center - X.mean(axis=0)).max() > 1e-3


def test_label_weights(iris_labels):
    X, labels = iris_labels
    plain = XentClassifier(**SMALL).fit(X, labels).predict_proba(X)
    heavy = XentClassifier(**SMALL, class_weight={2: 5.0}).fit(X, labels).predict_proba(X)
    assert heavy[:, 2].mean() > plain[:, 2].mean()


def test_other_objectives(cancer):
    X, y = cancer
    dice = XentClassifier(**SMALL, distribution=Bernoulli() + 0.5 * SoftDice()).fit(X, y)
    assert dice.score(X, y) > 0.95
    sure, unsure = (
        XentClassifier(**{**SMALL, "epochs": 60}, label_smoothing=share).fit(X, y).predict_proba(X)
        for share in (0.0, 0.4)
    )
    assert np.median(sure.max(axis=1)) > 0.97
    assert np.median(unsure.max(axis=1)) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": "rellu"}, "Did you mean 'relu'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, got 0"),
        ({"hidden": (0,)}, "hidden must hold whole numbers of at least 1"),
        ({"distribution": Gaussian()}, "distribution must fit a multiclass target"),
        ({"distribution": Categorical(4)}, "distribution must fit a multiclass target"),
        ({"distribution": "gauss"}, "distribution must be categorical"),
        ({"callbacks": [print]}, "sequence of xent.Callback objects"),
        ({"random_state": -1}, "random_state must be"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64"),
    ],
)
def test_what_cannot_be_is_refused(iris, parameters, message):
    with pytest.raises(XentError, match=message):
        XentClassifier(**parameters).fit(*iris)


def test_a_column_is_a_target_with_a_warning(iris):
    X, y = iris
    with pytest.warns(DataConversionWarning):
        classifier = XentClassifier(**SMALL).fit(X, y[:, None])
    np.testing.assert_array_equal(
        classifier.predict(X), XentClassifier(**SMALL).fit(X, y).predict(X)
    )


def test_before_fit_nothing_is_known(iris):
    X, _ = iris
    for method in (
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "activations",
    ):
        with pytest.raises(NotFittedError):
            getattr(XentClassifier(), method)(X)
    with pytest.raises(NotFittedError):
        XentClassifier().summary()


def test_hidden_activations_and_summary(iris):
    X, y = iris
    classifier = XentClassifier(hidden=(7, 5), activation="sigmoid", epochs=2).fit(X, y)
    first, second = classifier.activations(X[:9])
    assert (first.shape, second.shape) == ((9, 7), (9, 5))
    views = classifier._model.engine.views(classifier._model.engine.parameters)
    weight, bias = views["layers.2.weight"], views["layers.2.bias"]
    np.testing.assert_allclose(second @ weight + bias, classifier.decision_function(X[:9]))
    assert "Dense(7, sigmoid" in classifier.summary()
    assert str(classifier.network_.n_parameters) in classifier.summary()


def test_frames_with_names(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    classifier = XentClassifier(**SMALL).fit(frame, pd.Series(y).map({0: "x", 1: "y", 2: "z"}))
    assert classifier.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert classifier._model.preparation.encoder.names == ("a", "b", "c", "d")
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame.rename(columns={"a": "e"}))


def test_pickled_it_predicts_the_same_and_goes_on_the_same(iris):
    X, y = iris
    classifier = XentClassifier(**SMALL, batch_norm=True, dropout=0.1).fit(X, y)
    packed = pickle.dumps(classifier)
    twin = pickle.loads(packed)
    np.testing.assert_array_equal(twin.predict_proba(X), classifier.predict_proba(X))
    for one in (twin, classifier):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(twin.predict_proba(X), classifier.predict_proba(X))
    assert twin.history_.records == classifier.history_.records
    # neither training rows nor buffers: parameters and two moments of each, and a history
    n_bytes = classifier.network_.n_parameters * 8
    assert len(packed) < 3 * n_bytes + 20_000


def test_several_threads_may_ask_at_once(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL).fit(X, y)
    pieces = np.array_split(np.tile(X, (40, 1)), 60)
    alone = [classifier.decision_function(piece) for piece in pieces]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(classifier.decision_function, pieces))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
