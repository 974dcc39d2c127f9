"""Figures of a confusion matrix as functions of its shares, with their derivatives.

What the delta method needs: near its value a smooth figure is a sum over rows, and the slope of a
cell is what a row in it adds. Each function takes shares that sum to 1 and returns the figure and
its slopes, shape (K, K). Slopes are told up to a constant, which moves along no direction in which
shares stay shares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.evaluation.matrix_figures import disagreement_weights

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["average_slopes", "kappa_slopes", "mcc_slopes", "n_counted"]

# A class's figure is its diagonal cell over a * row sum + b * column sum - c * diagonal cell.
DENOMINATORS: Final = {
    "precision": (0.0, 1.0, 0.0),
    "recall": (1.0, 0.0, 0.0),
    "f1": (0.5, 0.5, 0.0),
    "jaccard": (1.0, 1.0, 1.0),
}


def mcc_slopes(shares: FloatArray) -> tuple[float, FloatArray]:
    """Return the MCC, (E - O) / root of (T D), and its slopes.

    O is the share of wrong decisions, E that of independent ones, T and D those of truth and of
    decisions that are drawn twice.

    Examples
    --------
    >>> figure, slopes = mcc_slopes(np.array([[0.4, 0.1], [0.1, 0.4]]))
    >>> round(figure, 4), slopes.shape
    (0.6, (2, 2))
    """
    cost = disagreement_weights(len(shares), "unweighted")
    truth, decided = shares.sum(axis=1), shares.sum(axis=0)
    by_truth, by_decided = cost @ truth, cost @ decided
    twice_truth, twice_decided = float(truth @ by_truth), float(decided @ by_decided)
    scale = math.sqrt(twice_truth) * math.sqrt(twice_decided)
    figure = (float(truth @ by_decided) - float(np.sum(cost * shares))) / scale
    gap_slopes = by_decided[:, None] + by_truth - cost
    log_scale_slopes = by_truth[:, None] / twice_truth + by_decided / twice_decided
    return min(max(figure, -1.0), 1.0), gap_slopes / scale - figure * log_scale_slopes


def kappa_slopes(shares: FloatArray, scheme: str) -> tuple[float, FloatArray]:
    """Return kappa, 1 - O / E, and its slopes.

    O is the mean cost of the decisions, E that of independent ones.

    Examples
    --------
    >>> round(kappa_slopes(np.array([[0.4, 0.1], [0.1, 0.4]]), "unweighted")[0], 4)
    0.6
    """
    cost = disagreement_weights(len(shares), scheme)
    truth, decided = shares.sum(axis=1), shares.sum(axis=0)
    by_truth, by_decided = cost @ truth, cost @ decided
    by_chance = float(truth @ by_decided)
    ratio = float(np.sum(cost * shares)) / by_chance
    slopes = (ratio * (by_decided[:, None] + by_truth) - cost) / by_chance
    return min(max(1 - ratio, -1.0), 1.0), slopes


def average_slopes(
    shares: FloatArray, figure: str, average: str, counted: Array
) -> tuple[float, FloatArray]:
    """Return the average of a figure over classes, and its slopes.

    Parameters
    ----------
    shares : float64 array of shape (K, K)
    figure : {"precision", "recall", "f1", "jaccard"}
    average : {"macro", "weighted"}
    counted : bool array of shape (K,)
        Classes that the average is over: those that have the figure (`n_counted`).

    Examples
    --------
    >>> shares, both = np.array([[0.4, 0.1], [0.2, 0.3]]), np.array([True, True])
    >>> round(average_slopes(shares, "recall", "macro", both)[0], 4)
    0.7
    """
    of_row, of_column, of_right = DENOMINATORS[figure]
    right, below = np.diagonal(shares), n_counted(shares, figure)
    support = shares.sum(axis=1) if average == "weighted" else np.ones(len(shares))
    weight = np.where(counted, support, 0.0)
    total = weight.sum()
    one_over = np.divide(1.0, below, out=np.zeros(len(shares)), where=counted & (below > 0))
    each = right * one_over
    value = float(weight @ each / total)
    pull = weight / total * one_over
    slopes = np.diag(pull * (1 + of_right * each))
    slopes -= of_row * (pull * each)[:, None] + of_column * pull * each
    if average == "weighted":
        slopes += np.where(counted, each - value, 0.0)[:, None] / total
    return value, slopes


def n_counted(cells: FloatArray, figure: str) -> FloatArray:
    """Return the denominator of a figure for each class; a class has the figure where it is not 0.

    Examples
    --------
    >>> n_counted(np.array([[3.0, 1.0], [0.0, 0.0]]), "recall").tolist()
    [4.0, 0.0]
    """
    of_row, of_column, of_right = DENOMINATORS[figure]
    counted: FloatArray = (
        of_row * cells.sum(axis=1) + of_column * cells.sum(axis=0) - of_right * np.diagonal(cells)
    )
    return counted
