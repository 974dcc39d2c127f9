"""L-BFGS for smooth convex objectives: what the linear baselines are fitted with.

SciPy's own would do; loading it takes half a second, longer than fitting the baseline of most tables.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray

__all__ = ["minimize_convex"]

_N_PAIRS: Final = 10
_SUFFICIENT: Final = 1e-4
_MOST_HALVINGS: Final = 40


def minimize_convex(
    objective: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    *,
    max_steps: int = 300,
    tolerance: float = 1e-6,
) -> FloatArray:
    """Return where a smooth convex function is least (Nocedal and Wright 2006, algorithm 7.5).

    Steps are halved until the decrease is sufficient (Armijo). On a convex function every step then has s'y > 0 or
    is skipped in the memory, so that the direction always descends.

    Parameters
    ----------
    objective : callable
        From a point to the value and a gradient of its own (not a buffer that is used again).
    start : ndarray, shape (n,)
    max_steps : int
    tolerance : float
        The largest entry of the gradient, in absolute value, at which to stop.

    Examples
    --------
    >>> target = np.array([3.0, -1.0])
    >>> minimize_convex(lambda w: (((w - target) ** 4).sum(), 4 * (w - target) ** 3), np.zeros(2)).round(1) + 0.0
    array([ 3., -1.])
    """
    point = start.astype(np.float64)
    value, gradient = objective(point)
    pairs: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=_N_PAIRS)
    for _ in range(max_steps):
        if np.abs(gradient).max() <= tolerance:
            break
        direction = -_times_inverse_hessian(gradient, pairs)
        slope = float(gradient @ direction)
        # the first direction has no scale yet: a step of length one at most
        length = 1.0 if pairs else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        for _ in range(_MOST_HALVINGS):
            step = length * direction
            new_value, new_gradient = objective(point + step)
            if new_value <= value + _SUFFICIENT * length * slope:
                break
            length /= 2
        else:
            break  # rounding hides what is left to gain
        change = new_gradient - gradient
        curvature = float(step @ change)
        if curvature > np.finfo(np.float64).eps * float(change @ change):
            pairs.append((step, change, curvature))
        point, value, gradient = point + step, new_value, new_gradient
    return point


def _times_inverse_hessian(
    gradient: FloatArray, pairs: deque[tuple[FloatArray, FloatArray, float]]
) -> FloatArray:
    """Return the gradient times the inverse Hessian that the pairs suggest (two loops, algorithm 7.4)."""
    q = gradient.copy()
    shares = []
    for step, change, curvature in reversed(pairs):
        share = float(step @ q) / curvature
        q -= share * change
        shares.append(share)
    if pairs:
        _, change, curvature = pairs[-1]
        q *= curvature / float(change @ change)
    for (step, change, curvature), share in zip(pairs, reversed(shares), strict=True):
        q += (share - float(change @ q) / curvature) * step
    return q
