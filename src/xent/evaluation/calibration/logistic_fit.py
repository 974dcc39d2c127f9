"""Maximum likelihood of intercept and slope on one logit a row, by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import Bernoulli

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["LogisticFit", "fit_line", "is_separated"]

LARGEST_N_STEPS = 100


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """Coefficients of a logistic regression, and the inverse of its information matrix."""

    coefficients: FloatArray
    covariance: FloatArray


def fit_line(
    design: FloatArray, targets: FloatArray, offset: FloatArray | None, weight: FloatArray | None
) -> LogisticFit | None:
    """Minimize the log loss of sigmoid(offset + design @ coefficients); None if it has no minimum.

    Parameters
    ----------
    design : float64 array of shape (n, k)
        Finite columns.
    targets : float64 array of shape (n,)
        Truth in [0, 1].
    offset, weight : float64 array of shape (n,), optional
        Added to every logit; weight a row.
    """
    # Columns of one size keep the information matrix well conditioned: logits may be 1e8.
    scale = np.abs(design).max(axis=0)
    scale[scale == 0] = 1.0
    columns = design / scale
    w = np.ones(targets.size) if weight is None else weight / weight.max()
    start = np.zeros(targets.size) if offset is None else offset
    found = _descend(columns, targets, start, w)
    if found is None:
        return None
    beta, information = found
    unit = 1.0 if weight is None else float(weight.max())
    with np.errstate(over="ignore"):  # the slope on logits of 1e-300 has no finite variance
        covariance = np.linalg.inv(information) / scale / scale[:, None] / unit
    return LogisticFit(beta / scale, covariance)


def is_separated(x: Array, truth: Array) -> bool:
    """Return whether some threshold on x, ties at it allowed, parts the classes (or one is absent).

    The likelihood of intercept and slope then has no maximum (Albert & Anderson 1984).
    """
    up, down = x[truth], x[~truth]
    if not (up.size and down.size):
        return True
    return bool(up.min() >= down.max() or up.max() <= down.min())


def _descend(
    columns: FloatArray, targets: FloatArray, offset: FloatArray, w: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    loss = Bernoulli()
    beta: FloatArray = np.zeros(columns.shape[1])
    z = offset
    value = np.dot(w, loss.nll(z, targets))
    for _ in range(LARGEST_N_STEPS):
        slope = columns.T @ (w * loss.grad(z, targets))
        # p (1 - p) from both tails: 1 - p would cancel
        curvature = w * loss.mean(z) * loss.mean(-z)
        information = columns.T @ (curvature[:, None] * columns)
        if np.linalg.cond(information) > 1e14:
            return None
        step = np.linalg.solve(information, slope)
        # The last step squares this error: what is left is rounding, and no search can see it.
        if np.dot(step, slope) <= 1e-12 * value:
            return beta - step, information
        beta, z, value, moved = _line_search(columns, targets, offset, w, beta, step, value)
        if not moved:
            return beta, information
    return None


def _line_search(
    columns: FloatArray,
    targets: FloatArray,
    offset: FloatArray,
    w: FloatArray,
    beta: FloatArray,
    step: FloatArray,
    value: float,
) -> tuple[FloatArray, FloatArray, float, bool]:
    loss = Bernoulli()
    for halvings in range(60):
        tried = beta - step / 2**halvings
        z = offset + columns @ tried
        reached = float(np.dot(w, loss.nll(z, targets)))
        if reached < value:
            return tried, z, reached, True
    return beta, offset + columns @ beta, value, False
