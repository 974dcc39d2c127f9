"""Intervals of the figures of a confusion matrix of K classes.

Sources: the delta method, on Fisher's scale for correlations (Fleiss, Cohen & Everitt 1969 give
kappa's variance), on the logit scale for averages (Takahashi et al. 2022 give that of macro F1
without one, which leaves [0, 1]); Wilson (1927) for the accuracy; for plain means of recalls or
precisions the square-and-add rule of Newcombe (1998) from Wilson's ends (Zou & Donner 2008 for any
number of them).

Matrices of good decisions are nearly empty beside the diagonal, and an empty cell shows no variance.
Half a row in each cell, as with two classes, would be many rows with many classes. Here two rows,
spread as independent decisions of the same shares would be, pull the figure toward chance and make
the near end; the far end is the farther one with and without them. Measured on 40 to 300 rows, 95%
intervals then hold the truth in 92 to 99% of samples (of the bootstrap's, in as few as 30% where
nearly all decisions are right). A class that is never decided rightly shows no variance either: for
macro F1 and Jaccard the square-and-add rule, which gives such a class its Wilson interval, stands
in where it is wider. Where classes have but a row or two, averages over the classes that happened to
occur cover less, by any method.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.averages import averaged
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.proportions import wilson_bounds
from xent.evaluation.intervals.spread import (
    back_from_logit,
    check_level,
    logit,
    normal_quantile,
)
from xent.evaluation.matrix_figures import (
    check_matrix,
    matrix_kappa,
    matrix_mcc,
    one_against_rest,
)
from xent.evaluation.matrix_slopes import average_slopes, kappa_slopes, mcc_slopes, n_counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray

__all__ = ["MATRIX_FIGURES", "matrix_interval", "matrix_value"]

NAN: Final = float("nan")
KAPPAS: Final = {
    "kappa": "unweighted",
    "linear_kappa": "linear",
    "quadratic_kappa": "quadratic",
}
AVERAGES: Final = {
    "balanced_accuracy": ("recall", "macro"),
    **{
        f"{average}_{figure}": (figure, average)
        for average in ("macro", "weighted")
        for figure in ("precision", "recall", "f1", "jaccard")
    },
}
MATRIX_FIGURES: Final = ("accuracy", "mcc", *KAPPAS, *AVERAGES)
UNDEFINED: Final = {
    "mcc": "the truth, or the decisions, are one class only",
    "weighted_precision": "no class that occurs is ever decided for",
    **dict.fromkeys(KAPPAS, "truth and decisions are one and the same class"),
}
ADDED_ROWS: Final = 2.0


def matrix_interval(
    matrix: object, name: str, *, level: float = 0.95, n_effective: float = math.nan
) -> Estimate:
    """Figure of a confusion matrix of K classes with the interval that suits it.

    Parameters
    ----------
    matrix : array of shape (K, K)
        Counts or sums of weights; rows the truth, columns the decision.
    name : str
        One of `MATRIX_FIGURES`: "accuracy", "mcc", "kappa", "linear_kappa", "quadratic_kappa",
        "balanced_accuracy", or "macro_" or "weighted_" with "precision", "recall", "f1", "jaccard".
    level : float
        Confidence level.
    n_effective : float
        Effective number of all rows (`kish`) when the matrix holds sums of weights.

    Raises
    ------
    XentError
        When there is no such figure, or the matrix is no confusion matrix.

    Examples
    --------
    >>> matrix = [[20, 3, 1], [2, 30, 4], [1, 2, 17]]
    >>> print(matrix_interval(matrix, "mcc"))
    0.7498 (0.5782 to 0.8503)
    >>> matrix_interval(matrix, "balanced_accuracy").method
    'Newcombe'
    """
    check_level(level)
    value = matrix_value(matrix, name)
    cells = check_matrix(matrix).astype(np.float64)
    if not math.isnan(n_effective):
        if not n_effective > 0:
            raise XentError(f"n_effective must be positive, got {n_effective}.")
        cells *= n_effective / cells.sum()
    n = float(cells.sum())
    if math.isnan(value):
        return Estimate(value, level=level, n=n, why=UNDEFINED[name])
    (low, high), method = _ends(cells, name, value, level)
    low, high = min(low, value), max(high, value)
    why = "truth and decisions are one class: the rows show no spread" if low == high else ""
    return Estimate(value, low, high, level, method, n, why)


def matrix_value(matrix: object, name: str) -> float:
    """Return one of `MATRIX_FIGURES` of a confusion matrix; NaN where it is undefined.

    Examples
    --------
    >>> matrix_value([[4, 1], [0, 5]], "kappa")
    0.8
    """
    if name not in MATRIX_FIGURES:
        raise XentError(
            f"name must be one of {', '.join(MATRIX_FIGURES)}, got {name!r}."
            f"{nearest_hint(str(name), MATRIX_FIGURES)}"
        )
    if name in KAPPAS:
        return matrix_kappa(matrix, scheme=KAPPAS[name])
    if name == "mcc":
        return matrix_mcc(matrix)
    cells = check_matrix(matrix)
    if name == "accuracy":
        return float(np.trace(cells) / cells.sum())
    return averaged(one_against_rest(cells), *AVERAGES[name], NAN)


def _ends(
    cells: FloatArray, name: str, value: float, level: float
) -> tuple[tuple[float, float], str]:
    if name in {"accuracy", "weighted_recall"}:  # one and the same
        low, high = wilson_bounds(np.trace(cells), cells.sum(), level)
        return (float(low), float(high)), "Wilson"
    if name in {"balanced_accuracy", "macro_recall"}:
        return _mean_ends(np.diagonal(cells), cells.sum(axis=1), level), "Newcombe"
    if name == "macro_precision":
        return _mean_ends(np.diagonal(cells), cells.sum(axis=0), level), "Newcombe"
    if name in AVERAGES:
        figure, average = AVERAGES[name]
        # classes are left out by what was seen, not by what is added
        counted = n_counted(cells, figure) > 0
        slopes = partial(average_slopes, figure=figure, average=average, counted=counted)
        delta = _delta_ends(cells, slopes, value, _logit_ends, level)
        if average == "weighted":
            return delta, "delta method, logit scale"
        added = _mean_ends(np.diagonal(cells), n_counted(cells, "jaccard"), level, figure)
        wider = min(delta[0], added[0]), max(delta[1], added[1])
        return wider, "delta method or Newcombe, the wider"
    correlation = mcc_slopes if name == "mcc" else partial(kappa_slopes, scheme=KAPPAS[name])
    return _delta_ends(cells, correlation, value, _fisher_ends, level), "delta method, Fisher scale"


def _mean_ends(
    right: FloatArray, support: FloatArray, level: float, figure: str = "share"
) -> tuple[float, float]:
    """Return the ends of the plain mean of shares, or of F1s, from Wilson's ends of each share."""
    occurs = support > 0
    low, high = wilson_bounds(right[occurs], support[occurs], level)
    shares = right[occurs] / support[occurs]
    if figure == "f1":  # rises with the Jaccard share
        low, high, shares = (2 * share / (1 + share) for share in (low, high, shares))
    value, count = float(shares.mean()), shares.size
    below = math.sqrt(float(np.sum(np.square(shares - low)))) / count
    above = math.sqrt(float(np.sum(np.square(high - shares)))) / count
    return max(value - below, 0.0), min(value + above, 1.0)


