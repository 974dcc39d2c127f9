"""Interval of the average precision, on the logit scale.

The logit scale is that of Boyd, Eng & Page (2013). Their binomial variance takes the precision at
every positive row for an independent draw; here the variance is that of what each row adds to the
figure, so it holds for weights and clusters, and is as narrow as the ranking is good.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.inputs import binary_rows, check_scores
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.spread import (
    check_level,
    cluster_codes,
    logit_ends,
    sum_variance,
    t_quantile,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["average_precision_contributions", "average_precision_interval"]


def average_precision_interval(
    y: object,
    scores: object,
    *,
    weight: object = None,
    cluster: object = None,
    level: float = 0.95,
) -> Estimate:
    """Average precision with an interval made on the logit scale.

    Where every positive row stands before every negative one, or no row is negative, the figure is
    1 and has no variance: the interval then ends at the bound of Clopper and Pearson for as many
    rows as there are positive ones (clusters, if given), and `why` says so.

    Parameters
    ----------
    y, scores : array of shape (n,)
        Truth 0 or 1; higher scores mean more likely positive.
    weight, cluster : array of shape (n,), optional
        Weight a row; rows of one cluster are not independent.
    level : float
        Confidence level.

    Raises
    ------
    XentError
        When the arrays do not fit, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> print(average_precision_interval([0, 0, 0, 1, 1, 1], [0.1, 0.4, 0.5, 0.3, 0.8, 0.9]))
    0.8667 (0.0300 to 0.9993)
    """
    check_level(level)
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    codes = cluster_codes(cluster, weight, truth.size)
    method = "logit scale" if codes is None else "logit scale (clusters)"
    if not truth.any():
        why = "there is no positive row"
        return Estimate(math.nan, level=level, method=method, n=truth.size, why=why)
    figure, contributions = average_precision_contributions(truth, given, kept)
    n_positive = int(truth.sum()) if codes is None else int(np.unique(codes[truth]).size)
    variance = sum_variance(contributions, codes)
    if figure >= 1 or not variance > 0:
        low = min(float(((1 - level) / 2) ** (1 / n_positive)), figure)
        why = f"no variance is seen: exact bound by {n_positive} positive rows or clusters"
        return Estimate(figure, low, 1.0, level, method, truth.size, why)
    # Few positive rows tell the variance badly, and every one of them is a degree of freedom.
    half = t_quantile(level, max(n_positive - 1, 1)) * math.sqrt(variance)
    low, high = logit_ends(figure, half)
    return Estimate(figure, low, high, level, method, truth.size)


def average_precision_contributions(
    truth: Array, scores: Array, weight: FloatArray | None
) -> tuple[float, FloatArray]:
    """Return the average precision of checked rows and what each row adds to it.

    With T and Q the shares of rows that are positive with, or just have, a score of s or more, the
    figure is E[y T/Q] / E[y]. Its derivative in the direction of a row (x, y) is
    (y (T(x)/Q(x) + A(x) - AP) - B(x)) / E[y], with A(x) = E[Y 1{S <= x} / Q(S)] and
    B(x) = E[Y 1{S <= x} T(S) / Q(S)^2]: a row raises T and Q of all scores below its own.
    """
    heavy = np.ones(truth.size) if weight is None else weight
    order = np.argsort(scores)[::-1]
    ordered, positive, sorted_weight = scores[order], truth[order], heavy[order]
    change = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts, group = np.flatnonzero(change), np.cumsum(change) - 1
    gained = np.add.reduceat(np.where(positive, sorted_weight, 0.0), starts)
    predicted = np.cumsum(np.add.reduceat(sorted_weight, starts))
    precision = np.cumsum(gained) / predicted
    n_positive = gained.sum()
    figure = min(float(np.dot(gained, precision) / n_positive), 1.0)
    below = np.cumsum((gained / predicted)[::-1])[::-1]
    lost = np.cumsum((gained * precision / predicted)[::-1])[::-1]
    adds = np.where(positive, (precision + below)[group] - figure, 0.0) - lost[group]
    contributions = np.empty(truth.size)
    contributions[order] = sorted_weight * adds / n_positive
    return figure, contributions
