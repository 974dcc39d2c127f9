"""How many rows an interval of a given width, or a test of a given power, needs.

Sources: Wilson (1927) for shares; Obuchowski (1994; Obuchowski, Lieber & Wians 2004) for the AUC,
whose binormal variance is (0.0099 exp(-A^2/2)) ((5 A^2 + 8) + (A^2 + 8) / k) per positive row with
A = 1.414 Phi^-1(AUC) and k negative rows to a positive one.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from xent.errors import XentError
from xent.evaluation.intervals.proportions import wilson_bounds
from xent.evaluation.intervals.spread import normal_quantile

__all__ = ["auc_power", "rows_for_auc", "rows_for_auc_difference", "rows_for_share"]

CHANCE_VARIANCE = 0.0792  # of an AUC of 0.5, by the same formula


def rows_for_share(share: float, width: float, *, level: float = 0.95) -> int:
    """Rows for which Wilson's interval of an expected share is at most `width` wide.

    Raises
    ------
    XentError
        When share lies outside [0, 1], or width outside (0, 1).

    Examples
    --------
    >>> rows_for_share(0.9, 0.04)
    868
    """
    _check_within("share", share, closed=True)
    _check_within("width", width)

    def wide(n: int) -> bool:
        low, high = wilson_bounds(share * n, n, level)
        return float(high - low) > width

    few, many = 0, 1
    while wide(many):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (middle, many) if wide(middle) else (few, middle)
    return many


def rows_for_auc(auc: float, width: float, *, prevalence: float, level: float = 0.95) -> int:
    """Rows for which the interval of an expected AUC is `width` wide at the given prevalence.

    Obuchowski's variance is that of ratings in few steps: for continuous scores it errs to the safe
    side (at an AUC of 0.9 by half).

    Raises
    ------
    XentError
        When auc lies outside [0.5, 1), or width or prevalence outside (0, 1).

    Examples
    --------
    >>> rows_for_auc(0.9, 0.05, prevalence=0.2)
    1605
    """
    _check_within("width", width)
    variance = _variance(auc, _ratio_of_classes(prevalence))
    n_positive = variance * (2 * normal_quantile(level) / width) ** 2
    return math.ceil(n_positive / prevalence)


def rows_for_auc_difference(
    auc_a: float,
    auc_b: float,
    *,
    prevalence: float,
    correlation: float = 0.5,
    power: float = 0.8,
    level: float = 0.95,
) -> int:
    """Rows for which a paired test sees the difference of two AUCs with the given power.

    Parameters
    ----------
    auc_a, auc_b : float
        The expected areas, in [0.5, 1).
    prevalence : float
        Share of positive rows.
    correlation : float
        Of the two estimated areas on the same rows; 0 for separate samples.
    power, level : float
        Probability to see the difference; 1 - level is the size of the two-sided test.

    Raises
    ------
    XentError
        When the areas are equal or a number lies outside its range.

    Examples
    --------
    >>> rows_for_auc_difference(0.85, 0.88, prevalence=0.2)
    2909
    """
    _check_within("power", power)
    if not -1 < correlation < 1:
        raise XentError(f"correlation must lie between -1 and 1, got {correlation}.")
    if auc_a == auc_b:
        raise XentError(f"auc_a and auc_b must differ, got {auc_a} twice.")
    ratio = _ratio_of_classes(prevalence)
    a, b = _variance(auc_a, ratio), _variance(auc_b, ratio)
    variance = a + b - 2 * correlation * math.sqrt(a * b)
    reach = normal_quantile(level) + NormalDist().inv_cdf(power)
    return math.ceil(variance * (reach / (auc_a - auc_b)) ** 2 / prevalence)


def auc_power(auc: float, *, n_positive: int, n_negative: int, level: float = 0.95) -> float:
    """Power of the two-sided test that an AUC is 0.5.

    Raises
    ------
    XentError
        When auc lies outside (0.5, 1), or a class is empty.

    Examples
    --------
    >>> round(auc_power(0.73, n_positive=41, n_negative=72), 7)
    0.9897453
    """
    if n_positive < 1 or n_negative < 1:
        raise XentError(
            f"n_positive and n_negative must be at least 1: {n_positive}, {n_negative}."
        )
    ratio = n_negative / n_positive
    chance = normal_quantile(level) * math.sqrt(CHANCE_VARIANCE * (1 + 1 / ratio))
    reach = math.sqrt(n_positive) * (auc - 0.5) - chance
    return NormalDist().cdf(reach / math.sqrt(_variance(auc, ratio)))


def _variance(auc: float, ratio: float) -> float:
    if not 0.5 <= auc < 1:
        raise XentError(f"auc must lie in [0.5, 1), got {auc}.")
    a = NormalDist().inv_cdf(auc) * 1.414
    return 0.0099 * math.exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio)


def _ratio_of_classes(prevalence: float) -> float:
    _check_within("prevalence", prevalence)
    return (1 - prevalence) / prevalence


def _check_within(name: str, value: float, *, closed: bool = False) -> None:
    if not (0 <= value <= 1 if closed else 0 < value < 1):
        raise XentError(f"{name} must lie between 0 and 1, got {value}.")
