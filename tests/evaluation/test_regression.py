"""Figures of numeric predictions: what is undefined, weights, deviances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.distributions import Gaussian, Laplace, Poisson
from xent.errors import XentError

VALUES = st.floats(0.01, 1e3)


@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=15))
def test_weights_are_repetitions(rows: list[tuple[float, float, int]]) -> None:
    y, predicted, times = (np.array(column) for column in zip(*rows, strict=True))
    assume(times.any())
    long_y, long_predicted = np.repeat(y, times), np.repeat(predicted, times)
    figures: list[Any] = [
        *(ev.mae, ev.mse, ev.rmse, ev.median_absolute_error, ev.mape, ev.smape, ev.wape),
        *(ev.poisson_deviance, ev.gamma_deviance),
    ]
    for figure in figures:
        np.testing.assert_allclose(
            figure(y, predictions=predicted, weight=times),
            figure(long_y, predictions=long_predicted),
            rtol=1e-9,
            atol=1e-12,
        )
    np.testing.assert_allclose(
        ev.r2(y, predictions=predicted, weight=times),
        ev.r2(long_y, predictions=long_predicted),
        rtol=1e-6,
    )
    z = np.column_stack([predicted, np.zeros_like(predicted)])
    np.testing.assert_allclose(
        ev.nll(y, parameters=z, distribution=Gaussian(), weight=times),
        ev.nll(long_y, parameters=np.repeat(z, times, axis=0), distribution=Gaussian()),
    )


def test_undefined_is_nan() -> None:
    assert math.isnan(ev.mape([0, 1], predictions=[1, 1]))  # scikit-learn says 2.3e15
    assert math.isnan(ev.smape([0, 1], predictions=[0, 1]))
    assert math.isnan(ev.wape([0, 0], predictions=[1, 1]))
    assert math.isnan(ev.r2([1], predictions=[1]))
    # The mean of three 0.1 is not 0.1, and the variance about it not 0.
    assert math.isnan(ev.r2([0.1] * 3, predictions=[0.1] * 3))
    assert ev.wape([0, 1], predictions=[1, 1]) == 1.0


def test_relative_errors() -> None:
    y, p = [1.0, -2.0, 4.0], [2.0, -2.0, 3.0]
    assert ev.mape(y, predictions=p) == pytest.approx((1 + 0 + 0.25) / 3)
    assert ev.smape(y, predictions=p) == pytest.approx((2 / 3 + 0 + 2 / 7) / 3)
    assert ev.wape(y, predictions=p) == pytest.approx(2 / 7)
    assert ev.smape([1.0], predictions=[-1.0]) == 2.0


def test_weighted_median() -> None:
    y, zero = [1, 2, 3, 10], [0, 0, 0, 0]
    assert ev.median_absolute_error(y, predictions=zero) == 2.5
    assert ev.median_absolute_error(y, predictions=zero, weight=[1, 1, 1, 1]) == 2.5
    assert ev.median_absolute_error(y, predictions=zero, weight=[1, 1, 1, 9]) == 10
    assert ev.median_absolute_error(y, predictions=zero, weight=[9, 0, 1, 1]) == 1


def test_pinball() -> None:
    y, p = [1.0, 5.0], [2.0, 3.0]
    assert ev.pinball_loss(y, predictions=p, quantile=0.5) == ev.mae(y, predictions=p) / 2
    assert ev.pinball_loss(y, predictions=p, quantile=0.9) == pytest.approx((0.1 + 1.8) / 2)
    for quantile in (0, 1, -0.1):
        with pytest.raises(XentError, match="quantile must lie between 0 and 1"):
            ev.pinball_loss(y, predictions=p, quantile=quantile)


def test_deviance_is_twice_the_loss_against_the_perfect_mean() -> None:
    y, mu = np.array([0.0, 1.0, 4.0]), np.array([0.5, 2.0, 3.0])
    with np.errstate(divide="ignore"):
        best = ev.nll(y, parameters=np.log(y), distribution=Poisson())
    loss = ev.nll(y, parameters=np.log(mu), distribution=Poisson())
    assert ev.poisson_deviance(y, predictions=mu) == pytest.approx(2 * (loss - best))
    assert ev.poisson_deviance(y[1:], predictions=y[1:]) == 0.0
    assert ev.tweedie_deviance(y, predictions=mu, power=0) == ev.mse(y, predictions=mu)
    near_one = ev.tweedie_deviance(y, predictions=mu, power=1 + 1e-7)
    assert near_one == pytest.approx(ev.poisson_deviance(y, predictions=mu), rel=1e-5)


@pytest.mark.parametrize(
    ("y", "mu", "power", "message"),
    [
        ([1.0], [0.0], 1, "predictions must be positive for this deviance, got 0"),
        ([-1.0], [1.0], 1, "y must not be negative for this deviance, got -1"),
        ([0.0], [1.0], 2, "y must be positive for this deviance, got 0"),
        ([1.0], [1.0], 0.5, "power must be 0 or at least 1, got 0.5"),
        ([1.0], [1.0], math.inf, "power must be 0 or at least 1"),
    ],
)
def test_deviances_check_their_range(y: Any, mu: Any, power: float, message: str) -> None:
    with pytest.raises(XentError, match=message):
        ev.tweedie_deviance(y, predictions=mu, power=power)


def test_nll() -> None:
    y = [1.0, -2.0]
    assert ev.nll(y, parameters=[0.0, 0.0], distribution=Laplace(scale=0.5)) == 3.0
    # A row of weight 0 may hold anything.
    z, weight = [[0.0], [math.nan]], [2, 0]
    assert ev.nll(y, parameters=z, distribution=Laplace(scale=0.5), weight=weight) == 2.0
    for parameters, message in (
        ([0.0], r"parameters must have 2 rows as y has, got shape \(1,\)"),
        (0.0, r"parameters must have 2 rows as y has, got shape \(\)"),
        ([0.0, math.nan], "parameters must not hold NaN"),
        ([[0.0, 1.0], [0.0, 1.0]], "z must have shape"),
    ):
        with pytest.raises(XentError, match=message):
            ev.nll(y, parameters=parameters, distribution=Laplace(scale=0.5))


def test_interval_coverage() -> None:
    y = [1, 2, 3]
    assert ev.interval_coverage(y, low=[1, 3, 0], high=[1, 4, np.inf]) == 2 / 3
    weighted = ev.interval_coverage(y, low=[1, 3, 0], high=[1, 4, 5], weight=[2, 6, 0])
    assert weighted == 0.25
    with pytest.raises(XentError, match="low must not exceed high"):
        ev.interval_coverage(y, low=[1, 3, 9], high=[1, 4, 5])
    with pytest.raises(XentError, match="high must have 3 rows"):
        ev.interval_coverage(y, low=[1, 3, 0], high=[4, 5])
