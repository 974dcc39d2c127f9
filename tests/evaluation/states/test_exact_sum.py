"""Exact sums: equal to math.fsum, whatever the order and the grouping."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation.states import ExactSum

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(derandomize=True, deadline=None)
@given(st.lists(FINITE, max_size=50), st.randoms(use_true_random=False))
def test_any_order_and_grouping_is_fsum(values: list[float], random: object) -> None:
    try:
        expected = math.fsum(values)
    except OverflowError:
        return
    whole = ExactSum(values)
    assert whole.value == expected
    cut = len(values) // 3
    shuffled = sorted(values, key=abs)
    assert ExactSum(shuffled[cut:]).merge(ExactSum(shuffled[:cut])) == whole
    assert ExactSum.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_long_sums_over_all_exponents() -> None:
    rng = np.random.default_rng(0)
    values = np.ldexp(rng.normal(size=50_000), rng.integers(-1070, 1000, size=50_000))
    assert ExactSum(values).value == math.fsum(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0.0), ([math.inf, 1], math.inf), ([1.7e308] * 2, math.inf), ([5e-324] * 3, 1.5e-323)],
)
def test_ends_of_the_range(values: list[float], expected: float) -> None:
    assert ExactSum(values).value == expected


def test_infinities_that_meet_are_nan() -> None:
    both = ExactSum([math.inf]).merge(ExactSum([-math.inf]))
    assert math.isnan(both.value)
    assert both == ExactSum([math.nan])
    assert both != ExactSum([1.0])


def test_products_are_not_rounded() -> None:
    total = ExactSum([-0.01])
    total.add_products(np.array([0.1]), np.array([0.1]))
    from fractions import Fraction

    assert Fraction(total.value) == Fraction(0.1) ** 2 - Fraction(0.01)


def test_a_quotient_is_rounded_once() -> None:
    assert ExactSum([0.5, 0.5, 0.0]).over(3) == 1 / 3
    assert math.isnan(ExactSum().over(0))


@pytest.mark.parametrize("bad", [{}, [], {"units": "zz", "beyond": "0.0"}, {"units": "0x1"}])
def test_hostile_json_is_refused(bad: object) -> None:
    with pytest.raises(XentError):
        ExactSum.from_json(bad)  # type: ignore[arg-type]


def test_what_a_sum_is_and_is_not() -> None:
    assert repr(ExactSum([0.5])) == "ExactSum(0.5)"
    assert ExactSum() != 0


def test_short_chunks_and_wide_ranges_leave_nothing_behind() -> None:
    # After a head's bound the largest is looked for again: gaps of many binades lose no term.
    for values in ([1.0, 2.0**-600], [2.0**900, 1.0, 2.0**-1074], [3.0, -3.0, 2.0**-1000] * 20):
        assert ExactSum(values).value == math.fsum(values)
        assert ExactSum(values).units == sum(ExactSum([value]).units for value in values)


def test_a_full_chunk_of_one_sign_carries_nothing_away() -> None:
    # One large term sets the first head; all others, with 53 bits each, are left whole beneath its
    # grid, near the bound that the second head rests on.
    for share in np.random.default_rng(0).random(40) + 0.5:
        values = np.full(1 << 14, share * 2.0**-37)
        values[0] = 1.0
        expected = ExactSum([1.0]).units + ExactSum(values[1:2]).units * ((1 << 14) - 1)
        assert ExactSum(values).units == expected
