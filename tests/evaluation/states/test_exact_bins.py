"""Exact totals by bin: weights of any size, and what a file may claim."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation.states import ExactSum
from xent.evaluation.states.exact_bins import ExactBins

WEIGHT = st.floats(5e-324, 1e300)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), WEIGHT), max_size=20), st.sampled_from([4, 400]))
def test_totals_are_rounded_once(rows: Any, n_bins: int) -> None:
    # few bins and many bins are counted in different ways
    bins = ExactBins(n_bins)
    places = np.array([row[0] for row in rows], dtype=np.int64)
    weight = np.array([row[1] for row in rows])
    bins.add(places, weight)
    for place in range(4):
        exact = sum(Fraction(w) for k, w in rows if k == place)
        assert bins.totals[place] == pytest.approx(float(exact), rel=1e-15)
    bins.check_weight(ExactSum(weight), len(rows))
    again = ExactBins.from_json(bins.to_json())
    assert again == bins
    assert bins != 3


def test_counts_of_few_and_many_bins_agree() -> None:
    places = np.random.default_rng(0).integers(0, 50, 3000)
    few, many = ExactBins(50), ExactBins(10_000)
    few.add(places)
    many.add(places)
    np.testing.assert_array_equal(few.totals, many.totals[:50])
    np.testing.assert_array_equal(few.totals, np.bincount(places, minlength=50))


def test_counts_that_would_overflow_are_refused() -> None:
    most = (1 << 62) - 1
    full = {"places": [0], "digits": [most]}
    bins = ExactBins.from_json({"n_bins": 2, "weighted": False, "levels": {"0": full}})
    bins.merge(bins)
    with pytest.raises(XentError, match="more than 2\\^63"):
        bins.merge(bins)
    assert bins.totals.tolist() == [2 * most, 0]


@pytest.mark.parametrize(
    "levels",
    [
        {"1": {"places": [0], "digits": [1]}},
        {"0": {"places": [0, 0], "digits": [1, 1]}},
        {"0": {"places": [0, 1], "digits": [1]}},
        {"0": {"places": [2], "digits": [1]}},
        {"0": {"places": [0], "digits": [1 << 62]}},
        {"0": {"places": [], "digits": []}},
        {"0": {"places": [0]}},
        {0: {"places": [0], "digits": [1]}},
    ],
)
def test_levels_that_make_no_sense_are_refused(levels: Any) -> None:
    with pytest.raises(XentError):
        ExactBins.from_json({"n_bins": 2, "weighted": False, "levels": levels})


def test_a_few_bytes_do_not_make_gigabytes() -> None:
    levels = {str(level): {"places": [0], "digits": [1]} for level in range(-42, 40)}
    with pytest.raises(XentError, match="fewer levels"):
        ExactBins.from_json({"n_bins": 1 << 24, "weighted": True, "levels": levels})
