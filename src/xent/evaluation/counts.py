"""Sort once, answer everything: counts of positives and negatives for every distinct score.

ROC, precision-recall, AUC, average precision and any figure at any threshold derive from these
counts. Equal scores share one entry, compared exactly (a tolerance would merge scores that differ),
so the order of the rows never matters, and counts of two sets of rows merge into the counts of
their union.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from xent.cores import n_cores
from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import binary_rows, check_scores
from xent.evaluation.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array, FloatArray

__all__ = [
    "CHUNK_THRESHOLDS",
    "CountChunk",
    "ScoreCounts",
    "score_counts",
    "split_sorted",
    "sum_weights",
]

SPLIT_ROWS = 1 << 16  # rows split at a time: indices of a chunk stay in the cache
FEW_ROWS = 1 << 18  # below this many a thread costs more than it saves
CHUNK_THRESHOLDS = 1 << 13  # thresholds at a time: a dozen float64 columns stay in the cache
FEW_THRESHOLDS = 1 << 16  # up to here the width of a count is no matter
NARROW_COUNT = 1 << 15  # products of two smaller int32 counts do not overflow


class CountChunk(NamedTuple):
    """A stretch of the thresholds, all in float64, which holds every count below 2^53 exactly.

    Parameters
    ----------
    places : slice
        Where the stretch lies among the thresholds.
    positives, negatives : float64 array of shape (k,)
        Rows of each class with exactly the threshold's score.
    tp, fp : float64 array of shape (k,)
        Rows of each class with at least the threshold's score.
    """

    places: slice
    positives: FloatArray
    negatives: FloatArray
    tp: FloatArray
    fp: FloatArray


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Positives and negatives at every distinct score, from the highest score to the lowest.

    Parameters
    ----------
    thresholds : array of shape (m,)
        The distinct scores, descending, in the dtype of the scores.
    positives, negatives : array of shape (m,)
        Rows of each class with exactly this score: int64 counts, or float64 sums of weights. Of
        more than 65,536 distinct scores with fewer than 32,768 rows each, int32: 12 bytes a score
        of float32.

    Examples
    --------
    >>> counts = score_counts([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    >>> counts.thresholds, counts.positives, counts.negatives
    (array([0.8, 0.4, 0.1]), array([1, 1, 0]), array([0, 1, 1]))
    >>> counts.roc_auc, counts.at(0.4).precision
    (0.875, 0.6666666666666666)
    """

    thresholds: Array
    positives: Array
    negatives: Array

    def __eq__(self, other: object) -> bool:
        """Whether the scores and all counts are the same."""
        if not isinstance(other, ScoreCounts):
            return NotImplemented
        return (
            np.array_equal(self.thresholds, other.thresholds)
            and np.array_equal(self.positives, other.positives)
            and np.array_equal(self.negatives, other.negatives)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays are not hashable

    @property
    def n_positive(self) -> float:
        """Number (or weight) of positive rows."""
        return self._totals[0]

    @property
    def n_negative(self) -> float:
        """Number (or weight) of negative rows."""
        return self._totals[1]

    @cached_property
    def _totals(self) -> tuple[float, float]:
        return _running_total(self.positives), _running_total(self.negatives)

    @property
    def tp(self) -> Array:
        """True positives where `score >= threshold` is predicted positive, shape (m,)."""
        return np.cumsum(self.positives, dtype=_wide(self.positives))

    @property
    def fp(self) -> Array:
        """False positives where `score >= threshold` is predicted positive, shape (m,)."""
        return np.cumsum(self.negatives, dtype=_wide(self.negatives))

    def confusion(self) -> ConfusionCounts[FloatArray]:
        """Return the counts at every threshold: any figure of `ConfusionCounts`, of shape (m,)."""
        tp, fp = self.tp, self.fp
        return ConfusionCounts(tp=tp, fn=tp[-1] - tp, fp=fp, tn=fp[-1] - fp)

    def chunks(self) -> Iterator[CountChunk]:
        """Yield the counts of stretches of thresholds, from the highest score down.

        What is derived stretch by stretch stays in the cache and takes no memory a row.
        """
        tp = fp = 0.0
        for start in range(0, self.thresholds.size, CHUNK_THRESHOLDS):
            places = slice(start, start + CHUNK_THRESHOLDS)
            positives = self.positives[places].astype(np.float64)
            negatives = self.negatives[places].astype(np.float64)
            # The sum so far enters before summing, so that the sums are those of one long sum.
            true, false = positives.copy(), negatives.copy()
            true[0] += tp
            false[0] += fp
            np.cumsum(true, out=true)
            np.cumsum(false, out=false)
            yield CountChunk(places, positives, negatives, true, false)
            tp, fp = float(true[-1]), float(false[-1])

    def confusions(self) -> Iterator[tuple[slice, ConfusionCounts[FloatArray]]]:
        """Yield places and the four counts (float64) of stretches of thresholds."""
        n_positive, n_negative = self.n_positive, self.n_negative
        for chunk in self.chunks():
            yield (
                chunk.places,
                ConfusionCounts(
                    tp=chunk.tp,
                    fn=n_positive - chunk.tp,
                    fp=chunk.fp,
                    tn=n_negative - chunk.fp,
                ),
            )

    def at(self, threshold: float) -> ConfusionCounts[float]:
        """Return the four counts when rows with `score >= threshold` are predicted positive."""
        # The scores fall, so they are searched from their end.
        return self._first(self._n_below(threshold, "left"))

    def above(self, threshold: float) -> ConfusionCounts[float]:
        """Return the four counts when rows with `score > threshold` are predicted positive."""
        return self._first(self._n_below(threshold, "right"))

    def merge(self, other: ScoreCounts) -> ScoreCounts:
        """Return the counts of the rows of both.

        Equal to one pass over all of them; exactly so without weights.
        """
        joined = np.concatenate([self.thresholds, other.thresholds])
        thresholds, place = np.unique(joined, return_inverse=True)
        merged = []
        for mine, theirs in (
            (self.positives, other.positives),
            (self.negatives, other.negatives),
        ):
            total = np.zeros(thresholds.size, dtype=np.result_type(mine, theirs, _wide(mine)))
            np.add.at(total, place, np.concatenate([mine, theirs]))
            merged.append(total[::-1])
        return ScoreCounts(thresholds[::-1], merged[0], merged[1])

    @property
    def roc_auc(self) -> float:
        """Exact area under the ROC curve, ties counting half; NaN when a class is absent."""
        if self.n_positive == 0 or self.n_negative == 0:
            return float("nan")
        pairs_twice = 2 * self.n_positive * self.n_negative
        # Whole numbers are exact in float64 below 2^53 only.
        is_large = isinstance(pairs_twice, int) and pairs_twice >= 2**53
        kind = np.int64 if is_large else np.float64
        # A positive wins over the negatives below it; summed from the top: over all, less those
        # above, the tied ones counted half.
        lost_twice = [
            np.sum(
                chunk.positives.astype(kind, copy=False)
                * (2 * chunk.fp - chunk.negatives).astype(kind, copy=False)
            ).item()
            for chunk in self.chunks()
        ]
        lost = sum(lost_twice) if is_large else math.fsum(lost_twice)
        # Sums of weights may exceed the number of pairs by a rounding.
        return min(max((pairs_twice - lost) / pairs_twice, 0.0), 1.0)

    @property
    def average_precision(self) -> float:
        """Sum of precision times the gain in recall over the thresholds; NaN without positive rows.

        This is not the trapezoid under the precision-recall curve, which interpolates where no
        threshold is.
        """
        n_positive = self.n_positive
        if n_positive == 0:
            return float("nan")
        gains = [float(np.sum(c.tp / (c.tp + c.fp) * c.positives)) for c in self.chunks()]
        return min(math.fsum(gains) / n_positive, 1.0)

    def _n_below(self, threshold: float, side: Literal["left", "right"]) -> int:
        key = np.asarray(threshold)
        if self.thresholds.dtype.kind == "f":
            # As in `scores >= 0.7`: the threshold is read in the precision of the scores.
            key = key.astype(self.thresholds.dtype)
        return int(np.searchsorted(self.thresholds[::-1], key, side=side))

    def _first(self, n_below: int) -> ConfusionCounts[float]:
        kept = self.thresholds.size - n_below
        tp, fn = _total(self.positives[:kept]), _total(self.positives[kept:])
        fp, tn = _total(self.negatives[:kept]), _total(self.negatives[kept:])
        return ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)


