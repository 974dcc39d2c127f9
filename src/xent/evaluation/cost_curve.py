"""The least expected cost for every mix of costs and prevalence (Drummond & Holte 2006)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.counts import score_counts
from xent.evaluation.curve_points import cell_ends, columns_from_json, columns_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.counts import ScoreCounts

__all__ = ["CostCurve", "cost_curve", "cost_curve_of"]

COLUMNS = ("probability_cost", "cost", "thresholds")


@dataclass(frozen=True, eq=False)
class CostCurve:
    """The lower envelope of all thresholds' cost lines; it is straight between its points.

    A threshold is a line: at the probability cost PC it costs FNR · PC + FPR · (1 - PC), in shares of the largest
    cost there is. PC is prevalence · cost of a miss, over that plus (1 - prevalence) · cost of a false alarm.

    Parameters
    ----------
    probability_cost : float64 array of shape (m,)
        From 0 to 1, rising.
    cost : float64 array of shape (m,)
        The least normalized expected cost, in [0, 0.5]; NaN where a class is absent.
    thresholds : float64 array of shape (m,)
        The cheapest threshold from this point on to the next: `score >= threshold` is positive.
    """

    probability_cost: FloatArray
    cost: FloatArray
    thresholds: FloatArray

    def at(self, probability_cost: float) -> float:
        """Return the least cost at any probability cost."""
        return float(np.interp(probability_cost, self.probability_cost, self.cost))

    def thinning(self, n_points: int) -> Array:
        """Return the places of the points that `thin` keeps."""
        return cell_ends(self.probability_cost, n_points)

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold: +inf is the string "inf", an undefined cost is null."""
        return columns_to_json(self, COLUMNS)

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> CostCurve:
        """Read what `to_json` wrote, checking it; XentError when it is not that."""
        return cls(*columns_from_json(description, COLUMNS))


def cost_curve(y: object, scores: object, *, weight: object = None) -> CostCurve:
    """Return the cost curve: one line a corner of the ROC curve's convex hull.

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
    >>> curve = cost_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.probability_cost.round(3), curve.cost.round(3)
    (array([0. , 0. , 0.5, 1. , 1. ]), array([0.  , 0.  , 0.25, 0.  , 0.  ]))
    """
    return cost_curve_of(score_counts(y, scores, weight=weight))


def cost_curve_of(counts: ScoreCounts) -> CostCurve:
    """`cost_curve` of counts."""
    if not (counts.n_positive and counts.n_negative):
        nothing = np.full(2, np.nan)
        return CostCurve(np.array([0.0, 1.0]), nothing, np.array([np.inf, np.inf]))
    fpr, fnr, thresholds = _hull(counts)
    # where the lines of two neighboring corners cross: ΔFPR (1 - PC) = -ΔFNR PC
    rise, fall = np.diff(fpr), -np.diff(fnr)
    crossings = rise / (rise + fall)
    ends = np.concatenate([[0.0], crossings, [1.0]])
    # each crossing begins the next corner's line; the last point ends the last one
    lines = np.append(np.arange(fpr.size), fpr.size - 1)
    cost = fnr[lines] * ends + fpr[lines] * (1 - ends)
    return CostCurve(ends, cost, thresholds[lines])


def _hull(counts: ScoreCounts) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return FPR, FNR and threshold at the corners of the ROC curve's convex hull.

    The hull's slopes fall, and are those of the isotonic regression of the classes on the scores
    (Fawcett & Niculescu-Mizil 2007): a corner ends each of its blocks. Pooling what violates the
    order in any grouping gives the same blocks, so each stretch of thresholds is pooled by itself
    first.
    """
    pieces = []
    for chunk in counts.chunks():
        ends = _block_ends(chunk.positives, chunk.negatives)
        pieces.append(np.stack([chunk.tp[ends], chunk.fp[ends], chunk.places.start + ends]))
    tp, fp, place = np.concatenate(pieces, axis=1)
    positives, negatives = np.diff(tp, prepend=0.0), np.diff(fp, prepend=0.0)
    # A weight may vanish beside the sum of those before it: where nothing moves is no corner.
    moved = np.flatnonzero(positives + negatives)
    ends = moved[_block_ends(positives[moved], negatives[moved])]
    fpr = np.append(0.0, fp[ends] / counts.n_negative)
    fnr = np.append(1.0, 1 - tp[ends] / counts.n_positive)
    thresholds = np.append(np.inf, counts.thresholds[place[ends].astype(np.int64)])
    apart = np.append(True, (np.diff(fpr) > 0) | (np.diff(fnr) < 0))
    return fpr[apart], fnr[apart], thresholds[apart]


def _block_ends(positives: FloatArray, negatives: FloatArray) -> IntArray:
    """Return the last place of every block of the falling isotonic regression."""
    from scipy.optimize import isotonic_regression

    rows = positives + negatives
    blocks = isotonic_regression(positives / rows, weights=rows, increasing=False).blocks
    return np.asarray(blocks[1:], dtype=np.int64) - 1
