"""Any figure of a decision at every threshold, or at given ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.confusion import UNDEFINED
from xent.evaluation.counts import score_counts
from xent.evaluation.curve_points import cell_extremes, columns_from_json, columns_to_json
from xent.evaluation.inputs import vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "ThresholdCurve",
    "cost_at_thresholds",
    "cost_at_thresholds_of",
    "figure_at_thresholds",
    "figure_at_thresholds_of",
]

FIGURES = ("accuracy", *UNDEFINED)


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """A figure against the threshold.

    Parameters
    ----------
    values : float64 array of shape (m,)
        The figure; NaN where it is undefined.
    thresholds : float64 array of shape (m,)
        Rows with `score >= threshold` are predicted positive.
    """

    values: FloatArray
    thresholds: FloatArray

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        return cell_extremes(np.linspace(0, 1, self.values.size), self.values, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold; an undefined value is null."""
        return columns_to_json(self, ("values", "thresholds"))

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> ThresholdCurve:
        """Read what `to_json` wrote, checking it; XentError when it is not that."""
        return cls(*columns_from_json(description, ("values", "thresholds")))


def figure_at_thresholds(
    y: object, scores: object, *, figure: str, thresholds: object = None, weight: object = None
) -> ThresholdCurve:
    """Return a figure of `ConfusionCounts` at every distinct score, or at given thresholds.

    Raises
    ------
    XentError
        When the figure is unknown, or the arrays do not fit.

    Examples
    --------
    >>> figure_at_thresholds([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], figure="accuracy").values
    array([0.75, 0.5 , 0.75, 0.5 ])
    """
    counts = score_counts(y, scores, weight=weight)
    return figure_at_thresholds_of(counts, figure=figure, thresholds=thresholds)


def figure_at_thresholds_of(
    counts: ScoreCounts, *, figure: str, thresholds: object = None
) -> ThresholdCurve:
    """`figure_at_thresholds` of counts."""
    if figure not in FIGURES:
        raise XentError(
            f"figure must be one of {', '.join(FIGURES)}, got {figure!r}.{nearest_hint(figure, FIGURES)}"
        )
    if thresholds is not None:
        given = vector(thresholds, "thresholds").astype(np.float64)
        values = [float(getattr(counts.at(float(threshold)), figure)) for threshold in given]
        return ThresholdCurve(np.array(values), given)
    every = np.empty(counts.thresholds.size)
    for places, decisions in counts.confusions():
        every[places] = getattr(decisions, figure)
    return ThresholdCurve(every, counts.thresholds.astype(np.float64))


def cost_at_thresholds(
    y: object, scores: object, *, cost_fn: float, cost_fp: float, weight: object = None
) -> ThresholdCurve:
    """Return the mean cost a row at every distinct score.

    Raises
    ------
    XentError
        When a cost is negative or not finite, or the arrays do not fit.

    Examples
    --------
    >>> y, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    >>> cost_at_thresholds(y, scores, cost_fn=2, cost_fp=1).values
    array([0.5 , 0.75, 0.25, 0.5 ])
    """
    counts = score_counts(y, scores, weight=weight)
    return cost_at_thresholds_of(counts, cost_fn=cost_fn, cost_fp=cost_fp)


def cost_at_thresholds_of(counts: ScoreCounts, *, cost_fn: float, cost_fp: float) -> ThresholdCurve:
    """`cost_at_thresholds` of counts."""
    for name, cost in (("cost_fn", cost_fn), ("cost_fp", cost_fp)):
        if not 0 <= cost < np.inf:
            raise XentError(f"{name} must be finite and not negative, got {cost}.")
    every = np.empty(counts.thresholds.size)
    for places, decisions in counts.confusions():
        every[places] = decisions.mean_cost(cost_fn=cost_fn, cost_fp=cost_fp)
    return ThresholdCurve(every, counts.thresholds.astype(np.float64))
