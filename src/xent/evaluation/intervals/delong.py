"""DeLong's interval for the area under the ROC curve, and his paired test.

Sources: DeLong, DeLong & Clarke-Pearson (1988); Sun & Xu (2014) for the computation by sorting;
Obuchowski (1997) for clustered rows; Brunner & Munzel (2000) for the degrees of freedom of small
samples. Weights are those of a weighted sample: they change the figure and, by the sum of the
squared contributions, its variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.counts import ScoreCounts, score_counts
from xent.evaluation.inputs import binary_rows, check_scores
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.means import untransformed
from xent.evaluation.intervals.proportions import wilson_bounds
from xent.evaluation.intervals.spread import (
    check_level,
    cluster_codes,
    cluster_sums,
    logit_ends,
    normal_quantile,
    t_quantile,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["AucSpread", "auc_contributions", "delong", "delong_variance", "spread_of"]

MIDDLE = (0.1, 0.9)  # between these the symmetric interval as published, outside the logit scale
FEW = 20  # rows of a class (or clusters) below which the normal quantile is too short


@dataclass(frozen=True)
class AucSpread:
    """An area under the ROC curve, its variance, and what the variance rests on.

    Parameters
    ----------
    auc : float
        NaN when a class is absent.
    variance : float
        NaN when a class has one row (or one cluster) only.
    degrees : float
        Degrees of freedom of the variance.
    n_positive, n_negative : int
        Rows of each class, or clusters that hold such rows.
    n_pairs : int
        Pairs of one positive and one negative row of which no two share a row or cluster.
    skewness : float
        Of the estimated area: sum of cubed contributions over the 3/2 power of their squares' sum.
    """

    auc: float
    variance: float
    degrees: float
    n_positive: int
    n_negative: int
    n_pairs: int
    skewness: float = 0.0


def delong(
    y: object,
    scores: object,
    *,
    weight: object = None,
    cluster: object = None,
    level: float = 0.95,
) -> Estimate:
    """Exact AUC with DeLong's interval.

    With at least 20 rows of each class and an AUC in [0.1, 0.9] it is the symmetric interval that
    DeLong et al. published. Nearer to 0 or 1 it is made on the logit scale, where it stays inside,
    and widened by Hall's correction for skewness (1992). With fewer rows it is that of the logit
    scale with the quantile of Student's distribution.

    When the classes are separated entirely the variance is 0 and says nothing. Then the interval
    ends at the bound of Clopper and Pearson: with k disjoint pairs of one positive and one negative
    row, each in the right order with the probability AUC, all are with the probability AUC^k at
    most; the end is the AUC at which that is (1 - level) / 2. `why` says so.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    scores : array of shape (n,) or (n, 1)
        Higher means more likely positive.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    cluster : array of shape (n,), optional
        Rows of one cluster (patient, site) are not independent: Obuchowski's variance.
    level : float
        Confidence level.

    Raises
    ------
    XentError
        When the arrays do not fit, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> print(delong([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.5, 0.3, 0.8, 0.9]))
    0.7778 (0.0331 to 0.9972)
    >>> separated = delong([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.8])
    >>> print(separated, separated.why, sep=": ")
    1.0000 (0.1581 to 1.0000): the classes are separated: exact bound by 2 disjoint pairs
    """
    check_level(level)
    spread = delong_variance(y, scores, weight=weight, cluster=cluster)
    method = "DeLong" if cluster is None else "DeLong (clusters)"
    n = spread.n_positive + spread.n_negative
    if math.isnan(spread.auc):
        return Estimate(math.nan, level=level, method=method, n=n, why="one class is absent")
    low, high, why = _ends(spread, level)
    return Estimate(spread.auc, low, high, level, method, n, why)


def delong_variance(
    y: object, scores: object, *, weight: object = None, cluster: object = None
) -> AucSpread:
    """AUC and its variance by DeLong, or by Obuchowski for clustered rows.

    Parameters
    ----------
    y, scores, weight, cluster : array of shape (n,)
        As for `delong`.

    Examples
    --------
    >>> spread = delong_variance([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.5, 0.3, 0.8, 0.9])
    >>> round(spread.auc, 4), round(spread.variance, 4)
    (0.7778, 0.0617)
    """
    if weight is None and cluster is None:
        return _counted_spread(score_counts(y, scores))
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    codes = cluster_codes(cluster, weight, truth.size)
    if truth.all() or not truth.any():
        n = truth.size
        return AucSpread(math.nan, math.nan, math.nan, n * int(truth[0]), n * int(~truth[0]), 0)
    auc, contributions = auc_contributions(truth, given, kept)
    return spread_of(auc, truth, contributions, codes)


def auc_contributions(
    truth: Array, scores: Array, weight: FloatArray | None
) -> tuple[float, FloatArray]:
    """Return the AUC of checked rows and what each row adds to it, in the order of the rows.

    A row adds w (V - AUC) / (weight of its class), where V is the weighted share of the other class
    that it is ordered rightly against, ties counting half.
    """
    heavy = np.ones(truth.size) if weight is None else weight
    order = np.argsort(scores)
    ordered, positive, sorted_weight = scores[order], truth[order], heavy[order]
    change = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts, group = np.flatnonzero(change), np.cumsum(change) - 1
    own = np.add.reduceat(np.where(positive, sorted_weight, 0.0), starts)
    other = np.add.reduceat(np.where(positive, 0.0, sorted_weight), starts)
    n_positive, n_negative = own.sum(), other.sum()
    beaten = (np.cumsum(other) - other / 2) / n_negative  # of a positive with this score
    beating = (n_positive - np.cumsum(own) + own / 2) / n_positive  # of a negative
    auc = min(max(float(np.dot(own, beaten) / n_positive), 0.0), 1.0)
    placed = np.where(positive, beaten[group], beating[group])
    contributions = np.empty(truth.size)
    contributions[order] = (
        sorted_weight * (placed - auc) / np.where(positive, n_positive, n_negative)
    )
    return auc, contributions


def spread_of(
    auc: float, truth: Array, contributions: FloatArray, codes: IntArray | None
) -> AucSpread:
    """Return the variance of an AUC, or of a difference of two, from the rows' contributions."""
    positive = np.where(truth, contributions, 0.0)
    negative = contributions - positive
    if codes is None:
        n_positive = int(np.count_nonzero(truth))
        n_negative = truth.size - n_positive
        parts = _class_parts(positive, n_positive), _class_parts(negative, n_negative)
        n_pairs = min(n_positive, n_negative)
        return AucSpread(
            auc,
            sum(parts),
            _degrees(*parts, n_positive, n_negative),
            n_positive,
            n_negative,
            n_pairs,
            _skewness(contributions),
        )
    n_clusters = int(codes.max()) + 1
    has_positive, has_negative = (
        np.bincount(codes[rows], minlength=n_clusters) > 0 for rows in (truth, ~truth)
    )
    n_positive, n_negative = int(has_positive.sum()), int(has_negative.sum())
    own, other = cluster_sums(positive, codes), cluster_sums(negative, codes)
    parts = _class_parts(own, n_positive), _class_parts(other, n_negative)
    together = 2 * float(np.dot(own, other)) * n_clusters / (n_clusters - 1)
    n_pairs = max(min(n_positive, n_negative, n_clusters // 2), 1)
    return AucSpread(
        auc,
        max(sum(parts) + together, 0.0),
        n_clusters - 1,
        n_positive,
        n_negative,
        n_pairs,
        _skewness(own + other),
    )


def _counted_spread(counts: ScoreCounts) -> AucSpread:
    positives, negatives = counts.positives, counts.negatives
    n_positive, n_negative = int(counts.n_positive), int(counts.n_negative)
    if n_positive == 0 or n_negative == 0:
        return AucSpread(math.nan, math.nan, math.nan, n_positive, n_negative, 0)
    # Twice the rows of the other class that are ordered rightly: integers, exact.
    beaten = np.cumsum(negatives)
    beaten *= -2
    beaten += negatives
    beaten += 2 * n_negative
    beating = np.cumsum(positives)
    beating *= 2
    beating -= positives
    wins = int(np.dot(positives, beaten))
    auc = wins / (2 * n_positive * n_negative)
    own, own_cubes = _counted_part(positives, beaten, auc, n_positive, n_negative)
    other, other_cubes = _counted_part(negatives, beating, auc, n_negative, n_positive)
    parts = own, other
    skewness = (own_cubes + other_cubes) / sum(parts) ** 1.5 if sum(parts) > 0 else 0.0
    return AucSpread(
        auc,
        sum(parts),
        _degrees(*parts, n_positive, n_negative),
        n_positive,
        n_negative,
        min(n_positive, n_negative),
        skewness,
    )


def _counted_part(
    counts: Array, wins_twice: Array, auc: float, n_own: int, n_other: int
) -> tuple[float, float]:
    # Variance of the area that this class brings, and the sum of its cubed contributions.
    if n_own < 2:
        return math.nan, math.nan
    placed = wins_twice / (2 * n_other)
    placed -= auc
    squares = placed * placed
    squares *= counts
    variance = float(squares.sum()) / (n_own - 1) / n_own
    return variance, float(np.dot(squares, placed)) / n_own**3


def _skewness(contributions: FloatArray) -> float:
    squares = float(np.dot(contributions, contributions))
    return float(np.sum(contributions**3)) / squares**1.5 if squares > 0 else 0.0


def _class_parts(contributions: FloatArray, n: int) -> float:
    return float(np.dot(contributions, contributions)) * n / (n - 1) if n > 1 else math.nan


def _degrees(positive: float, negative: float, n_positive: int, n_negative: int) -> float:
    # Welch and Satterthwaite, as Brunner & Munzel (2000) apply it to the placements.
    if not positive + negative > 0:
        return math.nan
    inverse = positive**2 / (n_positive - 1) + negative**2 / (n_negative - 1)
    return float((positive + negative) ** 2 / inverse)


def _ends(spread: AucSpread, level: float) -> tuple[float, float, str]:
    auc, tail = spread.auc, (1 - level) / 2
    if auc in (0.0, 1.0):
        bound = float(tail ** (1 / spread.n_pairs))
        why = f"the classes are separated: exact bound by {spread.n_pairs} disjoint pairs"
        return (bound, 1.0, why) if auc == 1 else (0.0, 1 - bound, why)
    few = min(spread.n_positive, spread.n_negative)
    if not spread.variance > 0:
        # Birnbaum & Klose (1957): the variance is at most AUC (1 - AUC) / min(m, n).
        low, high = (float(end) for end in wilson_bounds(auc * few, few, level))
        reason = (
            "a class has one row only" if math.isnan(spread.variance) else "no variance is seen"
        )
        return low, high, f"{reason}: Wilson's interval with the greatest variance possible"
    error = math.sqrt(spread.variance)
    if few >= FEW and MIDDLE[0] <= auc <= MIDDLE[1]:
        half = normal_quantile(level) * error
        return max(auc - half, 0.0), min(auc + half, 1.0), ""
    quantile = t_quantile(level, spread.degrees) if few < FEW else normal_quantile(level)
    low, high = logit_ends(auc, quantile * error)
    if few < FEW:
        return low, high, ""
    # A few rows far on the wrong side make the area skewed: Hall's correction, where it is wider.
    low = min(low, max(auc - error * untransformed(quantile, spread.skewness), 0.0))
    return low, max(high, min(auc - error * untransformed(-quantile, spread.skewness), 1.0)), ""
