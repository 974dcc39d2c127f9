"""D2: which share of the best constant's loss predictions of a number remove, for any loss.

R2 is that of the squared error, whose best constant is the mean. The best constant of the pinball
loss is the quantile, of every Tweedie deviance the mean (Hastie, Tibshirani & Wainwright 2015,
equation 3.11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.deviances import deviance_rows
from xent.evaluation.inputs import real_rows, weighted_mean
from xent.evaluation.predicted_intervals import check_quantile, pinball_rows

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = [
    "d2_absolute_error",
    "d2_gamma",
    "d2_pinball",
    "d2_poisson",
    "d2_tweedie",
    "weighted_quantile",
]

NAN = float("nan")


def d2_absolute_error(y: object, *, predictions: object, weight: object = None) -> float:
    """Share of the mean absolute error about the median of y that predictions remove.

    Parameters
    ----------
    y, predictions : array of shape (n,) or (n, 1)
        Truth and predicted values, finite.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        At most 1; NaN when y is constant (one row included).

    Raises
    ------
    XentError
        When the arrays do not fit each other, are not finite, or are empty.

    Examples
    --------
    >>> round(d2_absolute_error([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8]), 4)
    0.7647
    """
    return d2_pinball(y, predictions=predictions, quantile=0.5, weight=weight)


def d2_pinball(y: object, *, predictions: object, quantile: float, weight: object = None) -> float:
    """Share of the pinball loss of the quantile of y that predicted quantiles remove.

    Parameters
    ----------
    y, predictions, weight
        As for `d2_absolute_error`.
    quantile : float
        Which quantile is predicted, in (0, 1).

    Returns
    -------
    float
        At most 1; NaN when y is constant (one row included).

    Raises
    ------
    XentError
        As `d2_absolute_error`, and when quantile is outside (0, 1).

    Examples
    --------
    >>> round(d2_pinball([1, 2, 3], predictions=[1, 3, 3], quantile=0.9), 4)
    0.6667
    """
    check_quantile(quantile)
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    if truth.min() == truth.max():
        return NAN
    constant = weighted_quantile(truth, quantile, kept)
    left = weighted_mean(pinball_rows(truth, predicted, quantile), kept)
    return 1 - left / weighted_mean(pinball_rows(truth, constant, quantile), kept)


def d2_poisson(y: object, *, predictions: object, weight: object = None) -> float:
    """Share of the Poisson deviance about the mean of y that predicted means remove.

    Parameters
    ----------
    y, predictions, weight
        As for `poisson_deviance`: y not negative, predictions positive.

    Returns
    -------
    float
        At most 1; NaN when y is constant (one row included).

    Raises
    ------
    XentError
        As `poisson_deviance`.

    Examples
    --------
    >>> round(d2_poisson([2, 0, 1], predictions=[2, 0.5, 1]), 4)
    0.6393
    """
    return d2_tweedie(y, predictions=predictions, power=1, weight=weight)


def d2_gamma(y: object, *, predictions: object, weight: object = None) -> float:
    """Share of the gamma deviance about the mean of y that predicted means remove.

    Parameters
    ----------
    y, predictions, weight
        As for `gamma_deviance`: both positive.

    Returns
    -------
    float
        At most 1; NaN when y is constant (one row included).

    Raises
    ------
    XentError
        As `gamma_deviance`.

    Examples
    --------
    >>> round(d2_gamma([2, 0.5], predictions=[1.5, 0.5]), 4)
    0.8977
    """
    return d2_tweedie(y, predictions=predictions, power=2, weight=weight)


def d2_tweedie(y: object, *, predictions: object, power: float, weight: object = None) -> float:
    """Share of the deviance about the mean of y that predicted means remove; power 0 is R2.

    Parameters
    ----------
    y, predictions, power, weight
        As for `tweedie_deviance`.

    Returns
    -------
    float
        At most 1; NaN when y is constant (one row included).

    Raises
    ------
    XentError
        As `tweedie_deviance`.

    Examples
    --------
    >>> round(d2_tweedie([0.5, 1, 2.5, 7], predictions=[1, 1, 5, 3.5], power=1), 4)
    0.4879
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    left = weighted_mean(deviance_rows(truth, predicted, power), kept)
    if truth.min() == truth.max():
        return NAN
    constant = np.full(truth.shape, weighted_mean(truth, kept))
    return 1 - left / weighted_mean(deviance_rows(truth, constant, power), kept)


def weighted_quantile(values: FloatArray, quantile: float, weight: FloatArray | None) -> float:
    """Return the least value that `quantile` of the weight does not exceed.

    Where several values have the least pinball loss it is one of them, and which does not matter.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), 0.5, None)
    2.0
    """
    order = np.argsort(values)
    heavy = np.ones(values.size) if weight is None else weight
    below = np.cumsum(heavy[order])
    place = int(np.searchsorted(below, quantile * below[-1], side="left"))
    return float(values[order[min(place, values.size - 1)]])
