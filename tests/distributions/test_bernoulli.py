from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.distributions import Bernoulli, Categorical, MultiLabel, nll_from_probabilities
from xent.errors import XentError

LOGITS = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e4, 1e4))


def logit(p):
    return np.log(p) - np.log1p(-np.asarray(p))


@pytest.mark.checklist(row=35, call="Bernoulli().grad(z, 1) / (p * (1 - p))")
def test_the_slope_at_the_probability_is_minus_one_over_p_and_never_zero():
    p = np.array([0.01, 0.1, 0.5, 0.9, 0.999999])
    z = logit(p)
    slope = Bernoulli().grad(z, np.ones(5)) / (Bernoulli().mean(z) * (1 - Bernoulli().mean(z)))
    np.testing.assert_allclose(slope, -1 / p, rtol=1e-9)
    # At p = 1, reached from the logit's side, the slope is still -1.
    far = np.array([30.0])
    np.testing.assert_allclose(Bernoulli().grad(far, [1]) / np.exp(-far), -1.0, rtol=1e-12)


@pytest.mark.checklist(row=36, call="Bernoulli().nll(logit(p), 1)")
def test_binary_cross_entropy_beside_squared_error():
    p = np.array([0.1, 0.5, 0.9, 0.99, 0.999])
    bce = Bernoulli().nll(logit(p), np.ones(5))
    np.testing.assert_allclose(bce, [2.302585, 0.693147, 0.105361, 0.010050, 0.0010005], atol=5e-7)
    assert nll_from_probabilities(Bernoulli(), [1.0], [1]).nll[0] == 0
    mse = (1 - Bernoulli().mean(logit(p))) ** 2
    np.testing.assert_allclose(mse, [0.81, 0.25, 0.01, 1e-4, 1e-6], rtol=1e-9)


@pytest.mark.checklist(row=37, call="Bernoulli().grad(logit(p), 1)")
def test_diminishing_returns_of_squared_error_show_in_the_gradients():
    p = np.array([0.1, 0.5, 0.9, 0.99, 0.999])
    z = logit(p)
    grad = Bernoulli().grad(z, np.ones(5))
    np.testing.assert_allclose(grad, [-0.9, -0.5, -0.1, -0.01, -0.001], rtol=1e-9)
    mean = Bernoulli().mean(z)
    np.testing.assert_allclose(
        2 * (mean - 1) * mean * -grad, [-0.162, -0.25, -0.018, -1.98e-4, -1.998e-6], rtol=1e-9
    )


@pytest.mark.checklist(row=40, call="np.exp(-Bernoulli().nll(z, 1)).prod()")
def test_products_of_likelihoods_underflow():
    for dtype, first in ((np.float64, 814), (np.float32, 114)):
        factors = np.exp(-Bernoulli().nll(np.full(first, logit(0.4), dtype), np.ones(first)))
        assert factors.dtype == dtype
        assert np.multiply.reduce(factors) == 0
        assert np.multiply.reduce(factors[:-1]) > 0


@pytest.mark.checklist(row=41, call="-Bernoulli().nll(z, 1).sum()")
def test_sums_of_logs_do_not():
    nll = Bernoulli().nll(np.full(900, logit(0.4)), np.ones(900))
    assert -nll.sum() == pytest.approx(-824.6617, abs=5e-5)
    assert np.exp(-nll).prod() == 0


@pytest.mark.checklist(row=42, call="Bernoulli().nll(z, y).sum()")
@given(st.lists(st.integers(0, 1), min_size=1, max_size=25))
def test_least_sum_is_greatest_product(labels):
    y = np.array(labels)
    candidates = np.linspace(-3, 3, 13)
    sums = [Bernoulli().nll(np.full(y.size, z), y).sum() for z in candidates]
    p = Bernoulli().mean(candidates)
    products = [np.prod(np.where(y == 1, q, 1 - q)) for q in p]
    assert np.argmin(sums) == np.argmax(products)


@pytest.mark.checklist(row=46, call="Bernoulli().nll(z, y)")
def test_negative_log_likelihood_is_binary_cross_entropy():
    z = np.linspace(-5, 5, 41)
    p = Bernoulli().mean(z)
    for y in (0.0, 1.0):
        by_definition = -np.log(p**y * (1 - p) ** (1 - y))
        np.testing.assert_allclose(Bernoulli().nll(z, np.full(41, y)), by_definition, rtol=1e-11)


@pytest.mark.checklist(row=47, call="Bernoulli().nll([1.3862944], [1])")
def test_probabilities_and_logits_agree():
    from_logits = Bernoulli().nll([1.3862944], [1])[0]
    from_p = nll_from_probabilities(Bernoulli(), [0.8], [1]).nll[0]
    assert round(from_logits, 4) == round(from_p, 4) == 0.2231


