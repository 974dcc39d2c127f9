"""Deviances and D2: against the likelihood, the best constant, and each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.distributions import Poisson
from xent.errors import XentError
from xent.evaluation.explained_deviance import weighted_quantile

VALUES = st.floats(0.01, 1e3)
ROWS = st.lists(st.tuples(VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=15)
EXPLAINED: dict[str, Any] = {
    "absolute error": ev.d2_absolute_error,
    "pinball": lambda y, **keys: ev.d2_pinball(y, quantile=0.8, **keys),
    "Poisson": ev.d2_poisson,
    "gamma": ev.d2_gamma,
    "Tweedie": lambda y, **keys: ev.d2_tweedie(y, power=1.5, **keys),
}


@given(ROWS)
@settings(derandomize=True, deadline=None)
def test_weights_are_repetitions(rows: list[tuple[float, float, int]]) -> None:
    y, predicted, times = (np.array(column) for column in zip(*rows, strict=True))
    assume(times.any())
    long_y, long_predicted = np.repeat(y, times), np.repeat(predicted, times)
    for figure in (ev.poisson_deviance, ev.gamma_deviance, *EXPLAINED.values()):
        np.testing.assert_allclose(
            figure(y, predictions=predicted, weight=times),
            figure(long_y, predictions=long_predicted),
            rtol=1e-6,
            atol=1e-9,
        )


@pytest.mark.parametrize("name", EXPLAINED)
def test_the_best_constant_explains_nothing_and_the_truth_everything(name: str) -> None:
    figure = EXPLAINED[name]
    y = np.random.default_rng(0).gamma(2.0, size=41)
    assert figure(y, predictions=y) == pytest.approx(1.0)
    quantile = {"absolute error": 0.5, "pinball": 0.8}.get(name)
    best = y.mean() if quantile is None else np.quantile(y, quantile, method="inverted_cdf")
    assert figure(y, predictions=np.full(41, best)) == pytest.approx(0.0, abs=1e-12)
    for other in (0.9 * best, 1.1 * best):
        assert figure(y, predictions=np.full(41, other)) < 0
    assert math.isnan(figure([2.0, 2.0], predictions=[1.0, 3.0]))
    assert math.isnan(figure([2.0], predictions=[2.0]))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=12), st.floats(0.02, 0.98))
@settings(derandomize=True, deadline=None)
def test_no_constant_beats_the_quantile(values: list[float], quantile: float) -> None:
    y = np.array(values)
    assume(np.ptp(y) > 1e-3)
    for constant in (*values, y.mean()):
        said = np.full(len(y), constant)
        assert ev.d2_pinball(y, predictions=said, quantile=quantile) <= 1e-12


def test_d2_of_the_squared_error_is_r2() -> None:
    y, p = [3, -0.5, 2, 7], [2.5, 0.0, 2, 8]
    assert ev.d2_tweedie(y, predictions=p, power=0) == pytest.approx(ev.r2(y, predictions=p))


def test_d2_checks_its_range_even_where_y_is_constant() -> None:
    with pytest.raises(XentError, match="predictions must be positive"):
        ev.d2_poisson([1, 1], predictions=[0, 1])
    with pytest.raises(XentError, match="quantile must lie between 0 and 1"):
        ev.d2_pinball([1, 1], predictions=[0, 1], quantile=1)


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


def test_the_quantile_is_the_least_value_that_reaches_its_share() -> None:
    values, weight = np.array([4.0, 1.0, 3.0, 2.0]), np.array([1.0, 1.0, 1.0, 5.0])
    assert weighted_quantile(values, 0.5, None) == 2.0
    assert weighted_quantile(values, 0.51, None) == 3.0
    assert [weighted_quantile(values, q, weight) for q in (0.125, 0.75, 0.76, 0.9)] == [1, 2, 3, 4]
