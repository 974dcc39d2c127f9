"""The estimators inside scikit-learn's machinery, and beside its linear models."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from xent.estimators import XentClassifier, XentRegressor

SMALL = {"hidden": (16,), "epochs": 15, "random_state": 0}
# a convex problem solved by full batches to its minimum, with a rate that falls to 0
LINEAR = {
    "hidden": (),
    "batch_size": None,
    "epochs": 1500,
    "optimizer": "adam",
    "learning_rate": 0.05,
    "schedule": "cosine",
    "validation_fraction": 0,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def cancer():
    return load_breast_cancer(return_X_y=True)


def test_a_linear_network_with_l2_is_logistic_regression(cancer):
    X, y = cancer
    peer = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-10)).fit(X, y)
    # C weighs the summed loss against |w|^2 / 2; the mean loss has l2 = 1 / (C n)
    ours = XentClassifier(**LINEAR, l2=1 / (0.1 * len(y))).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), peer.decision_function(X), atol=1e-3)


def test_several_classes_with_weights_are_multinomial_regression():
    X, y = load_iris(return_X_y=True)
    weight = np.random.default_rng(0).integers(0, 4, size=len(y)).astype(float)
    scaler = StandardScaler().fit(X, sample_weight=weight)
    peer = LogisticRegression(C=0.1, tol=1e-10, class_weight="balanced", max_iter=1000)
    peer.fit(scaler.transform(X), y, sample_weight=weight)
    counts = np.bincount(y, weights=weight)
    mass = np.sum((weight.sum() / (3 * counts))[y] * weight)
    ours = XentClassifier(**LINEAR, l2=1 / (0.1 * mass), class_weight="balanced")
    p = ours.fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(p, peer.predict_proba(scaler.transform(X)), atol=1e-3)


def test_a_linear_network_with_l2_is_ridge_regression():
    X, y = load_diabetes(return_X_y=True)
    peer = make_pipeline(StandardScaler(), Ridge(alpha=10.0)).fit(X, y)
    # the loss is half the mean square in the unit of y's standard deviation
    ours = XentRegressor(**LINEAR, l2=10.0 / len(y)).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), peer.predict(X), atol=0.1)


def test_pipeline_grid_search_and_cross_validation(cancer):
    X, y = cancer
    pipeline = make_pipeline(StandardScaler(), XentClassifier(**SMALL))
    grid = {"xentclassifier__hidden": [(), (16,)], "xentclassifier__l2": [0.0, 1e-3]}
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=3).fit(X, y)
    assert search.best_score_ > -0.3
    assert search.best_estimator_[-1].hidden in {(), (16,)}
    scores = cross_val_score(pipeline, X, y, cv=3, scoring="roc_auc")
    assert scores.min() > 0.95


def test_folds_are_the_same_in_other_processes(cancer):
    X, y = cancer
    classifier = XentClassifier(**SMALL)
    one = cross_val_predict(classifier, X, y, cv=2, method="predict_proba")
    with joblib.parallel_backend("threading"):
        two = cross_val_predict(classifier, X, y, cv=2, method="predict_proba", n_jobs=2)
    np.testing.assert_array_equal(one, two)


def test_calibration_and_voting(cancer):
    X, y = cancer
    calibrated = CalibratedClassifierCV(XentClassifier(**SMALL), cv=3).fit(X, y)
    assert calibrated.score(X, y) > 0.9
    vote = VotingClassifier(
        [("net", XentClassifier(**SMALL)), ("linear", LogisticRegression(max_iter=5000))],
        voting="soft",
    )
    assert (
        vote.fit(StandardScaler().fit_transform(X), y).score(StandardScaler().fit_transform(X), y)
        > 0.9
    )


def test_regressors_inside_others():
    X, y = load_diabetes(return_X_y=True)
    logs = TransformedTargetRegressor(XentRegressor(**SMALL), func=np.log, inverse_func=np.exp)
    assert logs.fit(X, y).predict(X).min() > 0
    several = MultiOutputRegressor(XentRegressor(**SMALL)).fit(X, np.stack([y, -y], axis=1))
    assert several.predict(X).shape == (442, 2)


def test_clone_leaves_what_was_learned_behind(cancer):
    X, y = cancer
    fitted = XentClassifier(**SMALL).fit(X, y)
    twin = clone(fitted)
    assert not hasattr(twin, "classes_")
    assert twin.get_params() == fitted.get_params()


def test_joblib_writes_and_reads(cancer, tmp_path):
    X, y = cancer
    fitted = XentClassifier(**SMALL).fit(X, y)
    joblib.dump(fitted, tmp_path / "classifier.joblib")
    for mode in (None, "r"):
        loaded = joblib.load(tmp_path / "classifier.joblib", mmap_mode=mode)
        np.testing.assert_array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
        loaded.partial_fit(X, y)
