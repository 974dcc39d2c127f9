from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.errors import XentError
from xent.training.optimizers import make_optimizer
from xent.training.penalties import Penalty, elastic_net, soft_threshold

VECTORS = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-10, 10))
STRENGTHS = st.floats(0, 5)


def _minimize(gradient_of, start, l1=0.0, l2=0.0, n_penalized=None, rate=0.1, n_steps=2000):
    """Return where proximal gradient descent on a plain function and a penalty arrives."""
    w = np.array(start, float)
    gradient = np.empty_like(w)
    n = len(w) if n_penalized is None else n_penalized
    penalty = Penalty(w[:n], gradient[:n], l1, l2)
    optimizer = make_optimizer("sgd", w, gradient)
    for _ in range(n_steps):
        gradient[:] = gradient_of(w)
        penalty.add_gradient()
        optimizer.step(rate)
        penalty.shrink(rate)
    return w


@given(VECTORS, STRENGTHS, STRENGTHS)
def test_value_is_the_formula(w, l1, l2):
    penalty = Penalty(w, np.zeros_like(w), l1, l2)
    assert penalty.value() == pytest.approx(l1 * np.abs(w).sum() + 0.5 * l2 * (w @ w))


@given(VECTORS, st.floats(0.01, 5))
def test_the_gradient_is_that_of_the_value(w, l2):
    gradient = np.zeros_like(w)
    Penalty(w, gradient, 0.0, l2).add_gradient()
    h = 1e-6
    for i in range(len(w)):
        ahead, behind = w.copy(), w.copy()
        ahead[i] += h
        behind[i] -= h
        value = [Penalty(v, gradient, 0.0, l2).value() for v in (ahead, behind)]
        assert gradient[i] == pytest.approx((value[0] - value[1]) / (2 * h), abs=1e-5)


@given(VECTORS, st.floats(0, 20))
def test_soft_threshold_is_the_proximal_map(w, threshold):
    shrunk = soft_threshold(w, threshold)
    np.testing.assert_allclose(
        shrunk, np.sign(w) * np.maximum(np.abs(w) - threshold, 0), atol=1e-14
    )
    assert (shrunk[np.abs(w) <= threshold] == 0).all()
    # what it minimizes: threshold |v| + (v - w)^2 / 2
    value = threshold * np.abs(shrunk) + 0.5 * (shrunk - w) ** 2
    for other in (0.0, w, shrunk + 1e-3, shrunk - 1e-3):
        assert (value <= threshold * np.abs(other) + 0.5 * (other - w) ** 2 + 1e-12).all()
    in_place = w.copy()
    Penalty(in_place, np.zeros_like(w), l1=threshold).shrink(1.0)
    np.testing.assert_array_equal(in_place, shrunk)


def test_several_blocks_are_all_reached():
    n = 70_000
    rng = np.random.default_rng(0)
    w, gradient = rng.normal(size=(2, n)).astype(np.float32)
    before, slope = w.copy(), gradient.copy()
    penalty = Penalty(w, gradient, 0.5, 2.0)
    expected = 0.5 * np.abs(w).sum(dtype=float) + np.square(w.astype(float)).sum()
    assert penalty.value() == pytest.approx(expected, rel=1e-6)
    penalty.add_gradient()
    np.testing.assert_allclose(gradient, slope + 2 * before, rtol=1e-5, atol=1e-6)
    penalty.shrink(0.2)
    np.testing.assert_array_equal(w, soft_threshold(before, np.float32(0.1)))


def test_without_strength_nothing_happens():
    w, gradient = np.ones(3), np.ones(3)
    penalty = Penalty(w, gradient)
    penalty.add_gradient()
    penalty.shrink(1.0)
    assert penalty.value() == 0.0
    assert (w == 1).all()
    assert (gradient == 1).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Penalty(np.ones(2), np.ones(2), l1=-1.0), "l1 must be 0 or a positive number"),
        (lambda: Penalty(np.ones(2), np.ones(2), l2=float("nan")), "l2 must be 0 or a positive"),
        (lambda: Penalty(np.ones(2), np.ones(3)), "vectors of one length"),
        (lambda: Penalty(np.ones((2, 1)), np.ones((2, 1))), "vectors of one length"),
        (lambda: soft_threshold([1.0], -1.0), "threshold must be 0 or a positive number"),
        (lambda: elastic_net(1.0, 1.5), r"share must be in \[0, 1\]"),
        (lambda: elastic_net(-1.0, 0.5), "strength must be 0 or a positive number"),
    ],
)
def test_what_is_no_penalty_is_refused(make, message):
    with pytest.raises(XentError, match=message):
        make()


# ---------------------------------------------------------------- the checklist


