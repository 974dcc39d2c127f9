from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.errors import XentError
from xent.network import dropout


@pytest.mark.checklist(row=161, call="network.dropout(x, 0.2, rng)")
def test_dropout_of_two_gives_two_and_a_half_or_nothing():
    x = np.full(10_000, 2.0)
    out = dropout(x, 0.2, np.random.default_rng(0))
    assert set(out.tolist()) == {0.0, 2.5}
    np.testing.assert_array_equal(dropout(x, 0.2, np.random.default_rng(0), training=False), x)


@pytest.mark.checklist(row=162, call="network.dropout(x, 0.2, rng)")
def test_dropout_keeps_the_expectation():
    out = dropout(np.full(1_000_000, 2.0), 0.2, np.random.default_rng(0))
    # four standard errors: sd = 2 sqrt(0.2 / 0.8) = 1
    assert out.mean() == pytest.approx(2.0, abs=4e-3)
    assert (out == 0).mean() == pytest.approx(0.2, abs=2e-3)


@pytest.mark.checklist(row=163, call="network.dropout(x, rate, rng, training=...)")
def test_dropout_at_its_ends():
    x, rng = np.arange(6.0).reshape(2, 3) + 1, np.random.default_rng(0)
    np.testing.assert_array_equal(dropout(x, 0.0, rng), x)
    np.testing.assert_array_equal(dropout(x, 1.0, rng), np.zeros((2, 3)))
    np.testing.assert_array_equal(dropout(x, 0.5, rng, training=False), x)
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(XentError, match=r"rate must be in \[0, 1\]"):
            dropout(x, rate, rng)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(-100, 100, width=32)),
    st.floats(0, 1),
)
def test_each_entry_is_dropped_or_scaled(x, rate):
    out = dropout(x, rate, np.random.default_rng(2))
    assert (out.shape, out.dtype) == (x.shape, x.dtype)
    kept = out != 0
    np.testing.assert_allclose(out[kept] * (1 - rate), x[kept], rtol=1e-5)


def test_integers_become_numbers_that_can_be_scaled():
    out = dropout([2, 2, 2], 0.5, np.random.default_rng(0))
    assert out.dtype == np.float64
    assert set(out.tolist()) <= {0.0, 4.0}


def test_the_given_array_is_left_alone():
    x = np.ones(100)
    dropout(x, 0.5, np.random.default_rng(0))[:] = 7
    dropout(x, 0.5, np.random.default_rng(0), training=False)[:] = 7
    assert (x == 1).all()
