from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Focal,
    Gaussian,
    LabelSmoothing,
    MultiLabel,
    MultiLabelSoftmax,
    pos_weight,
)
from xent.errors import XentError

RNG = np.random.default_rng(0)
Z = RNG.normal(0, 2, (9, 3))
CODES = np.arange(9) % 3
SOFT = RNG.dirichlet(np.ones(3), 9)
LABELS = RNG.integers(0, 2, (9, 3)).astype(float)

CASES = [
    (ClassWeights(Categorical(3), (1, 2, 0.5)), CODES),
    (ClassWeights(Categorical(3), (1, 2, 0.5)), SOFT),
    (LabelSmoothing(Categorical(3), 0.1), CODES),
    (ClassWeights(LabelSmoothing(Categorical(3), 0.1), (1, 2, 0.5)), CODES),
    (LabelSmoothing(ClassWeights(Categorical(3), (1, 2, 0.5)), 0.1), CODES),
    (Focal(Categorical(3)), CODES),
    (Focal(Categorical(3), 0.5), SOFT),
    (Focal(ClassWeights(LabelSmoothing(Categorical(3), 0.1), (1, 2, 0.5)), 2.5), CODES),
    (pos_weight(MultiLabel(3), (1, 2, 3)), LABELS),
    (LabelSmoothing(MultiLabel(3), 0.2), LABELS),
    (Focal(pos_weight(MultiLabel(3), 4), 1), LABELS),
    (Focal(MultiLabelSoftmax(3)), LABELS),
    (ClassWeights(MultiLabelSoftmax(3, normalized=True), (1, 2, 3)), LABELS),
]


@pytest.mark.parametrize(
    ("distribution", "y"), CASES, ids=lambda x: repr(x) if not isinstance(x, np.ndarray) else ""
)
def test_gradients_equal_finite_differences(distribution, y):
    value, grad = distribution.value_and_grad(Z, y)
    np.testing.assert_array_equal(value, distribution.nll(Z, y))
    h = 1e-6
    for k, step in enumerate(np.eye(3) * h):
        numerical = (distribution.nll(Z + step, y) - distribution.nll(Z - step, y)) / (2 * h)
        np.testing.assert_allclose(grad[:, k], numerical, atol=1e-8)


