"""Modules that are taken as they are, though a check could stumble over them; and those it must name."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.distributions import Bernoulli, Categorical
from xent.engines.own_modules import own_network
from xent.engines.torch_engine import TorchEngine
from xent.errors import XentError

RNG = np.random.Generator(np.random.PCG64(1))
X = RNG.normal(size=(40, 5))
Y = (X[:, 0] > 0).astype(np.float64)


class Calling(nn.Module):
    """A function of the rows and a linear layer."""

    def __init__(self, function, n_outputs=1):
        super().__init__()
        self.linear, self.function = nn.Linear(5, n_outputs), function

    def forward(self, x):
        return self.function(x, self.linear)


class Buffered(nn.Module):
    """A buffer that a training pass replaces."""

    def __init__(self, first, shape, *, persistent=True):
        super().__init__()
        self.linear, self.shape = nn.Linear(5, 1), shape
        self.register_buffer("kept", first, persistent=persistent)

    def forward(self, x):
        z = self.linear(x)
        if self.training:
            self.kept = z.detach()[:, 0] if self.shape is None else torch.ones(self.shape)
        return z


class Attention(nn.Module):
    """PyTorch computes its encoder by another path where no gradients are kept."""

    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Linear(1, 8), nn.Linear(8, 1)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, x):
        return self.head(self.layer(self.embed(x[:, :, None])).mean(1))


def engine_of(module, distribution=None):
    distribution = distribution or Bernoulli()
    network = own_network(module, X, distribution, dtype="float64")
    engine = TorchEngine(network, distribution, "float64")
    engine.init(np.random.default_rng(0))
    return engine


def test_attention_is_not_taken_for_noise():
    torch.manual_seed(0)
    module = Attention().double()
    engine = engine_of(module)
    expected = functional.binary_cross_entropy_with_logits(
        module(torch.from_numpy(X))[:, 0], torch.from_numpy(Y)
    )
    assert engine.loss_and_grad(X, Y) == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.ReLU(inplace=True), nn.Linear(5, 1)),
        Calling(lambda x, linear: linear(x.mul_(2).add_(1))),
    ],
    ids=["relu", "arithmetic"],
)
def test_rows_that_a_module_changes_in_place_are_copies(module):
    engine, given = engine_of(module), X.copy()
    expected = module.double()(torch.from_numpy(X.copy())).detach().numpy()
    for _ in range(2):
        engine.loss_and_grad(given, Y)
        np.testing.assert_allclose(engine.predict(given), expected, rtol=1e-12)
        engine.activations(given)
    np.testing.assert_array_equal(given, X)


@pytest.mark.parametrize("end", [torch.squeeze, torch.flatten])
@pytest.mark.parametrize("distribution", [Bernoulli(), Categorical(3)], ids=repr)
def test_logits_on_one_axis_in_batches_of_all_sizes(end, distribution):
    module = Calling(lambda x, linear: end(linear(x)), distribution.n_outputs)
    engine, plain = (engine_of(own, distribution) for own in (module, module.linear))
    y = distribution.check_targets(RNG.integers(0, 2, len(X)))
    for n in (1, 7):
        assert engine.loss_and_grad(X[:n], y[:n]) == plain.loss_and_grad(X[:n], y[:n])
        np.testing.assert_array_equal(engine.gradient, plain.gradient)
        np.testing.assert_array_equal(engine.predict(X[:n]), plain.predict(X[:n]))


def test_a_weight_of_as_many_lines_as_rows_were_seen_is_no_layer():
    first = nn.utils.parametrizations.weight_norm(nn.Linear(5, 32))
    engine = engine_of(nn.Sequential(first, nn.ReLU(), nn.Linear(32, 1)))
    assert [layer.kind for layer in engine.network.layers] == ["ReLU", "Linear"]
    assert [a.shape for a in engine.activations(X)] == [(40, 32), (40, 1)]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (Buffered(torch.zeros(1), None), r"has shape \(1,\) at first, and shape \(32,\)"),
        (Buffered(None, (2,)), r"has no numbers at first, and shape \(2,\)"),
    ],
    ids=["by the batch", "made late"],
)
def test_buffers_must_keep_their_shape(module, message):
    with pytest.raises(XentError, match=message):
        engine_of(module)


def test_a_buffer_that_is_not_saved_may_be_made_late():
    engine = engine_of(Buffered(None, (2,), persistent=False))
    engine.loss_and_grad(X, Y)
    assert engine.network.buffers == ()


def test_other_dtypes_are_named():
    with pytest.raises(XentError, match=r"dtype float64.*keep the dtype of the rows\.$"):
        engine_of(Calling(lambda x, linear: linear(x.float())))


def test_a_module_on_another_device_is_named():
    with pytest.raises(XentError, match=r"It is on meta: leave it on the CPU"):
        engine_of(nn.Linear(5, 1, device="meta"))


@pytest.mark.parametrize("as_object", [True, False])
def test_what_cannot_be_copied_is_said(as_object):
    def build():
        module = nn.Linear(5, 1)
        module.lock = threading.Lock()
        return module

    with pytest.raises(XentError, match=r"cannot be copied .*lock.*out of its attributes"):
        engine_of(build() if as_object else build)