@pytest.mark.checklist(row=149, call="Penalty(w, g, l2=...), make_optimizer('sgd', w, g)")
def test_l2_shrinks_the_weights_and_not_the_bias():
    # w <- (1 - alpha lambda / n) w - alpha dJ/dw, b <- b - alpha dJ/db, with l2 = lambda / n
    rng = np.random.default_rng(0)
    start, slope = rng.normal(size=(2, 6))
    alpha, strength, n = 0.1, 3.0, 20
    w, gradient = start.copy(), slope.copy()
    penalty = Penalty(w[:5], gradient[:5], l2=strength / n)
    assert penalty.value() == pytest.approx(strength / (2 * n) * np.sum(start[:5] ** 2))
    penalty.add_gradient()
    make_optimizer("sgd", w, gradient).step(alpha)
    np.testing.assert_allclose(
        w[:5], (1 - alpha * strength / n) * start[:5] - alpha * slope[:5], rtol=1e-12
    )
    assert w[5] == start[5] - alpha * slope[5]
    # decoupled decay of the same strength is the same step for plain gradient descent
    again, gradient = start.copy(), slope.copy()
    optimizer = make_optimizer("sgd", again, gradient, weight_decay=strength / n, n_decayed=5)
    optimizer.step(alpha)
    np.testing.assert_allclose(again, w, rtol=1e-12)


@pytest.mark.checklist(row=151, call="Penalty(w, g, l2=2), make_optimizer('sgd', w, g)")
@pytest.mark.parametrize(
    ("gradient_of", "objective", "value"),
    [
        (lambda w: 2 * (w - 1), lambda w: (w - 1) ** 2, 0.5),
        (lambda w: 8 * (w - 1) ** 3, lambda w: 2 * (w - 1) ** 4, 0.375),
    ],
)
def test_w_squared_moves_the_minimum_from_1_to_a_half(gradient_of, objective, value):
    w = _minimize(gradient_of, [0.0], l2=2.0)
    assert w[0] == pytest.approx(0.5, abs=1e-12)
    penalty = Penalty(w, np.zeros(1), l2=2.0).value()
    assert objective(w[0]) + penalty == pytest.approx(value, abs=1e-12)


@pytest.mark.checklist(row=152, call="Penalty(w, g, l2=2), make_optimizer('sgd', w, g)")
@pytest.mark.checklist(row=153, call="Penalty(w, g, l2=2), make_optimizer('sgd', w, g)")
def test_the_penalty_moves_the_minimum_to_a_fourteenth_and_a_quarter():
    def objective(w):
        return (w[0] - 0.5) ** 2 / 6 + (w[1] - 0.5) ** 2

    def gradient_of(w):
        return np.array([(w[0] - 0.5) / 3, 2 * (w[1] - 0.5)])

    free = _minimize(gradient_of, [0.0, 0.0])
    np.testing.assert_allclose(free, [0.5, 0.5], atol=1e-9)
    penalized = _minimize(gradient_of, [0.0, 0.0], l2=2.0)
    np.testing.assert_allclose(penalized, [1 / 14, 0.25], atol=1e-12)
    assert objective(penalized) > objective(free)


@pytest.mark.checklist(row=155, call="Penalty(w, g, l1=...).shrink(lr)")
def test_the_proximal_step_ends_where_zero_is_a_subgradient():
    # a lasso: at the end the gradient is -l1 sign(w), or within [-l1, l1] where w is 0
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 8))
    y = X @ [2.0, -1.0, 0.5, 0, 0, 0, 0, 0] + 0.1 * rng.normal(size=60)

    def gradient_of(w):
        return X.T @ (X @ w - y) / 60

    w = _minimize(gradient_of, np.zeros(8), l1=0.2)
    slope = gradient_of(w)
    zero = w == 0
    assert zero.sum() >= 4
    assert (np.abs(slope[zero]) <= 0.2).all()
    np.testing.assert_allclose(slope[~zero], -0.2 * np.sign(w[~zero]), atol=1e-10)


@pytest.mark.checklist(row=156, call="Penalty(w, g, l1=...), make_optimizer('sgd', w, g)")
@pytest.mark.parametrize(("strength", "end"), [(0.8, 0.05), (1.2, 0.0)])
def test_l1_reaches_zero_exactly_when_the_slope_is_too_small(strength, end):
    # J = 1/2 (x w + b - y)^2 with x = 2, b = 1/2, y = 1: |x (b - y)| = 1
    def gradient_of(w):
        return 2 * (2 * w + 0.5 - 1)

    w = _minimize(gradient_of, [3.0], l1=strength)[0]
    assert w == pytest.approx(end, abs=1e-12)
    assert (w == 0.0) == (strength >= 1)
    ridge = _minimize(gradient_of, [3.0], l2=strength)[0]
    assert ridge == pytest.approx(1 / (4 + strength), abs=1e-12)  # never 0


@pytest.mark.checklist(row=159, call="Penalty(w, g, *elastic_net(strength, share)).value()")
@given(VECTORS, STRENGTHS, st.floats(0, 1))
def test_the_elastic_net_lies_between_l2_and_l1(w, strength, share):
    def value(share):
        return Penalty(w, np.zeros_like(w), *elastic_net(strength, share)).value()

    l1, l2 = strength * np.abs(w).sum(), strength * (w @ w)
    assert value(0.0) == pytest.approx(l2)
    assert value(1.0) == pytest.approx(l1)
    assert value(share) == pytest.approx(share * l1 + (1 - share) * l2)
