"""Limits on the gradient, in place: on its norm, or on each entry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["clip_by_norm", "clip_by_value", "norm"]


def norm(vector: FloatArray) -> float:
    """Return the Euclidean norm of a flat vector.

    Parameters
    ----------
    vector : ndarray of shape (n,)

    Returns
    -------
    float
        NaN if an entry is NaN.

    Examples
    --------
    >>> norm(np.array([3.0, 4.0]))
    5.0
    """
    # One BLAS call serves, unless the squares leave the range of the dtype.
    with np.errstate(over="ignore"):
        square = float(np.dot(vector, vector))
    if 1e-30 < square < math.inf:
        return math.sqrt(square)
    largest = float(np.max(np.abs(vector), initial=0.0))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    scaled = vector.astype(np.float64) / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))


def clip_by_norm(gradient: FloatArray, max_norm: float) -> float:
    """Scale the gradient down to `max_norm` where its norm is larger, in place.

    Its direction is kept (Pascanu et al. 2013, algorithm 1). A gradient with NaN or infinity in it
    is left as it is: no factor mends it.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        Changed in place.
    max_norm : float
        Positive.

    Returns
    -------
    float
        The norm before clipping.

    Examples
    --------
    >>> gradient = np.array([3.0, 4.0])
    >>> clip_by_norm(gradient, 1.0)
    5.0
    >>> gradient.round(2).tolist()
    [0.6, 0.8]
    """
    _check_limit("max_norm", max_norm)
    length = norm(gradient)
    if max_norm < length < math.inf:
        np.multiply(gradient, max_norm / length, out=gradient)
    return length


def clip_by_value(gradient: FloatArray, max_value: float) -> None:
    """Limit every entry of the gradient to [-max_value, max_value], in place.

    Parameters
    ----------
    gradient : ndarray of shape (n,)
        Changed in place.
    max_value : float
        Positive.

    Examples
    --------
    >>> gradient = np.array([0.5, -4.0])
    >>> clip_by_value(gradient, 1.0)
    >>> gradient.tolist()
    [0.5, -1.0]
    """
    _check_limit("max_value", max_value)
    np.clip(gradient, -max_value, max_value, out=gradient)


def _check_limit(name: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        msg = f"{name} must be a positive number, got {value!r}. To clip nothing, do not call it."
        raise XentError(msg)
