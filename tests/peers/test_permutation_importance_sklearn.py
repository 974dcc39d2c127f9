"""Permutation importance agrees with scikit-learn's, but for the chance of the shuffles."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from xent.evaluation import log_loss
from xent.evaluation.permutation_importance import permutation_importance

N_REPEATS = 20


def model_and_rows() -> tuple[LogisticRegression, Any, Any]:
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)[:, :4]
    return LogisticRegression().fit(X[::2], y[::2]), X[1::2], y[1::2]


def test_the_mean_over_shuffles_is_the_same_within_their_chance() -> None:
    model, X, y = model_and_rows()
    theirs = sklearn_importance(
        model, X, y, scoring="neg_log_loss", n_repeats=N_REPEATS, random_state=1
    )
    ours = permutation_importance(
        lambda rows: model.predict_proba(rows)[:, 1],
        X,
        y,
        lambda truth, p: log_loss(truth, probabilities=p),
        lower_is_better=True,
        n_repeats=N_REPEATS,
    )
    values = np.array([estimate.value for estimate in ours.features.values()])
    error = np.sqrt((theirs.importances_std**2 + ours.repeats.std(axis=1) ** 2) / N_REPEATS)
    assert (np.abs(values - theirs.importances_mean) <= 4 * error).all()
    # the spread over shuffles is the same too: chi-squared on 19 degrees
    np.testing.assert_allclose(ours.repeats.std(axis=1), theirs.importances_std, rtol=0.6)


def test_rows_weigh_as_they_do_in_scikit_learn() -> None:
    model, X, y = model_and_rows()
    weight = np.random.default_rng(2).integers(0, 4, len(y)).astype(float)
    kept = weight > 0  # scikit-learn still shuffles values in from rows of weight 0
    theirs = sklearn_importance(
        model,
        X[kept],
        y[kept],
        scoring="neg_log_loss",
        n_repeats=N_REPEATS,
        random_state=1,
        sample_weight=weight[kept],
    )
    ours = permutation_importance(
        lambda rows: model.predict_proba(rows)[:, 1],
        X,
        y,
        lambda truth, p, weight: log_loss(truth, probabilities=p, weight=weight),
        lower_is_better=True,
        n_repeats=N_REPEATS,
        weight=weight,
    )
    values = np.array([estimate.value for estimate in ours.features.values()])
    error = np.sqrt((theirs.importances_std**2 + ours.repeats.std(axis=1) ** 2) / N_REPEATS)
    assert (np.abs(values - theirs.importances_mean) <= 4 * error).all()
