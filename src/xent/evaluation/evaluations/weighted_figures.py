"""Figures of numbers as functions of the weights alone: all else is made once.

A bootstrap replicate is a new set of weights of the same rows. What does not depend on them (the
errors, their squares, their order) is made when the figure is, and a replicate is then one pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray

__all__ = ["WeightedFigure", "median_figure", "ratio_figure", "variance_share_figure"]

WeightedFigure: TypeAlias = "Callable[[FloatArray | None], float]"
NAN = float("nan")
ROUNDING = 1e-10  # variance over second moment about the mean of all rows


def variance_share_figure(
    truth: FloatArray, predicted: FloatArray, *, forgives_bias: bool
) -> WeightedFigure:
    """Return R2, or explained variance where bias is forgiven, as a function of the weights.

    Values are taken from the mean of all rows, so that the variance about the mean of a replicate
    is a difference of sums that loses no digits.

    Examples
    --------
    >>> y, p = np.array([3, -0.5, 2, 7]), np.array([2.5, 0.0, 2, 8])
    >>> figure = variance_share_figure(y, p, forgives_bias=False)
    >>> round(figure(None), 4), figure(np.array([1.0, 0.0, 0.0, 0.0]))
    (0.9486, nan)
    """
    is_constant = truth.min() == truth.max()
    centered, error = truth - truth.mean(), truth - predicted
    columns = np.stack([centered, np.square(centered), error, np.square(error)])

    def figure(weight: FloatArray | None) -> float:
        means = columns.mean(axis=1) if weight is None else columns @ weight / weight.sum()
        variance = means[1] - means[0] ** 2
        # Drawn rows that are all the same have a variance of rounding only.
        if is_constant or variance <= ROUNDING * means[1]:
            return NAN
        left = means[3] - means[2] ** 2 if forgives_bias else means[3]
        return float(1 - left / variance)

    return figure


def median_figure(values: FloatArray) -> WeightedFigure:
    """Return the median of the values as a function of the weights: they are sorted once.

    Examples
    --------
    >>> figure = median_figure(np.array([3.0, 1.0, 2.0, 10.0]))
    >>> figure(None), figure(np.array([0.0, 1.0, 0.0, 3.0]))
    (2.5, 10.0)
    """
    order = np.argsort(values)
    rising = values[order]

    def figure(weight: FloatArray | None) -> float:
        below = np.arange(1.0, rising.size + 1) if weight is None else np.cumsum(weight[order])
        half = below[-1] / 2
        first, last = np.searchsorted(below, half, "left"), np.searchsorted(below, half, "right")
        return float((rising[first] + rising[last]) / 2)

    return figure


def ratio_figure(above: FloatArray, below: FloatArray) -> WeightedFigure:
    """Return the ratio of two sums as a function of the weights; NaN where the lower is 0.

    Examples
    --------
    >>> ratio_figure(np.array([1.0, 2.0]), np.array([2.0, 4.0]))(None)
    0.5
    """

    def figure(weight: FloatArray | None) -> float:
        heavy = np.ones(above.size) if weight is None else weight
        total = float(below @ heavy)
        return float(above @ heavy) / total if total > 0 else NAN

    return figure
