"""Figures of numeric predictions: what is undefined, weights, definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError

VALUES = st.floats(0.01, 1e3)


@given(st.lists(st.tuples(VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=15))
def test_weights_are_repetitions(rows: list[tuple[float, float, int]]) -> None:
    y, predicted, times = (np.array(column) for column in zip(*rows, strict=True))
    assume(times.any())
    long_y, long_predicted = np.repeat(y, times), np.repeat(predicted, times)
    figures: list[Any] = [
        *(ev.mae, ev.mse, ev.rmse, ev.median_absolute_error, ev.mape, ev.smape, ev.wape),
        *(ev.mean_error, ev.max_error, ev.msle, ev.rmsle),
    ]
    for figure in figures:
        np.testing.assert_allclose(
            figure(y, predictions=predicted, weight=times),
            figure(long_y, predictions=long_predicted),
            rtol=1e-9,
            atol=1e-12,
        )
    for figure in (ev.r2, ev.explained_variance):
        np.testing.assert_allclose(
            figure(y, predictions=predicted, weight=times),
            figure(long_y, predictions=long_predicted),
            rtol=1e-6,
            atol=1e-9,
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


def test_bias_is_positive_where_predictions_run_high() -> None:
    assert ev.mean_error([1, 2], predictions=[2, 4]) == 1.5
    assert ev.mean_error([1, 2], predictions=[2, 4], weight=[3, 1]) == 1.25


def test_largest_error() -> None:
    assert ev.max_error([1, 2, 3], predictions=[1, 5, 2]) == 3
    assert ev.max_error([1, 2, 3], predictions=[1, 5, 2], weight=[1, 0, 1]) == 1


def test_explained_variance_forgives_bias_and_nothing_else() -> None:
    y = np.random.default_rng(0).normal(size=50)
    predicted = y + np.random.default_rng(1).normal(size=50) / 2
    explained = ev.explained_variance(y, predictions=predicted)
    assert ev.explained_variance(y, predictions=predicted + 7) == pytest.approx(explained)
    assert ev.r2(y, predictions=predicted) <= explained
    bias = ev.mean_error(y, predictions=predicted)
    assert ev.r2(y, predictions=predicted - bias) == pytest.approx(explained)
    assert math.isnan(ev.explained_variance([2, 2], predictions=[1, 3]))


def test_log_errors() -> None:
    assert ev.msle([math.e - 1, 0], predictions=[0, 0]) == pytest.approx(0.5)
    assert ev.rmsle([math.e - 1, 0], predictions=[0, 0]) == pytest.approx(math.sqrt(0.5))
    # log1p keeps what 1 + y would round away
    assert ev.msle([1e-20], predictions=[3e-20]) == pytest.approx(4e-40, rel=1e-12)
    for y, p, name in (([-1], [0], "y"), ([0], [-2], "predictions")):
        with pytest.raises(XentError, match=rf"{name} must be above -1 for log\(1 \+ y\)"):
            ev.msle(y, predictions=p)
