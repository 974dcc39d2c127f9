"""Misses against false alarms: the DET curve and the rate at which both are equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.counts import score_counts
from xent.evaluation.curve_points import cell_ends, columns_from_json, columns_to_json
from xent.evaluation.curves import roc_curve_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = ["DetCurve", "det_curve", "det_curve_of", "equal_error_rate", "equal_error_rate_of"]

COLUMNS = ("fpr", "fnr", "thresholds")


@dataclass(frozen=True, eq=False)
class DetCurve:
    """A detection error trade-off curve (Martin et al. 1997): one point a distinct score.

    Parameters
    ----------
    fpr, fnr : float64 array of shape (m,)
        False positive and false negative rate; NaN where their class is absent.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are predicted positive. The first is +inf: no row is.
    """

    fpr: FloatArray
    fnr: FloatArray
    thresholds: FloatArray

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        return cell_ends((self.fpr + 1 - self.fnr) / 2, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold: +inf is the string "inf", an undefined rate is null."""
        return columns_to_json(self, COLUMNS)

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> DetCurve:
        """Read what `to_json` wrote, checking it; XentError when it is not that."""
        return cls(*columns_from_json(description, COLUMNS))


def det_curve(y: object, scores: object, *, weight: object = None) -> DetCurve:
    """Return the exact DET curve: (0, 1) at threshold +inf, then a point a distinct score.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> det_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).fnr
    array([1. , 0.5, 0.5, 0. , 0. ])
    """
    return det_curve_of(score_counts(y, scores, weight=weight))


def det_curve_of(counts: ScoreCounts) -> DetCurve:
    """`det_curve` of counts."""
    roc = roc_curve_of(counts)
    return DetCurve(roc.fpr, np.subtract(1.0, roc.tpr, out=roc.tpr), roc.thresholds)


def equal_error_rate(y: object, scores: object, *, weight: object = None) -> float:
    """Rate at which false positives and false negatives are equally frequent, in [0, 1].

    Where no threshold makes them equal, the ROC curve is interpolated linearly.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`; NaN when a class is absent.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> equal_error_rate([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.5
    """
    return equal_error_rate_of(score_counts(y, scores, weight=weight))


def equal_error_rate_of(counts: ScoreCounts) -> float:
    """`equal_error_rate` of counts."""
    n_positive, n_negative = counts.n_positive, counts.n_negative
    if n_positive == 0 or n_negative == 0:
        return float("nan")
    last, gap = 0.0, -1.0
    for chunk in counts.chunks():
        fpr = np.append(last, chunk.fp / n_negative)
        # FPR less FNR rises from -1 to 1.
        gaps = np.append(gap, chunk.fp / n_negative - (1 - chunk.tp / n_positive))
        found = int(np.searchsorted(gaps, 0.0))
        if 0 < found < gaps.size:
            part = -gaps[found - 1] / (gaps[found] - gaps[found - 1])
            return float(fpr[found - 1] + part * (fpr[found] - fpr[found - 1]))
        last, gap = float(fpr[-1]), float(gaps[-1])
    return last
