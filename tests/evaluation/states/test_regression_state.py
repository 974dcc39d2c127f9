"""Sums of predicted numbers: any split and order is one pass, and figures are the plain ones."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.states.hostile import damaged

from xent import evaluation as ev
from xent.distributions import Gaussian
from xent.errors import XentError
from xent.evaluation.states import RegressionState

PLAIN = (
    "mae",
    "mse",
    "rmse",
    "mean_error",
    "max_error",
    "mape",
    "smape",
    "wape",
    "r2",
    "explained_variance",
)
FIGURES = (*PLAIN, "msle", "rmsle", "nll", "gaussian_crps")
VALUES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 0.1, -1.0, 1e15, 1e-15, 1e200, 1e-200]),
    st.floats(-1e6, 1e6),
)
ROWS = st.lists(
    st.tuples(VALUES, VALUES, st.sampled_from([0, 1, 2, 3]), st.sampled_from([0.1, 1.0, 7.0])),
    max_size=12,
)


def filled(rows: list[tuple[float, ...]], *, weighted: bool, sd: bool) -> RegressionState:
    y, predictions, weight, spread = (np.array([row[k] for row in rows]) for k in range(4))
    state = RegressionState()
    state.update(
        y,
        predictions=predictions,
        sd=spread if sd else None,
        weight=weight if weighted else None,
    )
    return state


def figures(state: RegressionState) -> list[float]:
    return [getattr(state, name) for name in FIGURES]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(ROWS, ROWS, ROWS, st.booleans(), st.booleans())
def test_any_grouping_is_one_pass(a: Any, b: Any, c: Any, weighted: bool, sd: bool) -> None:
    def parts() -> list[RegressionState]:
        return [filled(rows[::-1], weighted=weighted, sd=sd) for rows in (a, b, c)]

    whole = filled(a + b + c, weighted=weighted, sd=sd)
    first, second, third = parts()
    merged = first.merge(second).merge(third)
    regrouped = parts()[2].merge(parts()[0].merge(parts()[1]))
    assert merged == whole == regrouped
    np.testing.assert_equal(figures(merged), figures(whole))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(ROWS)
def test_a_weight_is_that_many_rows(rows: Any) -> None:
    repeated = [row for row in rows for _ in range(row[2])]
    weighted, plain = (
        filled(rows, weighted=True, sd=True),
        filled(repeated, weighted=False, sd=True),
    )
    np.testing.assert_equal(figures(weighted), figures(plain))
    assert weighted.weight == plain.weight == len(repeated)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(ROWS, st.booleans())
def test_json_loses_nothing(rows: Any, weighted: bool) -> None:
    state = filled(rows, weighted=weighted, sd=True)
    text = json.dumps(state.to_json(), allow_nan=False)
    assert RegressionState.from_json(json.loads(text)) == state


@pytest.mark.parametrize("weighted", [False, True])
def test_figures_are_the_plain_ones(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, 3.0, 900)
    predictions = y * rng.uniform(0.5, 1.5, 900)
    weight = rng.integers(0, 4, 900) if weighted else None
    state = RegressionState()
    for rows in np.array_split(np.arange(900), 7):
        part = None if weight is None else weight[rows]
        state.update(y[rows], predictions=predictions[rows], sd=0.7, weight=part)
    for name in (*PLAIN, "msle", "rmsle"):
        expected = getattr(ev, name)(y, predictions=predictions, weight=weight)
        assert getattr(state, name) == pytest.approx(expected, rel=1e-13), name
    nll = ev.nll(y, parameters=predictions, distribution=Gaussian(sd=0.7), weight=weight)
    crps = ev.gaussian_crps(y, mean=predictions, sd=np.full(900, 0.7), weight=weight)
    assert state.nll == pytest.approx(nll, rel=1e-13)
    assert state.gaussian_crps == pytest.approx(crps, rel=1e-13)


def test_a_far_mean_costs_no_digit() -> None:
    # The variance of 1e9 + {0, 1} is 1/4: squares in float64 would leave nothing of it.
    state = RegressionState()
    state.update(1e9 + np.array([0.0, 1.0]), predictions=1e9 + np.array([0.5, 1.0]))
    assert state.r2 == 0.5


def test_without_rows_or_sense_there_is_no_figure() -> None:
    empty = RegressionState()
    empty.update([], predictions=[])
    assert all(math.isnan(value) for value in figures(empty))
    constant = RegressionState()
    constant.update([0.0, 0.0], predictions=[-1.0, 0.0])
    for name in ("r2", "explained_variance", "mape", "smape", "wape", "msle", "nll"):
        assert math.isnan(getattr(constant, name)), name
    assert constant.mae == 0.5
    huge = RegressionState()
    huge.update([1e300, -1e300], predictions=[0.0, 0.0])
    assert huge.mae == 1e300
    assert huge.mse == math.inf
    assert math.isnan(huge.r2)
    assert huge != 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictions": [1.0, math.nan]}, "predictions must be finite"),
        ({"predictions": [1.0]}, "rows as y has"),
        ({"predictions": [1.0, 1.0], "sd": [1.0, 0.0]}, "sd must be positive"),
        ({"predictions": [1.0, 1.0], "sd": [1.0]}, "sd must have 2 rows"),
        ({"predictions": [1.0, 1.0], "sd": "x"}, "sd must"),
    ],
)
def test_a_batch_that_does_not_fit_is_left_out_whole(arguments: Any, message: str) -> None:
    state = RegressionState()
    with pytest.raises(XentError, match=message):
        state.update([1.0, 2.0], **arguments)
    assert state == RegressionState()


def test_sd_is_in_all_batches_or_in_none() -> None:
    state, other = RegressionState(), RegressionState()
    state.update([1.0], predictions=[1.0])
    other.update([1.0], predictions=[1.0], sd=1.0)
    with pytest.raises(XentError, match="the first had none"):
        state.update([1.0], predictions=[1.0], sd=1.0)
    with pytest.raises(XentError, match="the first had one"):
        other.merge(state)


def test_hostile_json_is_refused() -> None:
    state = filled([(1.0, 0.5, 1, 1.0), (3.0, 2.0, 2, 1.0)], weighted=True, sd=True)
    description = json.loads(json.dumps(state.to_json()))
    refused = 0
    for fault, document in damaged(description):
        try:
            RegressionState.from_json(document)
        except XentError:
            refused += 1
        else:
            # Only a signed sum may be another number and still make sense.
            assert "-0x1" in fault, fault
    assert refused > 300
    with pytest.raises(XentError, match="version"):
        RegressionState.from_json({**description, "version": 2})
