"""A network in the graph, layer after layer, in its own dtype."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from xent.exports import image_layers, layers
from xent.exports.activations import add_activation
from xent.exports.layers import LayerWeights
from xent.network import (
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
    ModuleNetwork,
    Pixels,
    Residual,
    Scale,
)
from xent.network.parameters import running_layout
from xent.network.residual import shapes_through

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.engines.engine import Engine
    from xent.exports.graph import Graph
    from xent.network import Layer

__all__ = ["add_network"]


def add_network(graph: Graph, engine: Engine, a: str) -> str:
    """Add a network to a graph and return the name of its outputs, (n, n_outputs).

    Parameters
    ----------
    graph : Graph
    engine : Engine
        The network with its parameters; an own module with its code.
    a : str
        The name of its input: features in the engine's dtype, or pixels.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.engines import NumpyEngine
    >>> from xent.exports.graph import Graph
    >>> from xent.network import mlp
    >>> graph = Graph()
    >>> _ = add_network(graph, NumpyEngine(mlp(2, (3,), 1), Bernoulli()), "x")
    >>> [node.operator for node in graph.nodes]
    ['Gemm', 'Relu', 'Gemm']
    """
    network = engine.network
    if isinstance(network, ModuleNetwork):
        from xent.exports.torch_module import add_module

        return add_module(graph, engine, a)
    running = {
        slot.name: engine.running[slot.where].reshape(slot.shape)
        for slot in running_layout(network)
    }
    own = LayerWeights(
        engine.views(engine.parameters), running, engine.dtype, "layers", network.row_shape
    )
    return _add_layers(graph, network.layers, a, own)


def _add_layers(graph: Graph, stack: Sequence[Layer], a: str, within: LayerWeights) -> str:
    below = shapes_through(stack, within.shape)[:-1]
    for place, (layer, shape) in enumerate(zip(stack, below, strict=True)):
        own = replace(within, name=f"{within.name}.{place}", shape=shape)
        a = _FORMS[type(layer)](graph, layer, a, own)
    return a


def _add_residual(graph: Graph, layer: Residual, a: str, own: LayerWeights) -> str:
    long, short = (
        _add_layers(graph, getattr(layer, way), a, replace(own, name=f"{own.name}.{way}"))
        for way in ("layers", "shortcut")
    )
    return add_activation(graph, layer.activation, graph.add("Add", long, short), own.dtype)


def _add_nothing(_graph: Graph, _layer: Dropout, a: str, _own: LayerWeights) -> str:
    return a


_FORMS: Final[dict[type, Callable[[Graph, Any, str, LayerWeights], str]]] = {
    Dense: layers.add_dense,
    Dropout: _add_nothing,
    BatchNorm: layers.add_batch_norm,
    Scale: layers.add_scale,
    Activate: layers.add_activate,
    LayerNorm: layers.add_layer_norm,
    Flatten: layers.add_flatten,
    Embedding: layers.add_embedding,
    Pixels: image_layers.add_pixels,
    Conv2d: image_layers.add_conv,
    MaxPool2d: image_layers.add_max_pool,
    AvgPool2d: image_layers.add_avg_pool,
    GlobalAvgPool: image_layers.add_global_avg_pool,
    Residual: _add_residual,
}
