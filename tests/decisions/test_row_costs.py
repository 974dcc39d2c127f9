"""Costs of their own for every row, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.decisions import Costs, cheapest_threshold_by_row, choose_threshold
from xent.errors import XentError
from xent.evaluation import score_counts

rows = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=20,
).filter(lambda rows: any(row[4] for row in rows))


@given(rows)
def test_no_threshold_is_cheaper(rows):
    y, p, miss, alarm, weight = (np.array(column) for column in zip(*rows, strict=True))
    threshold, cost = cheapest_threshold_by_row(y, p, cost_fn=miss, cost_fp=alarm, weight=weight)

    def cost_at(t):
        decided = p >= t
        costs = np.where(y & ~decided, miss, 0) + np.where(~y & decided, alarm, 0)
        return np.average(costs, weights=weight)

    assert cost == pytest.approx(cost_at(threshold))
    assert cost == pytest.approx(min(cost_at(t) for t in [*np.unique(p), np.inf]))


def test_equal_costs_are_those_of_a_cost_matrix():
    generator = np.random.default_rng(0)
    p = generator.random(300)
    y = generator.random(300) < p
    threshold, cost = cheapest_threshold_by_row(y, p, cost_fn=4, cost_fp=1)
    choice = choose_threshold(score_counts(y, p), costs=Costs(4, 1))
    assert threshold == choice.threshold
    assert cost == pytest.approx(choice.value)


def test_what_does_not_fit_is_refused():
    with pytest.raises(XentError, match="shape"):
        cheapest_threshold_by_row([0, 1], [0.1, 0.9], cost_fn=[1], cost_fp=1)
    with pytest.raises(XentError, match="not negative"):
        cheapest_threshold_by_row([0, 1], [0.1, 0.9], cost_fn=1, cost_fp=[-1, 1])