@pytest.mark.checklist(row=48, call="Bernoulli().nll(Bernoulli().mean(z), 1)")
def test_a_second_sigmoid_traps_the_loss_and_logits_are_no_probabilities():
    twice = Bernoulli().nll(Bernoulli().mean(np.array([20.0, -20.0])), [1, 1])
    np.testing.assert_allclose(twice, [0.3133, 0.6931], atol=5e-5)
    z = np.linspace(-500, 500, 1001)
    trapped = Bernoulli().nll(Bernoulli().mean(z), np.ones(1001))
    assert trapped.min() >= np.log1p(np.exp(-1.0)) - 1e-15
    assert trapped.max() <= np.log(2) + 1e-15
    with pytest.raises(XentError, match="Are these logits"):
        nll_from_probabilities(Bernoulli(), [2.5, -1.0], [1, 0])


@pytest.mark.checklist(row=51, call="MultiLabel(3).mean(z), Categorical(3).mean(z)")
def test_sigmoids_do_not_sum_to_one_and_softmax_does():
    z = np.array([[2.0, 1.0, 0.1]])
    sigmoids, softmax = MultiLabel(3).mean(z)[0], Categorical(3).mean(z)[0]
    np.testing.assert_allclose(sigmoids, [0.8808, 0.7311, 0.5250], atol=5e-5)
    assert sigmoids.sum() == pytest.approx(2.1368, abs=1e-4)
    np.testing.assert_allclose(softmax, [0.6590, 0.2424, 0.0986], atol=5e-5)
    assert softmax.sum() == pytest.approx(1.0, abs=1e-15)


