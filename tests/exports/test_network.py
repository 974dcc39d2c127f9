"""Networks in ONNX say what the engines say, layer by layer, in both dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical
from xent.engines import prediction_engine
from xent.exports.activations import add_activation
from xent.exports.graph import Graph
from xent.exports.network import add_network
from xent.network import (
    ACTIVATIONS,
    Activate,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    MaxPool2d,
    Network,
    Pixels,
    Residual,
    Scale,
    activation_named,
    mlp,
)
from xent.network.presets import preset

FORMS = {
    "mlp": mlp(5, (7, 6), 3, activation="tanh"),
    "batch norm and dropout": mlp(5, (8, 8), 3, batch_norm=True, dropout=0.5),
    "scale": Network(5, (Dense(6, "softplus"), Scale(), Dense(3))),
    "activate": Network(5, (Dense(6), BatchNorm(), Activate("elu"), Dense(3))),
    "layer norm": Network(5, (Dense(6), LayerNorm(), Activate("gelu"), Dense(3))),
    "residual": Network(5, (Residual((Dense(5, "mish"), Dense(5))), Dense(3))),
    "deep residual": Network(
        5,
        (
            Residual(
                (Dense(8), BatchNorm(), Residual((Dense(8),))), shortcut=(Dense(8), BatchNorm())
            ),
            Dense(3),
        ),
    ),
}
IMAGES = {
    "conv": Network((3, 9, 8), (Conv2d(4, activation="relu"), Flatten(), Dense(3))),
    "stride without padding": Network(
        (2, 9, 8), (Conv2d(4, 2, stride=2, padding=0), GlobalAvgPool(), Dense(3))
    ),
    "wide padding": Network((1, 5, 5), (Conv2d(2, 5, stride=3, padding=3), Flatten(), Dense(3))),
    "pools": Network(
        (2, 12, 11), (MaxPool2d(), AvgPool2d(3, 2), MaxPool2d(2, 1), Flatten(), Dense(3))
    ),
    "norms": Network(
        (2, 6, 6), (Conv2d(3), BatchNorm(), LayerNorm(), Activate("selu"), Flatten(), Dense(3))
    ),
    "residual": Network(
        (2, 8, 8),
        (
            Residual(
                (Conv2d(4, stride=2, activation="relu"), Conv2d(4), BatchNorm()),
                shortcut=(Conv2d(4, 1, stride=2),),
            ),
            GlobalAvgPool(),
            Dense(3),
        ),
    ),
}
WITHIN = {"float32": 3e-6, "float64": 1e-12}


def made(network: Network, dtype: str) -> object:
    """Return an engine with every number drawn, running moments too."""
    distribution = Categorical(3) if network.n_outputs == 3 else Bernoulli()
    engine = prediction_engine(network, distribution, dtype)
    rng = np.random.default_rng(0)
    engine.init(rng)
    engine.parameters[...] += 0.2 * rng.normal(size=engine.parameters.size)
    engine.running[...] = rng.uniform(0.5, 2.0, engine.running.size)
    return engine


def both(network: Network, dtype: str, X: np.ndarray, run) -> tuple[np.ndarray, np.ndarray]:
    engine, graph = made(network, dtype), Graph()
    x = graph.input("x", X.dtype, ("n", *network.row_shape))
    z = add_network(graph, engine, x)
    graph.output("z", z, engine.dtype, ("n", network.n_outputs))
    return run(graph, {"x": X})["z"], engine.predict(X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORMS)
def test_a_network_of_features_is_the_engine_s(name: str, dtype: str, run) -> None:
    X = np.random.default_rng(1).normal(size=(40, 5)).astype(dtype)
    got, expected = both(FORMS[name], dtype, X, run)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=WITHIN[dtype], atol=WITHIN[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", IMAGES)
def test_a_network_of_images_is_the_engine_s(name: str, dtype: str, run) -> None:
    network = IMAGES[name]
    X = np.random.default_rng(1).normal(size=(6, *network.row_shape)).astype(dtype)
    got, expected = both(network, dtype, X, run)
    np.testing.assert_allclose(got, expected, rtol=WITHIN[dtype], atol=WITHIN[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "network",
    [*FORMS.values(), *IMAGES.values()],
    ids=[*FORMS, *(f"{name} of images" for name in IMAGES)],
)
def test_no_rows_are_no_outputs(network: Network, dtype: str, run) -> None:
    got, expected = both(network, dtype, np.empty((0, *network.row_shape), dtype), run)
    assert got.shape == expected.shape == (0, 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["lenet", "small_cnn", "resnet_small"])
def test_the_presets_take_raw_pixels(name: str, dtype: str, run) -> None:
    layers = preset(name, (1, 32, 32), 3).layers
    network = Network((1, 32, 32), (Pixels((0.13,), (0.31,)), *layers))
    X = np.random.default_rng(1).integers(0, 256, (3, 1, 32, 32), dtype=np.uint8)
    got, expected = both(network, dtype, X, run)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(got / scale, expected / scale, atol=WITHIN[dtype])


def test_an_embedding_looks_its_vectors_up(run) -> None:
    network = Network(4, (Embedding(9, 3), Flatten(), Dropout(0.1), Dense(3)))
    X = np.random.default_rng(1).integers(0, 9, (20, 4)).astype(np.float32)
    got, expected = both(network, "float32", X, run)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu:0.3"])
def test_every_activation_everywhere(name: str, dtype: str, run) -> None:
    extremes = [0.0, -0.0, 1e-30, -1e-30, 88.0, -88.0, 1e4, -1e4, 1e30, -1e30]
    z = np.concatenate([np.linspace(-30, 30, 2401), extremes]).astype(dtype)[:, None]
    graph = Graph()
    x = graph.input("z", dtype, ("n", 1))
    graph.output("a", add_activation(graph, name, x, np.dtype(dtype)), dtype, ("n", 1))
    expected = activation_named(name)(z)
    tolerance = {"float32": 1e-6, "float64": 4e-15}[dtype]
    np.testing.assert_allclose(run(graph, {"z": z})["a"], expected, rtol=tolerance, atol=tolerance)
