"""Skill with its interval: a ratio of two mean losses of the same rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.inputs import weighted_mean
from xent.evaluation.intervals.estimate import Estimate, lazy_estimate
from xent.evaluation.intervals.means import skewed_ends
from xent.evaluation.intervals.proportions import kish
from xent.evaluation.intervals.spread import cluster_codes, cluster_sums

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.rows import IntervalSettings

__all__ = ["skill_estimate"]


def skill_estimate(
    losses: FloatArray,
    constant: FloatArray,
    weight: FloatArray | None,
    cluster: Array | None,
    settings: IntervalSettings,
    why: str,
) -> Estimate:
    """Return 1 - mean loss / mean loss of the best constant; `why` where that loses nothing.

    Both means vary with the rows, and together. The constant is fitted to these rows as well; but
    it has the least loss of all constants, so to first order its own error does not count. What a
    row adds is then (skill of all * its constant loss - its gain) / mean constant loss, and Hall's
    correction for skewness applies as to any mean.

    Parameters
    ----------
    losses, constant : float64 arrays of shape (n,)
        Losses of the model and of the constant, row by row.
    weight, cluster : arrays of shape (n,) or None
    settings : IntervalSettings
    why : str
        The reason for NaN.

    Examples
    --------
    >>> from xent.evaluation.evaluations.rows import IntervalSettings
    >>> losses, constant = np.array([0.1, 0.4, 0.2, 0.1]), np.array([0.7, 0.6, 0.8, 0.7])
    >>> estimate = skill_estimate(losses, constant, None, None, IntervalSettings(), "")
    >>> print(f"{estimate:.2f}")
    0.71 (-0.53 to 0.96)
    """
    loss, of_constant = weighted_mean(losses, weight), weighted_mean(constant, weight)
    n = float(losses.size) if weight is None else kish(weight)
    if of_constant == 0:
        return Estimate(math.nan, level=settings.level, n=n, why=why)
    value = 1 - loss / of_constant
    if not math.isfinite(value):
        reason = "a value is infinite: what was said to be impossible happened"
        return Estimate(value, level=settings.level, n=n, why=reason)

    def make() -> Estimate:
        codes = cluster_codes(cluster, weight, losses.size)
        method = "Hall's t" if codes is None else "Hall's t (clusters)"
        heavy = np.ones(losses.size) if weight is None else weight
        adds = heavy * ((1 - value) * constant - losses) / (heavy.sum() * of_constant)
        if codes is not None:
            adds = cluster_sums(adds, codes)
        if adds.size == 1:
            reason = "one row has no spread"
            return Estimate(value, level=settings.level, method=method, n=n, why=reason)
        if not adds.any():
            reason = "every row has the same skill"
            return Estimate(value, value, value, settings.level, method, n, reason)
        low, high = skewed_ends(value, adds, level=settings.level, bounds=(-math.inf, 1.0))
        return Estimate(value, low, high, settings.level, method, n)

    return lazy_estimate(value, make, level=settings.level)
