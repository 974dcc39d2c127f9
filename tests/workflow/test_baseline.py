"""The linear baseline: labels, weights, spread of the residuals, and rows that no optimum exists for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from xent.distributions import Bernoulli, Gaussian, Laplace, MultiLabel
from xent.training import Part
from xent.workflow.baseline import fit_baseline

if TYPE_CHECKING:
    from xent.arrays import Array

RNG = np.random.Generator(np.random.PCG64(3))
X = RNG.normal(size=(400, 5))
SCORE = X @ [1.0, -2.0, 0.5, 0.0, 0.3] + RNG.normal(size=400)
WEIGHT = RNG.integers(1, 4, 400).astype(float)


def test_each_label_is_a_logistic_regression() -> None:
    Y = np.column_stack([SCORE > 0, X[:, 1] > 0.5]).astype(float)
    baseline = fit_baseline(MultiLabel(2), Part(X, Y))
    for label in range(2):
        peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, Y[:, label])
        np.testing.assert_allclose(baseline.weight[:, label], peer.coef_[0], atol=2e-3)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("distribution", [Gaussian(), Gaussian(sd=2.0), Laplace()])
def test_ridge_is_that_of_sklearn(distribution: Gaussian | Laplace, weight: Array | None) -> None:
    y = 1000 + 50 * SCORE
    baseline = fit_baseline(distribution, Part(X, y, weight))
    peer = Ridge(alpha=1.0).fit(X, y, sample_weight=weight)
    z = baseline.predict(X)
    assert baseline.name == "ridge regression"
    assert z.shape == (400, distribution.n_outputs)
    np.testing.assert_allclose(z[:, 0], peer.predict(X), rtol=1e-9)
    if distribution.n_outputs == 2:
        residuals = y - peer.predict(X)
        power = 1 if isinstance(distribution, Laplace) else 2
        spread = np.average(np.abs(residuals) ** power, weights=weight) ** (1 / power)
        np.testing.assert_allclose(np.exp(z[:, 1]), spread, rtol=1e-9)


def test_separable_and_constant_rows_end() -> None:
    y = (X[:, 0] > 0).astype(float)
    with_constant = np.column_stack([X, np.zeros(400)]).astype(np.float32)
    baseline = fit_baseline(Bernoulli(), Part(with_constant, y))
    assert np.isfinite(baseline.weight).all()
    assert baseline.weight[-1, 0] == 0
    exact = fit_baseline(Gaussian(), Part(X, X[:, 0].copy()))
    assert np.isfinite(exact.predict(X)).all()
