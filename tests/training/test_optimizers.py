from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.training.optimizers import (
    DEFAULT_LEARNING_RATE,
    DEFAULT_WEIGHT_DECAY,
    OPTIMIZERS,
    Optimizer,
    make_optimizer,
)
from xent.training.update_rules import (
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    Momentum,
    Nesterov,
    RMSprop,
    Sgd,
)

BY_NAME = pytest.mark.parametrize("name", OPTIMIZERS)


def _descend(gradient_of, start, learning_rate, n_steps, rule=None, noise=None):
    """Return the path of gradient descent on a plain function, the start included."""
    w, gradient = np.array(start, float), np.empty(len(start))
    optimizer = Optimizer(rule or Sgd(), w, gradient)
    path = [w.copy()]
    for step in range(n_steps):
        gradient[:] = gradient_of(w)
        if noise is not None:
            gradient += noise[step]
        optimizer.step(learning_rate)
        path.append(w.copy())
    return np.array(path)


# ---------------------------------------------------------------- what a step does


@BY_NAME
def test_steps_are_in_place_and_leave_the_gradient_alone(name):
    w, gradient = np.ones(10), np.full(10, 0.5)
    kept = w
    make_optimizer(name, w, gradient).step(DEFAULT_LEARNING_RATE[name])
    assert kept is w
    assert (w < 1).all()
    assert (gradient == 0.5).all()


@BY_NAME
def test_a_bowl_is_descended_with_the_default_learning_rate(name):
    w, gradient = np.array([1.5, -0.7]), np.empty(2)
    optimizer = make_optimizer(name, w, gradient)
    n_steps = 5000 if name == "adagrad" else 3000
    for _ in range(n_steps):
        gradient[:] = w * [1.0, 4.0]
        optimizer.step(DEFAULT_LEARNING_RATE[name])
    assert optimizer.n_steps == n_steps
    # adagrad's steps shrink as 1 / sqrt t, so that it is only on its way
    assert np.abs(w).max() < (1.1 if name == "adagrad" else 0.05)


@BY_NAME
def test_interrupted_equals_uninterrupted_bit_for_bit(name):
    n = 40_000  # two blocks
    rng = np.random.default_rng(0)
    start = rng.normal(size=n).astype(np.float32)
    gradients = rng.normal(size=(6, n)).astype(np.float32)

    def run(w, gradient, optimizer, steps):
        for step in steps:
            gradient[:] = gradients[step]
            optimizer.step(0.01 / (step + 1))

    w, gradient = start.copy(), np.empty_like(start)
    optimizer = make_optimizer(name, w, gradient, weight_decay=0.1, n_decayed=35_000)
    run(w, gradient, optimizer, range(3))
    state, middle = optimizer.state(), w.copy()
    run(w, gradient, optimizer, range(3, 6))

    again, gradient = middle, np.empty_like(start)
    resumed = make_optimizer(name, again, gradient, weight_decay=0.1, n_decayed=35_000)
    resumed.load_state(state)
    run(again, gradient, resumed, range(3, 6))
    np.testing.assert_array_equal(again, w)
    assert resumed.n_steps == 6
    assert state["n_steps"] == 3


@BY_NAME
def test_a_state_is_a_copy(name):
    w, gradient = np.ones(4), np.ones(4)
    optimizer = make_optimizer(name, w, gradient)
    state = optimizer.state()
    optimizer.step(0.1)
    for key, values in state.items():
        assert not np.any(values), key


@given(st.integers(1, 100_000), st.sampled_from(list(OPTIMIZERS)))
def test_blocks_change_nothing(n, name):
    # the entries do not know of each other: a long vector moves like its short pieces
    rng = np.random.default_rng(n)
    start, slope = rng.normal(size=(2, n))
    w, gradient = start.copy(), slope.copy()
    make_optimizer(name, w, gradient).step(0.1)
    tail = start[-3:].copy()
    make_optimizer(name, tail, slope[-3:].copy()).step(0.1)
    np.testing.assert_array_equal(w[-3:], tail)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@BY_NAME