def score_counts(y: object, scores: object, *, weight: object = None) -> ScoreCounts:
    """Count positives and negatives at every distinct score.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    scores : array of shape (n,) or (n, 1)
        Anything whose order says how likely the positive class is: probabilities, logits, ranks. No
        NaN.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> score_counts([1, 0, 1], [2.0, 2.0, 3.0]).tp
    array([1, 2])
    """
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    if kept is None:
        return _count_rows(truth, given)
    return sum_weights(truth, given, kept)


def split_sorted(truth: Array, scores: Array) -> tuple[Array, Array]:
    """Return the scores of the positive and of the negative rows, each sorted upward."""
    n_positive = int(np.count_nonzero(truth))
    positive = np.empty(n_positive, dtype=scores.dtype)
    negative = np.empty(truth.size - n_positive, dtype=scores.dtype)
    taken = 0
    for start in range(0, truth.size, SPLIT_ROWS):
        chunk, rows = scores[start : start + SPLIT_ROWS], truth[start : start + SPLIT_ROWS]
        # Indices, then take: boolean indexing mispredicts a branch a row and is three times slower.
        found = np.flatnonzero(rows)
        others = start - taken
        positive[taken : taken + found.size] = chunk.take(found)
        negative[others : others + rows.size - found.size] = chunk.take(np.flatnonzero(~rows))
        taken += found.size
    classes = (positive, negative)
    n_threads = min(2, n_cores()) if truth.size >= FEW_ROWS else 1

    def sort(first: int, last: int) -> None:
        for own in classes[first:last]:
            own.sort()

    in_threads(sort, len(classes), n_threads)
    return classes


