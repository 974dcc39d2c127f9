"""Decisions by costs: the cheapest class in expectation, abstaining, and what it does on held-out rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.decisions import ABSTAIN, CostDecision, judge_cost_decision
from xent.errors import XentError

MATRIX = ((0.0, 1.0, 4.0), (2.0, 0.0, 1.0), (10.0, 3.0, 0.0))


def rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([1.0, 1.0, 0.5], n)
    return (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1), p


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 10), min_size=9, max_size=9), st.floats(0, 5))
def test_no_other_decision_is_cheaper_in_expectation(costs, reject):
    _, p = rows(40)
    matrix = np.reshape(costs, (3, 3))
    decided = CostDecision(("a", "b", "c"), tuple(map(tuple, matrix.tolist())), reject).apply(p)
    for row, code in zip(p, decided, strict=True):
        spent = reject if code == ABSTAIN else row @ matrix[:, code]
        assert spent <= min(reject, *(row @ matrix)) + 1e-12


def test_the_judgment_against_sums_row_by_row():
    y, p = rows()
    decision = CostDecision(("a", "b", "c"), MATRIX, reject_cost=0.8)
    judged = judge_cost_decision(decision, y, p)
    decided = decision.apply(p)
    spent = [0.8 if d == ABSTAIN else MATRIX[t][d] for t, d in zip(y, decided, strict=True)]
    likely = [MATRIX[t][d] for t, d in zip(y, p.argmax(axis=1), strict=True)]
    assert judged.cost.value == pytest.approx(np.mean(spent))
    assert judged.saving.value == pytest.approx(np.mean(likely) - np.mean(spent))
    assert judged.saving.low > 0
    assert judged.rejected.value == np.mean(decided == ABSTAIN) > 0
    kept = decided != ABSTAIN
    assert judged.accuracy.value == pytest.approx(np.mean(y[kept] == decided[kept]))
    assert judged.rivals["always b"] == pytest.approx(np.mean([MATRIX[t][1] for t in y]))
    assert "abstains" in str(judged)
    assert json.loads(json.dumps(judged.to_json()))["n_rows"] == 600


def test_weights_are_repetition():
    y, p = rows(200)
    weight = np.random.default_rng(1).integers(0, 4, 200)
    decision = CostDecision(("a", "b", "c"), MATRIX)
    weighted = judge_cost_decision(decision, y, p, weight=weight)
    repeated = judge_cost_decision(decision, y.repeat(weight), p.repeat(weight, axis=0))
    assert weighted.cost.value == pytest.approx(repeated.cost.value)
    assert weighted.rivals["most probable"] == pytest.approx(repeated.rivals["most probable"])


def test_all_rows_may_be_left_to_somebody_else():
    y, p = rows(50)
    judged = judge_cost_decision(CostDecision(("a", "b", "c"), MATRIX, 0.0), y, p)
    assert judged.rejected.value == 1
    assert np.isnan(judged.accuracy.value)
    assert "left to somebody else" in judged.accuracy.why


def test_json_and_back_and_text():
    decision = CostDecision(("no", "yes"), ((0.0, 1.0), (20.0, 0.0)), 0.5)
    assert CostDecision.from_json(json.loads(json.dumps(decision.to_json()))) == decision
    assert "20" in str(decision)
    assert "somebody else, at 0.5" in str(decision)


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"kind": "threshold"},
        {"classes": ["a"]},
        {"costs": [[0, 1]]},
        {"costs": [[0, "x"], [1, 0]]},
        {"costs": [[0, float("nan")], [1, 0]]},
        {"reject_cost": float("inf")},
        {"reject_cost": []},
        {"reject_cost": -1},
        {"costs": None},
    ],
)
def test_hostile_json(damage):
    whole = CostDecision(("no", "yes"), ((0.0, 1.0), (20.0, 0.0)), 0.5).to_json()
    with pytest.raises(XentError):
        CostDecision.from_json({**whole, **damage})
