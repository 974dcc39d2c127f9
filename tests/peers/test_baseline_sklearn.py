"""The linear baselines against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from xent.distributions import Bernoulli, Categorical, Gaussian, Poisson
from xent.training import Part
from xent.workflow.baseline import fit_baseline


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    return X, X @ [1.0, -2.0, 0.5, 0.0, 0.2] + rng.normal(size=300), rng.uniform(0.5, 2, 300)


def test_logistic_regression_equals_scikit_learns(rows):
    X, t, weight = rows
    y = (t > 0.3).astype(float)
    baseline = fit_baseline(Bernoulli(), Part(X, y, weight))
    peer = LogisticRegression(tol=1e-9, max_iter=1000).fit(X, y, weight)
    np.testing.assert_allclose(baseline.weight.T, peer.coef_, atol=2e-4)
    np.testing.assert_allclose(baseline.bias, peer.intercept_, atol=2e-4)


def test_softmax_regression_equals_scikit_learns(rows):
    X, t, _ = rows
    y = np.digitize(t, [-1, 1])
    baseline = fit_baseline(Categorical(3), Part(X, y))
    peer = LogisticRegression(tol=1e-9, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(baseline.weight.T, peer.coef_, atol=1e-3)


def test_ridge_regression_equals_scikit_learns(rows):
    X, t, weight = rows
    baseline = fit_baseline(Gaussian(), Part(X, t, weight))
    peer = Ridge(alpha=1.0).fit(X, t, weight)
    np.testing.assert_allclose(baseline.weight[:, 0], peer.coef_, rtol=1e-8)
    residuals = t - peer.predict(X)
    assert np.exp(baseline.bias[1]) == pytest.approx(
        np.sqrt(np.average(residuals**2, weights=weight)), rel=1e-6
    )


def test_poisson_regression_equals_scikit_learns(rows):
    X, t, _ = rows
    y = np.random.default_rng(1).poisson(np.exp(0.3 * t)).astype(float)
    baseline = fit_baseline(Poisson(), Part(X, y))
    # scikit-learn penalizes the mean loss, xent the sum
    peer = PoissonRegressor(alpha=1 / 300, tol=1e-9, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(baseline.weight[:, 0], peer.coef_, atol=2e-4)
