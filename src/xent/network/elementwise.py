"""How an element-wise formula is applied: in float64, rounded once to the type that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = ["evaluate"]

_NARROW = (np.dtype(np.float16), np.dtype(np.float32))


def evaluate(formula: Callable[[FloatArray], FloatArray], z: ArrayLike) -> Any:
    """Return formula(z), element by element.

    float16 and float32 are computed in float64 and rounded once, which leaves half an ulp;
    integers become float64.

    Parameters
    ----------
    formula : callable
        From a float64 array to a float64 array of the same shape.
    z : array_like of real numbers
        Of any shape.

    Returns
    -------
    ndarray or scalar
        Of the shape of `z`; float16 or float32 where `z` is, else float64.

    Raises
    ------
    XentError
        If `z` does not hold real numbers.

    Examples
    --------
    >>> evaluate(np.square, [1, 2]).tolist()
    [1.0, 4.0]
    """
    given = np.asarray(z)
    if given.dtype.kind not in "fiub":
        msg = (
            f"z must hold real numbers, got an array of {given.dtype}. Convert it with np.asarray."
        )
        raise XentError(msg)
    # An exponential that leaves the range has reached its limit, 0 or infinity: no warning.
    with np.errstate(over="ignore", under="ignore"):
        value = formula(given.astype(np.float64, copy=False))
        if given.dtype in _NARROW:
            value = value.astype(given.dtype)
    return value[()]
