"""Scores of predicted distributions of a number: likelihood, and the continuous ranked one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import check_scores, real_rows, row_weights, vector, weighted_mean

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.distributions import Distribution

__all__ = ["gaussian_crps", "gaussian_crps_rows", "nll"]


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
    truth = vector(y, "y")
    kept = row_weights(weight, truth.size)
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


def gaussian_crps(y: object, *, mean: object, sd: object, weight: object = None) -> float:
    """Mean continuous ranked probability score of Gaussian predictions, in the unit of y.

    The integral over x of (F(x) - 1{y <= x})^2, in closed form (Gneiting et al. 2005, equation 5):
    sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)) with z = (y - mean) / sd. It is the absolute
    error where sd is 0, so that it compares with the MAE of predictions without a spread; unlike
    the log-likelihood it forgives an outlier linearly.

    Parameters
    ----------
    y, mean, sd : array of shape (n,) or (n, 1)
        Truth, predicted means, predicted standard deviations, finite; sd not negative.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, are not finite, or an sd is negative.

    Examples
    --------
    >>> round(gaussian_crps([0.0, 1.0], mean=[0.0, 0.0], sd=[1.0, 1.0]), 4)
    0.4181
    >>> gaussian_crps([0.0, 1.0], mean=[0.5, 0.5], sd=[0.0, 0.0])
    0.5
    """
    truth, center, kept = real_rows(y, "mean", mean, weight)
    _, spread, _ = real_rows(y, "sd", sd, weight)
    if spread.min() < 0:
        raise XentError(f"sd must not be negative, got {spread.min():g}. Give exp of a log sd.")
    return weighted_mean(gaussian_crps_rows(truth, center, spread), kept)


def gaussian_crps_rows(truth: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the score of each row, of checked values.

    Examples
    --------
    >>> gaussian_crps_rows(np.array([3.0]), np.array([1.0]), np.array([0.0])).tolist()
    [2.0]
    """
    from scipy.special import erf

    distance = np.abs(truth - mean)
    # z (2 Phi(z) - 1) sd is |y - mean| erf(z / sqrt 2): finite for any sd, 0 included.
    with np.errstate(over="ignore"):
        z = np.divide(distance, sd, out=np.full(distance.shape, np.inf), where=sd > 0)
        density = np.exp(-np.square(z) / 2) * np.sqrt(2 / np.pi)
    scores: FloatArray = distance * erf(z / np.sqrt(2)) + sd * (density - 1 / np.sqrt(np.pi))
    return scores
