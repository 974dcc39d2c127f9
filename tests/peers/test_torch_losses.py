"""The exact losses in PyTorch's own loops: values, gradients, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical, Gaussian, MultiLabel, Poisson
from xent.errors import XentError

torch = pytest.importorskip("torch")
from xent.engines.torch_losses import TorchLoss, nll  # noqa: E402 (needs torch)

CASES = [
    (Bernoulli(), (6,), lambda rng: rng.random(6).round()),
    (Categorical(3), (6, 3), lambda rng: rng.integers(0, 3, 6)),
    (MultiLabel(3), (6, 3), lambda rng: rng.random((6, 3)).round()),
    (Gaussian(), (6, 2), lambda rng: rng.normal(size=6)),
    (Poisson(), (6, 1), lambda rng: rng.poisson(2, 6)),
]


@pytest.mark.parametrize(
    ("distribution", "shape", "targets"), CASES, ids=[str(case[0]) for case in CASES]
)
def test_first_and_second_derivatives(distribution, shape, targets):
    rng = np.random.default_rng(0)
    z = torch.tensor(rng.normal(size=shape), requires_grad=True)
    y = targets(rng)
    assert torch.autograd.gradcheck(lambda z: nll(distribution, z, y), (z,))
    assert torch.autograd.gradgradcheck(lambda z: nll(distribution, z, y), (z,))
    ours = distribution.nll(z.detach().numpy(), y)
    np.testing.assert_allclose(nll(distribution, z, y).detach(), ours, rtol=1e-15)


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