def test_long_vectors_move_like_short_ones(name, dtype):
    # from 2^18 entries on, BLAS takes the last pass over memory
    rng = np.random.default_rng(1)
    start, slope = rng.normal(size=(2, 2**18 + 5)).astype(dtype)
    w, gradient = start.copy(), slope.copy()
    optimizer = make_optimizer(name, w, gradient)
    short, few = start[:1000].copy(), slope[:1000].copy()
    reference = make_optimizer(name, short, few)
    for _ in range(3):
        optimizer.step(0.1)
        reference.step(0.1)
    np.testing.assert_allclose(w[:1000], short, rtol=0, atol=10 * np.finfo(dtype).eps)
    assert (w != start).mean() > 0.99


@BY_NAME
def test_a_step_allocates_nothing_that_grows(name):
    w = np.ones(100_000, np.float32)
    optimizer = make_optimizer(name, w, w * np.float32(0.1), weight_decay=0.1)
    optimizer.step(0.01)
    tracemalloc.start()
    optimizer.step(0.01)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000


def test_scipy_is_loaded_for_long_vectors_only():
    code = (
        "import sys, numpy as np; from xent.training.optimizers import make_optimizer as m;"
        "w = np.ones(13301, np.float32); m('adam', w, w.copy()).step(0.1);"
        "print('scipy' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


# ---------------------------------------------------------------- decoupled weight decay


def test_decay_acts_before_the_step_and_on_the_head_only():
    w, gradient = np.array([2.0, 2.0]), np.array([1.0, 1.0])
    make_optimizer("sgd", w, gradient, weight_decay=0.5, n_decayed=1).step(0.1)
    np.testing.assert_allclose(w, [2.0 * (1 - 0.1 * 0.5) - 0.1, 2.0 - 0.1], rtol=1e-15)


@pytest.mark.parametrize("n_decayed", [0, 1, 32_767, 32_768, 32_769, 50_000, 70_000])
def test_decay_ends_where_it_should_whatever_the_blocks(n_decayed):
    w = np.ones(70_000)
    make_optimizer("adam", w, np.zeros(70_000), weight_decay=0.5, n_decayed=n_decayed).step(0.1)
    assert (w[:n_decayed] == 0.95).all()
    assert (w[n_decayed:] == 1.0).all()


def test_adamw_is_adam_with_decay():
    assert DEFAULT_WEIGHT_DECAY == {"adamw": 1.0}
    ways = []
    for name, decay in (("adamw", None), ("adam", 1.0), ("adamw", 0.0), ("adam", None)):
        w = np.ones(3)
        make_optimizer(name, w, np.full(3, 0.2), weight_decay=decay).step(0.1)
        ways.append(w[0])
    assert ways[0] == ways[1] < ways[2] == ways[3]


def test_momentum_is_read_by_those_that_have_it():
    for name in ("momentum", "nesterov"):
        ends = []
        for momentum in (0.0, 0.9):
            w, gradient = np.ones(1), np.ones(1)
            optimizer = make_optimizer(name, w, gradient, momentum=momentum)
            optimizer.step(0.1)
            optimizer.step(0.1)
            ends.append(w[0])
        assert ends[0] == pytest.approx(0.8)
        assert ends[1] < ends[0]


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda w: make_optimizer("adm", w, w.copy()), "Did you mean 'adam'"),
        (lambda w: make_optimizer(None, w, w.copy()), "optimizer must be one of sgd"),
        (lambda w: make_optimizer("sgd", w.astype(int), w.copy()), "parameters must be one contig"),
        (lambda w: make_optimizer("sgd", w, w[::2]), "gradient must be one contiguous"),
        (lambda w: make_optimizer("sgd", w[None], w.copy()), "got float64 of shape"),
        (lambda w: make_optimizer("sgd", w, w[:-1].copy()), "gradient must have the shape and"),
        (lambda w: make_optimizer("sgd", w, w.astype(np.float32)), "gradient must have the shape"),
        (
            lambda w: make_optimizer("sgd", w, w.copy(), n_decayed=5),
            "n_decayed must be from 0 to 4",
        ),
        (lambda w: make_optimizer("sgd", w, w.copy(), weight_decay=-1.0), "weight_decay must be 0"),
        (lambda w: make_optimizer("momentum", w, w.copy(), momentum=1.0), r"must be in \[0, 1\)"),
        (lambda _: Adam(beta2=1.0), r"beta2 must be in \[0, 1\)"),
        (lambda _: Adamax(beta1=-0.1), r"beta1 must be in \[0, 1\)"),
        (lambda _: Adadelta(rho=float("nan")), r"rho must be in \[0, 1\)"),
        (lambda _: RMSprop(epsilon=0.0), "epsilon must be a positive number"),
        (lambda _: Adagrad(epsilon=math.inf), "epsilon must be a positive number"),
    ],
)
def test_what_cannot_work_is_refused(make, message):
    with pytest.raises(XentError, match=message):
        make(np.ones(4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"squares": None}, "must hold gradients, n_steps, squares, got gradients, n_steps"),
        ({"extra": np.zeros(4)}, "Is it of another optimizer"),
        ({"n_steps": np.array(-1)}, "must be a whole number"),
        ({"n_steps": np.array(1.5)}, "must be a whole number"),
        ({"n_steps": np.zeros(2, int)}, "must be a whole number"),
        ({"squares": np.zeros(5)}, "squares of the optimizer state must have shape"),
        ({"squares": np.zeros(4, np.float32)}, "Is it of another network"),
    ],
)
def test_states_that_do_not_fit_are_refused_and_change_nothing(change, message):
    optimizer = make_optimizer("adam", np.ones(4), np.ones(4))
    optimizer.step(0.1)
    before = optimizer.state()
    state = {**make_optimizer("adam", np.ones(4), np.ones(4)).state(), **change}
    state = {key: value for key, value in state.items() if value is not None}
    with pytest.raises(XentError, match=message):
        optimizer.load_state(state)
    for key, values in optimizer.state().items():
        np.testing.assert_array_equal(values, before[key])


