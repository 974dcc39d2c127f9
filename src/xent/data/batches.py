"""Batches: the order of the rows in an epoch, and where each batch begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array, IntArray

__all__ = ["batch_bounds", "epoch_order", "iterate_batches", "n_batches"]


def n_batches(n_rows: int, batch_size: int) -> int:
    """Return the number of batches in an epoch, the smaller last one included.

    Examples
    --------
    >>> n_batches(60_000, 64)
    938
    """
    _check_batch_size(batch_size)
    return -(-n_rows // batch_size)


def batch_bounds(n_rows: int, batch_size: int) -> list[tuple[int, int]]:
    """Return start and stop of every batch; the last one has what is left.

    Raises
    ------
    XentError
        When `batch_size` is below 1.

    Examples
    --------
    >>> batch_bounds(100, 32)
    [(0, 32), (32, 64), (64, 96), (96, 100)]
    """
    _check_batch_size(batch_size)
    return [(start, min(start + batch_size, n_rows)) for start in range(0, n_rows, batch_size)]


def epoch_order(n_rows: int, rng: np.random.Generator) -> IntArray:
    """Return a random order of the rows, each once.

    Examples
    --------
    >>> sorted(epoch_order(4, np.random.default_rng(0)).tolist())
    [0, 1, 2, 3]
    """
    return rng.permutation(n_rows).astype(np.int64, copy=False)


def iterate_batches(
    *arrays: Array, batch_size: int, order: IntArray | None = None
) -> Iterator[tuple[Array, ...]]:
    """Yield the arrays batch by batch along their first axis.

    Parameters
    ----------
    *arrays : ndarray of shape (n, ...)
        Features, targets, weights; images keep their trailing shape.
    batch_size : int
        Rows a batch; the last one has what is left.
    order : ndarray of int64, optional
        The rows to take, in this order; each batch is then a copy, otherwise a view.

    Raises
    ------
    XentError
        When the arrays differ in their number of rows or `batch_size` is below 1.

    Examples
    --------
    >>> X, y = np.zeros((100, 3, 16, 16)), np.arange(100)
    >>> [x.shape for x, _ in iterate_batches(X, y, batch_size=32)][-1]
    (4, 3, 16, 16)
    """
    if not arrays:
        raise XentError("iterate_batches needs at least one array.")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise XentError(f"the arrays must have the same number of rows, got {lengths}.")
    n_rows = lengths[0] if order is None else len(order)
    bounds = batch_bounds(n_rows, batch_size)
    return _pieces(arrays, bounds, order)


def _pieces(
    arrays: tuple[Array, ...], bounds: list[tuple[int, int]], order: IntArray | None
) -> Iterator[tuple[Array, ...]]:
    for start, stop in bounds:
        rows = slice(start, stop) if order is None else order[start:stop]
        yield tuple(array[rows] for array in arrays)


def _check_batch_size(batch_size: int) -> None:
    if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
        raise XentError(f"batch_size must be a whole number of at least 1, got {batch_size}.")
