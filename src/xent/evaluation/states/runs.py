"""Runs: sorted counts of rows by score, and how several of them become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import split_sorted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["Run", "combine", "count_rows", "sort_keys"]

EXACT_INTEGERS = 1 << 53


@dataclass(frozen=True, eq=False)
class Run:
    """Rows of each class at every distinct score and weight, from the highest score down.

    Parameters
    ----------
    keys : float32 or float64 array of shape (m,)
        The scores times -1, rising (sorts rise, curves start at the highest score); no -0.0.
    weights : float64 array of shape (m,), or None
        The weight of the rows of an entry; rising among equal keys. None: 1 each.
    positives, negatives : int64 array of shape (m,)
        Numbers of rows. They count the same whichever batch a row came in, which sums of weights
        would not.
    """

    keys: FloatArray
    weights: FloatArray | None
    positives: IntArray
    negatives: IntArray

    def __len__(self) -> int:
        return self.keys.size

    def widened(self, dtype: np.dtype[np.floating[Any]], *, weighted: bool) -> Run:
        """Return the same entries with keys of `dtype`, and with weights where those are asked for."""
        weights = self.weights
        if weighted and weights is None:
            weights = np.ones(len(self))
        keys = self.keys.astype(dtype, copy=False)
        return Run(keys, weights, self.positives, self.negatives)

    def part(self, start: int, stop: int) -> Run:
        """Return the entries from start to stop, without copying them."""
        rows = slice(start, stop)
        weights = None if self.weights is None else self.weights[rows]
        return Run(self.keys[rows], weights, self.positives[rows], self.negatives[rows])


def sort_keys(scores: Array, name: str) -> FloatArray:
    """Return scores times -1, as float32 where that holds them exactly and else as float64.

    Raises
    ------
    XentError
        When whole numbers exceed 2^53, beyond which float64 would make ties of them.
    """
    if scores.dtype.kind in "iu":
        if max(int(scores.max()), -int(scores.min())) > EXACT_INTEGERS:
            raise XentError(
                f"{name} must not exceed 2^53 when they are whole numbers, "
                f"got {max(int(scores.max()), -int(scores.min()))}. Rank them first."
            )
        return _negated(scores, np.float64)
    if scores.dtype.kind == "f" and scores.dtype.itemsize > 8:
        raise XentError(f"{name} must be float64 or shorter, got {scores.dtype}.")
    narrow = scores.dtype.itemsize <= 4
    return _negated(scores, np.float32 if narrow else np.float64)


def count_rows(truth: Array, keys: FloatArray, weight: FloatArray | None) -> Run:
    """Return the run of rows in any order (bool truth, keys of `sort_keys`)."""
    if weight is not None:
        positives = truth.astype(np.int64)
        return combine([Run(keys, weight, positives, 1 - positives)])
    halves = []
    for ordered, own in zip(split_sorted(truth, keys), (True, False), strict=True):
        starts = _starts(ordered[1:] != ordered[:-1], ordered.size)
        times = np.diff(starts, append=ordered.size)
        none = np.zeros_like(times)
        halves.append(Run(ordered[starts], None, *((times, none) if own else (none, times))))
    return combine(halves)


def combine(runs: Sequence[Run]) -> Run:
    """Return one run of all entries, which may come unsorted and repeated."""
    keys = np.concatenate([run.keys for run in runs])
    weighted = any(run.weights is not None for run in runs)
    if weighted:
        weights = np.concatenate(
            [np.ones(len(run)) if run.weights is None else run.weights for run in runs]
        )
        order = np.lexsort((weights, keys))
        keys, weights = keys[order], weights[order]
        differs = (keys[1:] != keys[:-1]) | (weights[1:] != weights[:-1])
    else:
        order = np.argsort(keys, kind="stable")  # a timsort: it merges what is sorted already
        keys = keys[order]
        differs = keys[1:] != keys[:-1]
    starts = _starts(differs, keys.size)
    columns = []
    for counts in ([run.positives for run in runs], [run.negatives for run in runs]):
        ordered = np.concatenate(counts)[order]
        columns.append(ordered if starts.size == keys.size else np.add.reduceat(ordered, starts))
    return Run(keys[starts], weights[starts] if weighted else None, columns[0], columns[1])


def _negated(scores: Array, dtype: type[np.float32 | np.float64]) -> FloatArray:
    # 0 - x, not -x: it makes 0.0 of both zeros.
    keys: FloatArray = np.subtract(dtype(0), scores.astype(dtype, copy=False), dtype=dtype)
    return keys


def _starts(differs: Array, size: int) -> IntArray:
    if size == 0:
        return np.zeros(0, dtype=np.int64)
    starts: IntArray = np.concatenate([[0], np.flatnonzero(differs) + 1])
    return starts
