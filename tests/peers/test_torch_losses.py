"""The exact losses in PyTorch's own loops: values, gradients, second derivatives."""

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
)
from xent.errors import XentError

torch = pytest.importorskip("torch")
from xent.engines.torch_losses import TorchLoss, nll  # noqa: E402 (needs torch)

N = 6
CASES = {
    "bernoulli": (Bernoulli(), (N,), lambda rng: rng.integers(0, 2, N)),
    "bernoulli, soft": (Bernoulli(), (N, 1), lambda rng: rng.random(N)),
    "categorical": (Categorical(3), (N, 3), lambda rng: rng.integers(0, 3, N)),
    "categorical, soft": (Categorical(3), (N, 3), lambda rng: rng.dirichlet(np.ones(3), N)),
    "multilabel": (MultiLabel(3), (N, 3), lambda rng: rng.integers(0, 2, (N, 3))),
    "multilabel, soft": (MultiLabel(3), (N, 3), lambda rng: rng.random((N, 3))),
    "multilabel softmax": (MultiLabelSoftmax(3), (N, 3), lambda rng: rng.integers(0, 2, (N, 3))),
    "gaussian": (Gaussian(), (N, 2), lambda rng: rng.normal(size=N)),
    "gaussian, sd": (Gaussian(sd=2.0), (N,), lambda rng: rng.normal(size=N)),
    "laplace": (Laplace(), (N, 2), lambda rng: rng.normal(size=N)),
    "laplace, scale": (Laplace(scale=2.0), (N, 1), lambda rng: rng.normal(size=N)),
    "poisson": (Poisson(), (N, 1), lambda rng: rng.poisson(2, N)),
    "smoothed": (LabelSmoothing(Categorical(3), 0.1), (N, 3), lambda rng: rng.integers(0, 3, N)),
    "class weights": (ClassWeights(Bernoulli(), (1, 3)), (N, 1), lambda rng: rng.integers(0, 2, N)),
    "focal": (Focal(Bernoulli(), 2.0), (N, 1), lambda rng: rng.integers(0, 2, N)),
    "focal, labels": (Focal(MultiLabel(3), 1.5), (N, 3), lambda rng: rng.integers(0, 2, (N, 3))),
    "focal, weighted, smoothed": (
        Focal(ClassWeights(LabelSmoothing(Categorical(3), 0.1), (1, 2, 0.5)), 2.0),
        (N, 3),
        lambda rng: rng.integers(0, 3, N),
    ),
    "multiple": (2 * Categorical(3), (N, 3), lambda rng: rng.integers(0, 3, N)),
    "sum": (Bernoulli() + 0.5 * SoftDice(), (N, 1), lambda rng: rng.integers(0, 2, N)),
}


@pytest.mark.parametrize("name", CASES)
def test_first_and_second_derivatives(name):
    distribution, shape, targets = CASES[name]
    rng = np.random.default_rng(0)
    z = torch.tensor(rng.normal(size=shape), requires_grad=True)
    y, weight = torch.as_tensor(targets(rng)), torch.as_tensor(rng.random(N) + 0.1)

    def loss(z):
        return nll(distribution, z, y)

    assert torch.autograd.gradcheck(loss, (z,))
    assert torch.autograd.gradgradcheck(loss, (z,))
    assert torch.autograd.gradcheck(lambda z: TorchLoss(distribution)(z, y, weight), (z,))
    ours = distribution.nll(z.detach().numpy(), y.numpy())
    np.testing.assert_allclose(loss(z).detach(), ours, rtol=1e-15)
    weighted = TorchLoss(distribution)(z, y, weight)
    assert weighted.item() == pytest.approx(np.average(ours, weights=weight))


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("name", CASES)
def test_under_autocast_the_loss_is_float32(name, half):
    distribution, shape, targets = CASES[name]
    rng = np.random.default_rng(0)
    n_outputs = shape[1] if len(shape) == 2 else 1
    layer = torch.nn.Linear(4, n_outputs)
    X, y = torch.tensor(rng.normal(size=(N, 4))).float(), torch.as_tensor(targets(rng))
    with torch.autocast("cpu", dtype=half):
        z = layer(X)
        losses = nll(distribution, z.reshape(shape), y)
    assert (z.dtype, losses.dtype) == (half, torch.float32)
    exact = distribution.nll(z.detach().double().numpy().reshape(shape), y.numpy())
    np.testing.assert_allclose(losses.detach(), exact, rtol=2e-6, atol=1e-7)
    losses.mean().backward()
    assert layer.weight.grad.dtype == torch.float32
    assert torch.isfinite(layer.weight.grad).all()


def test_it_stands_where_a_loss_of_pytorch_stood():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(20, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.randint(0, 4, (20,), generator=generator)
    ours, theirs = TorchLoss(Categorical(4)), torch.nn.CrossEntropyLoss()
    torch.testing.assert_close(ours(z, y), theirs(z, y))
    ours(z, y).backward()
    own, z.grad = z.grad, None
    theirs(z, y).backward()
    torch.testing.assert_close(own, z.grad)
    assert str(ours) == "TorchLoss(Categorical(n_classes=4))"


def test_where_float32_rounds_the_gradient_of_pytorch_to_nothing():
    z = torch.tensor([20.0], requires_grad=True)
    y = torch.tensor([1.0])
    nll(Bernoulli(), z, y).sum().backward()
    own, z.grad = z.grad, None
    torch.nn.functional.binary_cross_entropy_with_logits(z, y).backward()
    assert own.item() == pytest.approx(-np.exp(-20), rel=1e-6)
    assert z.grad.item() == 0


def test_targets_that_do_not_fit_are_refused():
    with pytest.raises(XentError, match="one-hot"):
        nll(Bernoulli(), torch.zeros(3), torch.zeros(3, 2))


def test_weights_of_another_shape_than_the_losses_are_refused():
    """(n, 1) times (n,) would be (n, n), and the mean n times too large."""
    loss, z, y = TorchLoss(Bernoulli()), torch.zeros(3), torch.zeros(3)
    assert loss(z, y, torch.tensor([1.0, 0.0, 3.0])).item() == pytest.approx(np.log(2))
    with pytest.raises(
        XentError, match=r"weight must have shape \(3,\), one for each row, got \(3, 1\)"
    ):
        loss(z, y, torch.ones(3, 1))
