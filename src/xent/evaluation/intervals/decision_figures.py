"""Intervals of the figures of a decision that are no plain shares: F1, MCC, kappa, Youden's J, ...

Sources: Wilson (1927) by way of the Jaccard share for F1; Newcombe (1998, Statistics in Medicine 17,
873-890, method 10) for differences of two shares; the delta method on Fisher's scale for
correlations, with half a row added to each cell (Agresti 2013, section 3.1), and on the logit
scale for F-beta (Takahashi et al. 2022 give the plain delta method, which leaves [0, 1]).
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.confusion import UNDEFINED, ConfusionCounts
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.proportions import SHARES, share_interval, wilson_bounds
from xent.evaluation.intervals.spread import (
    back_from_logit,
    check_level,
    logit,
    normal_quantile,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DECISION_FIGURES", "decision_interval", "f1_interval", "f_beta_interval"]

CELLS = ("tp", "fn", "fp", "tn")
DECISION_FIGURES = (
    *SHARES,
    "f1",
    "balanced_accuracy",
    "youden_j",
    "mcc",
    "kappa",
    "lr_positive",
    "lr_negative",
)


def decision_interval(
    counts: ConfusionCounts[float],
    name: str,
    *,
    level: float = 0.95,
    n_effective: float = math.nan,
) -> Estimate:
    """Figure of the four counts with the interval that suits it.

    Parameters
    ----------
    counts : ConfusionCounts
        The four counts, or sums of weights.
    name : str
        One of `DECISION_FIGURES`: the name of a property of `ConfusionCounts`.
    level : float
        Confidence level.
    n_effective : float
        Effective number of all rows (`kish`) when the counts are sums of weights.

    Raises
    ------
    XentError
        When there is no such figure.

    Examples
    --------
    >>> counts = ConfusionCounts(tp=40, fn=10, fp=5, tn=45)
    >>> print(decision_interval(counts, "mcc"))
    0.7035 (0.5247 to 0.8046)
    >>> decision_interval(counts, "youden_j").method
    'Newcombe'
    """
    check_level(level)
    if name not in DECISION_FIGURES:
        raise XentError(
            f"name must be a figure of a decision, got {name!r}."
            f"{nearest_hint(name, DECISION_FIGURES)}"
        )
    if name in SHARES:
        return share_interval(counts, name, level=level, n_effective=n_effective)
    value = float(getattr(counts, name))
    scaled = _scaled(counts, n_effective)
    n = float(scaled.n_rows)
    if math.isnan(value):
        return Estimate(value, level=level, n=n, why=UNDEFINED[name])
    if name == "f1":
        ends, method = _f1_ends(scaled, level), "Wilson, by the Jaccard share"
    elif name in ("youden_j", "balanced_accuracy"):
        ends, method = _difference_ends(scaled, level), "Newcombe"
        if name == "balanced_accuracy":
            ends = ((ends[0] + 1) / 2, (ends[1] + 1) / 2)
    elif name in ("mcc", "kappa"):
        method = "delta method, Fisher scale"
        ends = _delta_ends(scaled, lambda cells: getattr(cells, name), np.arctanh, np.tanh, level)
    else:
        method = "delta method, log scale"
        ends = _delta_ends(scaled, lambda cells: getattr(cells, name), np.log, np.exp, level)
    return Estimate(value, min(ends[0], value), max(ends[1], value), level, method, n)


def f1_interval(
    counts: ConfusionCounts[float], *, level: float = 0.95, n_effective: float = math.nan
) -> Estimate:
    """F1 with an interval inside [0, 1], of a width at 0 and 1 too.

    F1 = 2 J / (1 + J) rises with the Jaccard share J = TP / (TP + FN + FP), and TP is binomial
    given the rows that are positive or predicted positive: Wilson's ends of J, transformed.

    Examples
    --------
    >>> print(f1_interval(ConfusionCounts(tp=40, fn=10, fp=5, tn=45)))
    0.8421 (0.7482 to 0.9054)
    """
    return decision_interval(counts, "f1", level=level, n_effective=n_effective)


def f_beta_interval(
    counts: ConfusionCounts[float],
    *,
    beta: float,
    level: float = 0.95,
    n_effective: float = math.nan,
) -> Estimate:
    """F-beta with an interval by the delta method on the logit scale.

    Raises
    ------
    XentError
        When beta is not a positive number.

    Examples
    --------
    >>> print(f_beta_interval(ConfusionCounts(tp=40, fn=10, fp=5, tn=45), beta=2))
    0.8163 (0.6954 to 0.8884)
    """
    check_level(level)
    value = counts.f_beta(beta)
    scaled = _scaled(counts, n_effective)
    n, method = float(scaled.n_rows), "delta method, logit scale"
    if math.isnan(value):
        return Estimate(value, level=level, method=method, n=n, why=UNDEFINED["f1"])
    low, high = _delta_ends(scaled, lambda cells: cells.f_beta(beta), logit, back_from_logit, level)
    return Estimate(value, min(low, value), max(high, value), level, method, n)


def _scaled(counts: ConfusionCounts[float], n_effective: float) -> ConfusionCounts[float]:
    if math.isnan(n_effective):
        return counts
    if not n_effective > 0:
        raise XentError(f"n_effective must be positive, got {n_effective}.")
    scale = n_effective / counts.n_rows
    return ConfusionCounts(*(getattr(counts, cell) * scale for cell in CELLS))


def _f1_ends(counts: ConfusionCounts[float], level: float) -> tuple[float, float]:
    low, high = wilson_bounds(counts.tp, counts.tp + counts.fn + counts.fp, level)
    return float(2 * low / (1 + low)), float(2 * high / (1 + high))


def _difference_ends(counts: ConfusionCounts[float], level: float) -> tuple[float, float]:
    # Recall - FPR: the distances of each share to its own Wilson ends, added as squares.
    recall, fpr = counts.recall, counts.fpr
    recall_low, recall_high = wilson_bounds(counts.tp, counts.tp + counts.fn, level)
    fpr_low, fpr_high = wilson_bounds(counts.fp, counts.fp + counts.tn, level)
    below = math.hypot(recall - recall_low, fpr_high - fpr)
    above = math.hypot(recall_high - recall, fpr - fpr_low)
    return max(recall - fpr - below, -1.0), min(recall - fpr + above, 1.0)


def _delta_ends(
    counts: ConfusionCounts[float],
    figure: Callable[[ConfusionCounts[float]], float],
    scale: Callable[[float], float],
    back: Callable[[float], float],
    level: float,
) -> tuple[float, float]:
    # On the scale, the variance of a smooth figure g of multinomial counts is
    # sum(n_c (g_c - mean g)^2) with g_c the derivative by the count of cell c. Half a row in each
    # cell keeps empty cells from claiming that they are empty for certain.
    cells = {cell: getattr(counts, cell) + 0.5 for cell in CELLS}
    smoothed = ConfusionCounts(**cells)
    center = float(scale(figure(smoothed)))
    slopes = []
    for cell, held in cells.items():
        step = held * 1e-5
        more, less = (
            scale(figure(dataclasses.replace(smoothed, **{cell: held + side * step})))
            for side in (1, -1)
        )
        slopes.append(float(more - less) / (2 * step))
    held_counts, by_cell = np.array(list(cells.values())), np.array(slopes)
    middle = np.dot(held_counts, by_cell) / held_counts.sum()
    error = math.sqrt(float(np.dot(held_counts, (by_cell - middle) ** 2)))
    half = normal_quantile(level) * error
    return float(back(center - half)), float(back(center + half))
