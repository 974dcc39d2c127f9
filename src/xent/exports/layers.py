"""The layers of rows of features, each from the name of its input to the name of its output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.exports.activations import add_activation

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.exports.graph import Graph
    from xent.network import Activate, BatchNorm, Dense, Embedding, LayerNorm, Scale
    from xent.network.shapes import Shape

__all__ = [
    "LayerWeights",
    "add_activate",
    "add_batch_norm",
    "add_dense",
    "add_embedding",
    "add_flatten",
    "add_layer_norm",
    "add_scale",
]


@dataclass(frozen=True)
class LayerWeights:
    """What a layer has learned, and the shape of the rows that come to it.

    Attributes
    ----------
    parameters : dict
        Arrays by their full name, "layers.0.weight".
    running : dict
        Running mean and variance by the name of the layer, of shape (2, n).
    dtype : numpy.dtype
        Of the network.
    name : str
        Of the layer, "layers.0".
    shape : tuple of int
        Of a row at its input.
    """

    parameters: dict[str, Array]
    running: dict[str, Array]
    dtype: np.dtype[Any]
    name: str
    shape: Shape

    def __getitem__(self, parameter: str) -> Array:
        return self.parameters[f"{self.name}.{parameter}"]


def add_dense(graph: Graph, layer: Dense, a: str, own: LayerWeights) -> str:
    """Compute f(a W + b)."""
    weight, bias = graph.constant(own["weight"]), graph.constant(own["bias"])
    return add_activation(graph, layer.activation, graph.add("Gemm", a, weight, bias), own.dtype)


def add_activate(graph: Graph, layer: Activate, a: str, own: LayerWeights) -> str:
    """Compute f(a)."""
    return add_activation(graph, layer.activation, a, own.dtype)


def add_scale(graph: Graph, _layer: Scale, a: str, own: LayerWeights) -> str:
    """Compute s * a."""
    return graph.add("Mul", a, graph.constant(own["scale"]))


def add_batch_norm(graph: Graph, layer: BatchNorm, a: str, own: LayerWeights) -> str:
    """Compute γ (a - mean) / sqrt(variance + ε) + β with the running moments."""
    mean, variance = own.running[own.name]
    gain = own["gamma"] / np.sqrt(variance + own.dtype.type(layer.epsilon))
    # a channel's number serves all its places
    places = (-1, *(1,) * (len(own.shape) - 1))
    factors = (graph.constant(own_part.reshape(places)) for own_part in (mean, gain, own["beta"]))
    center, scale, offset = factors
    return graph.add("Add", graph.add("Mul", graph.add("Sub", a, center), scale), offset)


def add_layer_norm(graph: Graph, layer: LayerNorm, a: str, own: LayerWeights) -> str:
    """Compute γ (a - mean) / sqrt(variance + ε) + β with the moments of the row."""
    axes = graph.constant(list(range(1, len(own.shape) + 1)), np.int64)
    centered = graph.add("Sub", a, graph.add("ReduceMean", a, axes))
    variance = graph.add("ReduceMean", graph.add("Mul", centered, centered), axes)
    spread = graph.add("Sqrt", graph.add("Add", variance, graph.constant(layer.epsilon, own.dtype)))
    normalized = graph.add("Div", centered, spread)
    scaled = graph.add("Mul", normalized, graph.constant(own["gamma"]))
    return graph.add("Add", scaled, graph.constant(own["beta"]))


def add_flatten(graph: Graph, _layer: object, a: str, _own: LayerWeights) -> str:
    """Lay the numbers of a row out as one vector."""
    return graph.add("Flatten", a, axis=1)


def add_embedding(graph: Graph, _layer: Embedding, a: str, own: LayerWeights) -> str:
    """Replace each whole number by its vector."""
    return graph.add("Gather", graph.constant(own["weight"]), graph.cast(a, np.int64), axis=0)
