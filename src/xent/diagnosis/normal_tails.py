"""Tails of sums that are normal or nearly so, and how many things were tried before one was found."""

from __future__ import annotations

import math

__all__ = ["log_arrangements", "skewed_tail", "two_sided_tail", "upper_tail"]


def upper_tail(z: float) -> float:
    """Return the chance of a standard normal value above `z`.

    Examples
    --------
    >>> round(upper_tail(1.6449), 4)
    0.05
    """
    return math.erfc(z / math.sqrt(2)) / 2


def two_sided_tail(z: float) -> float:
    """Return the chance of a standard normal value as far from 0 as `z`.

    Examples
    --------
    >>> round(two_sided_tail(-1.96), 4)
    0.05
    """
    return math.erfc(abs(z) / math.sqrt(2))


def log_arrangements(n: int, n_moved: int) -> float:
    """Return the log of a bound on the ways to move `n_moved` of `n` columns: n! / (n - n_moved)!.

    Examples
    --------
    >>> round(math.exp(log_arrangements(4, 2)))
    12
    """
    return math.lgamma(n + 1) - math.lgamma(n - n_moved + 1)


def skewed_tail(gap: float, variance: float, third: float) -> float:
    """Return the two-sided p value of a sum with these central moments: Pearson's type III distribution.

    A calibrated model that is sure of most rows expects few errors, whose number is skewed: a normal tail would
    call three of them miscalibration.

    Examples
    --------
    >>> round(skewed_tail(1.96, 1.0, 0.0), 4), round(skewed_tail(5.0, 1.0, 1.0), 5)
    (0.05, 0.00095)
    """
    if abs(gap) < 1e-6:
        return 1.0
    if variance <= 0:
        return 0.0
    from scipy.stats import pearson3

    z, skewness = gap / math.sqrt(variance), third / variance**1.5
    if abs(skewness) < 1e-8:
        return two_sided_tail(z)
    tails = float(pearson3.sf(z, skewness)), float(pearson3.cdf(z, skewness))
    return min(1.0, 2 * min(tails))
