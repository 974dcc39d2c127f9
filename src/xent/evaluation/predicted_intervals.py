"""Figures of predicted quantiles and intervals: pinball loss, coverage, width, interval score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import (
    check_scores,
    real_rows,
    row_pair,
    row_weights,
    vector,
    weighted_mean,
)

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = [
    "check_quantile",
    "interval_coverage",
    "interval_score",
    "mean_interval_width",
    "pinball_loss",
    "pinball_rows",
]


def pinball_loss(
    y: object, *, predictions: object, quantile: float, weight: object = None
) -> float:
    """Mean pinball loss of predicted quantiles (Koenker & Bassett 1978); at 0.5 half the MAE.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`; predicted quantiles.
    quantile : float
        Which quantile is predicted, in (0, 1).

    Raises
    ------
    XentError
        As `mae`, and when quantile is outside (0, 1).

    Examples
    --------
    >>> pinball_loss([1, 2, 3], predictions=[0, 2, 3], quantile=0.9)
    0.3
    """
    check_quantile(quantile)
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_mean(pinball_rows(truth, predicted, quantile), kept)


def interval_coverage(y: object, *, low: object, high: object, weight: object = None) -> float:
    """Share of rows whose truth lies in its predicted interval, ends included.

    Parameters
    ----------
    y, low, high : array of shape (n,) or (n, 1)
        Truth and the two ends of each interval; infinite ends are allowed.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or an interval ends before it begins.

    Examples
    --------
    >>> interval_coverage([1, 2, 3, 4], low=[0, 0, 0, 0], high=[3, 3, 3, 3])
    0.75
    """
    truth, lower, upper, kept = _interval_rows(y, low, high, weight)
    return weighted_mean((lower <= truth) & (truth <= upper), kept)


def mean_interval_width(*, low: object, high: object, weight: object = None) -> float:
    """Mean width of predicted intervals, in the unit of y: of two that cover, the narrower is better.

    Parameters
    ----------
    low, high : array of shape (n,) or (n, 1)
        The two ends of each interval.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        Infinite where an interval has no end.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or an interval ends before it begins.

    Examples
    --------
    >>> mean_interval_width(low=[0, 0, 1], high=[1, 2, 4])
    2.0
    """
    lower = vector(low, "low")
    kept = row_weights(weight, lower.size)
    upper = vector(high, "high")
    if upper.size != lower.size:
        raise XentError(f"high must have {lower.size} rows as low has, got {upper.size}.")
    if kept is not None:
        lower, upper, kept = lower[kept > 0], upper[kept > 0], kept[kept > 0]
    _check_ends(lower, upper)
    return weighted_mean(_widths(lower, upper), kept)


def interval_score(
    y: object, *, low: object, high: object, level: float, weight: object = None
) -> float:
    """Mean interval score (Winkler 1972; Gneiting & Raftery 2007, equation 43), in the unit of y.

    The width, and 2 / (1 - level) times how far the truth lies outside. It is proper: what makes it
    least in the mean are the quantiles (1 - level) / 2 and (1 + level) / 2; it is 2 / (1 - level)
    times the sum of their pinball losses.

    Parameters
    ----------
    y, low, high : array of shape (n,) or (n, 1)
        Truth, and the two ends of each interval.
    level : float
        Share of rows that the intervals are made to hold, in (0, 1).
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        Not negative; infinite where an interval has no end.

    Raises
    ------
    XentError
        When the arrays do not fit each other, an interval ends before it begins, y is not finite,
        or level is outside (0, 1).

    Examples
    --------
    >>> round(interval_score([1, 2, 5], low=[0, 0, 0], high=[3, 3, 3], level=0.9), 4)
    16.3333
    """
    if not 0 < level < 1:
        raise XentError(f"level must lie between 0 and 1, got {level}. 0.9 is usual.")
    truth, lower, upper, kept = _interval_rows(y, low, high, weight)
    if not np.isfinite(truth).all():
        raise XentError(f"y must be finite, got {truth[~np.isfinite(truth)][0]}.")
    widths = _widths(lower, upper)
    outside = np.maximum(lower - truth, 0.0) + np.maximum(truth - upper, 0.0)
    return weighted_mean(widths + 2 / (1 - level) * outside, kept)


def pinball_rows(truth: FloatArray, predicted: FloatArray | float, quantile: float) -> FloatArray:
    """Return the pinball loss of each row, of checked values.

    Examples
    --------
    >>> pinball_rows(np.array([1.0, 2.0]), 0.0, 0.9).tolist()
    [0.9, 1.8]
    """
    error = truth - predicted
    losses: FloatArray = np.maximum(quantile * error, (quantile - 1) * error)
    return losses


def check_quantile(quantile: float) -> None:
    """Refuse a quantile outside (0, 1)."""
    if not 0 < quantile < 1:
        raise XentError(f"quantile must lie between 0 and 1, got {quantile}.")


def _interval_rows(
    y: object, low: object, high: object, weight: object
) -> tuple[Array, Array, Array, FloatArray | None]:
    truth, lower, kept = row_pair(y, "low", low, weight)
    _, upper, _ = row_pair(y, "high", high, weight)
    check_scores(truth, "y")
    _check_ends(lower, upper)
    return truth, lower, upper, kept


def _widths(lower: Array, upper: Array) -> FloatArray:
    if lower.max() == np.inf or upper.min() == -np.inf:
        raise XentError("low must be below inf and high above -inf: such intervals hold no number.")
    widths: FloatArray = upper.astype(np.float64) - lower
    return widths


def _check_ends(lower: Array, upper: Array) -> None:
    if not np.all(lower <= upper):
        raise XentError("low must not exceed high in any row, and neither may be NaN.")
