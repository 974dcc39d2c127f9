"""The arrays of an own module in a model file, each under the name that it has in the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.network import running_layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.arrays import Array
    from xent.network import ModuleNetwork
    from xent.network.module_network import ModuleArray

__all__ = ["check_array", "module_arrays", "stored_arrays"]


def module_arrays(engine: Any) -> dict[str, Array]:
    """Return the buffers and the parameters that are not trained, by name, in a file's dtypes.

    Parameters
    ----------
    engine : TorchEngine or StoredEngine
        Of an own module.
    """
    network, state = engine.network, engine.state()
    buffers = {
        slot.name: np.asarray(state["running"][slot.where].reshape(slot.shape), order="C")
        for slot in running_layout(network)
    }
    counters = {
        own.name: np.asarray(part, order="C")
        for own, part in zip(
            network.counters, _parts(state["counters"], network.counters), strict=True
        )
    }
    fixed = {name: np.asarray(array, order="C") for name, array in engine.fixed().items()}
    return {**buffers, **counters, **fixed}


def stored_arrays(
    network: ModuleNetwork, arrays: Mapping[str, Array], dtype: np.dtype[Any]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the state and the parameters that are not trained, from the arrays of a file.

    Raises
    ------
    XentError
        When an array is missing, unknown, or of another shape or dtype than the network's.
    """
    known = (*network.trained, *network.frozen, *network.buffers, *network.counters)
    for name in sorted(set(arrays) - {own.name for own in known}):
        raise XentError(f"array {name} is unknown to the network")
    for own in known:
        if own.name not in arrays:
            raise XentError(f"array {own.name} is missing")
        if arrays[own.name].shape != own.shape:
            raise XentError(
                f"array {own.name} must have shape {own.shape}, got {arrays[own.name].shape}"
            )
    whole = np.dtype(np.int64)
    state = {
        "parameters": _joined(network.trained, arrays, dtype),
        "running": _joined(network.buffers, arrays, dtype),
        "counters": _joined(network.counters, arrays, whole),
    }
    if not np.isfinite(state["parameters"]).all():
        raise XentError("the trained arrays hold values that are not finite")
    fixed = {own.name: np.array(arrays[own.name]) for own in network.frozen}
    return state, fixed


def check_array(name: str, expected: Array | None, found: Array | None) -> None:
    """Refuse an array of a file that is not what a network has under its name.

    Raises
    ------
    XentError
    """
    if expected is None or found is None:
        raise XentError(
            f"array {name} is {'unknown to the network' if expected is None else 'missing'}"
        )
    if expected.shape != found.shape or expected.dtype != found.dtype:
        raise XentError(
            f"array {name} must have shape {expected.shape} and dtype {expected.dtype}, "
            f"got {found.shape} and {found.dtype}"
        )
    if not np.isfinite(found).all():
        raise XentError(f"array {name} holds values that are not finite")


def _joined(
    held: Sequence[ModuleArray], arrays: Mapping[str, Array], dtype: np.dtype[Any]
) -> Array:
    for own in held:
        if arrays[own.name].dtype != dtype:
            raise XentError(
                f"array {own.name} must have dtype {dtype}, got {arrays[own.name].dtype}"
            )
    return np.concatenate([*(arrays[own.name].reshape(-1) for own in held), np.empty(0, dtype)])


def _parts(vector: Array, held: Sequence[ModuleArray]) -> list[Array]:
    ends = np.cumsum([own.size for own in held])
    parts = np.split(vector, ends[:-1]) if held else []
    return [part.reshape(own.shape) for part, own in zip(parts, held, strict=True)]
