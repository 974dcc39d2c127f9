"""The batches of an epoch: shuffled rows, gathered for several batches at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from xent.engines.buffers import aligned_zeros

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["Batch", "Batches"]

# rows are gathered for as many batches as fit here: one long gather costs half of many short ones,
# and what it brought is still in the cache when its batch comes
BLOCK_BYTES = 1 << 19


class Batch(NamedTuple):
    """Rows of one step: views that the next block overwrites."""

    X: Array
    y: Array
    weight: Array | None


class Batches:
    """The rows of a part in the order of an epoch, a batch at a time.

    Parameters
    ----------
    X : ndarray, shape (n, *network.row_shape)
    y : ndarray, shape (n, ...)
    weight : ndarray, shape (n,), optional
    batch_size : int
        At most n; the last batch holds what remains.

    Examples
    --------
    >>> batches = Batches(np.arange(5.0)[:, None], np.arange(5), None, batch_size=2)
    >>> batches.start(np.array([4, 3, 2, 1, 0]))
    >>> batches[0].y, batches[2].y
    (array([4, 3]), array([0]))
    """

    def __init__(self, X: Array, y: Array, weight: Array | None, batch_size: int) -> None:
        self.X, self.y, self.weight, self.batch_size = X, y, weight, batch_size
        batch_bytes = batch_size * max(math.prod(X.shape[1:]), 1) * X.itemsize
        n = min(max(1, BLOCK_BYTES // batch_bytes) * batch_size, len(X))
        self.block_size = n
        self._X = aligned_zeros((n, *X.shape[1:]), X.dtype)
        self._y = np.empty((n, *y.shape[1:]), y.dtype)
        self._weight = None if weight is None else np.empty(n, weight.dtype)

    def start(self, order: Array) -> None:
        """Begin an epoch with the rows in this order."""
        self.order = order
        self._first, self._end = 0, 0

    def __getitem__(self, index: int) -> Batch:
        first = index * self.batch_size
        end = min(first + self.batch_size, len(self.order))
        if not self._first <= first < self._end:
            self._gather(first)
        place = slice(first - self._first, end - self._first)
        weight = None if self._weight is None else self._weight[place]
        return Batch(self._X[place], self._y[place], weight)

    def _gather(self, first: int) -> None:
        rows = self.order[first : first + self.block_size]
        n = len(rows)
        # rows come from a permutation: "clip" only spares the check of the bounds
        np.take(self.X, rows, axis=0, out=self._X[:n], mode="clip")
        np.take(self.y, rows, axis=0, out=self._y[:n], mode="clip")
        if self.weight is not None and self._weight is not None:
            np.take(self.weight, rows, out=self._weight[:n], mode="clip")
        self._first, self._end = first, first + n
