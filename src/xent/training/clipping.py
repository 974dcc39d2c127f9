"""Limits on the gradient, in place: on its norm, or on each entry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xent.errors import XentError
from xent.training.vectors import norm, operations

if TYPE_CHECKING:
    from xent.training.vectors import Vector

__all__ = ["clip_by_norm", "clip_by_value"]


def clip_by_norm(gradient: Vector, max_norm: float) -> float:
    """Scale the gradient down to `max_norm` where its norm is larger, in place.

    Its direction is kept (Pascanu et al. 2013, algorithm 1). A gradient with NaN or infinity in it
    is left as it is: no factor mends it.

    Parameters
    ----------
    gradient : Vector, shape (n,)
        Changed in place.
    max_norm : float
        Positive.

    Returns
    -------
    float
        The norm before clipping.

    Examples
    --------
    >>> import numpy as np
    >>> gradient = np.array([3.0, 4.0])
    >>> clip_by_norm(gradient, 1.0)
    5.0
    >>> gradient.round(2).tolist()
    [0.6, 0.8]
    """
    _check_limit("max_norm", max_norm)
    length = norm(gradient)
    if max_norm < length < math.inf:
        operations(gradient).multiply(gradient, max_norm / length, out=gradient)
    return length


def clip_by_value(gradient: Vector, max_value: float) -> None:
    """Limit every entry of the gradient to [-max_value, max_value], in place.

    Parameters
    ----------
    gradient : Vector, shape (n,)
        Changed in place.
    max_value : float
        Positive.

    Examples
    --------
    >>> import numpy as np
    >>> gradient = np.array([0.5, -4.0])
    >>> clip_by_value(gradient, 1.0)
    >>> gradient.tolist()
    [0.5, -1.0]
    """
    _check_limit("max_value", max_value)
    operations(gradient).clip(gradient, -max_value, max_value, out=gradient)


def _check_limit(name: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        msg = f"{name} must be a positive number, got {value!r}. To clip nothing, do not call it."
        raise XentError(msg)
