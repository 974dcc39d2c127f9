"""Activations and their derivatives against PyTorch in float64."""

from __future__ import annotations

import numpy as np
import pytest

from xent.network import activation_named

torch = pytest.importorskip("torch")

TORCH = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "leaky_relu:0.2": lambda z: torch.nn.functional.leaky_relu(z, 0.2),
    "elu": torch.nn.functional.elu,
    "selu": torch.nn.functional.selu,
    "gelu": torch.nn.functional.gelu,
    "mish": torch.nn.functional.mish,
    # torch switches to the identity at its threshold, 20 if not told otherwise
    "softplus": lambda z: torch.nn.functional.softplus(z, threshold=50.0),
    "identity": lambda z: z * 1.0,
}


@pytest.mark.parametrize("name", TORCH)
def test_value_and_derivative_equal_pytorch(name):
    z = np.concatenate(
        [np.linspace(-30, 30, 601), np.random.default_rng(0).normal(0, 1e-3, 100), [0.0]]
    )
    f = activation_named(name)
    leaf = torch.tensor(z, requires_grad=True)
    value = TORCH[name](leaf)
    value.sum().backward()
    np.testing.assert_allclose(f(z), value.detach().numpy(), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(f.derivative(z), leaf.grad.numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", TORCH)
def test_training_forms_equal_pytorch_in_float32(name):
    z = np.random.default_rng(1).normal(0, 3, (64, 50)).astype(np.float32)
    delta = np.random.default_rng(2).normal(size=z.shape).astype(np.float32)
    f = activation_named(name)
    leaf = torch.tensor(z, requires_grad=True)
    value = TORCH[name](leaf)
    value.backward(torch.tensor(delta))
    out, scratch = np.empty_like(z), np.empty_like(z)
    f.forward(z, out, scratch)
    f.backward(z if f.needs_input else None, out, delta, scratch)
    np.testing.assert_allclose(out, value.detach().numpy(), rtol=1e-6, atol=2e-6)
    np.testing.assert_allclose(delta, leaf.grad.numpy(), rtol=1e-5, atol=3e-6)
