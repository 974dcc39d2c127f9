from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.distributions import (
    Categorical,
    MultiLabel,
    MultiLabelSoftmax,
    cross_entropy,
    entropy,
    kl_divergence,
    nll_from_probabilities,
    top_labels,
)
from xent.errors import XentError

EXAMPLE = np.array([[0.5, 0.3, 0.6], [0.5, 0.4, 0.3]])
LABELS = np.array([[0.2, 0.5, 0.0, 0.0], [0.1, 0.5, 0.0, 0.8]])
ROWS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(2, 6)),
    elements=st.floats(-700, 700) | st.sampled_from([0.0, 1.0, -1e4, 1e4]),
)


@pytest.mark.checklist(row=39, call="Categorical(3).mean(z)")
def test_outputs_are_the_parameters_of_a_distribution():
    d = Categorical(3)
    assert d.n_outputs == 3
    np.testing.assert_allclose(
        np.exp(-np.stack([d.nll(EXAMPLE, [k, k]) for k in range(3)], axis=1)), d.mean(EXAMPLE)
    )


@pytest.mark.checklist(row=43, call="Categorical(3).mode(z)")
def test_inference_is_the_mode():
    np.testing.assert_array_equal(Categorical(3).mode(EXAMPLE), [2, 0])
    losses = np.stack([Categorical(3).nll(EXAMPLE, [k, k]) for k in range(3)], axis=1)
    np.testing.assert_array_equal(Categorical(3).mode(EXAMPLE), np.argmin(losses, axis=1))
    assert Categorical(3).mode(EXAMPLE).dtype == np.int64


@pytest.mark.checklist(row=50, call="Categorical(3).nll(z, y)")
def test_negative_log_likelihood_is_the_cross_entropy_of_the_softmax():
    z = np.random.default_rng(0).normal(0, 3, (40, 3))
    y = np.arange(40) % 3
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        Categorical(3).nll(z, y), -np.log(softmax[np.arange(40), y]), rtol=1e-12
    )


@pytest.mark.checklist(row=52, call="cross_entropy(p, q), entropy(p) + kl_divergence(p, q)")
def test_one_hot_cross_entropy_is_the_divergence():
    p, q = np.eye(3)[[2, 0]], Categorical(3).mean(EXAMPLE)
    np.testing.assert_allclose(entropy(p), 0, atol=0)
    np.testing.assert_allclose(cross_entropy(p, q), entropy(p) + kl_divergence(p, q), rtol=1e-14)
    np.testing.assert_allclose(cross_entropy(p, q), Categorical(3).nll(EXAMPLE, [2, 0]), rtol=1e-14)


@pytest.mark.checklist(row=53, call="Categorical(3).nll(z, y).mean()")
def test_the_loss_takes_logits_and_returns_the_loss():
    assert Categorical(3).nll(EXAMPLE, [2, 0]).mean() == pytest.approx(0.9874, abs=5e-5)
    np.testing.assert_array_equal(
        np.argmax(Categorical(3).mean(EXAMPLE), axis=1), Categorical(3).mode(EXAMPLE)
    )


@pytest.mark.checklist(row=97, call="Categorical(3).mean([[0.8, 0.7, 0.9]])")
def test_softmax_of_three_confidences():
    softmax = Categorical(3).mean([[0.8, 0.7, 0.9]])[0]
    np.testing.assert_allclose(softmax, [0.33222, 0.30061, 0.36717], atol=5e-6)


@pytest.mark.checklist(row=98, call="Categorical(k).mean(z)")
@given(ROWS)
def test_softmax_sums_to_one_and_keeps_the_order(z):
    p = Categorical(z.shape[1]).mean(z)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-15)
    order = np.argsort(z, axis=1, kind="stable")
    # Logits closer than their own rounding may change places by it.
    assert (np.diff(np.take_along_axis(p, order, axis=1), axis=1) >= -5e-16).all()


@pytest.mark.checklist(row=99, call="nll_from_probabilities(Categorical(3), p, y)")
def test_cross_entropy_of_two_predictions():
    predictions = np.array([[0.3, 0.1, 0.6], [0.7, 0.2, 0.1]])
    nll = nll_from_probabilities(Categorical(3), predictions, [2, 2]).nll
    np.testing.assert_allclose(nll, [0.510826, 2.302585], atol=5e-7)
    np.testing.assert_allclose(nll, Categorical(3).nll(np.log(predictions), [2, 2]), rtol=1e-14)


@pytest.mark.checklist(row=100, call="Categorical(3).nll(z, y).mean()")
def test_the_mean_over_samples():
    one_by_one = [Categorical(3).nll(EXAMPLE[i : i + 1], [y])[0] for i, y in enumerate([2, 0])]
    assert Categorical(3).nll(EXAMPLE, [2, 0]).mean() == sum(one_by_one) / 2


