"""How much a figure varies: quantiles, and variances from what each row or cluster adds to it.

A figure that is smooth in the rows is, near its value, a sum of one contribution a row (its
influence, scaled so that they sum to zero). The variance of that sum is the variance of the figure:
the "infinitesimal jackknife" (Jaeckel 1972; Efron 1982, chapter 6). Rows of one cluster belong
together, so their contributions are summed before they are squared (Liang & Zeger 1986).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = [
    "OneClusterError",
    "back_from_logit",
    "check_level",
    "cluster_codes",
    "cluster_sums",
    "logit",
    "logit_ends",
    "normal_quantile",
    "sum_variance",
    "t_quantile",
]


class OneClusterError(XentError):
    """There is one cluster only, so that nothing says how clusters differ."""


def check_level(level: float) -> float:
    """Refuse a confidence level outside (0, 1)."""
    if not 0 < level < 1:
        raise XentError(f"level must lie between 0 and 1, got {level}. 0.95 is usual.")
    return float(level)


def normal_quantile(level: float) -> float:
    """Return z with `level` of the normal distribution within -z..z: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + check_level(level)) / 2)


def t_quantile(level: float, degrees: float) -> float:
    """Return t with `level` of Student's distribution within -t..t; normal when degrees is inf."""
    if math.isinf(degrees):
        return normal_quantile(level)
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + check_level(level)) / 2))


def logit(share: float) -> float:
    """Return log(p / (1 - p)) of a share strictly between 0 and 1."""
    return math.log(share) - math.log1p(-share)


def back_from_logit(value: float) -> float:
    """Return 1 / (1 + exp(-value)) without overflow."""
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    odds = math.exp(value)
    return odds / (1 + odds)


def logit_ends(share: float, half: float) -> tuple[float, float]:
    """Return the ends of an interval of this half width, made on the logit scale: both lie in (0, 1).

    A step on the share is 1 / (share (1 - share)) steps there, the derivative of the logit.

    Examples
    --------
    >>> [round(end, 4) for end in logit_ends(0.9, 0.1)]
    [0.7476, 0.9647]
    """
    wide = half / (share * (1 - share))
    return back_from_logit(logit(share) - wide), back_from_logit(logit(share) + wide)


def cluster_codes(cluster: object, weight: object, n_rows: int) -> IntArray | None:
    """Return codes 0..G-1 of the clusters of the rows whose weight is not zero; None stays None.

    Parameters
    ----------
    cluster : array of shape (n,), optional
        A name or number a row; rows of one cluster are not independent.
    weight : array of shape (n,), optional
        As given by the caller: rows of weight 0 are left out here too.
    n_rows : int
        Rows that remain after the door, as a check.

    Raises
    ------
    XentError
        When the number of rows differs.
    OneClusterError
        When there are fewer than two clusters.
    """
    if cluster is None:
        return None
    names = np.asarray(cluster)
    if names.ndim == 2 and names.shape[1] == 1:
        names = names[:, 0]
    if weight is not None and names.ndim == 1:
        kept = np.asarray(weight, dtype=np.float64).reshape(-1) > 0
        names = names[kept] if kept.size == names.size else names
    if names.ndim != 1 or names.size != n_rows:
        raise XentError(f"cluster must have {n_rows} rows as y has, got shape {names.shape}.")
    if names.dtype.kind == "f" and np.isnan(names).any():
        raise XentError("cluster must not hold NaN. Give such rows a cluster of their own.")
    codes: IntArray = np.unique(names, return_inverse=True)[1].astype(np.int64)
    if codes.max() == 0:
        raise OneClusterError(
            "cluster must name at least two clusters, got one. "
            "Nothing says how clusters differ when there is one only."
        )
    return codes


def cluster_sums(values: FloatArray, codes: IntArray) -> FloatArray:
    """Return the sum of `values` in every cluster 0..G-1."""
    sums: FloatArray = np.bincount(codes, weights=values).astype(np.float64, copy=False)
    return sums


def sum_variance(contributions: FloatArray, codes: IntArray | None = None) -> float:
    """Return the variance of a sum of independent contributions whose expectation is zero.

    With `codes` the clusters are what is independent. The factor k / (k - 1) makes it unbiased for a
    mean. NaN when there is one contribution only.
    """
    sums: Array = contributions if codes is None else cluster_sums(contributions, codes)
    if sums.size < 2:
        return float("nan")
    return float(np.dot(sums, sums)) * sums.size / (sums.size - 1)
