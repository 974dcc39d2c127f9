"""Is one model better than another on the same rows: paired tests, and corrections for several.

Sources: DeLong et al. (1988) for the AUC; McNemar (1947), with the exact and the mid-p form of
Fagerland, Lydersen & Laake (2013); Agresti & Min (2005) for the interval of a difference of
accuracies; Holm (1979); Benjamini & Hochberg (1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, check_scores, positives, vector
from xent.evaluation.intervals.delong import auc_contributions, spread_of
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.spread import check_level, cluster_codes, normal_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray

__all__ = ["PairedTest", "benjamini_hochberg", "delong_test", "holm", "mcnemar", "score_pair"]


@dataclass(frozen=True)
class PairedTest:
    """A difference of two models on the same rows, and how surely it is none.

    Parameters
    ----------
    difference : Estimate
        Figure of b less that of a, with its interval.
    p_value : float
        Two-sided; NaN where there is no test.
    statistic : float
        What the p-value rests on.
    method : str
        Name of the test.
    """

    difference: Estimate
    p_value: float
    statistic: float
    method: str


def delong_test(
    y: object,
    a: object,
    b: object,
    *,
    weight: object = None,
    cluster: object = None,
    level: float = 0.95,
) -> PairedTest:
    """Test whether two scores of the same rows have the same AUC.

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
    >>> test = delong_test([0, 0, 0, 1, 1, 1], [1, 4, 5, 3, 8, 9], [1, 2, 6, 5, 7, 8])
    >>> round(test.difference.value, 4), round(test.p_value, 4)
    (0.1111, 0.4795)
    """
    check_level(level)
    truth, first, second, kept = score_pair(y, a, b, weight)
    codes = cluster_codes(cluster, weight, truth.size)
    method = "DeLong, paired" if codes is None else "DeLong, paired (clusters)"
    if truth.all() or not truth.any():
        absent = Estimate(
            math.nan, level=level, method=method, n=truth.size, why="one class is absent"
        )
        return PairedTest(absent, math.nan, math.nan, method)
    auc_a, adds_a = auc_contributions(truth, first, kept)
    auc_b, adds_b = auc_contributions(truth, second, kept)
    value = auc_b - auc_a
    variance = spread_of(value, truth, adds_b - adds_a, codes).variance
    if not variance > 0:
        why = "both scores order the rows alike" if value == 0 else "no variance is seen"
        end = 0.0 if value == 0 and variance == 0 else math.nan
        none = Estimate(value, end, end, level, method, truth.size, why)
        return PairedTest(
            none, 1.0 if value == 0 else math.nan, 0.0 if value == 0 else math.nan, method
        )
    error = math.sqrt(variance)
    half = normal_quantile(level) * error
    difference = Estimate(
        value, max(value - half, -1.0), min(value + half, 1.0), level, method, truth.size
    )
    return PairedTest(
        difference, math.erfc(abs(value / error) / math.sqrt(2)), value / error, method
    )


def mcnemar(
    y: object, a: object, b: object, *, mid_p: bool = True, level: float = 0.95
) -> PairedTest:
    """Test whether two decisions on the same rows are right equally often.

    Parameters
    ----------
    y, a, b : array of shape (n,)
        Truth and the two decisions, 0 or 1.
    mid_p : bool
        Count the observed table half (powerful, hardly ever above the nominal size); False for the
        exact test.
    level : float
        Confidence level of the difference in accuracy, b less a.

    Raises
    ------
    XentError
        When the arrays do not fit or hold anything but 0 and 1.

    Examples
    --------
    >>> test = mcnemar([1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 1], [1, 1, 1, 1, 0, 1])
    >>> test.difference.value, test.p_value
    (0.5, 0.125)
    """
    check_level(level)
    truth, first, _ = binary_rows(y, "a", a)
    second = binary_rows(y, "b", b)[1]
    right_a, right_b = positives(first, "a") == truth, positives(second, "b") == truth
    gained = int(np.count_nonzero(right_b & ~right_a))
    lost = int(np.count_nonzero(right_a & ~right_b))
    n, changed, fewer = truth.size, gained + lost, min(gained, lost)
    method = "McNemar, mid-p" if mid_p else "McNemar, exact"
    p_value = min(1.0, 2 * _half_binomial(fewer, changed))
    if mid_p:
        from scipy.stats import binom

        p_value = min(1.0, p_value - float(binom.pmf(fewer, changed, 0.5)))
        p_value = 1.0 if gained == lost else p_value
    # Agresti & Min (2005): half a row in each cell of the table keeps the interval from collapsing.
    total, up, down = n + 2, gained + 0.5, lost + 0.5
    center = (up - down) / total
    half = normal_quantile(level) * math.sqrt(up + down - (up - down) ** 2 / total) / total
    value = (gained - lost) / n
    low, high = max(min(center - half, value), -1.0), min(max(center + half, value), 1.0)
    difference = Estimate(value, low, high, level, "Agresti-Min", n)
    return PairedTest(difference, p_value, float(fewer), method)


def holm(p_values: Sequence[float]) -> FloatArray:
    """Return p-values corrected so that any false finding at all has the nominal probability.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    given = _p_values(p_values)
    order = np.argsort(given)
    steps = given[order] * np.arange(given.size, 0, -1)
    corrected = np.empty(given.size)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def benjamini_hochberg(p_values: Sequence[float]) -> FloatArray:
    """Return p-values corrected for the share of false findings among all findings.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.04, 0.04]
    """
    given = _p_values(p_values)
    order = np.argsort(given)[::-1]
    steps = given[order] * given.size / np.arange(given.size, 0, -1)
    corrected = np.empty(given.size)
    corrected[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return corrected


def score_pair(
    y: object, a: object, b: object, weight: object
) -> tuple[Array, Array, Array, FloatArray | None]:
    """Check a binary truth against two scores a row: (positive rows as bool, a, b, weight)."""
    truth, first, kept = binary_rows(y, "a", a, weight)
    second = binary_rows(y, "b", b, weight)[1]
    return truth, check_scores(first, "a"), check_scores(second, "b"), kept


def _half_binomial(k: int, n: int) -> float:
    from scipy.special import bdtr

    return float(bdtr(k, n, 0.5))


def _p_values(values: Sequence[float]) -> FloatArray:
    given = vector(values, "p_values").astype(np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise XentError("p_values must lie in [0, 1] and hold no NaN: leave out what has no test.")
    return given
