"""Errors of numeric predictions, in the unit of y, relative, or as a share of its variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import real_rows, weighted_mean, weighted_median

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = [
    "explained_variance",
    "mae",
    "mape",
    "max_error",
    "mean_error",
    "median_absolute_error",
    "mse",
    "msle",
    "r2",
    "rmse",
    "rmsle",
    "smape",
    "wape",
]

NAN = float("nan")


def mae(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean absolute error, in the unit of y.

    Parameters
    ----------
    y, predictions : array of shape (n,) or (n, 1)
        Truth and predicted values, finite.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, are not finite, or are empty.

    Examples
    --------
    >>> mae([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    0.5
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_mean(np.abs(truth - predicted), kept)


def mse(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean squared error, in the squared unit of y.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> mse([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    0.375
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_mean(np.square(truth - predicted), kept)


def rmse(y: object, *, predictions: object, weight: object = None) -> float:
    """Root of the mean squared error, in the unit of y.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> round(rmse([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8]), 4)
    0.6124
    """
    return float(mse(y, predictions=predictions, weight=weight) ** 0.5)


def median_absolute_error(y: object, *, predictions: object, weight: object = None) -> float:
    """Median of the absolute errors.

    With weights, the value with half of the weight on either side.
    Where exactly half of the weight lies below, it is the mean of the two middle errors, with and
    without weights.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> median_absolute_error([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    0.5
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_median(np.abs(truth - predicted), kept)


def mean_error(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean of prediction less truth (bias), in the unit of y: positive where predictions run high.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> mean_error([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    0.25
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_mean(predicted - truth, kept)


def max_error(y: object, *, predictions: object, weight: object = None) -> float:
    """Largest absolute error of any row, in the unit of y.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`; of weights only whether they are 0 matters.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> max_error([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    1.0
    """
    truth, predicted, _ = real_rows(y, "predictions", predictions, weight)
    return float(np.max(np.abs(truth - predicted)))


def msle(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean squared error of log(1 + y): relative errors of large values, absolute ones of small.

    Parameters
    ----------
    y, predictions : array of shape (n,) or (n, 1)
        Truth and predicted values, finite and above -1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        As `mae`, and when a value is -1 or less.

    Examples
    --------
    >>> round(msle([3, 5, 2.5, 7], predictions=[2.5, 5, 4, 8]), 4)
    0.0397
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    for name, values in (("y", truth), ("predictions", predicted)):
        if values.min() <= -1:
            raise XentError(f"{name} must be above -1 for log(1 + y), got {values.min():g}.")
    return weighted_mean(np.square(np.log1p(truth) - np.log1p(predicted)), kept)


def rmsle(y: object, *, predictions: object, weight: object = None) -> float:
    """Root of `msle`: for small errors about the relative error of 1 + y.

    Parameters
    ----------
    y, predictions, weight
        As for `msle`.

    Raises
    ------
    XentError
        As `msle`.

    Examples
    --------
    >>> round(rmsle([3, 5, 2.5, 7], predictions=[2.5, 5, 4, 8]), 4)
    0.1993
    """
    return float(msle(y, predictions=predictions, weight=weight) ** 0.5)


def mape(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean absolute percentage error, as a fraction: 1.0 is 100%; NaN when a y is zero.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> round(mape([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8]), 4)
    0.3274
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    if not truth.all():
        return NAN
    return weighted_mean(np.abs((truth - predicted) / truth), kept)


def smape(y: object, *, predictions: object, weight: object = None) -> float:
    """Symmetric MAPE, the mean of 2 |y - p| / (|y| + |p|), in [0, 2]; NaN at 0 / 0.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> round(smape([3, 2, 7], predictions=[2.5, 2, 8]), 4)
    0.1051
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    size = np.abs(truth) + np.abs(predicted)
    if not size.all():
        return NAN
    return weighted_mean(2 * np.abs(truth - predicted) / size, kept)


def wape(y: object, *, predictions: object, weight: object = None) -> float:
    """Sum of absolute errors over sum of absolute truths, a fraction; NaN when all of y is zero.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> wape([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8])
    0.16
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    size = weighted_mean(np.abs(truth), kept)
    return weighted_mean(np.abs(truth - predicted), kept) / size if size > 0 else NAN


def r2(y: object, *, predictions: object, weight: object = None) -> float:
    """Share of the variance of y that is explained; NaN when y is constant (one row included).

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> round(r2([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8]), 4)
    0.9486
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    # A constant y has a mean off by a rounding, and then a variance that is not zero: look at the
    # values.
    if truth.min() == truth.max():
        return NAN
    return 1 - weighted_mean(np.square(truth - predicted), kept) / _variance(truth, kept)


def explained_variance(y: object, *, predictions: object, weight: object = None) -> float:
    """Share of the variance of y that the errors do not have: `r2` of predictions without bias.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.

    Returns
    -------
    float
        1 - var(y - predictions) / var(y), at least `r2`; NaN when y is constant.

    Raises
    ------
    XentError
        As `mae`.

    Examples
    --------
    >>> round(explained_variance([3, -0.5, 2, 7], predictions=[2.5, 0.0, 2, 8]), 4)
    0.9572
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    if truth.min() == truth.max():
        return NAN
    return 1 - _variance(truth - predicted, kept) / _variance(truth, kept)


def _variance(values: FloatArray, weight: FloatArray | None) -> float:
    return weighted_mean(np.square(values - weighted_mean(values, weight)), weight)