def _delta_ends(
    cells: FloatArray,
    slopes_of: Callable[[FloatArray], tuple[float, FloatArray]],
    value: float,
    on_scale: Callable[[float, float], tuple[float, float]],
    level: float,
) -> tuple[float, float]:
    quantile = normal_quantile(level)

    def ends(held: FloatArray) -> tuple[float, float, float]:
        n = held.sum()
        shares = held / n
        figure, slopes = slopes_of(shares)
        # The variance of a smooth figure of multinomial shares is that of its slopes over the rows.
        spread = np.sum(shares * np.square(slopes - np.sum(shares * slopes)))
        return figure, *on_scale(figure, quantile * math.sqrt(float(spread / n)))

    pulled, low, high = ends(cells + _independent_rows(cells))
    _, plain_low, plain_high = ends(cells)
    if pulled > value:
        return min(low, plain_low), high
    return low, max(high, plain_high)


def _independent_rows(cells: FloatArray) -> FloatArray:
    """Return `ADDED_ROWS` rows spread as independent decisions over the classes that occur."""
    truth, decided = cells.sum(axis=1), cells.sum(axis=0)
    occurs = truth + decided > 0
    rows = np.outer((truth + 0.5) * occurs, (decided + 0.5) * occurs)
    spread: FloatArray = ADDED_ROWS * rows / rows.sum()
    return spread


def _fisher_ends(figure: float, half: float) -> tuple[float, float]:
    if abs(figure) >= 1 or half == 0:
        return figure, figure
    center, half = math.atanh(figure), half / (1 - figure**2)
    return math.tanh(center - half), math.tanh(center + half)


def _logit_ends(figure: float, half: float) -> tuple[float, float]:
    if not 0 < figure < 1 or half == 0:
        return figure, figure
    center, half = logit(figure), half / (figure * (1 - figure))
    return back_from_logit(center - half), back_from_logit(center + half)
