"""Figures of the order of the scores: exact ROC AUC, average precision, precision at recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.cores import n_cores
from xent.errors import XentError
from xent.evaluation.counts import score_counts, split_sorted, sum_weights
from xent.evaluation.inputs import binary_rows, check_scores
from xent.evaluation.threads import in_threads

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "average_precision",
    "precision_at_recall",
    "precision_at_recall_of",
    "rank_auc",
    "roc_auc",
]

# sorted queries of a chunk fall into a short stretch of the other class: few cache misses
QUERY_ROWS = 1 << 15
FEW_QUERIES = 1 << 18  # below this many a thread costs more than it saves


def roc_auc(y: object, scores: object, *, weight: object = None) -> float:
    """Exact area under the ROC curve, ties counting half.

    The probability that a positive row scores higher than a negative one; equal to the Mann-Whitney
    statistic divided by the number of pairs, and to the trapezoid over all distinct thresholds
    (Hanley & McNeil 1982). Without weights the pairs are counted in integers.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    scores : array of shape (n,) or (n, 1)
        Higher means more likely positive; the direction is never guessed.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1]; NaN when a class is absent.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    if kept is None:
        return rank_auc(truth, given)
    return sum_weights(truth, given, kept).roc_auc


def average_precision(y: object, scores: object, *, weight: object = None) -> float:
    """Average precision: the sum over thresholds of precision times the gain in recall.

    It has no interpolation in it, unlike the trapezoid under the precision-recall curve, which is
    another number (Davis & Goadrich 2006). A constant score gives the prevalence.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.

    Returns
    -------
    float
        In (0, 1]; NaN when there is no positive row.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    return score_counts(y, scores, weight=weight).average_precision


def precision_at_recall(
    y: object, scores: object, *, recall: float, weight: object = None
) -> float:
    """Return the highest precision over all thresholds whose recall is at least `recall`.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.
    recall : float
        The recall that is asked for, in [0, 1].

    Returns
    -------
    float
        In [0, 1]; NaN when there is no positive row.

    Raises
    ------
    XentError
        When recall is outside [0, 1], or the arrays do not fit.

    Examples
    --------
    >>> precision_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=0.5)
    1.0
    """
    return precision_at_recall_of(score_counts(y, scores, weight=weight), recall=recall)


def precision_at_recall_of(counts: ScoreCounts, *, recall: float) -> float:
    """`precision_at_recall` of counts."""
    if not 0 <= recall <= 1:
        raise XentError(f"recall must lie in [0, 1], got {recall}.")
    highest = [
        decisions.precision[decisions.recall >= recall].max(initial=-1.0)
        for _, decisions in counts.confusions()
    ]
    return float(max(highest)) if counts.n_positive else float("nan")


def rank_auc(truth: Array, scores: Array) -> float:
    """Return the AUC of checked rows (bool truth, scores without NaN), counted in integers.

    One sort a class, and a search of the smaller class in the larger one.
    """
    positive, negative = split_sorted(truth, scores)
    if positive.size == 0 or negative.size == 0:
        return float("nan")
    pairs_twice = 2 * positive.size * negative.size
    if positive.size <= negative.size:
        return _wins_twice(positive, negative) / pairs_twice
    return (pairs_twice - _wins_twice(negative, positive)) / pairs_twice


def _wins_twice(queries: Array, others: Array) -> int:
    """Return twice the pairs in which a query is higher, plus the tied pairs."""
    n_threads = n_cores() if queries.size >= FEW_QUERIES else 1

    def wins(first: int, last: int) -> int:
        return _wins_of_stretch(queries[first:last], others)

    return sum(in_threads(wins, queries.size, n_threads))


def _wins_of_stretch(queries: Array, others: Array) -> int:
    # the sum of the left and the right insertion places
    total = 0
    for start in range(0, queries.size, QUERY_ROWS):
        chunk = queries[start : start + QUERY_ROWS]
        low = int(others.searchsorted(chunk[0], "left"))
        near = others[low : int(others.searchsorted(chunk[-1], "right"))]
        total += 2 * low * chunk.size
        if near.size == 0:
            continue
        left = near.searchsorted(chunk, "left")
        total += 2 * int(left.sum())
        tied = near.take(np.minimum(left, near.size - 1)) == chunk
        if tied.any():
            total += int((near.searchsorted(chunk[tied], "right") - left[tied]).sum())
    return total
