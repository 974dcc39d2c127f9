"""Two more areas under the precision-recall curve, each under its own name.

Average precision steps, the trapezoid draws straight lines, Davis and Goadrich interpolate counts:
three numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.counts import score_counts

if TYPE_CHECKING:
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "davis_goadrich_area",
    "davis_goadrich_area_of",
    "pr_trapezoid_area",
    "pr_trapezoid_area_of",
]


def pr_trapezoid_area(y: object, scores: object, *, weight: object = None) -> float:
    """Trapezoid under the precision-recall curve from (recall 0, precision 1): too high as a rule.

    Precision does not change linearly with recall (Davis & Goadrich 2006), and the first point has
    no threshold; it is here to compare with programs that report it.

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`; NaN without positive rows.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> pr_trapezoid_area([1] + 9 * [0], 10 * [0.5])
    0.55
    """
    return pr_trapezoid_area_of(score_counts(y, scores, weight=weight))


def davis_goadrich_area(y: object, scores: object, *, weight: object = None) -> float:
    """Area under the precision-recall curve with counts interpolated between its points.

    Between two points the false positives grow linearly with the true positives (Davis & Goadrich
    2006); the integral is taken in closed form (Boyd, Eng & Page 2013).

    Parameters
    ----------
    y, scores, weight : array of shape (n,)
        As for `roc_auc`; NaN without positive rows.

    Raises
    ------
    XentError
        As `roc_auc`.

    Examples
    --------
    >>> round(davis_goadrich_area([1] + 9 * [0], 10 * [0.5]), 12)
    0.1
    """
    return davis_goadrich_area_of(score_counts(y, scores, weight=weight))


def pr_trapezoid_area_of(counts: ScoreCounts) -> float:
    """`pr_trapezoid_area` of counts."""
    n_positive, areas, last = counts.n_positive, [], 1.0
    if n_positive == 0:
        return float("nan")
    for chunk in counts.chunks():
        precision = chunk.tp / (chunk.tp + chunk.fp)
        before = np.concatenate([[last], precision[:-1]])
        areas.append(float(np.sum(chunk.positives * (precision + before))) / 2)
        last = float(precision[-1])
    return min(math.fsum(areas) / n_positive, 1.0)


def davis_goadrich_area_of(counts: ScoreCounts) -> float:
    """`davis_goadrich_area` of counts."""
    n_positive = counts.n_positive
    if n_positive == 0:
        return float("nan")
    areas = []
    for chunk in counts.chunks():
        kept = np.flatnonzero(chunk.positives)
        gain = chunk.positives[kept]
        rate = 1 + chunk.negatives[kept] / gain
        tp, fp = chunk.tp[kept] - gain, chunk.fp[kept] - chunk.negatives[kept]
        # The integral of t / (rate t + offset) from tp to tp + gain.
        offset = fp - (rate - 1) * tp
        below = tp + fp
        growth = np.divide(rate * gain, below, out=np.zeros_like(gain), where=below > 0)
        areas.append(float(np.sum(gain / rate - offset / rate**2 * np.log1p(growth))))
    return min(math.fsum(areas) / n_positive, 1.0)