def test_an_empty_state_is_refused():
    with pytest.raises(XentError, match="got nothing"):
        make_optimizer("sgd", np.ones(4), np.ones(4)).load_state({})


# ---------------------------------------------------------------- the checklist


def _textbook(rule, w, gradients, rate):
    """Return where the formulas of the papers, written out one number at a time, arrive."""
    m = v = u = 0.0
    for t, g in enumerate(gradients, start=1):
        match rule:
            case Sgd():
                w -= rate * g
            case Momentum(mu):
                m = mu * m + g
                w -= rate * m
            case Nesterov(mu):
                m = mu * m + g
                w -= rate * (g + mu * m)
            case Adagrad(eps):
                v += g * g
                w -= rate * g / (math.sqrt(v) + eps)
            case RMSprop(alpha, eps):
                v = alpha * v + (1 - alpha) * g * g
                w -= rate * g / (math.sqrt(v) + eps)
            case Adadelta(rho, eps):
                v = rho * v + (1 - rho) * g * g
                change = math.sqrt(u + eps) / math.sqrt(v + eps) * g
                u = rho * u + (1 - rho) * change**2
                w -= rate * change
            case Adam(b1, b2, eps):
                m = b1 * m + (1 - b1) * g
                v = b2 * v + (1 - b2) * g * g
                w -= rate * (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + eps)
            case Adamax(b1, b2, eps):
                m = b1 * m + (1 - b1) * g
                v = max(b2 * v, abs(g) + eps)
                w -= rate / (1 - b1**t) * m / v
    return w


