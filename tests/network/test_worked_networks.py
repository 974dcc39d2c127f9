"""The checklist's first networks, computed by the NumPy engine from their descriptions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xent.distributions import Gaussian, MultiLabel
from xent.engines import NumpyEngine
from xent.evaluation import mse, r2
from xent.network import Dense, Dropout, Network, mlp
from xent.training.optimizers import make_optimizer


def _engine(network: Network, **values) -> NumpyEngine:
    """Return the network at work, with the given parameters by name and the others drawn."""
    engine = NumpyEngine(network, Gaussian(sd=1.0), "float64")
    engine.init(np.random.default_rng(0))
    views = engine.views(engine.parameters)
    for name, value in values.items():
        views[name.replace("_", ".")][...] = value
    return engine


def _fit(engine: NumpyEngine, X: np.ndarray, y: np.ndarray, rate: float, n_steps: int) -> None:
    optimizer = make_optimizer("nesterov", engine.parameters, engine.gradient, momentum=0.95)
    for _ in range(n_steps):
        engine.loss_and_grad(X, y)
        optimizer.step(rate)


def _trapezoid() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(20)
    X = np.stack([random.uniform(0.5, 1.5, 50), random.uniform(0.5, 1.5, 50)], axis=1)
    return X, 0.5 * (X[:, 0] + X[:, 1]) * X[:, 0]


@pytest.mark.checklist(row=55, call="NumpyEngine(mlp(n, (), 1), Gaussian(sd=1)).predict(X)")
def test_without_hidden_layers_the_network_is_the_linear_model():
    rng = np.random.default_rng(0)
    for n_features in (1, 4):
        X, w, b = rng.normal(size=(7, n_features)), rng.normal(size=n_features), 0.3
        engine = _engine(mlp(n_features, (), 1), layers_0_weight=w[:, None], layers_0_bias=b)
        np.testing.assert_allclose(engine.predict(X)[:, 0], X @ w + b, rtol=1e-13)


@pytest.mark.checklist(row=56, call="NumpyEngine(...).loss_and_grad(X, y)")
def test_the_gaussian_objective_is_half_the_mean_square():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    engine = _engine(mlp(3, (), 1))
    loss = engine.loss_and_grad(X, y)
    predicted = engine.predict(X)[:, 0]
    half = 0.5 * np.mean((y - predicted) ** 2)
    assert loss - 0.5 * math.log(2 * math.pi) == pytest.approx(half, rel=1e-12)
    assert mse(y, predictions=predicted) == pytest.approx(2 * half, rel=1e-12)
    weight = engine.views(engine.gradient)["layers.0.weight"][:, 0]
    np.testing.assert_allclose(weight, X.T @ (predicted - y) / 9, rtol=1e-10)


@pytest.mark.checklist(row=57, call="NumpyEngine(mlp(5, (), 1), Gaussian(sd=1)), mse, r2")
def test_the_trapezoid_is_linear_in_its_polynomial_features():
    X, y = _trapezoid()
    np.testing.assert_allclose(
        y[:5], [1.26355453, 1.61181353, 1.85784565, 1.7236208, 0.48818497], rtol=1e-7
    )
    plain = _engine(mlp(2, (), 1))
    _fit(plain, X, y, 0.3, 1500)
    predicted = plain.predict(X)[:, 0]
    assert mse(y, predictions=predicted) == pytest.approx(0.0023958, abs=5e-8)
    assert r2(y, predictions=predicted) == pytest.approx(0.98766, abs=5e-6)

    x1, x2 = X.T
    features = np.stack([x1, x2, x1**2, x1 * x2, x2**2], axis=1)
    exact = _engine(
        mlp(5, (), 1),
        layers_0_weight=np.array([0, 0, 0.5, 0.5, 0])[:, None],
        layers_0_bias=0.0,
    )
    assert mse(y, predictions=exact.predict(features)[:, 0]) < 1e-30
    exact.loss_and_grad(features, y)
    np.testing.assert_allclose(exact.gradient, 0.0, atol=1e-15)  # it is the minimum


@pytest.mark.checklist(row=58, call="NumpyEngine(Network(2, (Dense(3), Dense(1))), ...).predict(X)")
def test_stacked_linear_layers_collapse_to_one():
    rng = np.random.default_rng(2)
    w = rng.normal(size=10)  # w[1] to w[9], as in the source
    b = rng.normal(size=5)  # b[1] to b[4]
    engine = _engine(
        Network(2, (Dense(3), Dense(1))),
        layers_0_weight=[[w[1], w[3], w[5]], [w[2], w[4], w[6]]],
        layers_0_bias=b[1:4],
        layers_1_weight=[[w[7]], [w[8]], [w[9]]],
        layers_1_bias=b[4],
    )
    alpha = w[1] * w[7] + w[3] * w[8] + w[5] * w[9]
    beta = w[2] * w[7] + w[4] * w[8] + w[6] * w[9]
    gamma = w[7] * b[1] + w[8] * b[2] + w[9] * b[3] + b[4]
    X = rng.normal(size=(20, 2))
    np.testing.assert_allclose(
        engine.predict(X)[:, 0], alpha * X[:, 0] + beta * X[:, 1] + gamma, rtol=1e-10, atol=1e-13
    )


@pytest.mark.checklist(row=59, call="NumpyEngine(mlp(2, (3,), 1, activation=...), ...).predict(X)")
@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu", "gelu"])
def test_an_activation_prevents_the_collapse(activation):
    engine = _engine(mlp(2, (8,), 1, activation=activation))
    a, b = np.random.default_rng(3).normal(size=(2, 30, 2))
    # of an affine map, the value between two points is between their values
    bend = engine.predict((a + b) / 2) - (engine.predict(a) + engine.predict(b)) / 2
    if activation == "identity":
        np.testing.assert_allclose(bend, 0.0, atol=1e-14)
    else:
        assert np.abs(bend).max() > 1e-2


X45 = np.array([[1.0, 2, 3, 4], [4, 5, 6, 7]])


@pytest.mark.checklist(
    row=62, call="NumpyEngine(Network(4, (Dense(5), Dense(1))), ...).activations(X)"
)
def test_a_linear_layer_from_four_to_five():
    engine = _engine(Network(4, (Dense(5), Dense(1))))
    hidden = engine.activations(X45)[0]
    assert hidden.shape == (2, 5)
    views = engine.views(engine.parameters)
    np.testing.assert_allclose(
        hidden, X45 @ views["layers.0.weight"] + views["layers.0.bias"], rtol=1e-14
    )


@pytest.mark.checklist(row=63, call="NumpyEngine(mlp(4, (5, 3), 1), ...).predict(X)")
def test_three_layers_one_by_one_and_together():
    network = mlp(4, (5, 3), 1, activation="identity")
    engine = _engine(network)
    together = engine.predict(X45)
    assert together.shape == (2, 1)
    a = X45
    for place, n_in in enumerate(network.sizes[:-1]):
        views = engine.views(engine.parameters)
        layer = NumpyEngine(
            mlp(n_in, (), network.sizes[place + 1]), _Wide(network.sizes[place + 1]), "float64"
        )
        parts = layer.views(layer.parameters)
        parts["layers.0.weight"][...] = views[f"layers.{place}.weight"]
        parts["layers.0.bias"][...] = views[f"layers.{place}.bias"]
        a = layer.predict(a)
    np.testing.assert_allclose(a, together, rtol=1e-13)


class _Wide:
    """As many outputs as a single layer has; only prediction is asked of it."""

    def __init__(self, n_outputs: int) -> None:
        self.n_outputs = n_outputs


@pytest.mark.checklist(row=150, call="NumpyEngine(mlp(n, (), 1), ...).predict(X)")
def test_noise_in_one_feature_moves_the_output_by_its_weight():
    rng = np.random.default_rng(4)
    X, w = rng.normal(size=(6, 5)), rng.normal(size=5)
    engine = _engine(mlp(5, (), 1), layers_0_weight=w[:, None])
    for place in range(5):
        noisy = X.copy()
        noise = rng.normal(size=6)
        noisy[:, place] += noise
        change = (engine.predict(noisy) - engine.predict(X))[:, 0]
        np.testing.assert_allclose(change, noise * w[place], rtol=1e-9, atol=1e-13)


@pytest.mark.checklist(
    row=164, call="NumpyEngine(Network(10, (Dropout(0.2), Dense(10))), ...).logits"
)
def test_a_dropout_layer_sets_to_zero_and_scales_the_rest():
    # the dense layer passes on what it gets, so that the logits show it
    engine = NumpyEngine(Network(10, (Dropout(0.2), Dense(10))), MultiLabel(10), "float64")
    engine.views(engine.parameters)["layers.1.weight"][...] = np.eye(10)
    X = np.random.default_rng(5).normal(size=(2, 10)) + 10
    y = np.zeros((2, 10))
    shares = []
    for _ in range(200):
        engine.loss_and_grad(X, y)
        kept = engine.logits != 0
        np.testing.assert_allclose(engine.logits[kept], 1.25 * X[kept], rtol=1e-14)
        shares.append(kept.mean())
    assert np.mean(shares) == pytest.approx(0.8, abs=0.025)  # four standard errors
    np.testing.assert_array_equal(engine.predict(X), X)  # prediction drops nothing
