"""The best of one rate where another is kept to, with the threshold that reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import score_counts

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.evaluation.counts import ScoreCounts

__all__ = [
    "ReachedPoint",
    "reached_point",
    "reached_point_of",
    "recall_at_precision",
    "recall_at_specificity",
    "specificity_at_recall",
]

Rate = Literal["precision", "recall", "specificity", "npv"]
RATES = ("precision", "recall", "specificity", "npv")


@dataclass(frozen=True)
class ReachedPoint:
    """A figure and the threshold that reaches it; both NaN where none does.

    Parameters
    ----------
    value : float
        The best value of the figure among the thresholds that are allowed.
    given : float
        What the constrained figure is there.
    threshold : float
        Rows with `score >= threshold` are predicted positive; +inf: none is.
    """

    value: float
    given: float
    threshold: float


def reached_point(
    y: object,
    scores: object,
    *,
    figure: Rate,
    given: Rate,
    least: float,
    weight: object = None,
) -> ReachedPoint:
    """Return the highest `figure` over all thresholds at which `given` is at least `least`.

    Of equal ones that with more of `given`, then the highest threshold. No row predicted positive
    (threshold +inf) is a choice too.

    Raises
    ------
    XentError
        When figure or given is unknown, least is outside [0, 1], or the arrays do not fit.

    Examples
    --------
    >>> y, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    >>> reached_point(y, scores, figure="recall", given="precision", least=0.6)
    ReachedPoint(value=1.0, given=0.6666666666666666, threshold=0.35)
    """
    return reached_point_of(
        score_counts(y, scores, weight=weight), figure=figure, given=given, least=least
    )


def reached_point_of(
    counts: ScoreCounts, *, figure: Rate, given: Rate, least: float
) -> ReachedPoint:
    """`reached_point` of counts."""
    for name, rate in (("figure", figure), ("given", given)):
        if rate not in RATES:
            raise XentError(f"{name} must be one of {', '.join(RATES)}, got {rate!r}.")
    if not 0 <= least <= 1:
        raise XentError(f"{given} must lie in [0, 1], got {least}.")
    nothing = counts.above(np.inf)
    best = ReachedPoint(float("nan"), float("nan"), float("nan"))
    start = ReachedPoint(getattr(nothing, figure), getattr(nothing, given), float("inf"))
    if start.given >= least and not np.isnan(start.value):
        best = start
    for places, decisions in counts.confusions():
        values, constrained = getattr(decisions, figure), getattr(decisions, given)
        found = _best(values, constrained, least)
        if found is None:
            continue
        value, kept = float(values[found]), float(constrained[found])
        if np.isnan(best.value) or (value, kept) > (best.value, best.given):
            best = ReachedPoint(value, kept, float(counts.thresholds[places][found]))
    return best


def recall_at_precision(
    y: object, scores: object, *, precision: float, weight: object = None
) -> float:
    """Return the highest recall over all thresholds whose precision is at least `precision`.

    NaN when no threshold reaches it. `reached_point` gives the threshold too.

    Raises
    ------
    XentError
        When precision is outside [0, 1], or the arrays do not fit.

    Examples
    --------
    >>> recall_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], precision=0.9)
    0.5
    """
    counts = score_counts(y, scores, weight=weight)
    return reached_point_of(counts, figure="recall", given="precision", least=precision).value


def recall_at_specificity(
    y: object, scores: object, *, specificity: float, weight: object = None
) -> float:
    """Return the highest recall over all thresholds whose specificity is at least `specificity`.

    Raises
    ------
    XentError
        When specificity is outside [0, 1], or the arrays do not fit.

    Examples
    --------
    >>> recall_at_specificity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], specificity=0.9)
    0.5
    """
    counts = score_counts(y, scores, weight=weight)
    return reached_point_of(counts, figure="recall", given="specificity", least=specificity).value


def specificity_at_recall(
    y: object, scores: object, *, recall: float, weight: object = None
) -> float:
    """Return the highest specificity over all thresholds whose recall is at least `recall`.

    Raises
    ------
    XentError
        When recall is outside [0, 1], or the arrays do not fit.

    Examples
    --------
    >>> specificity_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=1.0)
    0.5
    """
    counts = score_counts(y, scores, weight=weight)
    return reached_point_of(counts, figure="specificity", given="recall", least=recall).value


def _best(values: FloatArray, constrained: FloatArray, least: float) -> int | None:
    allowed = np.flatnonzero((constrained >= least) & ~np.isnan(values))
    if allowed.size == 0:
        return None
    top = allowed[values[allowed] == values[allowed].max()]
    return int(top[np.argmax(constrained[top])])
