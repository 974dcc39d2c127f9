"""What every unit of a network puts out for some rows; of a channel of an image, the mean over its places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.engines import Engine

__all__ = ["unit_outputs"]

BLOCK_NUMBERS: Final = 1 << 24  # of all layers: the channels of many images would fill the memory


def unit_outputs(engine: Engine, X: Array) -> list[Array]:
    """Return the output of every layer, shape (n, n_units), in the order of the network.

    Where a layer puts out images, a unit is a channel, and its output the mean over the places: 0 only
    where a relu cuts it off everywhere.

    Parameters
    ----------
    engine : Engine
    X : ndarray of shape (n, *row_shape)
        As the network takes them.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> from xent.engines import NumpyEngine
    >>> from xent.network import mlp
    >>> engine = NumpyEngine(mlp(3, (5,), 1), Bernoulli())
    >>> [outputs.shape for outputs in unit_outputs(engine, np.zeros((2, 3), np.float32))]
    [(2, 5), (2, 1)]
    """
    step = max(1, BLOCK_NUMBERS // sum(engine.network.sizes))
    blocks = [
        [_by_unit(outputs) for outputs in engine.activations(X[start : start + step])]
        for start in range(0, max(len(X), 1), step)
    ]
    if len(blocks) == 1:
        return blocks[0]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _by_unit(outputs: Array) -> Array:
    if outputs.ndim == 2:
        return outputs
    means: Array = outputs.reshape(*outputs.shape[:2], -1).mean(axis=2)
    return means