@pytest.mark.checklist(row=92, call="Bernoulli().value_and_grad(z, y)")
def test_mean_binary_cross_entropy_and_its_gradient():
    x = np.random.default_rng(0).normal(size=(50, 3))
    y = (x[:, 0] > 0).astype(float)

    def objective(w):
        return Bernoulli().nll(x @ w, y).mean()

    w = np.array([0.3, -0.2, 0.5])
    value, grad = Bernoulli().value_and_grad(x @ w, y)
    p = 1 / (1 + np.exp(-(x @ w)))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
    assert value.mean() == pytest.approx(expected, rel=1e-12)
    steps = np.eye(3) * 1e-6
    numerical = [(objective(w + h) - objective(w - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(x.T @ grad / 50, numerical, rtol=1e-7)


@pytest.mark.checklist(row=182, call="MultiLabel(4).nll(z, y).mean() / 4")
def test_sigmoid_loss_of_several_labels():
    z = np.array([[0.2, 0.5, 0.0, 0.0], [0.1, 0.5, 0.0, 0.8]])
    y = np.array([[1, 1, 0, 0], [0, 1, 0, 1]])
    nll = MultiLabel(4).nll(z, y)
    assert nll.mean() / 4 == pytest.approx(0.592654, abs=5e-7)
    assert nll.sum() / 4 == pytest.approx(1.185308, abs=5e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinite_logits_cost_nothing_or_everything(dtype):
    inf = np.inf
    z = np.array([inf, -inf, inf, -inf, inf, np.nan], dtype)
    y = np.array([1, 0, 0, 1, 0.5, 1.0])
    for targets in (y, y.astype(dtype)):
        value, grad = Bernoulli().value_and_grad(z, targets)
        np.testing.assert_array_equal(value, [0, 0, inf, inf, inf, np.nan])
        np.testing.assert_array_equal(grad, [0, 0, 1, -1, 0.5, np.nan])
    hard = Bernoulli().nll(z[:4], y[:4].astype(bool))
    np.testing.assert_array_equal(hard, [0, 0, inf, inf])
    rows = MultiLabel(2).nll(
        np.array([[inf, inf], [-inf, inf], [800, inf]], dtype), [[1, 1], [1, 1], [1, 1]]
    )
    np.testing.assert_array_equal(rows, [0, inf, np.float64(np.exp(-800.0)).astype(dtype)])


@given(LOGITS)
def test_labels_are_mirror_images_and_soft_labels_mix_them(z):
    n = z.size
    one, zero = Bernoulli().nll(z, np.ones(n)), Bernoulli().nll(z, np.zeros(n))
    np.testing.assert_array_equal(one, Bernoulli().nll(-z, np.zeros(n)))
    np.testing.assert_array_equal(
        Bernoulli().grad(z, np.ones(n)), -Bernoulli().grad(-z, np.zeros(n))
    )
    np.testing.assert_allclose(
        Bernoulli().nll(z, np.full(n, 0.25)), 0.25 * one + 0.75 * zero, rtol=1e-14
    )


@given(LOGITS)
def test_bernoulli_is_a_categorical_over_zero_and_z_and_a_multilabel_of_one(z):
    y = (np.arange(z.size) % 2).astype(np.int64)
    two = np.stack([np.zeros_like(z), z], axis=1)
    np.testing.assert_allclose(
        Bernoulli().nll(z, y), Categorical(2).nll(two, y), rtol=2e-15, atol=3e-308
    )
    np.testing.assert_allclose(
        Bernoulli().grad(z, y), Categorical(2).grad(two, y)[:, 1], rtol=2e-15, atol=3e-308
    )
    np.testing.assert_allclose(
        Bernoulli().nll(z, y), MultiLabel(1).nll(z, y[:, None]), rtol=5e-16, atol=3e-308
    )


@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
def test_gradient_equals_finite_differences(y):
    z = np.linspace(-8, 8, 33)
    targets = np.full(33, y)
    h = 1e-6
    numerical = (Bernoulli().nll(z + h, targets) - Bernoulli().nll(z - h, targets)) / (2 * h)
    np.testing.assert_allclose(Bernoulli().grad(z, targets), numerical, rtol=1e-6, atol=1e-9)


def test_shapes_and_dtypes_follow_the_outputs():
    for dtype in (np.float16, np.float32, np.float64):
        z = np.zeros((3, 1), dtype)
        value, grad = Bernoulli().value_and_grad(z, [0, 1, 1])
        assert value.shape == (3,)
        assert grad.shape == (3, 1)
        assert value.dtype == grad.dtype == Bernoulli().mean(z).dtype == dtype
    assert Bernoulli().nll([0, 1], [0, 1]).dtype == np.float64
    assert Bernoulli().nll(np.zeros(0), np.zeros(0)).shape == (0,)
    assert Bernoulli().grad(np.zeros((0, 1)), np.zeros(0)).shape == (0, 1)
    assert MultiLabel(2).grad(np.zeros((0, 2)), np.zeros((0, 2))).shape == (0, 2)


def test_blocks_leave_no_seams():
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 5, 100_001).astype(np.float32), rng.integers(0, 2, 100_001)
    whole = Bernoulli().nll(z, y)
    parts = np.concatenate(
        [Bernoulli().nll(z[i : i + 999], y[i : i + 999]) for i in range(0, len(z), 999)]
    )
    np.testing.assert_array_equal(whole, parts)


def test_mode_and_sample_follow_the_mean():
    z = np.full(20_000, 1.0)
    draws = Bernoulli().sample(z, np.random.default_rng(0))
    assert draws.dtype == np.int64
    assert draws.mean() == pytest.approx(Bernoulli().mean(z[:1])[0], abs=0.01)
    np.testing.assert_array_equal(Bernoulli().mode([-1.0, 0.0, 2.0]), [0, 1, 1])
    rows = np.tile([[-2.0, 0.5]], (20_000, 1))
    many = MultiLabel(2).sample(rows, np.random.default_rng(0))
    np.testing.assert_allclose(many.mean(axis=0), MultiLabel(2).mean(rows[:1])[0], atol=0.01)
    np.testing.assert_array_equal(MultiLabel(2).mode(rows[:1]), [[0, 1]])


def test_callers_settings_for_floating_point_errors_do_not_matter():
    with np.errstate(all="raise"):
        Bernoulli().value_and_grad(np.array([-1e4, 1e4, np.inf]), [0, 1, 1])
        Bernoulli().value_and_grad(np.array([-200.0], np.float32), [0])
        MultiLabel(2).nll(np.array([[-np.inf, -740.0]]), [[0, 0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiny_rows_with_infinite_logits_and_tiny_soft_labels(dtype):
    z = np.array([[-np.inf, -90.0 if dtype == np.float32 else -740.0]], dtype)
    tiny = MultiLabel(2).nll(z, [[0, 0]])
    assert 0 < tiny[0] < np.finfo(dtype).smallest_normal
    soft = MultiLabel(2).nll(np.array([[700.0, 700.0]], dtype), [[1.0, 1.0]])
    assert soft[0] == pytest.approx(2 * np.exp(-700.0), rel=1e-12, abs=1e-45)
    mass = MultiLabel(2).nll([[-700.0, -700.0]], [[1e-310, 0.0]])
    assert mass[0] == pytest.approx(2 * np.exp(-700.0), rel=1e-4)


def test_counts_of_labels_are_checked():
    for bad in (0, -1, 2.0, True, "3", None):
        with pytest.raises(XentError, match="n_labels"):
            MultiLabel(bad)
    assert MultiLabel(np.int64(3)) == MultiLabel(3)
    assert repr(MultiLabel(3)) == "MultiLabel(n_labels=3)"
