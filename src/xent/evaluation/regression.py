"""Figures of numeric predictions: errors, R2, pinball loss, likelihood, coverage."""

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
    weighted_median,
)

if TYPE_CHECKING:
    from xent.distributions import Distribution

__all__ = [
    "interval_coverage",
    "mae",
    "mape",
    "median_absolute_error",
    "mse",
    "nll",
    "pinball_loss",
    "r2",
    "rmse",
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


def mape(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean absolute percentage error, as a fraction: 1.0 is 100 %; NaN when a y is zero.

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
    variance = weighted_mean(np.square(truth - weighted_mean(truth, kept)), kept)
    return 1 - weighted_mean(np.square(truth - predicted), kept) / variance


def pinball_loss(
    y: object, *, predictions: object, quantile: float, weight: object = None
) -> float:
    """Mean pinball loss of predicted quantiles (Koenker & Bassett 1978); at 0.5 half the MAE.

    Parameters
    ----------
    y, predictions, weight
        As for `mae`.
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
    if not 0 < quantile < 1:
        raise XentError(f"quantile must lie between 0 and 1, got {quantile}.")
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    error = truth - predicted
    return weighted_mean(np.maximum(quantile * error, (quantile - 1) * error), kept)


def nll(
    y: object, *, parameters: object, distribution: Distribution, weight: object = None
) -> float:
    """Mean negative log-likelihood of the truth under predicted distributions, in nats.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth.
    parameters : array of shape (n,) or (n, n_outputs)
        What the distribution takes as `z`: the outputs of a network that ends in it.
    distribution : Distribution
        `Gaussian()`, `Laplace()`, `Poisson()`, ...
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other or the distribution.

    Examples
    --------
    >>> from xent.distributions import Gaussian
    >>> round(nll([0.0, 1.0], parameters=[0.0, 0.0], distribution=Gaussian(sd=1.0)), 4)
    1.1689
    """
    truth, kept = vector(y, "y"), row_weights(weight, vector(y, "y").size)
    outputs = np.asarray(parameters)
    if outputs.ndim == 0 or outputs.shape[0] != truth.size:
        raise XentError(
            f"parameters must have {truth.size} rows as y has, got shape {outputs.shape}."
        )
    if kept is not None:
        present = kept > 0
        truth, outputs, kept = truth[present], outputs[present], kept[present]
    check_scores(outputs, "parameters")
    wide = outputs.astype(np.float64)
    return weighted_mean(np.asarray(distribution.nll(wide, truth)), kept)


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
    truth, lower, kept = row_pair(y, "low", low, weight)
    _, upper, _ = row_pair(y, "high", high, weight)
    check_scores(truth, "y")
    if not np.all(lower <= upper):
        raise XentError("low must not exceed high in any row, and neither may be NaN.")
    return weighted_mean((lower <= truth) & (truth <= upper), kept)
