"""Deviances of the Tweedie family: what the likelihood of a mean loses against the perfect mean.

Source: Jorgensen (1987).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import real_rows, weighted_mean

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["deviance_rows", "gamma_deviance", "poisson_deviance", "tweedie_deviance"]


def poisson_deviance(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean Poisson deviance, 2 (y log(y / mu) - y + mu); y not negative, predictions positive.

    Parameters
    ----------
    y, predictions : array of shape (n,) or (n, 1)
        Truth and predicted means, finite.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, are not finite, or are out of range.

    Examples
    --------
    >>> round(poisson_deviance([2, 0, 1], predictions=[2, 1, 1]), 4)
    0.6667
    """
    return tweedie_deviance(y, predictions=predictions, power=1, weight=weight)


def gamma_deviance(y: object, *, predictions: object, weight: object = None) -> float:
    """Mean gamma deviance, 2 (log(mu / y) + y / mu - 1); y and predictions positive.

    Parameters
    ----------
    y, predictions, weight
        As for `poisson_deviance`.

    Raises
    ------
    XentError
        As `poisson_deviance`, and when values are out of range.

    Examples
    --------
    >>> round(gamma_deviance([2, 0.5], predictions=[0.5, 2]), 4)
    2.25
    """
    return tweedie_deviance(y, predictions=predictions, power=2, weight=weight)


def tweedie_deviance(
    y: object, *, predictions: object, power: float, weight: object = None
) -> float:
    """Mean deviance of the Tweedie family, variance proportional to mu^power (Jorgensen 1987).

    Power 0 is the squared error, 1 Poisson, 2 gamma, 3 inverse Gaussian.

    Parameters
    ----------
    y, predictions, weight
        As for `poisson_deviance`. Power 0: any; from 1 on y not negative, from 2 on positive,
        predictions positive.
    power : float
        0, or at least 1.

    Raises
    ------
    XentError
        As `poisson_deviance`, and when values or power are out of range.

    Examples
    --------
    >>> round(tweedie_deviance([2, 0, 1], predictions=[2, 1, 1], power=1.5), 4)
    1.3333
    """
    truth, predicted, kept = real_rows(y, "predictions", predictions, weight)
    return weighted_mean(deviance_rows(truth, predicted, power), kept)


def deviance_rows(truth: FloatArray, predicted: FloatArray, power: float) -> FloatArray:
    """Return the deviance of each row, of finite values.

    Raises
    ------
    XentError
        When values or power are out of range.

    Examples
    --------
    >>> deviance_rows(np.array([2.0, 0.0]), np.array([2.0, 1.0]), 1).tolist()
    [0.0, 2.0]
    """
    if power != 0 and not 1 <= power < np.inf:
        raise XentError(f"power must be 0 or at least 1, got {power}.")
    if power == 0:
        squares: FloatArray = np.square(truth - predicted)
        return squares
    if predicted.min() <= 0:
        raise XentError(f"predictions must be positive for this deviance, got {predicted.min():g}.")
    if truth.min() < 0 or (power >= 2 and truth.min() == 0):
        raise XentError(
            f"y must {'be positive' if power >= 2 else 'not be negative'} for this deviance, "
            f"got {truth.min():g}."
        )
    return _unit_deviance(truth, predicted, power)


def _unit_deviance(y: FloatArray, mu: FloatArray, power: float) -> FloatArray:
    if power == 1:
        # y log(y / mu) is 0 at y = 0.
        ratio = np.divide(y, mu, out=np.ones_like(y), where=y > 0)
        return 2 * (y * np.log(ratio) - y + mu)
    if power == 2:
        return 2 * (np.log(mu / y) + y / mu - 1)
    return 2 * (
        np.power(y, 2 - power) / ((1 - power) * (2 - power))
        - y * np.power(mu, 1 - power) / (1 - power)
        + np.power(mu, 2 - power) / (2 - power)
    )
