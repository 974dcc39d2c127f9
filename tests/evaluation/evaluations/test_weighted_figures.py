"""Figures as functions of the weights: those of the plain functions, replicate by replicate."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.evaluation.evaluations.weighted_figures import (
    median_figure,
    ratio_figure,
    variance_share_figure,
)

PLAIN: dict[str, Any] = {
    "r2": ev.r2,
    "explained_variance": ev.explained_variance,
    "median_absolute_error": ev.median_absolute_error,
    "wape": ev.wape,
}


def made(name: str, y: Any, p: Any) -> Any:
    if name == "median_absolute_error":
        return median_figure(np.abs(y - p))
    if name == "wape":
        return ratio_figure(np.abs(y - p), np.abs(y))
    return variance_share_figure(y, p, forgives_bias=name == "explained_variance")


@pytest.mark.parametrize("name", PLAIN)
@given(seed=st.integers(0, 10**6), offset=st.sampled_from([0.0, 1e6, -3e9]))
@settings(derandomize=True, deadline=None, max_examples=25)
def test_every_replicate_is_the_plain_figure(name: str, seed: int, offset: float) -> None:
    generator = np.random.default_rng(seed)
    y = generator.normal(size=12).round(1) + offset
    p = y + generator.normal(size=12).round(1)
    figure, plain = made(name, y, p), partial(PLAIN[name], y, predictions=p)
    assert figure(None) == pytest.approx(plain(), rel=1e-9)
    for weight in (generator.random(12), generator.poisson(1.0, 12).astype(float)):
        if weight.any():
            expected = plain(weight=weight)
            np.testing.assert_allclose(figure(weight), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["r2", "explained_variance"])
def test_a_draw_of_equal_rows_has_no_variance(name: str) -> None:
    y = np.array([0.1, 0.1, 0.1, 0.7])
    figure = made(name, y, y + 0.3)
    assert math.isnan(figure(np.array([2.0, 1.0, 4.0, 0.0])))
    assert math.isnan(made(name, np.full(3, 0.1), np.ones(3))(None))
    assert not math.isnan(figure(np.array([1.0, 0.0, 0.0, 1e-3])))


def test_a_sum_of_nothing_has_no_ratio() -> None:
    assert math.isnan(ratio_figure(np.ones(2), np.zeros(2))(None))
    assert math.isnan(ratio_figure(np.ones(2), np.array([0.0, 1.0]))(np.array([1.0, 0.0])))
