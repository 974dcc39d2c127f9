"""Figures of a confusion matrix of K classes: rows the truth, columns the decision.

Everything is a formula of the matrix alone, so a matrix that was counted in batches, read from a
paper or summed over folds serves as well as labels do. `multiclass_agreement` takes labels.

Sources: Gorodkin (2004) for the correlation R_K, which is Matthews' for two classes; Cohen (1960,
1968) for kappa and weighted kappa; van Rijsbergen (1979) for F-beta; Jaccard (1901).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.averages import averaged, check_average
from xent.evaluation.confusion import ConfusionCounts

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = [
    "KAPPA_SCHEMES",
    "check_matrix",
    "check_scheme",
    "disagreement_weights",
    "matrix_balanced_accuracy",
    "matrix_f_beta",
    "matrix_jaccard",
    "matrix_kappa",
    "matrix_mcc",
    "one_against_rest",
]

NAN: Final = float("nan")
KAPPA_SCHEMES: Final = ("unweighted", "linear", "quadratic")


def matrix_mcc(matrix: object) -> float:
    """Matthews correlation of K classes, Gorodkin's R_K, from a confusion matrix.

    The correlation of truth and decision, both coded as K columns of 0 and 1: 1 is perfect, 0 is
    what independent decisions get.

    Parameters
    ----------
    matrix : array of shape (K, K)
        Counts or sums of weights; rows the truth, columns the decision.

    Returns
    -------
    float
        In [-1, 1]; NaN when the truth, or the decisions, are one class only: there is then no
        variance to share, perfect or not.

    Raises
    ------
    XentError
        When the matrix is not square, or holds anything but counts.

    Examples
    --------
    >>> round(matrix_mcc([[2, 1, 0], [0, 3, 0], [1, 0, 3]]), 4)
    0.7121
    >>> matrix_mcc([[5, 0], [0, 0]])
    nan
    """
    shares = _shares(matrix)
    wrong = disagreement_weights(len(shares), "unweighted")
    truth, decided = shares.sum(axis=1), shares.sum(axis=0)
    # Covariances of 0/1 columns are sums over pairs of different classes, where nothing cancels.
    scale = (truth @ wrong @ truth) ** 0.5 * (decided @ wrong @ decided) ** 0.5
    if scale == 0:
        return NAN
    by_chance = truth @ wrong @ decided
    return float(np.clip((by_chance - np.sum(wrong * shares)) / scale, -1.0, 1.0))


def matrix_kappa(matrix: object, *, scheme: str = "unweighted") -> float:
    """Cohen's kappa from a confusion matrix: agreement beyond that of independent decisions.

    One less the mean cost of the decisions over that of independent ones of the same shares.

    Parameters
    ----------
    matrix : array of shape (K, K)
        Counts or sums of weights; rows the truth, columns the decision.
    scheme : {"unweighted", "linear", "quadratic"}
        What a decision for class j costs where class i is true: 1; |i - j|; (i - j)^2. The last two
        are for ordered classes.

    Returns
    -------
    float
        In [-1, 1]; NaN when truth and decisions are one and the same class.

    Raises
    ------
    XentError
        When the matrix is not square or holds anything but counts, or there is no such scheme.

    Examples
    --------
    >>> matrix = [[2, 1, 0], [0, 3, 0], [1, 0, 3]]
    >>> round(matrix_kappa(matrix), 4), round(matrix_kappa(matrix, scheme="quadratic"), 4)
    (0.7015, 0.6154)
    """
    shares = _shares(matrix)
    cost = disagreement_weights(len(shares), scheme)
    by_chance = shares.sum(axis=1) @ cost @ shares.sum(axis=0)
    if by_chance == 0:
        return NAN
    return float(np.clip(1 - np.sum(cost * shares) / by_chance, -1.0, 1.0))


def matrix_balanced_accuracy(matrix: object) -> float:
    """Mean recall of the classes that occur, from a confusion matrix.

    Parameters
    ----------
    matrix : array of shape (K, K)
        Counts or sums of weights; rows the truth, columns the decision.

    Raises
    ------
    XentError
        When the matrix is not square, or holds anything but counts.

    Examples
    --------
    >>> round(matrix_balanced_accuracy([[2, 1, 0], [0, 3, 0], [1, 0, 3]]), 4)
    0.8056
    """
    return averaged(one_against_rest(check_matrix(matrix)), "recall", "macro", NAN)


def matrix_jaccard(matrix: object, *, average: str = "macro", undefined: float = NAN) -> float:
    """Average Jaccard index of the classes, from a confusion matrix.

    Of each class the rows that are it and were taken for it, over those that are it or were taken
    for it: TP / (TP + FN + FP).

    Parameters
    ----------
    matrix : array of shape (K, K)
        Counts or sums of weights; rows the truth, columns the decision.
    average : {"macro", "micro", "weighted"}
        The plain mean over classes; the index of the pooled counts; the mean by number of rows.
    undefined : float
        What a class neither present nor predicted counts; NaN leaves it out.

    Raises
    ------
    XentError
        When the matrix is not square or holds anything but counts, or average is unknown.

    Examples
    --------
    >>> round(matrix_jaccard([[2, 1, 0], [0, 3, 0], [1, 0, 3]]), 4)
    0.6667
    """
    check_average(average)
    return averaged(one_against_rest(check_matrix(matrix)), "jaccard", average, undefined)


def matrix_f_beta(
    matrix: object, *, beta: float, average: str = "macro", undefined: float = NAN
) -> float:
    """Average F-beta of the classes, from a confusion matrix; recall counts `beta` times as much.

    Parameters
    ----------
    matrix, average, undefined
        As for `matrix_jaccard`.
    beta : float
        Positive; 1 is F1.

    Raises
    ------
    XentError
        As `matrix_jaccard`, and when beta is not a positive number.

    Examples
    --------
    >>> round(matrix_f_beta([[2, 1, 0], [0, 3, 0], [1, 0, 3]], beta=2), 4)
    0.7979
    """
    check_average(average)
    counts = one_against_rest(check_matrix(matrix))
    return averaged(counts, lambda cells: cells.f_beta(beta), average, undefined)


def one_against_rest(matrix: Array) -> ConfusionCounts[FloatArray]:
    """Return the four counts of every class of a (K, K) confusion matrix.

    Examples
    --------
    >>> one_against_rest(np.array([[2, 1], [0, 3]])).recall.round(4)
    array([0.6667, 1.    ])
    """
    right = np.diagonal(matrix)
    others = ~np.eye(matrix.shape[0], dtype=bool)
    # Sums over the other cells, not differences of totals: those could turn negative with weights.
    fn, fp = (matrix * others).sum(axis=1), (matrix * others).sum(axis=0)
    # The rows of all other classes, as one product of float64, exact for counts below 2^53.
    rest = (others.astype(np.float64) @ matrix).astype(matrix.dtype)
    tn = (rest * others).sum(axis=1)
    return ConfusionCounts(tp=right, fn=fn, fp=fp, tn=tn)


def disagreement_weights(n_classes: int, scheme: str) -> FloatArray:
    """Return what a decision for class j costs where i is true, shape (K, K).

    Examples
    --------
    >>> disagreement_weights(3, "quadratic").tolist()
    [[0.0, 1.0, 4.0], [1.0, 0.0, 1.0], [4.0, 1.0, 0.0]]
    """
    check_scheme(scheme)
    places = np.arange(n_classes, dtype=np.float64)
    apart = np.abs(places[:, None] - places)
    if scheme == "linear":
        return apart
    weights: FloatArray = np.square(apart) if scheme == "quadratic" else (apart > 0).astype(float)
    return weights


def check_scheme(scheme: str) -> None:
    """Refuse a scheme of kappa that does not exist, naming the nearest."""
    if scheme not in KAPPA_SCHEMES:
        raise XentError(
            f"scheme must be one of {', '.join(KAPPA_SCHEMES)}, got {scheme!r}."
            f"{nearest_hint(str(scheme), KAPPA_SCHEMES)}"
        )


def check_matrix(matrix: object) -> Array:
    """Return a confusion matrix after checking that it is square and holds counts."""
    try:
        cells = np.asarray(matrix)
    except ValueError as error:
        raise XentError("matrix must have shape (K, K), got rows of unequal length.") from error
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or cells.size == 0:
        raise XentError(f"matrix must have shape (K, K), got {cells.shape}.")
    if cells.dtype.kind not in "biuf":
        raise XentError(f"matrix must hold counts or sums of weights, got {cells.dtype}.")
    if not (np.isfinite(cells).all() and np.all(cells >= 0) and cells.any()):
        raise XentError(
            "matrix must hold counts or sums of weights: finite, not negative, not all zero."
        )
    return cells.astype(np.float64 if cells.dtype.kind == "f" else np.int64)


def _shares(matrix: object) -> FloatArray:
    # Shares, not counts: products of counts overflow int64.
    cells = check_matrix(matrix).astype(np.float64)
    shares: FloatArray = cells / cells.sum()
    return shares
