"""Sort once, answer everything: counts of positives and negatives for every distinct score.

ROC, precision-recall, AUC, average precision and any figure at any threshold derive from these
counts. Equal scores share one entry, compared exactly (a tolerance would merge scores that differ),
so the order of the rows never matters, and counts of two sets of rows merge into the counts of
their union.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import binary_rows, check_scores

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["ScoreCounts", "score_counts", "split_sorted", "sum_weights"]

SPLIT_ROWS = 1 << 16  # rows split at a time: indices of a chunk stay in the cache


@dataclass(frozen=True, eq=False)
class ScoreCounts:
    """Positives and negatives at every distinct score, from the highest score to the lowest.

    Parameters
    ----------
    thresholds : array of shape (m,)
        The distinct scores, descending, in the dtype of the scores.
    positives, negatives : array of shape (m,)
        Rows of each class with exactly this score: int64 counts, or float64 sums of weights.

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
        return self.positives.sum().item()  # type: ignore[no-any-return]

    @property
    def n_negative(self) -> float:
        """Number (or weight) of negative rows."""
        return self.negatives.sum().item()  # type: ignore[no-any-return]

    @property
    def tp(self) -> Array:
        """True positives where `score >= threshold` is predicted positive, shape (m,)."""
        return np.cumsum(self.positives)

    @property
    def fp(self) -> Array:
        """False positives where `score >= threshold` is predicted positive, shape (m,)."""
        return np.cumsum(self.negatives)

    def confusion(self) -> ConfusionCounts[FloatArray]:
        """Return the counts at every threshold: any figure of `ConfusionCounts`, of shape (m,)."""
        tp, fp = self.tp, self.fp
        return ConfusionCounts(tp=tp, fn=tp[-1] - tp, fp=fp, tn=fp[-1] - fp)

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
            total = np.zeros(thresholds.size, dtype=np.result_type(mine, theirs))
            np.add.at(total, place, np.concatenate([mine, theirs]))
            merged.append(total[::-1])
        return ScoreCounts(thresholds[::-1], merged[0], merged[1])

    @property
    def roc_auc(self) -> float:
        """Exact area under the ROC curve, ties counting half; NaN when a class is absent."""
        rising = self.negatives[::-1]
        below = np.cumsum(rising) - rising  # negatives with a lower score
        wins_twice = np.sum(self.positives[::-1] * (2 * below + rising)).item()
        pairs_twice = 2 * self.n_positive * self.n_negative
        # Sums of weights may exceed the number of pairs by a rounding.
        return min(wins_twice / pairs_twice, 1.0) if pairs_twice > 0 else float("nan")

    @property
    def average_precision(self) -> float:
        """Sum of precision times the gain in recall over the thresholds; NaN without positive rows.

        This is not the trapezoid under the precision-recall curve, which interpolates where no
        threshold is.
        """
        n_positive = self.n_positive
        if n_positive == 0:
            return float("nan")
        tp = self.tp
        precision = tp / (tp + self.fp)
        return min(float(np.sum(precision * self.positives) / n_positive), 1.0)

    def _n_below(self, threshold: float, side: Literal["left", "right"]) -> int:
        key = np.asarray(threshold)
        if self.thresholds.dtype.kind == "f":
            # As in `scores >= 0.7`: the threshold is read in the precision of the scores.
            key = key.astype(self.thresholds.dtype)
        return int(np.searchsorted(self.thresholds[::-1], key, side=side))

    def _first(self, n_below: int) -> ConfusionCounts[float]:
        kept = self.thresholds.size - n_below
        tp, fn = self.positives[:kept].sum().item(), self.positives[kept:].sum().item()
        fp, tn = self.negatives[:kept].sum().item(), self.negatives[kept:].sum().item()
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
    positive.sort()
    negative.sort()
    return positive, negative


def _count_rows(truth: Array, scores: Array) -> ScoreCounts:
    ordered = np.sort(scores)
    starts = _run_starts(ordered)
    thresholds = ordered[starts]
    total = np.diff(starts, append=ordered.size)
    # Only one class is placed among the thresholds; the other is what remains.
    own = np.sort(scores[truth])
    own_starts = _run_starts(own)
    positives = np.zeros(thresholds.size, dtype=np.int64)
    positives[thresholds.searchsorted(own[own_starts])] = np.diff(own_starts, append=own.size)
    return ScoreCounts(thresholds[::-1], positives[::-1], (total - positives)[::-1])


def sum_weights(truth: Array, scores: Array, weight: FloatArray) -> ScoreCounts:
    """Return the counts of checked rows (bool truth, scores without NaN)."""
    order = np.argsort(scores)
    ordered, positive, heavy = scores[order], truth[order], weight[order]
    starts = _run_starts(ordered)
    positives = np.add.reduceat(np.where(positive, heavy, 0.0), starts)
    negatives = np.add.reduceat(np.where(positive, 0.0, heavy), starts)
    return ScoreCounts(ordered[starts][::-1], positives[::-1], negatives[::-1])


def _run_starts(ordered: Array) -> Array:
    if ordered.size == 0:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
