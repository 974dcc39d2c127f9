"""Work cut into pieces, a thread each; NumPy lets go of Python's lock."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_threads"]

ResultT = TypeVar("ResultT")


def in_threads(work: Callable[[int, int], ResultT], n: int, n_threads: int) -> list[ResultT]:
    """Return `work(first, last)` of equal stretches of range(n), in order, a thread a stretch.

    Examples
    --------
    >>> in_threads(lambda first, last: list(range(first, last)), 5, 2)
    [[0, 1], [2, 3, 4]]
    """
    if n_threads <= 1:
        return [work(0, n)]
    places = np.linspace(0, n, n_threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_threads) as pool:
        pieces = [pool.submit(work, *ends) for ends in itertools.pairwise(places)]
        return [piece.result() for piece in pieces]