@pytest.mark.parametrize(
    "distribution",
    [
        ClassWeights(Bernoulli(), (0.5, 3)),
        LabelSmoothing(Bernoulli(), 0.3),
        Focal(Bernoulli()),
        Focal(Bernoulli(), 0.5),
        Focal(Bernoulli(), 0),
        Focal(pos_weight(LabelSmoothing(Bernoulli(), 0.1), 3)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("y", [0.0, 1.0, 0.4])
def test_binary_gradients_equal_finite_differences(distribution, y):
    z, targets, h = np.linspace(-6, 6, 25), np.full(25, y), 1e-6
    numerical = (distribution.nll(z + h, targets) - distribution.nll(z - h, targets)) / (2 * h)
    np.testing.assert_allclose(distribution.grad(z, targets), numerical, atol=2e-8)
    np.testing.assert_array_equal(
        distribution.grad(z[:, None], targets)[:, 0], distribution.grad(z, targets)
    )


@given(st.lists(st.integers(1, 5), min_size=3, max_size=3))
def test_a_whole_weight_is_repetition(weights):
    weighted = ClassWeights(Categorical(3), weights).nll(Z, CODES).sum()
    rows = np.repeat(np.arange(9), np.array(weights)[CODES])
    assert weighted == pytest.approx(Categorical(3).nll(Z[rows], CODES[rows]).sum(), rel=1e-13)
    binary = ClassWeights(Bernoulli(), weights[:2]).nll(Z[:, 0], LABELS[:, 0]).sum()
    rows = np.repeat(np.arange(9), np.array(weights)[LABELS[:, 0].astype(int)])
    assert binary == pytest.approx(Bernoulli().nll(Z[rows, 0], LABELS[rows, 0]).sum(), rel=1e-13)


@given(st.floats(0, 1))
def test_smoothing_is_soft_labels(amount):
    soft = (1 - amount) * np.eye(3)[CODES] + amount / 3
    smoothed = LabelSmoothing(Categorical(3), amount)
    np.testing.assert_allclose(smoothed.nll(Z, CODES), Categorical(3).nll(Z, soft), rtol=1e-13)
    np.testing.assert_allclose(smoothed.grad(Z, CODES), Categorical(3).grad(Z, soft), atol=1e-14)
    y = LABELS[:, 0]
    binary = LabelSmoothing(Bernoulli(), amount).nll(Z[:, 0], y)
    np.testing.assert_allclose(
        binary, Bernoulli().nll(Z[:, 0], (1 - amount) * y + amount / 2), rtol=1e-13
    )
    rows = LabelSmoothing(MultiLabel(3), amount).nll(Z, LABELS)
    np.testing.assert_allclose(
        rows, MultiLabel(3).nll(Z, (1 - amount) * LABELS + amount / 2), rtol=1e-13
    )


def test_focus_is_a_power_of_the_rest():
    p = Categorical(3).mean(Z)[np.arange(9), CODES]
    np.testing.assert_allclose(
        Focal(Categorical(3), 3).nll(Z, CODES), -((1 - p) ** 3) * np.log(p), rtol=1e-11
    )
    np.testing.assert_allclose(
        Focal(Categorical(3), 0).nll(Z, CODES), Categorical(3).nll(Z, CODES), rtol=1e-14
    )


def test_focus_keeps_its_digits_far_out():
    """(1 - p)^2 * -log p with p = sigmoid(40) is exp(-120), and its gradient -3 exp(-120)."""
    value, grad = Focal(Bernoulli()).value_and_grad([40.0, -800.0, 800.0], [1, 1, 1])
    np.testing.assert_allclose(value, [np.exp(-120.0), 800.0, 0], rtol=1e-12)
    np.testing.assert_allclose(grad, [-3 * np.exp(-120.0), -1.0, 0], rtol=1e-12)
    infinite = Focal(Categorical(2)).grad([[np.inf, 0.0], [-np.inf, 0.0]], [0, 0])
    np.testing.assert_array_equal(infinite, [[0, 0], [-1, 1]])


def test_balanced_weights_even_the_classes_out():
    y = np.array([0] * 6 + [1] * 3 + [2])
    balanced = ClassWeights.balanced(Categorical(3), y)
    np.testing.assert_allclose(balanced.weights, [10 / 18, 10 / 9, 10 / 3])
    binary = ClassWeights.balanced(Bernoulli(), [0, 0, 0, 1])
    np.testing.assert_allclose(binary.weights, [4 / 6, 2])
    rows = ClassWeights.balanced(MultiLabel(2), [[0, 1], [0, 1], [1, 0], [0, 1]])
    np.testing.assert_allclose(rows.weights, [[4 / 6, 2], [2, 4 / 6]])
    with pytest.raises(XentError, match="must hold every class"):
        ClassWeights.balanced(Categorical(3), [0, 1])


def test_the_weights_distortion_can_be_taken_back():
    """A constant fitted with weights predicts the weighted share; the true one comes back."""
    y = np.array([0] * 80 + [1] * 20)
    weighted = pos_weight(Bernoulli(), 4)
    z = np.zeros(100)  # the minimum: 80 against 20 * 4
    assert weighted.grad(z, y).sum() == pytest.approx(0, abs=1e-12)
    corrected = weighted.unweighted_logits(z)
    assert Bernoulli().mean(corrected)[0] == pytest.approx(0.2)
    assert weighted.unweighted_logits(z[:, None]).shape == (100, 1)
    three = ClassWeights(Categorical(3), (1, 2, 4))
    p = Categorical(3).mean(three.unweighted_logits(np.zeros((1, 3))))[0]
    np.testing.assert_allclose(p, np.array([4, 2, 1]) / 7)
    many = pos_weight(MultiLabel(2), (2, 4)).unweighted_logits(np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(many, [[-np.log(2), -np.log(4)]], rtol=1e-7)
    assert many.dtype == np.float32
    with pytest.raises(XentError, match="cannot be taken back"):
        ClassWeights(Bernoulli(), (0, 1)).unweighted_logits([0.0])


def test_a_weight_of_zero_is_absence():
    without = ClassWeights(Categorical(3), (1, 1, 0))
    z = np.array([[0.0, -np.inf, -np.inf], [1.0, 2.0, -np.inf]])
    value, grad = without.value_and_grad(z, [2, 1])
    np.testing.assert_allclose(value, [0, np.log1p(np.exp(-1))])
    np.testing.assert_array_equal(grad[0], [0, 0, 0])


def test_modifiers_predict_as_what_they_wrap():
    for distribution, y in CASES:
        core = distribution.distribution
        while hasattr(core, "distribution"):
            core = core.distribution
        np.testing.assert_array_equal(distribution.mean(Z), core.mean(Z))
        np.testing.assert_array_equal(distribution.mode(Z), core.mode(Z))
        assert distribution.n_outputs == 3
        np.testing.assert_array_equal(distribution.check_targets(y), core.check_targets(y))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ClassWeights(Categorical(3), (1, 2)), r"weights must have shape \(3,\)"),
        (lambda: ClassWeights(MultiLabel(3), (1, 2, 3)), "use pos_weight"),
        (lambda: ClassWeights(Categorical(3), (1, 2, -1)), "not negative"),
        (lambda: ClassWeights(Categorical(3), (1, 2, np.nan)), "finite"),
        (lambda: ClassWeights(Categorical(3), (0, 0, 0)), "not all 0"),
        (lambda: ClassWeights(Categorical(3), ("a", 1, 2)), "must be numbers"),
        (lambda: ClassWeights(Categorical(3), {0: 1}), "must be numbers"),
        (lambda: ClassWeights(Gaussian(), (1, 2)), "needs a distribution over classes"),
        (lambda: ClassWeights(Focal(Bernoulli()), (1, 2)), "Put Focal outermost"),
        (lambda: LabelSmoothing(Focal(Bernoulli()), 0.1), "Put Focal outermost"),
        (lambda: Focal(Focal(Bernoulli())), "Put Focal outermost"),
        (lambda: LabelSmoothing(2 * Bernoulli(), 0.1), "before adding or multiplying"),
        (
            lambda: LabelSmoothing(Bernoulli(), 1.5),
            "amount must be at least 0 and at most 1, got 1.5",
        ),
        (lambda: LabelSmoothing(Bernoulli(), "x"), "amount must be a number"),
        (lambda: Focal(Bernoulli(), -1), "gamma must be at least 0, got -1"),
        (lambda: Focal(Bernoulli), "needs a distribution over classes"),
        (lambda: pos_weight(Categorical(2), 3), "Use ClassWeights"),
        (lambda: pos_weight(MultiLabelSoftmax(2), 3), "Use ClassWeights"),
        (lambda: pos_weight(MultiLabel(2), (1, 2, 3)), r"of shape \(2,\)"),
        (lambda: pos_weight(Bernoulli(), -1), "not negative"),
    ],
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(XentError, match=message):
        make()


def test_modifiers_are_plain_values():
    assert ClassWeights(Categorical(2), [1, 2]) == ClassWeights(
        Categorical(2), np.array([1.0, 2.0])
    )
    assert hash(pos_weight(MultiLabel(2), 3)) == hash(pos_weight(MultiLabel(2), (3, 3)))
    assert repr(Focal(Bernoulli(), 2)) == "Focal(distribution=Bernoulli(), gamma=2.0)"
