"""What the highest scores hold: gain and lift over choosing rows at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import score_counts
from xent.evaluation.curve_points import (
    cell_ends,
    cell_extremes,
    columns_from_json,
    columns_to_json,
)
from xent.evaluation.curves import thresholds_from_infinity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "GainCurve",
    "LiftCurve",
    "gain_curve",
    "gain_curve_of",
    "lift_curve",
    "lift_curve_of",
    "top_lift",
    "top_lift_of",
]


@dataclass(frozen=True, eq=False)
class GainCurve:
    """Recall against the share of rows that is chosen, highest scores first.

    Parameters
    ----------
    share, recall : float64 array of shape (m,)
        Both from 0 to 1; recall is NaN without positive rows.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are chosen. The first is +inf: none is.
    """

    share: FloatArray
    recall: FloatArray
    thresholds: FloatArray

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        return cell_ends((self.share + self.recall) / 2, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold: +inf is the string "inf", an undefined rate is null."""
        return columns_to_json(self, ("share", "recall", "thresholds"))

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> GainCurve:
        """Read what `to_json` wrote, checking it; XentError when it is not that."""
        return cls(*columns_from_json(description, ("share", "recall", "thresholds")))


@dataclass(frozen=True, eq=False)
class LiftCurve:
    """Lift (precision over prevalence) against the share of rows that is chosen.

    Parameters
    ----------
    share, lift : float64 array of shape (m,)
        Share rises to 1, where lift is 1; lift is NaN without positive rows.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are chosen.
    """

    share: FloatArray
    lift: FloatArray
    thresholds: FloatArray

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        return cell_extremes(self.share, self.lift, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold; an undefined lift is null."""
        return columns_to_json(self, ("share", "lift", "thresholds"))

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> LiftCurve:
        """Read what `to_json` wrote, checking it; XentError when it is not that."""
        return cls(*columns_from_json(description, ("share", "lift", "thresholds")))


def gain_curve(y: object, scores: object, *, weight: object = None) -> GainCurve:
    """Return the exact gain curve, from (0, 0) at threshold +inf.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> gain_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).recall
    array([0. , 0.5, 0.5, 1. , 1. ])
    """
    return gain_curve_of(score_counts(y, scores, weight=weight))


def gain_curve_of(counts: ScoreCounts) -> GainCurve:
    """`gain_curve` of counts."""
    share, recall = np.empty((2, counts.thresholds.size + 1))
    _write_share_and_recall(counts, share[1:], recall[1:])
    # None above +inf: recall is 0, or NaN without positive rows.
    share[0], recall[0] = 0.0, 0 * recall[1]
    return GainCurve(share, recall, thresholds_from_infinity(counts))


def lift_curve(y: object, scores: object, *, weight: object = None) -> LiftCurve:
    """Return the exact lift curve, one point a distinct score.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> lift_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).lift[:2]
    array([2., 1.])
    """
    return lift_curve_of(score_counts(y, scores, weight=weight))


def lift_curve_of(counts: ScoreCounts) -> LiftCurve:
    """`lift_curve` of counts."""
    share, lift = np.empty((2, counts.thresholds.size))
    _write_share_and_recall(counts, share, lift)
    lift /= share
    return LiftCurve(share, lift, counts.thresholds.astype(np.float64))


def top_lift(y: object, scores: object, *, share: float, weight: object = None) -> float:
    """Lift of the top `share` of rows: their precision over the prevalence.

    Of rows tied at the cut the expected part is taken, as if they were drawn at random.

    Raises
    ------
    XentError
        When share is outside (0, 1], or the arrays do not fit.

    Examples
    --------
    >>> top_lift([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], share=0.25)
    2.0
    """
    return top_lift_of(score_counts(y, scores, weight=weight), share=share)


def top_lift_of(counts: ScoreCounts, *, share: float) -> float:
    """`top_lift` of counts."""
    if not 0 < share <= 1:
        raise XentError(f"share must lie in (0, 1], got {share}.")
    n_positive = counts.n_positive
    n_rows = n_positive + counts.n_negative
    if n_positive == 0:
        return float("nan")
    wanted, tp, chosen = share * n_rows, 0.0, 0.0
    for chunk in counts.chunks():
        rows = np.append(chosen, chunk.tp + chunk.fp)
        if rows[-1] >= wanted:
            tp = float(np.interp(wanted, rows, np.append(tp, chunk.tp)))
            break
        tp, chosen = float(chunk.tp[-1]), float(rows[-1])
    return tp / n_positive / share


def _write_share_and_recall(counts: ScoreCounts, share: FloatArray, recall: FloatArray) -> None:
    n_positive = counts.n_positive
    n_rows = n_positive + counts.n_negative
    for chunk in counts.chunks():
        np.divide(chunk.tp + chunk.fp, n_rows, out=share[chunk.places])
        if n_positive:
            np.divide(chunk.tp, n_positive, out=recall[chunk.places])
    if not n_positive:
        recall.fill(np.nan)
