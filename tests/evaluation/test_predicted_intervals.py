"""Predicted quantiles and intervals: definitions, propriety, ends that do not exist."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError


def test_pinball() -> None:
    y, p = [1.0, 5.0], [2.0, 3.0]
    assert ev.pinball_loss(y, predictions=p, quantile=0.5) == ev.mae(y, predictions=p) / 2
    assert ev.pinball_loss(y, predictions=p, quantile=0.9) == pytest.approx((0.1 + 1.8) / 2)
    for quantile in (0, 1, -0.1):
        with pytest.raises(XentError, match="quantile must lie between 0 and 1"):
            ev.pinball_loss(y, predictions=p, quantile=quantile)


def test_interval_coverage() -> None:
    y = [1, 2, 3]
    assert ev.interval_coverage(y, low=[1, 3, 0], high=[1, 4, np.inf]) == 2 / 3
    weighted = ev.interval_coverage(y, low=[1, 3, 0], high=[1, 4, 5], weight=[2, 6, 0])
    assert weighted == 0.25
    with pytest.raises(XentError, match="low must not exceed high"):
        ev.interval_coverage(y, low=[1, 3, 9], high=[1, 4, 5])
    with pytest.raises(XentError, match="high must have 3 rows"):
        ev.interval_coverage(y, low=[1, 3, 0], high=[4, 5])


def test_width() -> None:
    assert ev.mean_interval_width(low=[0, 1], high=[1, 4]) == 2.0
    assert ev.mean_interval_width(low=[0, 1], high=[1, 4], weight=[3, 1]) == 1.5
    assert ev.mean_interval_width(low=[0, 1], high=[1, math.inf]) == math.inf
    assert ev.mean_interval_width(low=[0, 1], high=[1, math.inf], weight=[1, 0]) == 1.0
    for low, high, message in (
        ([0, 2], [1, 1], "low must not exceed high"),
        ([0, 2], [1], "high must have 2 rows as low has, got 1"),
        ([0, math.inf], [1, math.inf], "low must be below inf"),
        ([0, math.nan], [1, 1], "neither may be NaN"),
    ):
        with pytest.raises(XentError, match=message):
            ev.mean_interval_width(low=low, high=high)


@given(st.integers(0, 10**6), st.sampled_from([0.5, 0.8, 0.95]))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_the_interval_score_is_the_pinball_losses_of_both_ends(seed: int, level: float) -> None:
    generator = np.random.default_rng(seed)
    y, weight = generator.normal(size=20), generator.random(20)
    low, high = np.sort(generator.normal(size=(2, 20)), axis=0)
    score = ev.interval_score(y, low=low, high=high, level=level, weight=weight)
    ends = sum(
        ev.pinball_loss(y, predictions=end, quantile=quantile, weight=weight)
        for end, quantile in ((low, (1 - level) / 2), (high, (1 + level) / 2))
    )
    assert score == pytest.approx(2 / (1 - level) * ends)


def test_the_true_quantiles_score_best() -> None:
    y = np.random.default_rng(0).normal(size=20_000)
    ones = np.ones(y.size)
    scores = {z: ev.interval_score(y, low=-z * ones, high=z * ones, level=0.9) for z in (1.3, 2.1)}
    assert ev.interval_score(y, low=-1.645 * ones, high=1.645 * ones, level=0.9) < min(
        scores.values()
    )


def test_interval_scores_refuse_and_reach_infinity() -> None:
    assert ev.interval_score([1.0], low=[-math.inf], high=[2.0], level=0.5) == math.inf
    for level in (0.0, 1.0, 95):
        with pytest.raises(XentError, match="level must lie between 0 and 1"):
            ev.interval_score([1.0], low=[0.0], high=[2.0], level=level)
    with pytest.raises(XentError, match="y must be finite, got inf"):
        ev.interval_score([math.inf], low=[0.0], high=[2.0], level=0.5)