@pytest.mark.checklist(row=9, call="Optimizer(rule, parameters, gradient).step(lr)")
@pytest.mark.parametrize(
    ("rule", "learning_rate"),
    [
        (Sgd(), 0.01),
        (Momentum(0.9), 0.01),
        (Nesterov(0.9), 0.01),
        (Adagrad(1e-7), 0.01),
        (Adadelta(0.95, 1e-7), 1.0),
        (Adam(0.9, 0.999, 1e-7), 1e-3),
        (Adamax(0.9, 0.999, 1e-7), 2e-3),
        (RMSprop(0.9, 1e-7), 1e-3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_optimizer_follows_its_formulas_with_the_constants_of_the_source(rule, learning_rate):
    rng = np.random.default_rng(9)
    gradients = rng.normal(size=(50, 3)) * [1.0, 1e-3, 10.0]
    w, gradient = np.array([0.3, -2.0, 5.0]), np.empty(3)
    expected = [_textbook(rule, w[i], gradients[:, i], learning_rate) for i in range(3)]
    optimizer = Optimizer(rule, w, gradient)
    for row in gradients:
        gradient[:] = row
        optimizer.step(learning_rate)
    np.testing.assert_allclose(w, expected, rtol=1e-12)


@pytest.mark.checklist(row=71, call="Optimizer(Sgd(), w, g).step(lr)")
def test_no_direction_descends_faster_than_the_gradient():
    def f(w):
        return w[0] ** 2 + 3 * w[1] ** 2 + w[0] * w[1]

    start = np.array([1.0, -2.0])
    slope = np.array([2 * start[0] + start[1], 6 * start[1] + start[0]])
    length = np.linalg.norm(slope)
    h = 1e-6
    step = _descend(lambda _: slope, start, h / length, 1)[1] - start
    assert np.linalg.norm(step) == pytest.approx(h, rel=1e-6)
    steepest = (f(start + step) - f(start)) / h
    assert steepest == pytest.approx(-length, rel=1e-5)
    for angle in np.linspace(0.1, 2 * np.pi - 0.1, 60):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        change = (f(start + turn @ step) - f(start)) / h
        assert change == pytest.approx(-length * np.cos(angle), abs=1e-4)
        assert change > steepest


@pytest.mark.checklist(row=72, call="Optimizer(Sgd(), w, g).step(lr)")
def test_steepest_descent_from_minus_3_3():
    a = np.array([-3.0, 3.0])
    assert a[0] ** 2 + a[1] ** 2 + 5 == 23
    step = np.diff(_descend(lambda w: 2 * w, a, 1.0, 1), axis=0)[0]
    np.testing.assert_array_equal(step, [6.0, -6.0])  # minus the gradient (-6, 6)
    np.testing.assert_allclose(step / np.linalg.norm(step), [0.5**0.5, -(0.5**0.5)], rtol=1e-15)


@pytest.mark.checklist(row=73, call="Optimizer(Sgd(), w, g).step(lr)")
def test_the_new_point_is_the_old_one_minus_the_scaled_gradient():
    a = np.array([-3.0, 3.0])
    for alpha in (0.05, 0.25, 0.5):
        np.testing.assert_allclose(
            _descend(lambda w: 2 * w, a, alpha, 1)[1], a - alpha * 2 * a, rtol=1e-15, atol=1e-15
        )


def _valley(w):
    return w[0] ** 2 + w[1] ** 2 + 2 * w[1] + 5


def _valley_gradient(w):
    return np.array([2 * w[0], 2 * w[1] + 2])


@pytest.mark.checklist(row=74, call="Optimizer(Sgd(), w, g).step(1)")
def test_the_negative_gradient_of_the_valley_is_4_minus_8():
    path = _descend(_valley_gradient, (-2, 3), 1.0, 1)
    assert _valley(path[0]) == 24
    np.testing.assert_array_equal(path[1] - path[0], [4.0, -8.0])


@pytest.mark.checklist(row=75, call="make_optimizer('sgd', w, g).step(lr)")
@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(1e-4, 1))
def test_the_update_rule(w, slope, rate):
    parameters = np.array([w])
    make_optimizer("sgd", parameters, np.array([slope])).step(rate)
    assert parameters[0] == w - rate * slope


@pytest.mark.checklist(row=76, call="Optimizer(Sgd(), w, g).step(0.1)")
def test_the_first_step_in_the_valley():
    point = _descend(_valley_gradient, (-2, 3), 0.1, 1)[1]
    np.testing.assert_allclose(point, [-1.6, 2.2], rtol=1e-15)
    assert _valley(point) == pytest.approx(16.8, rel=1e-14)


@pytest.mark.checklist(row=77, call="Optimizer(Sgd(), w, g).step(0.1), 20 times")
def test_twenty_steps_in_the_valley():
    path = _descend(_valley_gradient, (-2, 3), 0.1, 20)
    printed = [
        (-1.6, 2.2),
        (-1.28, 1.56),
        (-1.024, 1.048),
        (-0.819, 0.638),
        (-0.655, 0.311),
        (-0.524, 0.049),
        (-0.419, -0.161),
        (-0.336, -0.329),
        (-0.268, -0.463),
        (-0.215, -0.571),
    ]
    np.testing.assert_array_equal(path[1:11].round(3), printed)
    np.testing.assert_array_equal(path[20].round(3), [-0.023, -0.954])
    k = np.arange(21)
    closed = np.stack([-2 * 0.8**k, -1 + 4 * 0.8**k], axis=1)
    np.testing.assert_allclose(path, closed, rtol=0, atol=1e-14)


@pytest.mark.checklist(row=78, call="Optimizer(Sgd(), w, g).step(0.1), 20 times")
def test_the_valley_floor_lies_below_the_twentieth_point():
    path = _descend(_valley_gradient, (-2, 3), 0.1, 200)
    assert _valley(path[20]) == pytest.approx(4.002658, abs=5e-7)
    np.testing.assert_allclose(path[-1], [0, -1], atol=1e-15)
    assert _valley(path[-1]) == 4.0


@pytest.mark.checklist(row=82, call="Optimizer(Sgd(), w, g).step(lr)")
def test_half_the_square_has_the_residual_as_its_slope():
    # d/dw 1/2 (f(w) - y)^2 = (a - y) f'(w): no factor 2 is left over
    from xent.network import sigmoid

    w, y, h = 0.7, 0.2, 1e-6
    delta = (sigmoid(w) - y) * sigmoid.derivative(w)
    halves = [0.5 * (sigmoid(w + s * h) - y) ** 2 for s in (1, -1)]
    assert delta == pytest.approx((halves[0] - halves[1]) / (2 * h), rel=1e-8)
    step = _descend(lambda _: [delta], [w], 1.0, 1)
    assert step[0][0] - step[1][0] == pytest.approx(delta, rel=1e-14)


@pytest.mark.checklist(row=104, call="Optimizer(Sgd(), w, g).step(0.2)")
def test_smooth_and_noisy_descent_in_the_long_valley():
    def gradient(w):
        return np.array([w[0] / 3, 2 * w[1]])

    smooth = _descend(gradient, (-3.5, 3.5), 0.2, 40)[-1]
    assert smooth[0] == pytest.approx(-0.221584, abs=5e-7)
    assert smooth[1] == pytest.approx(4.68e-9, rel=2e-3)
    np.random.seed(2022)  # noqa: NPY002 - the source drew its noise so
    noise = np.array([[np.random.normal(0, 1) for _ in range(2)] for _ in range(25)])  # noqa: NPY002
    # w <- w - 0.2 gradient + 0.2 noise
    noisy = _descend(gradient, (-3.5, 3.5), 0.2, 25, noise=-noise)[-1]
    np.testing.assert_allclose(noisy, [-0.282203, -0.217404], atol=5e-7)


@pytest.mark.checklist(row=167, call="Optimizer(Sgd(), w, g).step(lr), 12 times")
@pytest.mark.parametrize(
    ("rate", "end", "value"),
    [(0.4, -0.17180, 0.00738), (3.5, -0.07919, 0.00157), (4.1, -4.48964, 5.0392)],
)
def test_a_parabola_is_left_when_the_rate_is_above_4(rate, end, value):
    # stable if and only if |1 - rate / 2| < 1
    last = _descend(lambda w: w / 2, [-2.5], rate, 12)[-1][0]
    assert last == pytest.approx(end, abs=5e-6)
    assert last**2 / 4 == pytest.approx(value, abs=5e-5)
    assert (abs(last) < 2.5) == (rate < 4)


@pytest.mark.checklist(row=168, call="Optimizer(Sgd(), w, g).step(lr)")
@pytest.mark.parametrize(
    ("rate", "n_steps", "end"), [(0.02, 20, -3.772), (0.4, 4, -0.924), (0.6, 20, -2.183)]
)
def test_the_rate_decides_which_hollow_is_found(rate, n_steps, end):
    def f(w):
        return 0.2 * w**2 + 2 * np.sin(2 * w)

    def gradient(w):
        return 0.4 * w + 4 * np.cos(2 * w)

    assert _descend(gradient, [-4.8], rate, n_steps)[-1][0] == pytest.approx(end, abs=5e-4)
    for start, place, value in ((-4.8, -3.7356, 0.9357), (-1.0, -0.74796, -1.88251)):
        bottom = _descend(gradient, [start], 0.02, 500)[-1][0]
        assert bottom == pytest.approx(place, abs=5e-5)
        assert f(bottom) == pytest.approx(value, abs=5e-5)
