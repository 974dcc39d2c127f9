"""Where each parameter of a network lies in its one flat vector, and how the vector starts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xent.network.initializers import initialize
from xent.network.layers import BatchNorm
from xent.network.module_network import ModuleNetwork
from xent.network.residual import Residual, shapes_through

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray
    from xent.network.layer_forms import Layer
    from xent.network.module_network import ModuleArray
    from xent.network.network import Network
    from xent.network.shapes import ParameterShape, Shape

__all__ = [
    "ParameterSlot",
    "initial_parameters",
    "initial_running",
    "n_penalized",
    "parameter_layout",
    "running_layout",
]


class ParameterSlot(NamedTuple):
    """A named part of the flat vector: ``vector[slot.where].reshape(slot.shape)``."""

    name: str
    shape: tuple[int, ...]
    where: slice


def parameter_layout(network: Network | ModuleNetwork) -> list[ParameterSlot]:
    """Return the parts of the flat parameter vector, in their order.

    First all weights, a Dense layer's of shape (n_in, n_out), so that the penalized parameters are
    one piece; then the biases; then the factors of Scale, and gamma and beta of the normalizing
    layers. A name is ``layers.``, the place of the layer in the network, and ``weight``, ``bias``,
    ``scale``, ``gamma`` or ``beta``. The parameters of an own module have the names they have there.

    Parameters
    ----------
    network : Network or ModuleNetwork

    Returns
    -------
    list of ParameterSlot
        Each unpacks to name, shape, slice.

    Examples
    --------
    >>> from xent.network import mlp
    >>> for name, shape, where in parameter_layout(mlp(2, (80,), 1)):
    ...     print(name, shape, where.start, where.stop)
    layers.0.weight (2, 80) 0 160
    layers.1.weight (80, 1) 160 240
    layers.0.bias (80,) 240 320
    layers.1.bias (1,) 320 321
    """
    if isinstance(network, ModuleNetwork):
        return _in_turn(network.trained)
    return [slot for slot, _ in _slots(network)]


def _in_turn(arrays: Sequence[ModuleArray]) -> list[ParameterSlot]:
    slots, start = [], 0
    for own in arrays:
        slots.append(ParameterSlot(own.name, own.shape, slice(start, start + own.size)))
        start += own.size
    return slots


def _slots(network: Network) -> list[tuple[ParameterSlot, ParameterShape]]:
    """Return the parts of the flat vector, each beside what its layer says of it."""
    named = [
        (f"layers.{place}.{own.name}", own)
        for place, (layer, below) in enumerate(
            zip(network.layers, network.shapes[:-1], strict=True)
        )
        for own in layer.parameters(below)
    ]
    slots, start = [], 0
    for role in ("weight", "bias", "gain"):
        for name, own in named:
            if own.role == role:
                stop = start + math.prod(own.shape)
                slots.append((ParameterSlot(name, own.shape, slice(start, stop)), own))
                start = stop
    return slots


def n_penalized(network: Network | ModuleNetwork) -> int:
    """Return how many entries at the head of the flat vector are weights.

    Penalties and weight decay act on these, and on no bias unless asked.

    Examples
    --------
    >>> from xent.network import mlp
    >>> n_penalized(mlp(30, (100, 100), 1))
    13100
    """
    if isinstance(network, ModuleNetwork):
        return network.n_weights
    return sum(math.prod(own.shape) for _, own in _slots(network) if own.role == "weight")


def initial_parameters(
    network: Network, rng: np.random.Generator, dtype: DTypeLike = np.float64
) -> FloatArray:
    """Return the flat vector as training starts: weights drawn, biases and offsets 0, factors 1.

    Parameters
    ----------
    network : Network
    rng : numpy.random.Generator
        Drawn from in the order of the layers.
    dtype : dtype, default float64

    Returns
    -------
    ndarray of shape (network.n_parameters,)

    Examples
    --------
    >>> from xent.network import mlp
    >>> initial_parameters(mlp(1, (), 1, init="zeros"), np.random.default_rng(0)).tolist()
    [0.0, 0.0]
    """
    vector: FloatArray = np.zeros(network.n_parameters, dtype)
    for slot, own in _slots(network):
        if own.start == "ones":
            vector[slot.where] = 1.0
        elif own.start != "zeros":
            drawn = initialize(own.start, own.shape, rng, vector.dtype, fans=own.fans)
            vector[slot.where] = drawn.reshape(-1)
    return vector


def running_layout(network: Network | ModuleNetwork) -> list[ParameterSlot]:
    """Return where the running moments of each BatchNorm lie in their own flat vector: means, then variances.

    Of an own module it is the buffers, each by its name.

    Examples
    --------
    >>> from xent.network import mlp
    >>> [(slot.name, slot.where.stop) for slot in running_layout(mlp(2, (8,), 1, batch_norm=True))]
    [('layers.1', 16)]
    """
    if isinstance(network, ModuleNetwork):
        return _in_turn(network.buffers)
    slots, start = [], 0
    for name, width in _norms(network.layers, network.row_shape, "layers"):
        slots.append(ParameterSlot(name, (2, width), slice(start, start + 2 * width)))
        start += 2 * width
    return slots


def initial_running(network: Network, dtype: DTypeLike = np.float64) -> FloatArray:
    """Return the running moments as training starts: means 0, variances 1."""
    parts = [np.repeat(np.array([0, 1], dtype), slot.shape[1]) for slot in running_layout(network)]
    return np.concatenate([*parts, np.empty(0, dtype)])


def _norms(layers: Sequence[Layer], shape: Shape, name: str) -> Iterator[tuple[str, int]]:
    """Yield name and width of each BatchNorm, in the order in which rows pass."""
    below = shapes_through(layers, shape)
    for place, layer in enumerate(layers):
        own = f"{name}.{place}"
        if isinstance(layer, BatchNorm):
            yield own, below[place][0]
        elif isinstance(layer, Residual):
            yield from _norms(layer.layers, below[place], f"{own}.layers")
            yield from _norms(layer.shortcut, below[place], f"{own}.shortcut")
