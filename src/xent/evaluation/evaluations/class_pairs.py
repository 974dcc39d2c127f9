"""Hand and Till's mean AUC over pairs of classes, with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.intervals.delong import auc_contributions
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.spread import (
    cluster_codes,
    logit_ends,
    normal_quantile,
    sum_variance,
)
from xent.evaluation.multiclass_ranking import class_pairs

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.evaluations.rows import IntervalSettings

__all__ = ["pairwise_auc"]


def pairwise_auc(
    truth: IntArray,
    scores: FloatArray,
    value: float,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    why: str,
) -> Estimate:
    """Return the mean AUC over pairs of classes; its interval is DeLong's for the sum of their contributions.

    What a row adds to the AUC of each pair that its class is in is summed: so the variance knows
    that the pairs share rows, at the cost of one sort a pair and direction.

    Parameters
    ----------
    truth : int64 array of shape (n,)
    scores : float64 array of shape (n, K)
    value : float
        The figure; NaN for the reason `why`.
    weight, cluster : arrays of shape (n,) or None
    settings : IntervalSettings
    why : str
        The reason for NaN.

    Examples
    --------
    >>> from xent.evaluation.evaluations.rows import IntervalSettings
    >>> y = np.array([0, 0, 0, 1, 1, 1])
    >>> p = np.array([0.1, 0.6, 0.2, 0.4, 0.8, 0.9])
    >>> both = np.column_stack([1 - p, p])
    >>> print(pairwise_auc(y, both, 8 / 9, None, None, IntervalSettings(), ""))
    0.8889 (0.3297 to 0.9924)
    """
    n, level = len(truth), settings.level
    if math.isnan(value):
        return Estimate(value, level=level, n=n, why=why)

    def make() -> Estimate:
        adds, n_areas = np.zeros(n), 0
        for first, rows in class_pairs(truth):
            of_class = truth[rows] == first
            share = None if weight is None else weight[rows]
            adds[rows] += auc_contributions(of_class, scores[rows, first], share)[1]
            n_areas += 1
        codes = cluster_codes(cluster, weight, n)
        method = "DeLong (pairs of classes)" if codes is None else "DeLong (pairs, clusters)"
        sd = math.sqrt(sum_variance(adds / n_areas, codes))
        if not (0 < value < 1 and sd > 0):
            no_spread = "the classes are separated: the rows show no spread"
            return Estimate(value, level=level, method=method, n=n, why=no_spread)
        low, high = logit_ends(value, normal_quantile(level) * sd)
        return Estimate(value, low, high, level, method, n)

    return lazy_estimate(value, make, level=level)
