"""Values at the ends: those at which rows pile up, and the few rows that hold most of a sum of squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["dominating_rows", "piles_at_ends"]

_MANY_VALUES: Final = 20
_PILE: Final = 0.01  # share of the rows that one extreme value must hold
_FEWEST_ROWS: Final = 100
_DOMINATED: Final = 0.5  # of the sum, how much one row in a hundred holds


def piles_at_ends(values: Array) -> list[tuple[float, int]]:
    """Return the least and the largest value, with their rows, where rows pile up at them.

    That is ten times as many as at the values beside it; of few distinct values nothing is said.

    Examples
    --------
    >>> piles_at_ends(np.maximum(np.arange(100.0), 30.0))
    [(30.0, 31)]
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < _MANY_VALUES:
        return []
    least = max(5, _PILE * len(values))
    return [
        (float(value), int(count))
        for value, count, neighbors in (
            (distinct[0], counts[0], counts[1:11]),
            (distinct[-1], counts[-1], counts[-11:-1]),
        )
        if count >= least and count >= 10 * neighbors.mean()
    ]


def dominating_rows(squares: FloatArray) -> tuple[IntArray, float] | None:
    """Return the largest hundredth of the rows, and their share of the sum, where it is half or more.

    Examples
    --------
    >>> dominating_rows(np.where(np.arange(200) % 100 == 7, 500.0, 1.0))[0].tolist()
    [7, 107]
    """
    n = len(squares)
    if n < _FEWEST_ROWS or not squares.any():
        return None
    worst = np.argsort(-squares, kind="stable")[: n // 100]
    share = float(squares[worst].sum() / squares.sum())
    return (worst, share) if share >= _DOMINATED else None
