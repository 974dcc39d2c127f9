"""The same lines on tensors: PyTorch's own losses, and gradients differentiated again."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Focal,
    Gaussian,
    LabelSmoothing,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
    SoftDice,
    cross_entropy,
    entropy,
    kl_divergence,
    nll_from_probabilities,
    pos_weight,
    top_labels,
)
from xent.errors import XentError

torch = pytest.importorskip("torch")
F = torch.nn.functional

RNG = np.random.default_rng(0)
N, K = 12, 4
Z = RNG.normal(0, 3, (N, K))
CODES = RNG.integers(0, K, N)
LABELS = RNG.integers(0, 2, (N, K)).astype(float)
SOFT = RNG.dirichlet(np.ones(K), N)
REAL = RNG.normal(0, 2, N)
WEIGHTS = (1.0, 2.0, 0.5, 3.0)


def tensor(array):
    return torch.tensor(array, dtype=torch.float64)


CASES = [
    (Bernoulli(), Z[:, 0], LABELS[:, 0]),
    (Bernoulli(), Z[:, :1], SOFT[:, 0]),
    (MultiLabel(K), Z, LABELS),
    (MultiLabel(K), Z, SOFT),
    (Categorical(K), Z, CODES),
    (Categorical(K), Z, SOFT),
    (MultiLabelSoftmax(K), Z, LABELS),
    (MultiLabelSoftmax(K, normalized=True), Z, LABELS),
    (Gaussian(), Z[:, :2], REAL),
    (Gaussian(sd=0.7), Z[:, 0], REAL),
    (Laplace(), Z[:, :2], REAL),
    (Laplace(scale=0.7), Z[:, 0], REAL),
    (Poisson(), Z[:, 0], np.floor(np.abs(REAL))),
    (ClassWeights(LabelSmoothing(Categorical(K), 0.1), WEIGHTS), Z, CODES),
    (pos_weight(MultiLabel(K), WEIGHTS), Z, LABELS),
    (Focal(Categorical(K)), Z, CODES),
    (Focal(pos_weight(Bernoulli(), 3), 1.5), Z[:, 0], LABELS[:, 0]),
    (MultiLabel(K) + 0.5 * SoftDice(), Z, LABELS),
    (Categorical(K) + 0.5 * SoftDice(), Z, CODES),
]
EACH = pytest.mark.parametrize(
    ("distribution", "z", "y"), CASES, ids=lambda x: repr(x) if hasattr(x, "nll") else ""
)


@EACH
def test_tensors_give_what_arrays_give(distribution, z, y):
    value, grad = distribution.value_and_grad(z, y)
    for targets in (y, torch.tensor(y)):
        t_value, t_grad = distribution.value_and_grad(tensor(z), targets)
        assert isinstance(t_value, torch.Tensor)
        np.testing.assert_allclose(t_value.numpy(), value, rtol=1e-13)
        np.testing.assert_allclose(t_grad.numpy(), grad, rtol=1e-12, atol=1e-15)
    for name in ("mean", "mode"):
        ours = getattr(distribution, name)(tensor(z)).numpy()
        np.testing.assert_allclose(ours, getattr(distribution, name)(z), rtol=1e-13)
    draws = distribution.sample(tensor(z), np.random.default_rng(1))
    np.testing.assert_allclose(
        draws.numpy(), distribution.sample(z, np.random.default_rng(1)), rtol=1e-12
    )
    single = distribution.value_and_grad(tensor(z).float(), y)
    assert single[0].dtype == single[1].dtype == torch.float32


@EACH
def test_gradients_are_those_of_automatic_differentiation(distribution, z, y):
    leaf = tensor(z).requires_grad_()
    (automatic,) = torch.autograd.grad(distribution.nll(leaf, y).sum(), leaf)
    np.testing.assert_allclose(distribution.grad(z, y), automatic.numpy(), rtol=1e-11, atol=1e-14)


@EACH
def test_gradients_can_be_differentiated_again(distribution, z, y):
    """The Hessian of the explicit gradient, against finite differences of it."""
    leaf = tensor(z).requires_grad_()
    direction = tensor(RNG.normal(size=z.shape))
    (hessian_row,) = torch.autograd.grad((distribution.grad(leaf, y) * direction).sum(), leaf)
    h = 1e-6
    step = h * direction.numpy()
    # Losses are rows apart, so the Hessian is symmetric within each row.
    numerical = (distribution.grad(z + step, y) - distribution.grad(z - step, y)) / (2 * h)
    np.testing.assert_allclose(hessian_row.numpy(), numerical, rtol=1e-5, atol=2e-8)


@pytest.mark.parametrize("y", [0.0, 1.0, 0.3])
def test_second_derivative_at_a_logit_of_zero_is_a_quarter(y):
    leaf = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    (second,) = torch.autograd.grad(Bernoulli().grad(leaf, [y] * 3).sum(), leaf)
    np.testing.assert_array_equal(second.numpy(), [0.25] * 3)
    (first,) = torch.autograd.grad(Bernoulli().nll(leaf, [y] * 3).sum(), leaf)
    np.testing.assert_allclose(first.numpy(), [0.5 - y] * 3, rtol=1e-15)


def test_second_derivative_at_ties_and_infinities_is_finite():
    leaf = tensor([[1.0, 1.0, 1.0], [0.0, 0.0, -800.0], [2.0, -np.inf, 2.0]]).requires_grad_()
    grad = Categorical(3).grad(leaf, [0, 1, 2])
    (hessian,) = torch.autograd.grad(grad[:, 0].sum(), leaf)
    p = Categorical(3).mean(leaf.detach().numpy())
    expected = p[:, :1] * (np.eye(3)[[0, 0, 0]] - p)
    np.testing.assert_allclose(hessian.numpy(), expected, rtol=1e-13, atol=1e-300)


def test_gradcheck_of_gradients_in_float64():
    leaf = tensor(Z[:3]).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: Categorical(K).grad(z, CODES[:3]), (leaf,))
    assert torch.autograd.gradcheck(lambda z: MultiLabel(K).nll(z, LABELS[:3]), (leaf,))


def test_binary_losses_agree():
    z, y = tensor(Z[:, 0]), tensor(LABELS[:, 0])
    theirs = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    np.testing.assert_allclose(Bernoulli().nll(Z[:, 0], LABELS[:, 0]), theirs, rtol=1e-12)
    theirs = F.binary_cross_entropy_with_logits(z, y, pos_weight=tensor(3.0), reduction="none")
    np.testing.assert_allclose(
        pos_weight(Bernoulli(), 3).nll(Z[:, 0], LABELS[:, 0]), theirs, rtol=1e-12
    )
    theirs = F.multilabel_soft_margin_loss(tensor(Z), tensor(LABELS), reduction="none")
    np.testing.assert_allclose(MultiLabel(K).nll(Z, LABELS) / K, theirs, rtol=1e-12)
    theirs = F.binary_cross_entropy_with_logits(
        tensor(Z), tensor(LABELS), pos_weight=tensor(WEIGHTS), reduction="none"
    )
    np.testing.assert_allclose(
        pos_weight(MultiLabel(K), WEIGHTS).nll(Z, LABELS), theirs.sum(dim=1), rtol=1e-12
    )


@pytest.mark.checklist(row=107, call="Categorical(3).nll(z, [2, 0])")
def test_softmax_losses_agree():
    z, y = tensor(Z), torch.tensor(CODES)
    for amount in (0.0, 0.1):
        for weights in (None, WEIGHTS):
            ours = LabelSmoothing(Categorical(K), amount)
            ours = ours if weights is None else ClassWeights(ours, weights)
            theirs = F.cross_entropy(
                z,
                y,
                label_smoothing=amount,
                weight=None if weights is None else tensor(weights),
                reduction="none",
            )
            np.testing.assert_allclose(ours.nll(Z, CODES), theirs, rtol=1e-12)
    np.testing.assert_allclose(
        Categorical(K).nll(Z, SOFT), F.cross_entropy(z, tensor(SOFT), reduction="none"), rtol=1e-12
    )
    example = tensor([[0.5, 0.3, 0.6], [0.5, 0.4, 0.3]])
    theirs = F.cross_entropy(example, torch.tensor([2, 0]))
    assert Categorical(3).nll(example, [2, 0]).mean() == pytest.approx(float(theirs), rel=1e-14)


def test_regression_losses_agree():
    mean, log_sd = tensor(Z[:, 0]), tensor(Z[:, 1])
    theirs = F.gaussian_nll_loss(
        mean, tensor(REAL), torch.exp(2 * log_sd), full=True, eps=1e-300, reduction="none"
    )
    np.testing.assert_allclose(Gaussian().nll(Z[:, :2], REAL), theirs, rtol=1e-12)
    counts = tensor(np.floor(np.abs(REAL)))
    theirs = -torch.distributions.Poisson(torch.exp(mean)).log_prob(counts)
    np.testing.assert_allclose(Poisson().nll(Z[:, 0], counts), theirs, rtol=1e-12)
    theirs = -torch.distributions.Laplace(mean, torch.exp(log_sd)).log_prob(tensor(REAL))
    np.testing.assert_allclose(Laplace().nll(Z[:, :2], REAL), theirs, rtol=1e-12)


def test_tensors_of_other_widths_and_graphs():
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert Bernoulli().nll(torch.zeros(2, dtype=dtype), [0, 1]).dtype == dtype
    assert Bernoulli().nll(torch.zeros(2, dtype=torch.int64), [0, 1]).dtype == torch.float64
    leaf = torch.zeros(2, requires_grad=True)
    assert Bernoulli().nll(leaf, [0, 1]).requires_grad
    np.testing.assert_allclose(Bernoulli().nll(np.zeros(2), torch.tensor([0, 1])), [np.log(2)] * 2)
    read_only = np.array([0.0, 1.0])
    read_only.setflags(write=False)
    assert Bernoulli().nll(torch.zeros(2), read_only).shape == (2,)
    with pytest.raises(XentError, match="real numbers"):
        Bernoulli().nll(torch.zeros(2, dtype=torch.complex64), [0, 1])


def test_tensor_targets_are_checked_too():
    for distribution, y in (
        (Bernoulli(), [0, 2]),
        (Bernoulli(), [0.0, float("nan")]),
        (Bernoulli(), [0, 1, 1]),
        (Categorical(2), [0, 2]),
        (Categorical(2), [[0.1, 0.1], [0.5, 0.5]]),
        (Poisson(), [0, -1]),
        (Gaussian(sd=1.0), [0.0, float("inf")]),
    ):
        with pytest.raises(XentError, match=r"^y must"):
            distribution.nll(torch.zeros(2, distribution.n_outputs), torch.tensor(y))
    assert Bernoulli().nll(torch.zeros(2), torch.tensor([True, False])).shape == (2,)
    assert Categorical(2).nll(torch.zeros(2, 2), torch.tensor([True, False])).shape == (2,)
    np.testing.assert_array_equal(Bernoulli().check_targets(torch.tensor([1, 0])), [1.0, 0.0])


def test_other_quantities_take_tensors():
    p, q = tensor(SOFT), tensor(SOFT[::-1].copy())
    for function in (cross_entropy, kl_divergence):
        np.testing.assert_allclose(function(p, q).numpy(), function(SOFT, SOFT[::-1]), rtol=1e-13)
    np.testing.assert_allclose(entropy(p).numpy(), entropy(SOFT), rtol=1e-13)
    np.testing.assert_array_equal(top_labels(tensor(Z), 2).numpy(), top_labels(Z, 2))
    loss = nll_from_probabilities(Categorical(K), p, CODES, policy="clip")
    np.testing.assert_allclose(
        loss.nll.numpy(), nll_from_probabilities(Categorical(K), SOFT, CODES).nll
    )
    shifted = ClassWeights(Categorical(K), WEIGHTS).unweighted_logits(tensor(Z))
    np.testing.assert_allclose(shifted.numpy(), Z - np.log(WEIGHTS))


def test_a_device_without_float64_is_recognized():
    from xent.distributions.namespaces import working_dtype

    class Narrow:
        float64, float32 = "float64", "float32"

        @staticmethod
        def zeros(shape, *, dtype, device):
            raise TypeError("this device does not support float64")

    class Array:
        device = "narrow:0"

    assert working_dtype(Narrow, Array()) == "float32"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@EACH
def test_tensors_on_the_gpu(distribution, z, y):
    value, grad = distribution.value_and_grad(tensor(z).cuda(), y)
    assert value.is_cuda
    assert grad.is_cuda
    np.testing.assert_allclose(value.cpu().numpy(), distribution.nll(z, y), rtol=1e-13)
    np.testing.assert_allclose(grad.cpu().numpy(), distribution.grad(z, y), rtol=1e-12, atol=1e-15)
