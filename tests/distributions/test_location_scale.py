from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xent.distributions import Gaussian, Laplace, Poisson
from xent.errors import XentError

RNG = np.random.default_rng(0)
Z2 = RNG.normal(0, 1, (50, 2))
Z1 = Z2[:, 0]
Y = RNG.normal(0, 2, 50)


@pytest.mark.checklist(row=45, call="Gaussian(sd=2.0).nll(z, y)")
def test_a_gaussian_with_fixed_sd_gives_the_squared_error():
    nll = Gaussian(sd=2.0).nll(Z1, Y)
    np.testing.assert_allclose(nll, (Y - Z1) ** 2 / 8 + 0.5 * np.log(2 * np.pi * 4), rtol=1e-14)
    # Differences of losses are differences of squared errors, whatever the sd.
    other = Gaussian(sd=2.0).nll(Z1 + 0.5, Y)
    np.testing.assert_allclose(8 * (other - nll), (Y - Z1 - 0.5) ** 2 - (Y - Z1) ** 2, atol=1e-13)


def test_losses_are_negative_log_densities():
    scale = np.exp(Z2[:, 1])
    np.testing.assert_allclose(Gaussian().nll(Z2, Y), -stats.norm.logpdf(Y, Z1, scale), rtol=1e-12)
    np.testing.assert_allclose(
        Laplace().nll(Z2, Y), -stats.laplace.logpdf(Y, Z1, scale), rtol=1e-12
    )
    np.testing.assert_allclose(
        Laplace(scale=0.7).nll(Z1, Y), -stats.laplace.logpdf(Y, Z1, 0.7), rtol=1e-12
    )
    counts = RNG.poisson(3.0, 50)
    np.testing.assert_allclose(
        Poisson().nll(Z1, counts), -stats.poisson.logpmf(counts, np.exp(Z1)), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("distribution", "z", "y"),
    [
        (Gaussian(), Z2, Y),
        (Gaussian(sd=0.5), Z1, Y),
        (Laplace(), Z2, Y),
        (Laplace(scale=2.0), Z1[:, None], Y[:, None]),
        (Poisson(), Z1, np.abs(Y)),
    ],
    ids=repr,
)
def test_gradients_equal_finite_differences(distribution, z, y):
    value, grad = distribution.value_and_grad(z, y)
    assert grad.shape == z.shape
    np.testing.assert_array_equal(value, distribution.nll(z, y))
    h = 1e-6
    for k in range(distribution.n_outputs):
        step = np.zeros(distribution.n_outputs)
        step[k] = h
        step = step if z.ndim == 2 else h
        numerical = (distribution.nll(z + step, y) - distribution.nll(z - step, y)) / (2 * h)
        np.testing.assert_allclose(grad.reshape(50, -1)[:, k], numerical, rtol=1e-6, atol=1e-7)


def test_means_modes_and_scales():
    np.testing.assert_array_equal(Gaussian().mean(Z2), Z1)
    np.testing.assert_array_equal(Laplace().mode(Z2), Z1)
    np.testing.assert_allclose(Gaussian().scale_of(Z2), np.exp(Z2[:, 1]))
    np.testing.assert_array_equal(Gaussian(sd=3).scale_of(Z1), np.full(50, 3.0))
    np.testing.assert_allclose(Poisson().mean(Z1), np.exp(Z1))
    np.testing.assert_array_equal(Poisson().mode(np.log([0.5, 2.5, 7.1])), [0, 2, 7])
    assert Gaussian().mean(Z2.astype(np.float32)).dtype == np.float32


def test_samples_follow_their_distribution():
    n = 40_000
    z = np.tile([[1.0, np.log(2.0)]], (n, 1))
    normal = Gaussian().sample(z, np.random.default_rng(0))
    assert normal.mean() == pytest.approx(1.0, abs=0.05)
    assert normal.std() == pytest.approx(2.0, abs=0.05)
    laplace = Laplace().sample(z, np.random.default_rng(0))
    assert np.abs(laplace - 1.0).mean() == pytest.approx(2.0, abs=0.05)
    counts = Poisson().sample(z[:, 1].astype(np.float32), np.random.default_rng(0))
    assert counts.dtype == np.float32
    assert counts.mean() == pytest.approx(2.0, abs=0.05)
    assert stats.kstest(normal, "norm", args=(1, 2)).pvalue > 0.01
    with pytest.raises(XentError, match="got a rate of"):
        Poisson().sample([50.0], np.random.default_rng(0))


def test_the_least_loss_is_at_the_truth():
    """The fitted location and scale of many equal rows are their mean (median) and deviation."""
    y = RNG.normal(3, 2, 2001)
    best = np.array([[y.mean(), np.log(y.std())]])
    grad = Gaussian().grad(np.repeat(best, 2001, axis=0), y).mean(axis=0)
    np.testing.assert_allclose(grad, 0, atol=1e-12)
    middle = np.median(y)
    best = np.array([[middle, np.log(np.abs(y - middle).mean())]])
    grad = Laplace().grad(np.repeat(best, 2001, axis=0), y).mean(axis=0)
    np.testing.assert_allclose(grad, 0, atol=1e-12)


def test_ends_of_the_range_have_their_limits():
    inf = np.inf
    np.testing.assert_array_equal(
        Poisson().nll([-inf, -inf, inf, inf], [0, 2, 0, 2]), [0, inf, inf, inf]
    )
    np.testing.assert_array_equal(Poisson().grad([-inf, inf], [2, 2]), [-2, inf])
    # A residual of 0 under a vanishing scale is still 0, and the loss falls without bound.
    value, grad = Gaussian().value_and_grad([[1.0, -800.0]], [1.0])
    assert value[0] == pytest.approx(-800 + 0.918938533)
    np.testing.assert_array_equal(grad, [[0, 1]])
    value, grad = Laplace().value_and_grad([[1.0, -800.0]], [1.0])
    assert value[0] == pytest.approx(-800 + np.log(2))
    np.testing.assert_array_equal(grad, [[0, 1]])


def test_float32_is_rounded_once():
    z = Z2.astype(np.float32)
    wide = Gaussian().nll(z.astype(np.float64), Y)
    np.testing.assert_array_equal(Gaussian().nll(z, Y), wide.astype(np.float32))


@pytest.mark.parametrize("bad", [0, -1.0, np.inf, np.nan, "1", True, [1.0]])
def test_scales_are_checked(bad):
    with pytest.raises(XentError, match="sd must be"):
        Gaussian(sd=bad)
    with pytest.raises(XentError, match="scale must be"):
        Laplace(scale=bad)
