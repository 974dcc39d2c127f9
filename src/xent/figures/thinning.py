"""Curves of any length, cut down to the points that decide what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = ["N_COLUMNS", "drawn_places"]

# at most four points a column, so 2,000 in all: a column is at most a pixel of a chart 500 wide
N_COLUMNS = 500


def drawn_places(x: FloatArray, y: FloatArray, *, n_columns: int = N_COLUMNS) -> IntArray:
    """Return the places of the points of a line that decide what it looks like.

    The range of `x` is cut into columns of one width. Of each column the first, the last, the
    lowest and the highest point stay, in their order ("M4", Jugel et al. 2014, VLDB 7). Between
    columns the line is the same, and inside a column it covers the same heights. Lines of straight
    pieces and of steps both keep what they cover: no pixel of a chart with one column a pixel
    changes, and in a wider one nothing moves by more than a column.

    Parameters
    ----------
    x : array of shape (n,)
        Never falling, finite; a curve that falls is given reversed.
    y : array of shape (n,)
        Finite.
    n_columns : int
        At most `4 * n_columns` points are kept; no more than that come back as they are.

    Returns
    -------
    int64 array of shape (m,)
        Rising.

    Raises
    ------
    XentError
        When x falls, or the arrays are not of one length.

    Examples
    --------
    >>> x = np.linspace(0, 1, 100_000)
    >>> y = np.where(x == x[77_777], 5.0, np.sin(x))
    >>> kept = drawn_places(x, y)
    >>> kept.size <= 2000, 77_777 in kept
    (True, True)
    """
    if x.shape != y.shape or x.ndim != 1:
        raise XentError(f"x and y must be of one length, got shapes {x.shape} and {y.shape}.")
    if np.any(np.diff(x) < 0):
        raise XentError("x must never fall. Sort the points, or reverse them.")
    if x.size <= 4 * n_columns:
        return np.arange(x.size)
    width = x[-1] - x[0]
    # a vertical line has a single column
    column = np.zeros(x.size, dtype=np.int64)
    if width > 0:
        column = np.minimum((x - x[0]) / width * n_columns, n_columns - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    stops = np.append(starts[1:], x.size)
    by_height = np.lexsort((y, column))
    kept = np.concatenate([starts, stops - 1, by_height[starts], by_height[stops - 1]])
    return np.unique(kept)
