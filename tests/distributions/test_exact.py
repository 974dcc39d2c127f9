from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import Bernoulli, Categorical, MultiLabel, MultiLabelSoftmax
from xent.distributions.exact import Arithmetic, two_sum

FLOATS = st.floats(-1e100, 1e100)
EXACT = Arithmetic(np, 64, carries=True)


@given(FLOATS, FLOATS)
def test_two_sum_loses_nothing(a, b):
    total, lost = two_sum(np.float64(a), np.float64(b))
    assert Fraction(float(total)) + Fraction(float(lost)) == Fraction(a) + Fraction(b)


@given(st.lists(st.floats(1e-200, 1e20), min_size=1, max_size=50))
def test_totals_are_right_to_the_last_bit_and_beyond(values):
    terms = np.array(values)[:, None]
    high, low = EXACT.total((terms, np.zeros_like(terms)))
    exact = sum(map(Fraction, values))
    assert (
        abs(Fraction(float(high[0])) + Fraction(float(low[0])) - exact)
        <= exact * Fraction(2) ** -98
    )
    assert EXACT.sum(terms)[0] == float(exact)


@given(st.floats(1e-80, 1.0), st.floats(1.0, 1e3))
def test_quotients_are_rounded_once(a, b):
    zero = np.zeros(1)
    quotient = EXACT.ratio((np.array([a]), zero), (np.array([b]), zero))
    assert quotient[0] == float(Fraction(a) / Fraction(b))


@given(st.floats(1e-50, 1e10), st.floats(1e-50, 1e10))
def test_products_lose_nothing(a, b):
    zero = np.zeros(1)
    high, low = EXACT.product((np.array([a]), zero), (np.array([b]), zero))
    assert Fraction(float(high[0])) + Fraction(float(low[0])) == Fraction(a) * Fraction(b)


def test_plain_arithmetic_carries_nothing():
    plain = Arithmetic(np, 64, carries=False)
    one, two = np.ones(3), np.full(3, 2.0)
    assert plain.difference(two, one)[1] is None
    assert plain.plus((one, None), (two, None))[1] is None
    assert plain.product((one, None), (two, None))[1] is None
    assert plain.total((one, None)) == (3.0, None)
    np.testing.assert_array_equal(plain.ratio((one, None), (two, None)), [0.5] * 3)


@pytest.mark.parametrize("k", [3, 200])
def test_devices_without_float64_stay_within_8_ulp(monkeypatch, k):
    """Apple's mps has float32 only: there the remainders are carried in float32."""
    monkeypatch.setattr(
        "xent.distributions.distribution.working_dtype", lambda xp, array: xp.float32
    )
    rng = np.random.default_rng(0)
    tops = np.zeros((300, k), np.float32)
    tops[:, 1:] = -rng.uniform(80, 100, (300, k - 1))
    for z in (rng.normal(0, 5, (300, k)).astype(np.float32), tops):
        y = rng.integers(0, k, 300)
        value, grad = Categorical(k).value_and_grad(z, y)
        soft = np.eye(k, dtype=np.float32)[y]
        monkeypatch.undo()
        exact_value, exact_grad = Categorical(k).value_and_grad(z.astype(np.float64), y)
        exact_rows = MultiLabel(k).nll(z.astype(np.float64), soft)
        monkeypatch.setattr(
            "xent.distributions.distribution.working_dtype", lambda xp, array: xp.float32
        )
        for ours, truth in (
            (value, exact_value),
            (grad, exact_grad),
            (MultiLabelSoftmax(k).nll(z, soft), exact_value),
            (MultiLabel(k).nll(z, soft), exact_rows),
        ):
            assert ours.dtype == np.float32
            error = np.abs(ours.astype(np.float64) - truth)
            tiny = np.finfo(np.float32).tiny
            spacing = np.spacing(np.maximum(np.abs(truth), tiny).astype(np.float32))
            assert (error / spacing)[np.abs(truth) >= tiny].max(initial=0) <= 8
            assert error[np.abs(truth) < tiny].max(initial=0) <= tiny


def test_engines_may_call_the_formulas_themselves():
    z, y = np.array([[0.5], [-2.0]]), np.array([1.0, 0.0])
    value, grad = Bernoulli().rows_value_and_grad(EXACT, z, y)
    np.testing.assert_array_equal(value, Bernoulli().nll(z, y))
    np.testing.assert_array_equal(grad, Bernoulli().grad(z, y))