@pytest.mark.checklist(row=107, call="Categorical(3).nll(z, [2, 0])")
def test_cross_entropy_on_logits_with_codes():
    nll = Categorical(3).nll(EXAMPLE, [2, 0])
    np.testing.assert_allclose(nll, [0.97291891, 1.00194285], atol=5e-9)
    assert nll.mean() == pytest.approx(0.98743088, abs=5e-9)
    assert nll.sum() == pytest.approx(1.97486176, abs=5e-9)


@pytest.mark.checklist(row=118, call="Categorical(3).nll(z, one_hot).mean()")
def test_cross_entropy_on_one_hot_rows():
    one_hot = np.eye(3)[[2, 0]]
    assert Categorical(3).nll(EXAMPLE, one_hot).mean() == pytest.approx(
        0.9874308806774512, abs=1e-15
    )
    far = Categorical(3).nll(EXAMPLE * 1e4, one_hot)
    np.testing.assert_allclose(far, [0, 0], atol=1e-300)


@pytest.mark.checklist(row=113, call="Categorical(3).mean(z)")
def test_jacobian_of_the_softmax():
    z = np.array([[0.3, -1.2, 2.0]])
    a = Categorical(3).mean(z)[0]
    h = 1e-6
    numerical = [
        (Categorical(3).mean(z + h * step) - Categorical(3).mean(z - h * step))[0] / (2 * h)
        for step in np.eye(3)
    ]
    np.testing.assert_allclose(np.diag(a) - np.outer(a, a), numerical, atol=1e-9)


@pytest.mark.checklist(row=114, call="Categorical(3).grad(z, [2, 0]) / 2")
def test_the_gradient_is_a_minus_y():
    expected = [[0.171004, 0.140007, -0.311011], [-0.316417, 0.166112, 0.150305]]
    np.testing.assert_allclose(Categorical(3).grad(EXAMPLE, [2, 0]) / 2, expected, atol=5e-7)


@pytest.mark.checklist(row=183, call="top_labels(z, 2); MultiLabel(4).mean(z)")
def test_top_k_labels_have_logits_and_probabilities():
    codes = top_labels(LABELS, 2)
    np.testing.assert_array_equal(codes, [[1, 0], [3, 1]])
    np.testing.assert_array_equal(
        np.take_along_axis(LABELS, codes, axis=1), [[0.5, 0.2], [0.8, 0.5]]
    )
    p = np.take_along_axis(MultiLabel(4).mean(LABELS), codes, axis=1)
    np.testing.assert_allclose(p, [[0.6225, 0.5498], [0.6900, 0.6225]], atol=5e-5)


@pytest.mark.checklist(row=184, call="MultiLabelSoftmax(4).nll(z, y).mean()")
def test_softmax_loss_of_several_labels():
    z = np.array([[0.2, 0.5, 0.1, 0.0], [0.1, 0.5, 0.0, 0.8]])
    y = np.array([[1, 1, 0, 0], [0, 1, 0, 1]])
    expected = [
        [0.24549354, 0.33138161, 0.22213174, 0.20099311],
        [0.18482871, 0.27573204, 0.16723993, 0.37219932],
    ]
    np.testing.assert_allclose(MultiLabelSoftmax(4).mean(z), expected, atol=5e-9)
    assert MultiLabelSoftmax(4).nll(z, y).mean() == pytest.approx(2.392810, abs=5e-7)
    assert MultiLabelSoftmax(4, normalized=True).nll(z, y).mean() == pytest.approx(1.1964, abs=5e-5)
    # k log k is the least loss of k labels: 1.386 for two.
    best = np.array([[50.0, 50.0, -50.0, -50.0]])
    assert MultiLabelSoftmax(4).nll(best, y[:1])[0] == pytest.approx(2 * np.log(2), rel=1e-15)


