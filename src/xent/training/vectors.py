"""Flat vectors of parameters: of NumPy, or of PyTorch where they lie on another device."""

from __future__ import annotations

import importlib
import math
from typing import Any, Final, TypeAlias

import numpy as np

__all__ = ["Vector", "as_numpy", "block_size", "dtype_name", "like", "norm", "operations"]

# numbers that stay in the cache of one core
_BLOCK: Final = 32_768

#: A vector of NumPy or of PyTorch. Both are indexed, added and assigned to alike.
Vector: TypeAlias = Any


def operations(vector: Vector) -> Any:
    """Return the library that computes with a vector: its functions take `out`.

    Examples
    --------
    >>> operations(np.zeros(3)) is np
    True
    """
    return np if isinstance(vector, np.ndarray) else importlib.import_module("torch")


def block_size(vector: Vector) -> int:
    """Return how many entries to compute with at a time: what the cache holds, or all on a device."""
    return _BLOCK if isinstance(vector, np.ndarray) else max(len(vector), 1)


def dtype_name(vector: Vector) -> str:
    """Return the name of a vector's dtype, "float32" in both libraries."""
    return str(vector.dtype).removeprefix("torch.")


def as_numpy(vector: Vector) -> Any:
    """Return the vector as a NumPy array: itself, or a copy from its device."""
    return vector if isinstance(vector, np.ndarray) else vector.detach().cpu().numpy()


def like(values: Any, vector: Vector) -> Any:
    """Return a NumPy array as the library and the device of `vector` have it."""
    if isinstance(vector, np.ndarray):
        return values
    return operations(vector).from_numpy(np.ascontiguousarray(values)).to(vector.device)


def norm(vector: Vector) -> float:
    """Return the Euclidean norm of a vector.

    Parameters
    ----------
    vector : Vector, shape (n,)

    Returns
    -------
    float
        NaN if an entry is NaN.

    Examples
    --------
    >>> norm(np.array([3.0, 4.0]))
    5.0
    """
    ops = operations(vector)
    # one product serves, unless the squares leave the range of the dtype
    with np.errstate(over="ignore"):
        square = float(ops.dot(vector, vector))
    if 1e-30 < square < math.inf:
        return math.sqrt(square)
    largest = float(ops.max(ops.abs(vector))) if len(vector) else 0.0
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    scaled = as_numpy(vector).astype(np.float64) / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))
