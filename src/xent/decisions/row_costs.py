"""The cheapest threshold where every row has costs of its own: an amount, a stay, a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.decisions.thresholds import halfway
from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, check_scores, vector

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["cheapest_threshold_by_row"]


def cheapest_threshold_by_row(
    y: object, scores: object, *, cost_fn: object, cost_fp: object, weight: object = None
) -> tuple[float, float]:
    """Return the threshold of least cost, and that cost a row.

    Parameters
    ----------
    y, scores : array of shape (n,)
    cost_fn, cost_fp : array of shape (n,), or number
        What missing this row costs if it is positive, and alarming if it is negative.
    weight : array of shape (n,), optional

    Raises
    ------
    XentError
        When the arrays do not fit each other, or a cost is negative or not finite.

    Examples
    --------
    >>> cheapest_threshold_by_row([0, 1, 1], [0.2, 0.1, 0.9], cost_fn=[0, 1, 50], cost_fp=5)
    (0.55, 0.3333333333333333)
    """
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    n_all = vector(y, "y").size
    present = np.ones(n_all, dtype=bool)
    if weight is not None:
        present = vector(weight, "weight") > 0
    miss = _costs(cost_fn, "cost_fn", n_all)[present]
    alarm = _costs(cost_fp, "cost_fp", n_all)[present]
    heavy = np.ones(truth.size) if kept is None else kept
    order = np.argsort(given)[::-1]
    ordered = given[order].astype(np.float64)
    # taking a row in costs its alarm if it is negative, and saves its miss if it is positive
    change = np.where(truth, -miss, alarm)[order] * heavy[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    total = float(np.sum((miss * heavy)[truth]))
    costs = np.concatenate([[total], total + np.cumsum(change)[ends]])
    thresholds = halfway(ordered[ends])
    place = int(np.argmin(costs))
    return float(thresholds[place]), max(float(costs[place] / heavy.sum()), 0.0)


def _costs(values: object, name: str, n_rows: int) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        array = np.full(n_rows, float(array))
    if array.shape != (n_rows,):
        raise XentError(f"{name} must be a number or have shape ({n_rows},), got {array.shape}.")
    if not (np.isfinite(array).all() and array.min() >= 0):
        raise XentError(f"{name} must be finite and not negative.")
    return array
