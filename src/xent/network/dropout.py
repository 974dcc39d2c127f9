"""Inverted dropout as a plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["dropout"]


def dropout(x: ArrayLike, rate: float, rng: np.random.Generator, *, training: bool = True) -> Any:
    """Return `x` with a share `rate` of its entries set to 0 and the others divided by 1 - rate.

    Each entry is dropped with probability `rate`, independently. The expectation is that of `x`,
    so prediction needs no correction (Srivastava et al. 2014, section 10).

    Parameters
    ----------
    x : array_like
        Of any shape.
    rate : float
        The share that is dropped, in [0, 1]; 1 drops all.
    rng : numpy.random.Generator
        Decides what is dropped.
    training : bool, default True
        Outside training `x` comes back unchanged.

    Returns
    -------
    ndarray
        Of the shape and floating-point dtype of `x`; integers become float64.

    Raises
    ------
    XentError
        If `rate` is not in [0, 1].

    Examples
    --------
    >>> x = np.full(5, 2.0)
    >>> dropout(x, 0.2, np.random.default_rng(4)).tolist()
    [2.5, 2.5, 2.5, 0.0, 2.5]
    >>> dropout(x, 0.2, np.random.default_rng(4), training=False).tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0]
    """
    if not 0.0 <= rate <= 1.0:
        msg = f"rate must be in [0, 1], got {rate!r}. It is the share that is dropped."
        raise XentError(msg)
    x = np.asarray(x)
    values = x if x.dtype.kind == "f" else x.astype(np.float64)
    if not training or rate == 0.0:
        return values.copy()
    if rate == 1.0:
        return np.zeros_like(values)
    kept = rng.random(values.shape) >= rate
    return np.where(kept, values / (1.0 - rate), 0.0).astype(values.dtype, copy=False)
