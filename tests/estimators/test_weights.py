"""A weight of 0 is absence and a weight of 2 is repetition, to rounding, with full batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris

from xent.estimators import XentClassifier, XentRegressor

FULL = {"batch_size": None, "random_state": 3, "epochs": 25, "hidden": (20,)}


def differ_by(estimator, X, y, weight, method):
    kept = np.repeat(np.arange(len(X)), weight)
    order = np.random.default_rng(0).permutation(kept)
    repeated = estimator.fit(X[order], y[order])
    expected, seed = getattr(repeated, method)(X), repeated.notes_
    weighted = estimator.fit(X, y, sample_weight=weight)
    assert len(weighted.notes_) == len(seed)
    return np.abs(getattr(weighted, method)(X) - expected).max() / np.abs(expected).max()


@given(st.integers(0, 10_000))
@settings(max_examples=8)
def test_classes(seed):
    X, y = load_iris(return_X_y=True)
    weight = np.random.default_rng(seed).integers(0, 4, size=len(X))
    assert differ_by(XentClassifier(**FULL), X, y, weight, "predict_proba") < 1e-7
    binary = XentClassifier(**FULL, class_weight="balanced", optimizer="sgd")
    assert differ_by(binary, X, y > 1, weight, "decision_function") < 1e-7


@pytest.mark.parametrize("distribution", [None, "gaussian", "poisson"])
def test_numbers_with_a_validation_part_and_missing_values(distribution):
    X, y = load_diabetes(return_X_y=True)
    X[::7, 2] = np.nan
    weight = np.random.default_rng(1).integers(0, 4, size=len(X))
    regressor = XentRegressor(**FULL, distribution=distribution)
    assert differ_by(regressor, X, y, weight, "predict") < 1e-7
    assert "held out" in regressor.notes_[0]


def test_labels():
    X, y = load_iris(return_X_y=True)
    labels = np.stack([y > 0, y > 1, X[:, 1] > 3], axis=1).astype(int)
    weight = np.random.default_rng(2).integers(0, 4, size=len(X))
    assert differ_by(XentClassifier(**FULL), X, labels, weight, "predict_proba") < 1e-7


def test_the_scale_of_the_weights_is_without_effect():
    X, y = load_iris(return_X_y=True)
    one = XentClassifier(**FULL).fit(X, y, sample_weight=np.ones(len(X)))
    many = XentClassifier(**FULL).fit(X, y, sample_weight=np.full(len(X), 1e6))
    np.testing.assert_allclose(one.predict_proba(X), many.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (-np.ones(150), "not negative"),
        (np.zeros(150), "zero in all 150 rows"),
        (np.ones(3), "a weight for each row"),
        (np.full(150, np.nan), "finite"),
    ],
)
def test_what_cannot_be_a_weight_is_refused(weight, message):
    X, y = load_iris(return_X_y=True)
    for estimator in (XentClassifier(), XentRegressor()):
        with pytest.raises(ValueError, match=f"sample_weight .*{message}"):
            estimator.fit(X, y, sample_weight=weight)
