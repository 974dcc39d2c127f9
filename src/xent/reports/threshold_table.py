"""The counts that a threshold page moves along: exact, thinned to what can be seen and what can be cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions.thresholds import candidates
from xent.evaluation.counts import ScoreCounts
from xent.evaluation.curve_points import cell_ends, cell_extremes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.evaluation.confusion import ConfusionCounts
    from xent.evaluation.evaluations.binary import BinaryEvaluation

__all__ = ["ThresholdTable", "threshold_table"]

N_BINS = 40


@dataclass(frozen=True, eq=False)
class ThresholdTable:
    """Thresholds with their counts, a histogram of the scores, and the cost curve.

    Attributes
    ----------
    thresholds : float64 array of shape (k,)
        Falling from +inf (no row is positive) to -inf (all are).
    tp, fp : array of shape (k,)
        int64 counts, or float64 sums of weights, where ``score >= threshold`` is predicted positive.
    n_positive, n_negative : float
    domain : tuple of float
        Of the axis of thresholds: [0, 1] for probabilities, else where the scores lie.
    edges : float64 array of shape (b + 1,)
    positives, negatives : array of shape (b,)
        Rows of each class in each bin.
    probability_cost, cost : float64 array of shape (h,)
        The cost curve (Drummond & Holte 2006).
    """

    thresholds: FloatArray
    tp: Array
    fp: Array
    n_positive: float
    n_negative: float
    domain: tuple[float, float]
    edges: FloatArray
    positives: Array
    negatives: Array
    probability_cost: FloatArray
    cost: FloatArray

    def to_json(self) -> dict[str, Any]:
        """Return columns that JSON can hold; the ends are "inf" and "-inf"."""
        thresholds: list[float | str] = self.thresholds.tolist()
        for place in np.flatnonzero(np.isinf(self.thresholds)).tolist():
            thresholds[place] = str(thresholds[place])
        return {
            "thresholds": thresholds,
            "tp": self.tp.tolist(),
            "fp": self.fp.tolist(),
            "n_positive": self.n_positive,
            "n_negative": self.n_negative,
            "domain": list(self.domain),
            "bins": {
                "edges": self.edges.tolist(),
                "positives": self.positives.tolist(),
                "negatives": self.negatives.tolist(),
            },
            "cost_curve": {"x": self.probability_cost.tolist(), "y": self.cost.tolist()},
        }


def threshold_table(
    evaluation: BinaryEvaluation, *, marks: Sequence[float] = (), n_thresholds: int = 2000
) -> ThresholdTable:
    """Return the table of an evaluation whose rows have both classes.

    Every threshold that differs is kept where there are at most `n_thresholds`. Of more, these are:
    the corners of the ROC curve's convex hull, for whatever the costs and the prevalence, the
    cheapest threshold is one of them; the first and the last point in each of some hundred steps
    along the ROC curve and along the axis of thresholds; the lowest and the highest too along
    the precision-recall curve. The steps are finer than a pixel of a chart, so that nothing drawn changes.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    marks : sequence of float
        Thresholds that must be there, such as 0.5 and a chosen one.
    n_thresholds : int
        About how many are kept.

    Examples
    --------
    >>> from xent.evaluation.evaluations import evaluate
    >>> e = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> kept = threshold_table(e, marks=[0.5])
    >>> kept.thresholds.round(3).tolist(), kept.tp.tolist()
    ([inf, 0.6, 0.5, 0.375, 0.225, -inf], [0, 1, 1, 1, 2, 2])
    """
    given = evaluation.counts
    counts = ScoreCounts(given.thresholds.astype(np.float64), given.positives, given.negatives)
    thresholds, outcomes = candidates(counts)
    domain = _domain(counts, evaluation.rows.declared)
    curve = evaluation.cost_curve
    kept = np.arange(thresholds.size)
    if thresholds.size > n_thresholds:
        kept = _kept(thresholds, outcomes, domain, _places(counts, curve.thresholds), n_thresholds)
    chosen, tp, fp = (np.asarray(way)[kept] for way in (thresholds, outcomes.tp, outcomes.fp))
    for mark in marks:
        if mark not in chosen:
            at = counts.at(mark)
            place = int(np.searchsorted(-chosen, -mark))
            chosen = np.insert(chosen, place, mark)
            tp, fp = np.insert(tp, place, at.tp), np.insert(fp, place, at.fp)
    edges, positives, negatives = _histogram(counts, domain)
    return ThresholdTable(
        chosen,
        tp,
        fp,
        counts.n_positive,
        counts.n_negative,
        domain,
        edges,
        positives,
        negatives,
        curve.probability_cost,
        curve.cost,
    )


def _kept(
    thresholds: FloatArray,
    outcomes: ConfusionCounts[FloatArray],
    domain: tuple[float, float],
    corners: Array,
    n_thresholds: int,
) -> Array:
    fpr, tpr = np.asarray(outcomes.fpr), np.asarray(outcomes.recall)
    share = max(n_thresholds - corners.size, n_thresholds // 2) // 3
    low, high = domain
    # the way from the highest threshold down, 0 to 1
    way = np.clip((high - np.clip(thresholds, low, high)) / ((high - low) or 1.0), 0.0, 1.0)
    places = [
        cell_ends((fpr + tpr) / 2, share),
        cell_extremes(tpr, np.asarray(outcomes.precision), share),
        cell_ends(way, share),
        corners,
        np.array([0, thresholds.size - 1]),
    ]
    return np.unique(np.concatenate(places))


def _places(counts: ScoreCounts, corners: FloatArray) -> Array:
    """Return where the corners of the hull are among the candidates: k scores are above the k-th."""
    held = corners[np.isfinite(corners)]
    n_below = np.searchsorted(counts.thresholds[::-1], held, side="left")
    return np.unique(counts.thresholds.size - n_below)


def _domain(counts: ScoreCounts, declared: str) -> tuple[float, float]:
    if declared == "probabilities":
        return 0.0, 1.0
    finite = counts.thresholds[np.isfinite(counts.thresholds)]
    if finite.size == 0:
        return -1.0, 1.0
    low, high = float(finite[-1]), float(finite[0])
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def _histogram(counts: ScoreCounts, domain: tuple[float, float]) -> tuple[FloatArray, Array, Array]:
    edges = np.linspace(*domain, N_BINS + 1)
    places = np.clip(np.searchsorted(edges, counts.thresholds, side="right") - 1, 0, N_BINS - 1)
    held = []
    for rows in (counts.positives, counts.negatives):
        sums = np.zeros(N_BINS, dtype=np.int64 if rows.dtype.kind in "iu" else np.float64)
        np.add.at(sums, places, rows)
        held.append(sums)
    return edges, held[0], held[1]