def test_one_hot_rows_give_what_codes_give():
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 20, (300, 5)), rng.integers(0, 5, 300)
    one_hot = np.eye(5)[y]
    np.testing.assert_allclose(Categorical(5).nll(z, one_hot), Categorical(5).nll(z, y), rtol=1e-15)
    np.testing.assert_allclose(
        Categorical(5).grad(z, one_hot), Categorical(5).grad(z, y), rtol=1e-15
    )
    np.testing.assert_array_equal(
        Categorical(5).nll(z, one_hot.astype(bool)), Categorical(5).nll(z, one_hot)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinite_logits(dtype):
    inf = np.inf
    z = np.array(
        [
            [inf, 0, 1],
            [inf, 0, 1],
            [-inf, 0, 0],
            [-inf, 0, 0],
            [inf, inf, 0],
            [-inf, -inf, -inf],
            [np.nan, 0, 0],
        ],
        dtype,
    )
    y = [0, 1, 0, 1, 0, 2, 1]
    log2, log3 = np.log(2), np.log(3)
    value, grad = Categorical(3).value_and_grad(z, y)
    np.testing.assert_allclose(value, [0, inf, inf, log2, log2, log3, np.nan], rtol=1e-7)
    third = 1 / 3
    expected = [
        [0, 0, 0],
        [1, -1, 0],
        [-1, 0.5, 0.5],
        [0, -0.5, 0.5],
        [-0.5, 0.5, 0],
        [third, third, -2 * third],
        [np.nan] * 3,
    ]
    np.testing.assert_allclose(grad, expected, rtol=1e-6)
    soft = np.eye(3)[y]
    np.testing.assert_allclose(Categorical(3).nll(z, soft), value, rtol=1e-7)
    np.testing.assert_allclose(Categorical(3).grad(z, soft), grad, rtol=1e-6)


@given(ROWS, st.floats(-1000, 1000))
def test_gradient_rows_sum_to_zero_and_a_shift_changes_nothing_much(z, shift):
    k = z.shape[1]
    y = np.arange(z.shape[0]) % k
    value, grad = Categorical(k).value_and_grad(z, y)
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_array_equal(value, Categorical(k).nll(z, y))
    np.testing.assert_array_equal(grad, Categorical(k).grad(z, y))
    moved = Categorical(k).nll(z + shift, y)
    np.testing.assert_allclose(moved, value, rtol=1e-9, atol=1e-9)
    assert (value >= 0).all()


@pytest.mark.parametrize(
    "distribution", [Categorical(4), MultiLabelSoftmax(4), MultiLabelSoftmax(4, normalized=True)]
)
def test_gradients_equal_finite_differences(distribution):
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, (6, 4))
    targets = [rng.dirichlet(np.ones(4), 6), np.eye(4)[rng.integers(0, 4, 6)]]
    if isinstance(distribution, Categorical):
        targets.append(rng.integers(0, 4, 6))
    else:
        targets.append(rng.integers(0, 2, (6, 4)).astype(float))
    for y in targets:
        h = 1e-6
        grad = distribution.grad(z, y)
        for k, step in enumerate(np.eye(4) * h):
            numerical = (distribution.nll(z + step, y) - distribution.nll(z - step, y)) / (2 * h)
            np.testing.assert_allclose(grad[:, k], numerical, atol=2e-9)


def test_soft_value_and_grad_share_their_numbers():
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 2, (6, 4)), rng.dirichlet(np.ones(4), 6)
    value, grad = Categorical(4).value_and_grad(z, y)
    np.testing.assert_array_equal(value, Categorical(4).nll(z, y))
    np.testing.assert_array_equal(grad, Categorical(4).grad(z, y))
    np.testing.assert_allclose(MultiLabelSoftmax(4).nll(z, y), value, rtol=1e-14)


def test_samples_follow_the_mean():
    z = np.tile([[0.0, 1.0, -1.0, -np.inf]], (30_000, 1))
    codes = Categorical(4).sample(z, np.random.default_rng(0))
    assert codes.dtype == np.int64
    np.testing.assert_allclose(
        np.bincount(codes, minlength=4) / 30_000, Categorical(4).mean(z[:1])[0], atol=0.01
    )
    rows = MultiLabelSoftmax(4).sample(z, np.random.default_rng(0))
    np.testing.assert_array_equal(rows, np.eye(4)[codes])
    np.testing.assert_array_equal(MultiLabelSoftmax(4).mode(z[:1]), [[0, 1, 0, 0]])


def test_rows_without_labels_cost_nothing():
    for normalized in (False, True):
        value, grad = MultiLabelSoftmax(3, normalized=normalized).value_and_grad(
            np.ones((1, 3)), np.zeros((1, 3))
        )
        assert value[0] == 0
        np.testing.assert_array_equal(grad, np.zeros((1, 3)))


def test_parameters_are_checked():
    with pytest.raises(XentError, match="n_classes must be at least 2, got 1"):
        Categorical(1)
    with pytest.raises(XentError, match="n_labels must be an integer"):
        MultiLabelSoftmax("3")
    with pytest.raises(XentError, match="normalized must be True or False"):
        MultiLabelSoftmax(3, normalized=1)
    with pytest.raises(XentError, match="n_labels >= k = 5"):
        top_labels(LABELS, 5)
    with pytest.raises(XentError, match="k must be at least 1"):
        top_labels(LABELS, 0)
    with pytest.raises(XentError, match="z must have shape"):
        top_labels([1.0, 2.0], 1)
