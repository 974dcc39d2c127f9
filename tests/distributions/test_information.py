from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import cross_entropy, entropy, kl_divergence
from xent.errors import XentError

Q, EVEN = [0.3, 0.7], [0.5, 0.5]
SIMPLEX = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda x: sum(x) > 0.01)


def normalized(values):
    values = np.array(values)
    return values / values.sum()


@pytest.mark.checklist(row=203, call="entropy(np.bincount(y) / 10)")
def test_label_distribution():
    y = np.array([0, 0, 1, 0, 1, 1, 1, 1, 1, 1])
    q = np.bincount(y) / y.size
    np.testing.assert_allclose(q, Q)
    assert entropy(q) == pytest.approx(0.610864, abs=5e-7)


@pytest.mark.checklist(row=204, call="entropy(q), entropy(q, unit='bits')")
def test_entropies():
    one_color = float(entropy([1.0, 0.0]))
    assert one_color == 0
    assert not np.signbit(one_color)
    assert entropy(EVEN) == pytest.approx(np.log(2), rel=1e-15)
    assert entropy(EVEN, unit="bits") == 1
    assert entropy(Q) == pytest.approx(0.610864, abs=5e-7)
    assert entropy(Q, unit="bits") == pytest.approx(0.881291, abs=5e-7)


@pytest.mark.checklist(row=205, call="cross_entropy(q, p)")
def test_cross_entropy_is_larger_than_entropy():
    assert cross_entropy(Q, EVEN) == pytest.approx(0.693147, abs=5e-7)
    assert cross_entropy(Q, EVEN) > entropy(Q)
    assert cross_entropy(Q, Q) == entropy(Q)


@pytest.mark.checklist(row=206, call="kl_divergence(q, p)")
def test_divergence():
    assert kl_divergence(Q, EVEN) == pytest.approx(0.082283, abs=5e-7)
    assert kl_divergence(Q, EVEN) == pytest.approx(cross_entropy(Q, EVEN) - entropy(Q), rel=1e-13)
    assert kl_divergence(Q, EVEN, unit="bits") == pytest.approx(kl_divergence(Q, EVEN) / np.log(2))


@given(SIMPLEX, SIMPLEX)
def test_gibbs_inequality(first, second):
    p, q = normalized(first), normalized(second)
    assert kl_divergence(p, q) >= 0
    assert kl_divergence(p, p) == 0
    assert cross_entropy(p, q) >= entropy(p) - 1e-12
    np.testing.assert_allclose(
        cross_entropy(p, q), entropy(p) + kl_divergence(p, q), rtol=1e-12, atol=1e-12
    )
    assert 0 <= entropy(p) <= np.log(4) + 1e-12


def test_rows_and_impossible_outcomes():
    p = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]], np.float32)
    q = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]], np.float32)
    np.testing.assert_allclose(cross_entropy(p, q), [np.log(2), np.inf])
    np.testing.assert_allclose(kl_divergence(p, q), [0, np.inf])
    assert entropy(p).dtype == np.float32
    assert entropy(p).shape == (2,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy([0.5, 0.6]), "p must have rows that sum to 1"),
        (lambda: entropy([1.5, -0.5]), "negative"),
        (lambda: entropy([float("nan"), 1.0]), "NaN"),
        (lambda: entropy(0.5), r"shape \(k,\) or \(n, k\)"),
        (lambda: entropy(["a"]), "p must hold real numbers"),
        (
            lambda: entropy(EVEN, unit="bit"),
            "unit must be 'nats' or 'bits', got 'bit'. Did you mean 'bits'?",
        ),
        (lambda: cross_entropy(EVEN, [0.2, 0.3, 0.5]), r"q must have the shape of p, \(2,\)"),
        (lambda: kl_divergence(EVEN, [0.2, 0.3]), "q must have rows"),
    ],
)
def test_what_is_no_distribution_is_refused(call, message):
    with pytest.raises(XentError, match=message):
        call()
