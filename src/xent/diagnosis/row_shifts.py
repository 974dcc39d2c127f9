"""Targets against the predictions of rows nearby: the shift at which they fit best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import upper_tail

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray

__all__ = ["SURE", "best_shift", "shifted_rows"]

_LAGS: Final = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
SURE: Final = 6.0  # standard errors: ten lags are tried


def best_shift(
    fit: Callable[[Array, FloatArray], float], targets: Array, predicted: FloatArray
) -> tuple[float, int] | None:
    """Return the best fit of targets to the predictions a few rows away, and how many rows.

    Parameters
    ----------
    fit : callable
        Of targets and predictions of as many rows: larger is better.
    targets, predicted : array of shape (n, ...)

    Returns
    -------
    fit, lag
        Predictions that stand `lag` rows before their targets, after them where it is negative. None where
        there are too few rows to tell.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.arange(30) ** 2 % 11
    >>> best_shift(lambda a, b: float(np.mean(a == b)), np.roll(rows, 2), rows)
    (1.0, 2)
    """
    n = len(targets)
    if n <= 4 * max(_LAGS):
        return None
    return max(
        (fit(targets[max(0, k) : n + min(0, k)], predicted[max(0, -k) : n - max(0, k)]), k)
        for k in _LAGS
    )


def shifted_rows(
    z: Callable[[Array, FloatArray], float], targets: Array, predicted: FloatArray
) -> Finding | None:
    """Find targets that fit the predictions of another row, a fixed number of rows away.

    Parameters
    ----------
    z : callable
        How many standard errors better than by chance predictions fit targets.
    targets, predicted : array of shape (n, ...)
    """
    shift = best_shift(z, targets, predicted)
    if shift is None:
        return None
    (best, lag), own = shift, z(targets, predicted)
    if best < SURE or best < own + SURE:
        return None
    where = "before" if lag > 0 else "after"
    seen = (
        f"targets fit the predictions {abs(lag)} rows {where} them far better "
        f"(z = {best:.1f}, against {own:.1f} in place)"
    )
    cure = "a header read as a row, or a filter on one side only: join by a key, not by position"
    return Finding("shifted targets", upper_tail(best), seen, cure, {"lag": lag})
