"""Paired tests of figures that are smooth in the rows: average precision, and ratios of sums such as F1.

Near its value such a figure is a sum of one contribution a row (its influence), so the difference of
two models is a sum of the differences, row by row: that is what makes the test a paired one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.intervals.average_precision import average_precision_contributions
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.paired import PairedTest, score_pair
from xent.evaluation.intervals.spread import (
    check_level,
    cluster_codes,
    cluster_sums,
    sum_variance,
    t_quantile,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["average_precision_test", "ratio_test"]

METHOD = "influence, paired"
ROUNDING = 1e-13


def average_precision_test(
    y: object,
    a: object,
    b: object,
    *,
    weight: object = None,
    cluster: object = None,
    level: float = 0.95,
) -> PairedTest:
    """Test whether two scores of the same rows have the same average precision.

    Parameters
    ----------
    y, a, b : array of shape (n,)
        Truth 0 or 1; the two scores.
    weight, cluster : array of shape (n,), optional
        Weight a row; rows of one cluster are not independent.
    level : float
        Confidence level of the difference, b less a.

    Raises
    ------
    XentError
        When the arrays do not fit each other.

    Examples
    --------
    >>> test = average_precision_test([0, 0, 0, 1, 1, 1], [1, 4, 5, 3, 8, 9], [1, 2, 6, 5, 7, 8])
    >>> round(test.difference.value, 4), round(test.p_value, 4)
    (0.05, 0.4963)
    """
    truth, first, second, kept = score_pair(y, a, b, weight)
    codes = cluster_codes(cluster, weight, truth.size)
    if not truth.any():
        none = Estimate(math.nan, level=level, n=truth.size, why="there is no positive row")
        return PairedTest(none, math.nan, math.nan, METHOD)
    value_a, adds_a = average_precision_contributions(truth, first, kept)
    value_b, adds_b = average_precision_contributions(truth, second, kept)
    return _tested(value_b - value_a, adds_b - adds_a, codes, level)


def ratio_test(
    a: tuple[Array, Array],
    b: tuple[Array, Array],
    *,
    weight: FloatArray | None = None,
    codes: IntArray | None = None,
    level: float = 0.95,
) -> PairedTest:
    """Test whether two ratios of sums over the same rows are equal.

    Parameters
    ----------
    a, b : (array of shape (n,), array of shape (n,))
        What each row adds to the numerator and to the denominator: for F1 2 where it is a true
        positive, and the number of ways in which it is positive (truly, and as decided).
    weight : float64 array of shape (n,), optional
    codes : int64 array of shape (n,), optional
        0..G-1, the cluster of each row.
    level : float
        Confidence level of the difference, b less a.

    Examples
    --------
    >>> import numpy as np
    >>> all_rows = np.ones(4)
    >>> test = ratio_test((np.array([1, 0, 0, 1]), all_rows), (np.array([1, 1, 1, 1]), all_rows))
    >>> test.difference.value
    0.5
    """
    n = a[0].size
    heavy = np.ones(n) if weight is None else weight
    totals = [float(np.dot(heavy, denominator)) for _, denominator in (a, b)]
    if min(totals) == 0:
        none = Estimate(
            math.nan, level=level, n=n, why="a figure is undefined: nothing to divide by"
        )
        return PairedTest(none, math.nan, math.nan, METHOD)
    values, adds = [], []
    for (numerator, denominator), total in zip((a, b), totals, strict=True):
        value = float(np.dot(heavy, numerator)) / total
        values.append(value)
        adds.append(heavy * (numerator - value * denominator) / total)
    return _tested(values[1] - values[0], adds[1] - adds[0], codes, level)


def _tested(
    value: float, contributions: FloatArray, codes: IntArray | None, level: float
) -> PairedTest:
    from scipy.special import stdtr

    check_level(level)
    n = contributions.size
    method = METHOD if codes is None else f"{METHOD} (clusters)"
    variance = sum_variance(contributions, codes)
    # what rounding leaves of nothing, on a scale from 0 to 1
    if not variance > ROUNDING**2:
        same = abs(value) < ROUNDING
        value = 0.0 if same else value
        why = "both are the same on every row" if same else "no variance is seen"
        end = 0.0 if same else math.nan
        none = Estimate(value, end, end, level, method, n, why)
        return PairedTest(none, 1.0 if same else math.nan, end, method)
    degrees = (n if codes is None else len(cluster_sums(contributions, codes))) - 1
    error = math.sqrt(variance)
    half = t_quantile(level, max(degrees, 1)) * error
    difference = Estimate(value, max(value - half, -1.0), min(value + half, 1.0), level, method, n)
    statistic = value / error
    return PairedTest(
        difference, float(2 * stdtr(max(degrees, 1), -abs(statistic))), statistic, method
    )
