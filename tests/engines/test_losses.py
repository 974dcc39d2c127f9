"""The fused losses against the exact plain forms: at most 16 ulp, and no flat end."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical, Gaussian, MultiLabel
from xent.engines.losses import make_loss


def ulps(measured, exact):
    """Return the distance in spacings of the dtype; below the smallest normal number one such number is right."""
    spacing = np.maximum(np.spacing(np.abs(exact)), np.finfo(exact.dtype).tiny)
    return np.max(np.abs(measured.astype(np.float64) - exact.astype(np.float64)) / spacing)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [0.0, 1.0, 0.3])
def test_bernoulli_stays_close_to_the_exact_form_over_the_whole_range(dtype, label):
    magnitudes = np.concatenate([10.0 ** np.arange(-30, 4, 0.25), np.linspace(0, 120, 2001)])
    z = np.concatenate([-magnitudes, magnitudes]).astype(dtype)[:, None]
    y = np.full(len(z), label, dtype)
    delta = np.empty_like(z)
    nll = make_loss(Bernoulli(), len(z), np.dtype(dtype))(z, y, delta)
    value, gradient = Bernoulli().value_and_grad(z, y)
    assert ulps(nll, value) <= 16
    if label in {0.0, 1.0}:
        assert ulps(delta, gradient) <= 16
        assert np.all(delta[np.abs(z) < 80] != 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_categorical_has_no_flat_end(dtype, n_classes):
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(0, scale, (300, n_classes)) for scale in (1, 5, 20)]).astype(
        dtype
    )
    for y in (z.argmax(axis=1), z.argmin(axis=1), rng.integers(0, n_classes, len(z))):
        delta = np.empty_like(z)
        nll = make_loss(Categorical(n_classes), len(z), np.dtype(dtype))(z, y, delta)
        value, gradient = Categorical(n_classes).value_and_grad(z, y)
        assert ulps(nll, value) <= 16
        assert ulps(delta, gradient) <= 16
        assert np.all(nll > 0)


@pytest.mark.parametrize(
    ("distribution", "y"),
    [
        (MultiLabel(3), np.array([[0, 1, 1], [1, 0, 0.5]])),
        (Categorical(3), np.array([[0.2, 0.3, 0.5], [1, 0, 0]])),
        (Gaussian(), np.array([0.3, -1.0])),
    ],
    ids=str,
)
def test_other_distributions_equal_their_plain_form(distribution, y):
    z = np.random.default_rng(1).normal(size=(2, distribution.n_outputs))
    delta = np.empty_like(z)
    nll = make_loss(distribution, 2, np.dtype("float64"))(z, y, delta)
    value, gradient = distribution.value_and_grad(z, y)
    np.testing.assert_allclose(nll, value, rtol=1e-14)
    np.testing.assert_allclose(delta, gradient, rtol=1e-13, atol=1e-16)
