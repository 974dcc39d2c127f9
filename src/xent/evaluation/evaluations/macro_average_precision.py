"""The mean average precision of several classes or labels, with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.intervals.average_precision import average_precision_contributions
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.spread import (
    cluster_codes,
    logit_ends,
    sum_variance,
    t_quantile,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.evaluations.rows import IntervalSettings

__all__ = ["macro_average_precision"]


def macro_average_precision(
    truth: Array,
    scores: Array,
    value: float,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    why: str,
) -> Estimate:
    """Return the mean average precision of several columns; its interval is made on the logit scale.

    Parameters
    ----------
    truth, scores : arrays of shape (n, K)
        A column a class or a label; one without a positive row is left out.
    value : float
        The figure; NaN for the reason `why`.
    weight, cluster : arrays of shape (n,) or None
    settings : IntervalSettings
    why : str
        The reason for NaN.

    Examples
    --------
    >>> from xent.evaluation.evaluations.rows import IntervalSettings
    >>> truth = np.eye(2, dtype=bool)[[0, 0, 0, 1, 1, 1]]
    >>> scores = np.array([0.1, 0.6, 0.2, 0.4, 0.8, 0.9])
    >>> both = np.column_stack([1 - scores, scores])
    >>> print(macro_average_precision(truth, both, 11 / 12, None, None, IntervalSettings(), ""))
    0.9167 (0.2780 to 0.9968)
    """
    n, level = len(truth), settings.level
    if math.isnan(value):
        return Estimate(value, level=level, n=n, why=why)

    def make() -> Estimate:
        codes = cluster_codes(cluster, weight, n)
        method = "logit scale (macro)" if codes is None else "logit scale (macro, clusters)"
        columns = [k for k in range(truth.shape[1]) if truth[:, k].any()]
        adds, shares, degrees = np.zeros(n), [], []
        for k in columns:
            each = average_precision_contributions(truth[:, k], scores[:, k], weight)[1]
            adds += each / len(columns)
            shares.append(sum_variance(each, codes))
            degrees.append(max(_n_positive(truth[:, k], codes) - 1, 1))
        variance = sum_variance(adds, codes)
        if value >= 1 or not variance > 0:
            return _without_variance(value, degrees, level, method, n)
        # Welch-Satterthwaite: every column's variance is told by its own positive rows.
        held, freedom = np.array(shares), np.array(degrees)
        quantile = t_quantile(level, float(held.sum() ** 2 / np.sum(held**2 / freedom)))
        low, high = logit_ends(value, quantile * math.sqrt(variance))
        return Estimate(value, low, high, level, method, n)

    return lazy_estimate(value, make, level=level)


def _n_positive(truth: Array, codes: IntArray | None) -> int:
    return int(truth.sum()) if codes is None else int(np.unique(codes[truth]).size)


def _without_variance(
    value: float, degrees: list[int], level: float, method: str, n: int
) -> Estimate:
    bounds = [((1 - level) / 2) ** (1 / (free + 1)) for free in degrees]
    why = "no variance is seen: mean of the exact bounds by the positive rows of each column"
    return Estimate(value, min(float(np.mean(bounds)), value), 1.0, level, method, n, why)
