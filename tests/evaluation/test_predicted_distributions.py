"""Scores of predicted distributions: likelihood, and the CRPS against its integral."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.distributions import Gaussian, Laplace
from xent.errors import XentError


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


def test_nll_of_weighted_rows() -> None:
    generator = np.random.default_rng(0)
    y, times = generator.normal(size=9), generator.integers(0, 3, 9)
    z = np.column_stack([y + 0.3, np.zeros(9)])
    assert ev.nll(y, parameters=z, distribution=Gaussian(), weight=times) == pytest.approx(
        ev.nll(
            np.repeat(y, times),
            parameters=np.repeat(z, times, axis=0),
            distribution=Gaussian(),
        )
    )


@given(st.floats(-6, 6), st.floats(-3, 3), st.floats(0.1, 4))
@settings(derandomize=True, deadline=None, max_examples=12)
def test_crps_is_its_integral(y: float, mean: float, sd: float) -> None:
    from scipy.integrate import quad
    from scipy.stats import norm

    below, _ = quad(lambda x: norm.cdf(x, mean, sd) ** 2, min(mean, y) - 40 * sd, y, limit=200)
    above, _ = quad(lambda x: norm.sf(x, mean, sd) ** 2, y, max(mean, y) + 40 * sd, limit=200)
    assert ev.gaussian_crps([y], mean=[mean], sd=[sd]) == pytest.approx(below + above, rel=1e-6)


def test_crps_for_any_spread() -> None:
    # no spread: the absolute error; a spread beyond all bounds: sd (sqrt 2 - 1) / sqrt pi
    y, mean = np.array([0.0, 3.0]), np.array([1.0, 1.0])
    error = ev.mae(y, predictions=mean)
    assert ev.gaussian_crps(y, mean=mean, sd=[0.0, 0.0]) == error
    assert ev.gaussian_crps(y, mean=mean, sd=[5e-324, 1e-300]) == pytest.approx(error)
    wide = ev.gaussian_crps(y, mean=mean, sd=[1e150, 1e150])
    assert wide == pytest.approx(1e150 * (math.sqrt(2) - 1) / math.sqrt(math.pi))
    assert ev.gaussian_crps([1.0], mean=[1.0], sd=[0.0]) == 0.0


def test_crps_is_proper() -> None:
    y = np.random.default_rng(0).normal(size=20_000)
    zero, one = np.zeros(y.size), np.ones(y.size)
    best = ev.gaussian_crps(y, mean=zero, sd=one)
    assert best == pytest.approx(1 / math.sqrt(math.pi), rel=0.02)
    for sd in (0.7, 1.4):
        assert ev.gaussian_crps(y, mean=zero, sd=sd * one) > best
    assert ev.gaussian_crps(y, mean=zero + 0.3, sd=one) > best


def test_crps_of_weighted_rows_and_a_negative_spread() -> None:
    keys: dict[str, Any] = {"mean": [0.0, 0.0], "sd": [1.0, 2.0]}
    each = [ev.gaussian_crps([y], mean=[0.0], sd=[sd]) for y, sd in ((1.0, 1.0), (2.0, 2.0))]
    assert ev.gaussian_crps([1.0, 2.0], weight=[3, 1], **keys) == pytest.approx(
        (3 * each[0] + each[1]) / 4
    )
    with pytest.raises(XentError, match="sd must not be negative, got -1"):
        ev.gaussian_crps([1.0], mean=[0.0], sd=[-1.0])
