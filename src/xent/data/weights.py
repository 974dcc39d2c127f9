"""Weights of rows, checked once at the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import FloatArray

__all__ = ["check_weights"]


def check_weights(weight: ArrayLike, n_rows: int, *, name: str = "weight") -> FloatArray:
    """Return the weights of `n_rows` rows as float64, or refuse what cannot be a weight.

    A weight of 0 means that the row is absent, a weight of 2 that it is there twice.

    Parameters
    ----------
    weight : array-like of shape (n,) or (n, 1)
        Not negative, finite, not all zero.
    n_rows : int
        The number of rows.
    name : str
        What to call it in messages: the argument, or the column.

    Raises
    ------
    XentError
        When a weight is negative, missing or infinite (the row is named), or all are zero.

    Examples
    --------
    >>> check_weights([1, 2, 0], 3)
    array([1., 2., 0.])
    """
    try:
        values = np.asarray(weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise XentError(f"{name} must hold numbers ({error}).") from error
    if values.shape == (n_rows, 1):
        values = values[:, 0]
    if values.shape != (n_rows,):
        raise XentError(
            f"{name} must have shape ({n_rows},), a weight for each row, got {values.shape}."
        )
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if bad.size:
        raise XentError(
            f"{name} must be finite and not negative, got {values[bad[0]]} in data row "
            f"{bad[0] + 1}. Give such rows the weight 0 or leave them out."
        )
    if not values.any():
        raise XentError(f"{name} is zero in all {n_rows} rows. At least one row must count.")
    return values
