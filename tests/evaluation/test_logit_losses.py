"""The grouped sum of losses against mpmath, down to losses that 1 + e would lose."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from xent.evaluation.logit_losses import FEW_ROWS, sum_logit_losses, sum_logit_squares


@pytest.mark.parametrize(("center", "spread"), [(0, 3), (-40, 1), (40, 1), (-300, 100), (0, 1e-8)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sum_is_that_of_mpmath(center: float, spread: float, dtype: type) -> None:
    rng = np.random.default_rng(3)
    z = (center + spread * rng.normal(size=1003)).astype(dtype)
    for share in (0.0, 0.4, 1.0):
        y = rng.random(z.size) < share
        with mpmath.workdps(60):
            exact = mpmath.fsum(
                mpmath.log1p(mpmath.exp(-v if t else v)) for t, v in zip(y, z.tolist(), strict=True)
            )
            assert abs(sum_logit_losses(y, z) / exact - 1) < 2e-15


def test_infinite_and_undefined_logits() -> None:
    assert sum_logit_losses(np.array([True, False]), np.array([np.inf, -np.inf])) == 0.0
    assert sum_logit_losses(np.array([True]), np.array([-np.inf])) == np.inf
    assert np.isnan(sum_logit_losses(np.array([True]), np.array([np.nan])))


@pytest.mark.parametrize(("center", "spread"), [(0, 3), (-40, 1), (40, 1), (-300, 100)])
def test_the_sum_of_squares_is_that_of_mpmath(center: float, spread: float) -> None:
    rng = np.random.default_rng(4)
    z = center + spread * rng.normal(size=1003)
    y = rng.random(z.size) < 0.4
    with mpmath.workdps(60):
        exact = mpmath.fsum(
            (1 / (1 + mpmath.exp(v if t else -v))) ** 2 for t, v in zip(y, z.tolist(), strict=True)
        )
        assert abs(sum_logit_squares(y, z) / exact - 1) < 2e-15


def test_the_sum_is_the_same_whatever_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(size=FEW_ROWS + 5).astype(np.float32)
    y = rng.random(z.size) < 0.4
    sums = []
    for n in (1, 2, 7):
        monkeypatch.setattr("xent.evaluation.logit_losses.n_cores", lambda n=n: n)
        sums.append(sum_logit_losses(y, z))
    assert len(set(sums)) == 1


@pytest.mark.parametrize("size", [100.0, 800.0, 1e30])
def test_products_that_overflow_are_summed_one_by_one(size: float) -> None:
    z = np.array([size, -size] * 40)
    y = np.array([False, True] * 40)
    assert sum_logit_losses(y, z) == pytest.approx(80 * size, rel=1e-15)
    assert sum_logit_losses(~y, z) == pytest.approx(80 * np.exp(-size), rel=1e-15)
