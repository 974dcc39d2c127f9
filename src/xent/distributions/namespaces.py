"""Which array library an array belongs to, and the precision that a formula is computed in.

NumPy arrays, and the tensors of any library that array-api-compat knows, run through the same
formulas. NumPy itself follows the array API standard since 2.0, so that array-api-compat is loaded
for the others only.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np

from xent.errors import XentError

__all__ = [
    "AnyArray",
    "as_array",
    "as_floats",
    "device_of",
    "is_numpy",
    "like",
    "namespace_of",
    "scalar",
    "to_numpy",
    "working_dtype",
]

#: An array of any library that array-api-compat knows. No static type covers them all.
AnyArray: TypeAlias = Any


def is_numpy(xp: Any) -> bool:
    """Tell whether a namespace is NumPy's own."""
    return xp is np


def namespace_of(array: AnyArray) -> Any:
    """Return the array API namespace of an array (NumPy's own for NumPy arrays)."""
    if isinstance(array, np.ndarray):
        return np
    from array_api_compat import array_namespace

    return array_namespace(array)


def as_array(values: AnyArray) -> AnyArray:
    """Return arrays of a known library unchanged, all else (lists, frames) as a NumPy array."""
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, (list, tuple, int, float, np.generic)):
        return np.asarray(values)
    from array_api_compat import is_array_api_obj

    return values if is_array_api_obj(values) else np.asarray(values)


def as_floats(values: AnyArray, name: str) -> AnyArray:
    """Return an array of floats of at most 64 bits; integers and booleans become float64.

    Raises
    ------
    XentError
        If the values are not real numbers.
    """
    array = as_array(values)
    xp = namespace_of(array)
    if is_numpy(xp) and array.dtype.kind not in "fiub":
        raise XentError(f"{name} must hold real numbers, got dtype {array.dtype}.")
    if not xp.isdtype(array.dtype, "real floating"):
        if xp.isdtype(array.dtype, "complex floating"):
            raise XentError(f"{name} must hold real numbers, got dtype {array.dtype}.")
        return xp.astype(array, xp.float64)
    if xp.finfo(array.dtype).bits > 64:
        raise XentError(
            f"{name} must have at most 64 bits a number, got {array.dtype}. Use astype('float64')."
        )
    return array


def device_of(array: AnyArray) -> Any:
    """Return the device that an array lies on."""
    return array.device


@cache
def _device_has_float64(xp: Any, device: Any) -> bool:
    try:
        xp.zeros((), dtype=xp.float64, device=device)
    except (TypeError, RuntimeError):
        return False
    return True


def working_dtype(xp: Any, array: AnyArray) -> Any:
    """Return float64, or float32 where the device of `array` has nothing wider (Apple's mps)."""
    if is_numpy(xp) or _device_has_float64(xp, device_of(array)):
        return xp.float64
    return xp.float32


def like(xp: Any, values: AnyArray, array: AnyArray) -> AnyArray:
    """Return `values` as an array of the namespace `xp`, on the device of `array`."""
    if is_numpy(xp):
        return to_numpy(values)
    if isinstance(values, np.ndarray):
        # torch shares memory with NumPy and warns about memory that it may not write to.
        values = values if values.flags.writeable else values.copy()
    return xp.asarray(values, device=device_of(array))


def scalar(xp: Any, value: float, array: AnyArray) -> AnyArray:
    """Return a number as a 0-d array of the dtype and device of `array`."""
    if is_numpy(xp):
        return array.dtype.type(value)
    return xp.asarray(value, dtype=array.dtype, device=device_of(array))


def to_numpy(values: AnyArray) -> Any:
    """Return an array of any library and device as a NumPy array."""
    if hasattr(values, "detach"):  # a torch tensor: off the graph, off the device
        values = values.detach().cpu().numpy()
    return np.asarray(values)
