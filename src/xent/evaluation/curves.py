"""ROC and precision-recall curves: one point a distinct score, and thinned for storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import score_counts
from xent.evaluation.curve_points import (
    cell_ends,
    cell_extremes,
    columns_from_json,
    columns_to_json,
)
from xent.evaluation.inputs import binary_rows, check_probabilities, vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "BOOK_THRESHOLDS",
    "PrCurve",
    "RocCurve",
    "fixed_threshold_roc",
    "pr_curve",
    "pr_curve_of",
    "roc_curve",
    "roc_curve_of",
    "thin",
    "thresholds_from_infinity",
]


class ThinnableCurve(Protocol):
    """A frozen dataclass of columns of one length that knows which points to keep."""

    @property
    def thresholds(self) -> FloatArray: ...

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        ...


CurveT = TypeVar("CurveT", bound=ThinnableCurve)

# The 24 thresholds of Cai, Bileschi & Nielsen, "Deep Learning with JavaScript" (2020), listing 3.6.
BOOK_THRESHOLDS = (*(round(0.05 * step, 2) for step in range(18)), 0.9, 0.92, 0.94, 0.96, 0.98, 1.0)


@dataclass(frozen=True, eq=False)
class RocCurve:
    """A ROC curve: false and true positive rate at each threshold.

    Parameters
    ----------
    fpr, tpr : float64 array of shape (m,)
        The rates; NaN where their class is absent.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are predicted positive. The first is +inf: no row is.
    """

    fpr: FloatArray
    tpr: FloatArray
    thresholds: FloatArray

    @property
    def area(self) -> float:
        """Trapezoid area under these points: the exact AUC where each score has its point."""
        width, height = np.diff(self.fpr), self.tpr[1:] + self.tpr[:-1]
        # The curve may run either way: by falling thresholds, or by the rising ones of the fixed
        # set.
        return float(abs(np.sum(width * height) / 2))

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps: all without defined rates."""
        if np.isnan(self.area):
            return np.arange(self.thresholds.size)
        return cell_ends((self.fpr + self.tpr) / 2, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold: +inf is the string "inf", an undefined rate is null."""
        return columns_to_json(self, ("fpr", "tpr", "thresholds"))

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> RocCurve:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When a list is missing, is too short or too long, or holds anything but numbers.
        """
        return cls(*columns_from_json(description, ("fpr", "tpr", "thresholds")))


@dataclass(frozen=True, eq=False)
class PrCurve:
    """A precision-recall curve: one point a distinct score, and no point that has no threshold.

    Parameters
    ----------
    recall, precision : float64 array of shape (m,)
        Recall rises along the curve; NaN without positive rows.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are predicted positive; descending.
    """

    recall: FloatArray
    precision: FloatArray
    thresholds: FloatArray

    @property
    def average_precision(self) -> float:
        """Sum of precision times the gain in recall: exact where each score has its point."""
        return float(np.sum(self.precision * np.diff(self.recall, prepend=0.0)))

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps: all without defined rates."""
        if np.isnan(self.recall[0]):
            return np.arange(self.thresholds.size)
        return cell_extremes(self.recall, self.precision, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold; an undefined rate is null."""
        return columns_to_json(self, ("recall", "precision", "thresholds"))

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> PrCurve:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When a list is missing, is too short or too long, or holds anything but numbers.
        """
        return cls(*columns_from_json(description, ("recall", "precision", "thresholds")))


def roc_curve(y: object, scores: object, *, weight: object = None) -> RocCurve:
    """Return the exact ROC curve: (0, 0) at threshold +inf, then a point a distinct score.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.fpr, curve.tpr
    (array([0. , 0. , 0.5, 0.5, 1. ]), array([0. , 0.5, 0.5, 1. , 1. ]))
    >>> curve.thresholds, curve.area
    (array([ inf, 0.8 , 0.4 , 0.35, 0.1 ]), 0.75)
    """
    return roc_curve_of(score_counts(y, scores, weight=weight))


def roc_curve_of(counts: ScoreCounts) -> RocCurve:
    """`roc_curve` of counts."""
    fpr, tpr = np.empty((2, counts.thresholds.size + 1))
    for places, decisions in counts.confusions():
        fpr[1:][places], tpr[1:][places] = decisions.fpr, decisions.recall
    # None above +inf: the rate is 0, or NaN where its class is absent.
    fpr[0], tpr[0] = 0 * fpr[1], 0 * tpr[1]
    return RocCurve(fpr, tpr, thresholds_from_infinity(counts))


def pr_curve(y: object, scores: object, *, weight: object = None) -> PrCurve:
    """Return the exact precision-recall curve, one point a distinct score.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> curve = pr_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.recall, curve.precision.round(3)
    (array([0.5, 0.5, 1. , 1. ]), array([1.   , 0.5  , 0.667, 0.5  ]))
    """
    return pr_curve_of(score_counts(y, scores, weight=weight))


def pr_curve_of(counts: ScoreCounts) -> PrCurve:
    """`pr_curve` of counts."""
    recall, precision = np.empty((2, counts.thresholds.size))
    for places, decisions in counts.confusions():
        recall[places], precision[places] = decisions.recall, decisions.precision
    return PrCurve(recall, precision, counts.thresholds.astype(np.float64))


def thresholds_from_infinity(counts: ScoreCounts) -> FloatArray:
    """Return +inf, at which no row is predicted positive, and the distinct scores."""
    thresholds = np.empty(counts.thresholds.size + 1)
    thresholds[0] = np.inf
    thresholds[1:] = counts.thresholds
    return thresholds


def fixed_threshold_roc(
    y: object,
    *,
    probabilities: object,
    thresholds: Iterable[float] = BOOK_THRESHOLDS,
    weight: object = None,
) -> RocCurve:
    """Return the ROC points at fixed thresholds; positive means `probability > threshold`.

    An estimate, as textbooks draw it. Its `area` misses what lies between the thresholds and is
    usually too small where probabilities crowd at the ends; `roc_auc` is exact.

    Parameters
    ----------
    y, probabilities, weight : array of shape (n,)
        Truth, probability of the positive class, weight a row.
    thresholds : iterable of float
        Rising; the points run from near (1, 1) to (0, 0).

    Raises
    ------
    XentError
        When the arrays do not fit each other, or a probability is outside [0, 1].

    Examples
    --------
    >>> curve = fixed_threshold_roc([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> curve.fpr.size, curve.area
    (24, 0.75)
    """
    truth, given, kept = binary_rows(y, "probabilities", probabilities, weight)
    check_probabilities(given)
    rising = vector(list(thresholds), "thresholds").astype(np.float64)
    if not np.all(np.diff(rising) > 0):
        raise XentError("thresholds must rise from each to the next. Sort them.")
    counts = score_counts(truth, given, weight=kept)
    decisions = [counts.above(float(threshold)) for threshold in rising]
    return RocCurve(
        np.array([decision.fpr for decision in decisions]),
        np.array([decision.recall for decision in decisions]),
        rising,
    )


def thin(curve: CurveT, n_points: int) -> CurveT:
    """Keep at most `n_points` points of a curve, ends included, with a bounded loss of area.

    The way along the curve is cut into equal cells. Of a ROC curve the first and last point of
    every cell of `fpr + tpr` stay: what is dropped lies in a box between two kept points, and the
    trapezoid area changes by at most `1 / (n_points - 1)`. Of a precision-recall curve the first,
    last, lowest and highest point of every cell of recall stay, so that its teeth keep their
    height; the area changes by at most the mean height of the cells' teeth. A curve with fewer
    points, and a ROC or precision-recall curve without defined rates, comes back as it is.

    Parameters
    ----------
    curve : RocCurve, PrCurve or any other curve of this room
        With one point a distinct score.
    n_points : int
        At least 4.

    Raises
    ------
    XentError
        When n_points is below 4.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.random(10_000) < 0.3
    >>> curve = roc_curve(y, rng.normal(size=10_000) + y)
    >>> small = thin(curve, 200)
    >>> len(curve.fpr), len(small.fpr) <= 200, abs(small.area - curve.area) < 1e-3
    (10001, True, True)
    """
    if n_points < 4:
        raise XentError(f"n_points must be at least 4, got {n_points}.")
    if curve.thresholds.size <= n_points:
        return curve
    kept = curve.thinning(n_points)
    if kept.size == curve.thresholds.size:
        return curve
    columns = {name: getattr(curve, name)[kept] for name in vars(curve)}
    return type(curve)(**columns)
