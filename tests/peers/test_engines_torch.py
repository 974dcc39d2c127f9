"""The NumPy engine against PyTorch in float64: loss and every gradient to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical, Gaussian, MultiLabel, Poisson
from xent.engines import NumpyEngine
from xent.network import ACTIVATIONS, mlp

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
F = torch.nn.functional

TORCH_ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "mish": F.mish,
    "softplus": F.softplus,
    "identity": lambda x: x,
}
LOSSES = {
    "bernoulli": (
        Bernoulli(),
        lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y, reduction="none"),
    ),
    "categorical": (Categorical(4), lambda z, y: F.cross_entropy(z, y, reduction="none")),
    "multilabel": (
        MultiLabel(3),
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1),
    ),
    "gaussian": (
        Gaussian(),
        lambda z, y: -torch.distributions.Normal(z[:, 0], z[:, 1].exp()).log_prob(y),
    ),
    "poisson": (
        Poisson(),
        lambda z, y: (
            F.poisson_nll_loss(z[:, 0], y, full=False, reduction="none") + torch.lgamma(y + 1)
        ),
    ),
}


def torch_loss_and_gradients(engine, X, y, weight, activation, loss, *, batch_norm):
    views = {
        name: torch.tensor(v.copy(), requires_grad=True)
        for name, v in engine.views(engine.parameters).items()
    }
    a = torch.tensor(X)
    dense = sorted({name.split(".")[1] for name in views if name.endswith("weight")}, key=int)
    for place in dense:
        a = a @ views[f"layers.{place}.weight"] + views[f"layers.{place}.bias"]
        if place != dense[-1]:
            a = TORCH_ACTIVATIONS[activation](a)
            if batch_norm:
                norm = int(place) + 1
                a = F.batch_norm(
                    a,
                    None,
                    None,
                    views[f"layers.{norm}.gamma"],
                    views[f"layers.{norm}.beta"],
                    training=True,
                )
    w = torch.tensor(weight)
    value = (w * loss(a, torch.tensor(y))).sum() / w.sum()
    value.backward()
    return value.item(), {name: view.grad.numpy() for name, view in views.items()}


def targets(name, n, rng):
    return {
        "bernoulli": rng.integers(0, 2, n).astype(float),
        "categorical": rng.integers(0, 4, n),
        "multilabel": rng.integers(0, 2, (n, 3)).astype(float),
        "gaussian": rng.normal(size=n),
        "poisson": rng.poisson(3.0, n).astype(float),
    }[name]


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_loss_and_gradients_equal_those_of_autograd(activation, loss):
    rng = np.random.default_rng(3)
    distribution, torch_loss = LOSSES[loss]
    engine = NumpyEngine(
        mlp(6, (8, 7), distribution.n_outputs, activation=activation), distribution, "float64"
    )
    engine.init(rng)
    X, y, weight = rng.normal(size=(20, 6)), targets(loss, 20, rng), rng.uniform(0.5, 2, 20)
    value, gradients = torch_loss_and_gradients(
        engine, X, y, weight, activation, torch_loss, batch_norm=False
    )
    assert engine.loss_and_grad(X, y, weight) == pytest.approx(value, rel=1e-9)
    for name, gradient in engine.views(engine.gradient).items():
        np.testing.assert_allclose(gradient, gradients[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_batch_normalization_equals_torch():
    rng = np.random.default_rng(4)
    distribution, torch_loss = LOSSES["categorical"]
    engine = NumpyEngine(
        mlp(6, (8, 7), 4, activation="tanh", batch_norm=True), distribution, "float64"
    )
    engine.init(rng)
    X, y, weight = rng.normal(size=(20, 6)), targets("categorical", 20, rng), np.ones(20)
    value, gradients = torch_loss_and_gradients(
        engine, X, y, weight, "tanh", torch_loss, batch_norm=True
    )
    assert engine.loss_and_grad(X, y) == pytest.approx(value, rel=1e-9)
    for name, gradient in engine.views(engine.gradient).items():
        np.testing.assert_allclose(gradient, gradients[name], rtol=1e-9, atol=1e-12, err_msg=name)
