"""The cost curve is the lower envelope of every threshold's line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.decisions import Costs, choose_threshold
from xent.errors import XentError
from xent.evaluation import roc_curve, score_counts, thin
from xent.evaluation.cost_curve import CostCurve, cost_curve

rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(1, 3)), min_size=2, max_size=30
).filter(lambda rows: len({truth for truth, *_ in rows}) == 2)


@given(rows, st.floats(0, 1))
def test_no_threshold_is_cheaper_and_one_is_as_cheap(rows, pc):
    y, scores, weight = (np.array(column) for column in zip(*rows, strict=True))
    curve = cost_curve(y, scores, weight=weight)
    roc = roc_curve(y, scores, weight=weight)
    cheapest = ((1 - roc.tpr) * pc + roc.fpr * (1 - pc)).min()
    assert curve.at(pc) == pytest.approx(cheapest, abs=1e-12)
    assert (np.diff(curve.probability_cost) >= 0).all()


def test_weights_that_vanish_beside_others_are_no_corners():
    generator = np.random.default_rng(0)
    for _ in range(30):
        y, scores = np.arange(40) % 2, generator.normal(size=40)
        weight = 10.0 ** generator.uniform(-9, 9, 40)
        curve = cost_curve(y, scores, weight=weight)
        roc = roc_curve(y, scores, weight=weight)
        assert (np.diff(curve.probability_cost) >= 0).all()
        for pc in np.linspace(0, 1, 21):
            cheapest = ((1 - roc.tpr) * pc + roc.fpr * (1 - pc)).min()
            assert curve.at(pc) == pytest.approx(cheapest, abs=1e-12)


def test_its_thresholds_decide_as_the_cheapest_ones_do():
    generator = np.random.default_rng(0)
    z = generator.normal(size=500)
    y = generator.random(500) < 1 / (1 + np.exp(-z))
    curve = cost_curve(y, z)
    prevalence, costs = y.mean(), Costs(fn=3, fp=1)
    pc = prevalence * 3 / (prevalence * 3 + (1 - prevalence))
    threshold = curve.thresholds[np.searchsorted(curve.probability_cost, pc) - 1]
    choice = choose_threshold(score_counts(y, z), costs=costs)
    assert costs.mean(score_counts(y, z).at(threshold)) == pytest.approx(choice.value)
    assert curve.at(pc) * (prevalence * 3 + 1 - prevalence) == pytest.approx(choice.value)


def test_json_thinning_and_one_class():
    curve = cost_curve(np.arange(200) % 2, np.random.default_rng(0).normal(size=200))
    again = CostCurve.from_json(json.loads(json.dumps(curve.to_json(), allow_nan=False)))
    np.testing.assert_array_equal(again.cost, curve.cost)
    assert len(thin(curve, 8).cost) <= 8
    assert np.isnan(cost_curve([0, 0], [0.1, 0.2]).cost).all()
    with pytest.raises(XentError, match="list 'cost'"):
        CostCurve.from_json({"probability_cost": [0.0]})
