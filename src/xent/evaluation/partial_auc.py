"""Area under a part of the ROC curve: over a band of false, or of true, positive rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import score_counts

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "partial_auc",
    "partial_auc_of",
    "standardized_partial_auc",
    "standardized_partial_auc_of",
]

Band = tuple[float, float]


def partial_auc(
    y: object,
    scores: object,
    *,
    fpr: Band | None = None,
    tpr: Band | None = None,
    weight: object = None,
) -> float:
    """Area under the ROC curve over a band of FPR, or beside it over a band of TPR.

    Over `fpr=(a, b)` it is the integral of the TPR; over `tpr=(a, b)` that of the specificity. The
    curve is interpolated linearly between its points (McClish 1989).

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.
    fpr, tpr : pair of float
        The band, rising within [0, 1]; exactly one of the two.

    Returns
    -------
    float
        Between 0 and the width of the band; NaN when a class is absent.

    Raises
    ------
    XentError
        When no band or two bands are given, or a band does not rise within [0, 1].

    Examples
    --------
    >>> partial_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], fpr=(0.0, 0.5))
    0.25
    """
    return partial_auc_of(score_counts(y, scores, weight=weight), fpr=fpr, tpr=tpr)


def standardized_partial_auc(
    y: object,
    scores: object,
    *,
    fpr: Band | None = None,
    tpr: Band | None = None,
    weight: object = None,
) -> float:
    """McClish's rescaled partial AUC: 0.5 for scores by chance, 1 for perfect ones.

    Parameters
    ----------
    y, scores, fpr, tpr, weight
        As for `partial_auc`.

    Raises
    ------
    XentError
        As `partial_auc`.

    Examples
    --------
    >>> round(standardized_partial_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], fpr=(0.0, 0.5)), 6)
    0.666667
    """
    return standardized_partial_auc_of(score_counts(y, scores, weight=weight), fpr=fpr, tpr=tpr)


def partial_auc_of(
    counts: ScoreCounts, *, fpr: Band | None = None, tpr: Band | None = None
) -> float:
    """`partial_auc` of counts."""
    low, high = _band(fpr, tpr)
    n_positive, n_negative = counts.n_positive, counts.n_negative
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    areas, last = [], (0.0, 0.0)
    for chunk in counts.chunks():
        x = np.concatenate([[last[0]], chunk.fp / n_negative])
        y = np.concatenate([[last[1]], chunk.tp / n_positive])
        last = float(x[-1]), float(y[-1])
        # Over a band of TPR the axes change places: specificity as a function of the TPR.
        way, height = (x, y) if fpr is not None else (y, 1 - x)
        if way[-1] <= low or way[0] >= high:
            continue
        ends = np.clip(way, low, high)
        areas.append(_trapezoid(way, height, ends))
    return math.fsum(areas)


def standardized_partial_auc_of(
    counts: ScoreCounts, *, fpr: Band | None = None, tpr: Band | None = None
) -> float:
    """`standardized_partial_auc` of counts."""
    low, high = _band(fpr, tpr)
    under_diagonal = (high - low) * (high + low) / 2
    chance = under_diagonal if fpr is not None else (high - low) - under_diagonal
    area = partial_auc_of(counts, fpr=fpr, tpr=tpr)
    return (1 + (area - chance) / (high - low - chance)) / 2


def _trapezoid(way: FloatArray, height: FloatArray, ends: FloatArray) -> float:
    width = np.diff(way)
    steep = np.divide(np.diff(height), width, out=np.zeros_like(width), where=width > 0)
    left = height[:-1] + steep * (ends[:-1] - way[:-1])
    right = height[:-1] + steep * (ends[1:] - way[:-1])
    return float(np.sum(np.diff(ends) * (left + right)) / 2)


def _band(fpr: Band | None, tpr: Band | None) -> Band:
    if (fpr is None) == (tpr is None):
        got = "none" if fpr is None else "both"
        raise XentError(f"fpr or tpr: exactly one band must be given, got {got}.")
    name = "tpr" if fpr is None else "fpr"
    band = (tpr or ()) if fpr is None else fpr
    if len(band) != 2 or not 0 <= band[0] < band[1] <= 1:
        raise XentError(f"{name} must be a rising pair within [0, 1], got {band}.")
    return float(band[0]), float(band[1])