def _count_rows(truth: Array, scores: Array) -> ScoreCounts:
    ordered = np.sort(scores)
    starts = _run_starts(ordered)
    thresholds = ordered[starts]
    total = np.diff(starts, append=ordered.size)
    kind = _count_dtype(total)
    total = total.astype(kind)
    del starts
    # Only one class is placed among the thresholds; the other is what remains.
    own = np.sort(scores[truth])
    own_starts = _run_starts(own)
    positives = np.zeros(thresholds.size, dtype=kind)
    positives[thresholds.searchsorted(own[own_starts])] = np.diff(own_starts, append=own.size)
    total -= positives
    return ScoreCounts(thresholds[::-1], positives[::-1], total[::-1])


def sum_weights(truth: Array, scores: Array, weight: FloatArray) -> ScoreCounts:
    """Return the counts of checked rows (bool truth, scores without NaN)."""
    order = np.argsort(scores)
    ordered, positive, heavy = scores[order], truth[order], weight[order]
    starts = _run_starts(ordered)
    positives = np.add.reduceat(np.where(positive, heavy, 0.0), starts)
    negatives = np.add.reduceat(np.where(positive, 0.0, heavy), starts)
    return ScoreCounts(ordered[starts][::-1], positives[::-1], negatives[::-1])


def _count_dtype(total: Array) -> type[np.int32 | np.int64]:
    many = total.size > FEW_THRESHOLDS and int(total.max()) < NARROW_COUNT
    return np.int32 if many else np.int64


def _total(counts: Array) -> float:
    return counts.sum(dtype=_wide(counts)).item()  # type: ignore[no-any-return]


def _running_total(counts: Array) -> float:
    # Where the running sums end: with weights a rounding beside the plain sum. So the last threshold
    # has recall 1, and no count of those left is negative.
    if counts.dtype.kind in "iu" or counts.size == 0:
        return _total(counts)
    return float(np.cumsum(counts, dtype=np.float64)[-1])


def _wide(counts: Array) -> type[np.int64 | np.float64]:
    return np.int64 if counts.dtype.kind in "iu" else np.float64


def _run_starts(ordered: Array) -> Array:
    if ordered.size == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
