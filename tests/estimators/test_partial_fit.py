from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from xent.errors import XentError
from xent.estimators import XentClassifier, XentRegressor

SMALL = {"hidden": (16,), "random_state": 0}


def test_one_pass_a_call_equals_one_fit_of_as_many_epochs(cancer):
    X, y = cancer
    whole = XentClassifier(
        **SMALL, epochs=4, validation_fraction=0, schedule="constant", batch_norm=True, dropout=0.2
    ).fit(X, y)
    parts = XentClassifier(**SMALL, batch_norm=True, dropout=0.2)
    for _ in range(4):
        parts.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), rtol=1e-9)
    assert parts.n_iter_ == parts.best_epoch_ == 4
    assert parts.history_["epoch"] == [1, 2, 3, 4]
    np.testing.assert_allclose(parts.history_["loss"], whole.history_["loss"])


def test_no_row_is_held_out(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL).partial_fit(X, y, classes=[0, 1])
    assert "validation_loss" not in classifier.history_.columns
    assert classifier.notes_ == ()


def test_batches_that_lack_classes(iris):
    X, y = iris
    order = np.argsort(y, kind="stable")
    classifier = XentClassifier(**SMALL, learning_rate=0.01)
    first = order[::5]
    classifier.partial_fit(X[first], y[first], classes=[0, 1, 2])
    for _ in range(30):
        for rows in np.array_split(np.random.default_rng(0).permutation(150), 10):
            classifier.partial_fit(X[rows], y[rows])
    assert classifier.score(X, y) > 0.93
    assert classifier.n_iter_ == 301


def test_a_feature_that_was_constant_at_first_counts_later(cancer):
    X, y = cancer
    X = X[:, [0, 1]].copy()
    X[:10, 0] = 15.0
    classifier = XentClassifier(**SMALL).partial_fit(X[:10], y[:10], classes=[0, 1])
    logits = classifier.decision_function([[15.0, 20.0], [25.0, 20.0]])
    assert logits[0] != logits[1]


def test_goes_on_after_fit(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL, epochs=6).fit(X, y)
    n_epochs = len(classifier.refit_history_)
    steps = classifier._model.progress["step"]
    classifier.partial_fit(X[:64], y[:64])
    assert classifier.n_iter_ == n_epochs + 1
    assert classifier._model.progress["step"] == steps + -(-64 // classifier.batch_size)
    assert classifier.refit_history_ is None


def test_weights_of_zero_are_absent(cancer):
    X, y = cancer
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    kept = weight > 0
    one = XentClassifier(**SMALL).partial_fit(X, y, classes=[0, 1], sample_weight=weight)
    two = XentClassifier(**SMALL).partial_fit(X[kept], y[kept], classes=[0, 1])
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-9)


def test_labels_need_no_classes(iris_labels):
    X, labels = iris_labels
    classifier = XentClassifier(**SMALL).partial_fit(X, labels).partial_fit(X, labels, [0, 1, 2])
    assert classifier.predict(X).shape == labels.shape
    with pytest.raises(XentError, match=r"\(n, 3\)"):
        classifier.partial_fit(X, labels[:, :2])


def test_what_is_refused(iris):
    X, y = iris
    with pytest.raises(XentError, match="classes must be passed on the first call"):
        XentClassifier().partial_fit(X, y)
    with pytest.raises(XentError, match="balanced' needs all rows"):
        XentClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    classifier = XentClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 2])
    before = classifier.predict_proba(X)
    with pytest.raises(XentError, match="none of 0, 1, 2"):
        classifier.partial_fit(X, y + 1)
    with pytest.raises(XentError, match=r"classes must be \[0, 1, 2\]"):
        classifier.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(XentError, match="optimizer state"):
        classifier.set_params(optimizer="sgd").partial_fit(X, y)
    with pytest.raises(XentError, match="another one"):
        classifier.set_params(hidden=()).partial_fit(X, y)
    np.testing.assert_array_equal(classifier.predict_proba(X), before)
    fresh = XentClassifier()
    with pytest.raises(XentError, match="none of 5, 6"):
        fresh.partial_fit(X, y, classes=[5, 6])
    with pytest.raises(NotFittedError):
        fresh.predict(X)


@pytest.mark.parametrize("distribution", [None, "gaussian", "poisson"])
def test_numbers(diabetes, distribution):
    X, y = diabetes
    regressor = XentRegressor(**SMALL, distribution=distribution)
    losses = []
    for _ in range(30):
        regressor.partial_fit(X, y)
        losses.append(regressor.history_[-1]["loss"])
    assert losses[-1] < losses[0]
    assert regressor.score(X, y) > 0.3
