"""Own modules: checked, described, tied to the engine's vectors, drawn alike, brought back with their code."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from xent.distributions import Bernoulli, Categorical, Gaussian, MultiLabel
from xent.engines import make_engine
from xent.engines.own_modules import own_network, with_code
from xent.engines.torch_engine import TorchEngine
from xent.errors import XentError
from xent.network import ModuleNetwork, Pixels
from xent.network.module_network import FACTOR, OFFSET

RNG = np.random.Generator(np.random.PCG64(0))
X = RNG.normal(size=(40, 5))
Y = (X[:, 0] > 0).astype(np.float64)


class Net(nn.Module):
    """Batch normalization, dropout, a shared layer, a frozen parameter, buffers of all kinds."""

    def __init__(self, n_inputs=5, n_outputs=1):
        super().__init__()
        self.first, self.norm = nn.Linear(n_inputs, 8), nn.BatchNorm1d(8)
        self.shared, self.drop, self.last = (
            nn.Linear(8, 8),
            nn.Dropout(0.4),
            nn.Linear(8, n_outputs),
        )
        self.fixed = nn.Parameter(torch.full((8,), 0.5), requires_grad=False)
        self.register_buffer("mean_square", torch.zeros(1))
        self.register_buffer("is_used", torch.tensor([True, False]))
        self.unused = None

    def forward(self, x):
        a = torch.relu(self.norm(self.first(x)))
        if self.training:  # replaced, not changed in place
            self.mean_square = 0.9 * self.mean_square + 0.1 * a.detach().square().mean()
        a = self.drop(torch.tanh(self.shared(torch.tanh(self.shared(a)))))
        return self.last(a * self.fixed)


class Calling(nn.Module):
    """A linear layer, and what is made of its output."""

    def __init__(self, function, n_outputs=1):
        super().__init__()
        self.linear, self.function = nn.Linear(5, n_outputs), function

    def forward(self, x):
        return self.function(self.linear(x))


def network_of(source, distribution=None, rows=X, **settings):
    return own_network(source, rows, distribution or Bernoulli(), dtype="float64", **settings)


def engine_of(source, distribution=None, **settings):
    distribution = distribution or Bernoulli()
    engine = TorchEngine(network_of(source, distribution, **settings), distribution, "float64")
    engine.init(np.random.default_rng(0))
    return engine


def test_a_module_is_described():
    network = network_of(Net())
    assert (network.name, network.row_shape, network.n_outputs) == ("Net", (5,), 1)
    assert [own.name for own in network.trained][:3] == [
        "first.weight",
        "shared.weight",
        "last.weight",
    ]
    assert network.n_weights == 40 + 64 + 8
    assert network.n_parameters == sum(
        own.numel() for own in Net().parameters() if own.requires_grad
    )
    assert [own.name for own in network.frozen] == ["fixed"]
    assert {own.name for own in network.counters} == {"norm.num_batches_tracked", "is_used"}
    assert network.layers[-1].shape == (1,)
    assert "not trained" in network.summary()
    assert ModuleNetwork.from_json(network.to_json()) == network


def test_it_computes_what_pytorch_computes():
    torch.manual_seed(3)
    module = Net().double()
    module.drop.p = 0.0
    engine = engine_of(module)
    loss = engine.loss_and_grad(X, Y)
    z = module.train()(torch.from_numpy(X))[:, 0]
    expected = functional.binary_cross_entropy_with_logits(z, torch.from_numpy(Y))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for name, gradient in engine.views(engine.gradient).items():
        np.testing.assert_allclose(
            gradient, module.get_parameter(name).grad.numpy(), rtol=1e-9, atol=1e-14
        )
    np.testing.assert_allclose(
        engine.predict(X), module.eval()(torch.from_numpy(X)).detach().numpy(), rtol=1e-12
    )
    state = engine.state()
    assert sorted(state["counters"].tolist()) == [0, 1, 1]  # a batch was seen; one of two is used


def test_the_given_object_is_never_changed():
    module = Net()
    before = copy.deepcopy(module.state_dict())
    engine = engine_of(module)
    for _ in range(3):
        engine.loss_and_grad(X, Y)
        engine.parameters -= 0.1 * engine.gradient
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert all(own.grad is None for own in module.parameters())


def test_a_state_taken_back_draws_and_computes_the_same():
    engine = engine_of(Net())
    engine.loss_and_grad(X, Y)
    state = {name: values.copy() for name, values in engine.state().items()}
    draws = engine.dropout_generator.bit_generator.state
    ends = []
    for _ in range(2):
        engine.load_state(state)
        engine.dropout_generator.bit_generator.state = draws
        losses = [engine.loss_and_grad(X, Y) for _ in range(3)]
        ends.append((losses, {name: values.copy() for name, values in engine.state().items()}))
    assert ends[0][0] == ends[1][0]
    assert len(set(ends[0][0])) == 3  # the masks differ from step to step
    assert not np.array_equal(ends[0][1]["running"], state["running"])
    for name, values in ends[0][1].items():
        np.testing.assert_array_equal(values, ends[1][1][name])


def test_what_a_module_draws_is_nobody_elses():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    engine = engine_of(Net)
    engine.loss_and_grad(X, Y)
    engine.predict(X)
    assert torch.equal(torch.rand(3), expected)


def test_first_weights_follow_the_seed():
    first, same, other = (network_of(Net, seed=seed).template.last.weight for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_shared_and_frozen_parameters():
    engine = engine_of(Net())
    assert engine.network.n_parameters == engine.parameters.size
    assert list(engine.fixed()) == ["fixed"]
    engine.loss_and_grad(X, Y)
    engine.parameters -= engine.gradient
    np.testing.assert_array_equal(engine.fixed()["fixed"], np.full(8, 0.5))
    engine.load_fixed({"fixed": np.ones(8)})
    np.testing.assert_array_equal(engine.fixed()["fixed"], np.ones(8))


def test_lazy_parts_get_their_shapes_under_the_seed():
    def build():
        return nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))

    one, other = (network_of(build, seed=9).template[0].weight for _ in range(2))
    assert one.shape == (4, 5)
    assert torch.equal(one, other)


def test_a_batch_of_one_row_uses_the_running_moments():
    engine = engine_of(Net())
    engine.loss_and_grad(X, Y)
    before = engine.state()["counters"].copy()
    assert np.isfinite(engine.loss_and_grad(X[:1], Y[:1]))
    np.testing.assert_array_equal(engine.state()["counters"], before)


def test_binary_logits_may_have_one_axis():
    engine = engine_of(Calling(lambda z: z.squeeze()))
    assert engine.predict(X).shape == (40, 1)
    assert engine.predict(X[:1]).shape == (1, 1)


def test_activations_of_the_parts():
    engine = engine_of(nn.Sequential(nn.Linear(5, 4), nn.ReLU(inplace=True), nn.Linear(4, 1)))
    before, after, z = engine.activations(X)
    assert (before < 0).any()
    np.testing.assert_array_equal(np.maximum(before, 0), after)
    np.testing.assert_array_equal(z, engine.predict(X))
    (chosen,) = engine.activations(X, [1])
    np.testing.assert_array_equal(chosen, after)


def test_recurrent_parts_and_sparse_embeddings():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(4, 3, sparse=True)
            self.cell, self.head = nn.LSTM(3, 6, batch_first=True), nn.Linear(6, 3)

        def forward(self, x):
            out, _ = self.cell(self.table(x.long()))
            return self.head(out[:, -1])

    tokens = RNG.integers(0, 4, (40, 5)).astype(np.float64)
    distribution, module = Categorical(3), Recurrent().double()
    engine = TorchEngine(network_of(module, distribution, tokens), distribution, "float64")
    engine.init(np.random.default_rng(0))
    y = tokens[:, -1].astype(np.int64) % 3
    loss = engine.loss_and_grad(tokens, y)
    expected = functional.cross_entropy(module(torch.from_numpy(tokens)), torch.from_numpy(y))
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for name, gradient in engine.views(engine.gradient).items():
        own = module.get_parameter(name).grad
        own = own.to_dense() if own.is_sparse else own
        np.testing.assert_allclose(gradient, own.numpy(), rtol=1e-9, atol=1e-14)


def test_images_are_standardized_below_the_module():
    images = RNG.integers(0, 256, (12, 2, 6, 6)).astype(np.uint8)
    mean, sd = images.mean((0, 2, 3)) / 255, images.std((0, 2, 3)) / 255
    pixels = Pixels(tuple(mean), tuple(sd))
    seen = []

    class Looking(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(72, 1)

        def forward(self, a):
            seen.append(a.detach())
            return self.head(a.view(len(a), -1))

    network = network_of(Looking(), rows=images, pixels=pixels)
    TorchEngine(network, Bernoulli(), "float64").predict(images)
    np.testing.assert_allclose(seen[-1].mean((0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(seen[-1].var((0, 2, 3), correction=0), 1, rtol=1e-9)


def test_a_regression_has_a_unit_behind_it():
    network = network_of(Net(), Gaussian(1.0))
    assert network.has_unit
    assert [own.name for own in network.buffers][-2:] == [FACTOR, OFFSET]
    assert not network_of(Net()).has_unit


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_is_converted_to_the_dtype(dtype):
    network = own_network(Net().half(), X.astype(dtype), Bernoulli(), dtype=dtype)
    engine = TorchEngine(network, Bernoulli(), dtype)
    assert engine.parameters.dtype == engine.running.dtype == np.dtype(dtype)
    assert engine.predict(X.astype(dtype)).dtype == np.dtype(dtype)


def no_gradient(z):
    return z.detach()


def noisy(z):
    return functional.dropout(z, 0.5)


MISTAKES = {
    "a number": (3, None, r"must be a torch\.nn\.Module"),
    "no parameters": (nn.Flatten(), MultiLabel(5), "no parameters that are trained"),
    "all frozen": (
        Calling(nn.Identity()).requires_grad_(False),
        None,
        "no parameters that are trained",
    ),
    "another shape": (nn.Linear(4, 1), None, r"fails on rows of shape \(n, 5\)"),
    "two logits": (nn.Linear(5, 2), None, "Two classes need one logit"),
    "too few": (
        nn.Linear(5, 2),
        Categorical(3),
        r"must put out \(32, 3\).*nn\.Linear\(\.\.\., 3\)",
    ),
    "an axis too many": (Calling(lambda z: z[:, None]), None, r"End in flatten\(1\)"),
    "fewer rows": (Calling(lambda z: z[:3]), None, "makes 3 rows of 32"),
    "a tuple": (Calling(lambda z: (z, z)), None, "must return one tensor of logits, got tuple"),
    "whole numbers": (Calling(lambda z: z.long()), None, r"got torch\.int64"),
    "not finite": (Calling(lambda z: torch.log(-z.abs())), None, "not finite"),
    "no gradient": (Calling(no_gradient), None, "no parameter of Calling leads"),
    "dropout always": (Calling(noisy), None, r"training=self\.training"),
    "mixed rows": (Calling(lambda z: z - z.mean(0)), None, "depend on the other rows"),
    "complex": (nn.Linear(5, 1, dtype=torch.complex64), None, "complex numbers|fails on rows"),
    "sigmoid": (Calling(torch.sigmoid), None, "ends in sigmoid.*Take the sigmoid off"),
    "softmax": (Calling(lambda z: z.softmax(1), 3), Categorical(3), "ends in softmax"),
    "logsigmoid": (Calling(functional.logsigmoid, 3), MultiLabel(3), "logarithms of probabilities"),
    "log_softmax of labels": (Calling(lambda z: z.log_softmax(1), 3), MultiLabel(3), "log_softmax"),
    "sigmoid of a number": (Calling(torch.sigmoid), Gaussian(1.0), "free numbers"),
    "returns no module": (lambda: 3, None, "must return a torch.nn.Module, got int"),
    "unknown argument": (lambda n_input: None, None, "Did you mean 'n_inputs'"),
    "failing": (lambda: 1 / 0, None, "failed .ZeroDivisionError"),
    "by place only": (lambda n_inputs, /: None, None, "by name, not by place"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_with_their_cure(name):
    source, distribution, message = MISTAKES[name]
    with pytest.raises(XentError, match=message):
        network_of(source, distribution)


def test_log_softmax_of_classes_is_harmless():
    module = Calling(lambda z: z.log_softmax(1), 3)
    y = RNG.integers(0, 3, len(X))
    engine = engine_of(module, Categorical(3))
    plain = engine_of(module.linear, Categorical(3))
    assert engine.loss_and_grad(X, y) == pytest.approx(plain.loss_and_grad(X, y), rel=1e-12)
    np.testing.assert_allclose(engine.gradient, plain.gradient, atol=1e-15)


def test_extra_outputs_in_training_are_found():
    class Auxiliary(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(5, 1)

        def forward(self, x):
            z = self.head(x)
            return (z, z) if self.training else z

    with pytest.raises(XentError, match="Auxiliary in training mode must return one tensor"):
        network_of(Auxiliary())


def test_only_pytorch_computes_it():
    network = network_of(Net())
    assert isinstance(make_engine("auto", network, Bernoulli(), "float64"), TorchEngine)
    with pytest.raises(XentError, match="computes no own modules"):
        make_engine("numpy", network, Bernoulli())


def test_without_the_code_there_is_no_engine():
    network = dataclasses.replace(network_of(Net()), template=None)
    with pytest.raises(XentError, match="code of Net is needed"):
        TorchEngine(network, Bernoulli())


def test_the_code_comes_back():
    network = network_of(Net())
    read = ModuleNetwork.from_json(network.to_json())
    assert with_code(read, Net, "float64") == network
    with pytest.raises(XentError, match=r"last\.weight has shape \(1, 9\)|first\.weight"):
        with_code(read, nn.Sequential(nn.Linear(5, 1)), "float64")


def test_descriptions_are_checked():
    description = network_of(Net()).to_json()
    for key, value in [
        ("n_outputs", "3"),
        ("n_inputs", [5, 5]),
        ("trained", [["a"]]),
        ("trained", [["b", [2]], ["a", [2, 2]]]),
        ("buffers", 3),
        ("layers", []),
        ("layers", [["", "Net", [2], []]]),
        ("name", 3),
        ("frozen", [["last.weight", [8]]]),
        ("counters", [["c", [-1]]]),
        ("pixels", {"kind": "Flatten"}),
        ("unknown", 1),
    ]:
        with pytest.raises(XentError):
            ModuleNetwork.from_json({**description, key: value})
