"""Where each parameter of a network lies in its one flat vector, and how the vector starts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xent.network.initializers import initialize
from xent.network.layers import BatchNorm, Dense, Scale

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray
    from xent.network.network import Network

__all__ = ["ParameterSlot", "initial_parameters", "n_penalized", "parameter_layout"]


class ParameterSlot(NamedTuple):
    """A named part of the flat vector: ``vector[slot.where].reshape(slot.shape)``."""

    name: str
    shape: tuple[int, ...]
    where: slice


def parameter_layout(network: Network) -> list[ParameterSlot]:
    """Return the parts of the flat parameter vector, in their order.

    First the weights of all Dense layers, of shape (n_in, n_out), so that the penalized parameters
    are one piece; then their biases; then the factors of Scale, and gamma and beta of BatchNorm.
    A name is ``layers.``, the place of the layer in the network, and ``weight``, ``bias``,
    ``scale``, ``gamma`` or ``beta``.

    Parameters
    ----------
    network : Network

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
    weights: list[tuple[str, tuple[int, ...]]] = []
    biases: list[tuple[str, tuple[int, ...]]] = []
    gains: list[tuple[str, tuple[int, ...]]] = []
    for place, (layer, n_in) in enumerate(zip(network.layers, network.sizes[:-1], strict=True)):
        if isinstance(layer, Dense):
            weights.append((f"layers.{place}.weight", (n_in, layer.n_units)))
            biases.append((f"layers.{place}.bias", (layer.n_units,)))
        elif isinstance(layer, Scale):
            gains.append((f"layers.{place}.scale", (n_in,)))
        elif isinstance(layer, BatchNorm):
            gains += [(f"layers.{place}.gamma", (n_in,)), (f"layers.{place}.beta", (n_in,))]
    slots = []
    start = 0
    for name, shape in weights + biases + gains:
        stop = start + math.prod(shape)
        slots.append(ParameterSlot(name, shape, slice(start, stop)))
        start = stop
    return slots


def n_penalized(network: Network) -> int:
    """Return how many entries at the head of the flat vector are weights.

    Penalties and weight decay act on these, and on no bias unless asked.

    Examples
    --------
    >>> from xent.network import mlp
    >>> n_penalized(mlp(30, (100, 100), 1))
    13100
    """
    sizes = network.sizes
    return sum(
        n_in * layer.n_units
        for layer, n_in in zip(network.layers, sizes[:-1], strict=True)
        if isinstance(layer, Dense)
    )


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
    for name, shape, where in parameter_layout(network):
        _, place, role = name.split(".")
        layer = network.layers[int(place)]
        if role == "weight" and isinstance(layer, Dense):
            n_in, n_out = shape
            weights = initialize(layer.initializer, (n_in, n_out), rng, vector.dtype)
            vector[where] = weights.reshape(-1)
        elif role in {"scale", "gamma"}:
            vector[where] = 1.0
    return vector
