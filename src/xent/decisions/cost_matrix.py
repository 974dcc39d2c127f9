"""The cheapest class under a cost matrix, and when abstaining is cheaper still."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import check_probabilities, check_row_sums

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["ABSTAIN", "cheapest_class", "expected_costs"]

ABSTAIN = -1


def expected_costs(probabilities: object, cost_matrix: object) -> FloatArray:
    """Return what each decision is expected to cost, shape (n, D).

    Parameters
    ----------
    probabilities : array of shape (n, K)
    cost_matrix : array of shape (K, D)
        Cost of each decision, by the true class; usually D = K.

    Raises
    ------
    XentError
        When the shapes do not fit, or a number is not finite.

    Examples
    --------
    >>> expected_costs([[0.9, 0.1]], [[0, 1], [20, 0]])
    array([[2. , 0.9]])
    """
    p = np.asarray(probabilities, dtype=np.float64)
    costs = np.asarray(cost_matrix, dtype=np.float64)
    if p.ndim != 2:
        raise XentError(f"probabilities must have shape (n, K), got {p.shape}.")
    check_row_sums(check_probabilities(p))
    if costs.ndim != 2 or costs.shape[0] != p.shape[1]:
        raise XentError(
            f"cost_matrix must have a row a class, ({p.shape[1]}, ...), got {costs.shape}."
        )
    if not np.isfinite(costs).all():
        raise XentError("cost_matrix must hold finite numbers.")
    return np.asarray(p @ costs)


def cheapest_class(
    probabilities: object, cost_matrix: object, *, reject_cost: float | None = None
) -> IntArray:
    """Return the decision of least expected cost for each row, `ABSTAIN` where that is cheaper.

    With a cost of 1 for every mistake and an abstention at cost r a row is left undecided where no
    class is more probable than 1 - r (Chow 1970).

    Parameters
    ----------
    probabilities : array of shape (n, K)
    cost_matrix : array of shape (K, D)
    reject_cost : float, optional
        What it costs to leave a row to somebody else.

    Examples
    --------
    >>> p = [[0.95, 0.05], [0.6, 0.4], [0.1, 0.9]]
    >>> cheapest_class(p, [[0, 1], [1, 0]], reject_cost=0.2)
    array([ 0, -1,  1])
    """
    costs = expected_costs(probabilities, cost_matrix)
    best: Array = np.argmin(costs, axis=1)
    if reject_cost is None:
        return best
    if not 0 <= reject_cost < np.inf:
        raise XentError(f"reject_cost must be finite and not negative, got {reject_cost}.")
    cheapest = costs[np.arange(len(costs)), best]
    return np.asarray(np.where(cheapest > reject_cost, ABSTAIN, best))
