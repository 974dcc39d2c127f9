"""Columns of predictions in another order than the classes or labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import log_arrangements, upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray

__all__ = ["swapped_columns"]

MOST_NAMES = 6


def swapped_columns(
    truth: Array, p: FloatArray, names: Sequence[str], alpha: float = 1e-3
) -> Finding | None:
    """Find columns that belong to other classes or labels: each cycle of an arrangement that fits better.

    With ``c_kj`` the covariance of truth k and column j, an arrangement is judged by the sum of ``c_k,pi(k) -
    c_kk``. Where the probabilities are honest, ``E[y | x] = p``, that sum cannot be positive for any arrangement:
    it is the sum of ``cov(p_k, p_pi(k)) - var(p_k)``. So its t value, row by row, over the number of arrangements
    of as many columns, is a test without a model of the data.

    Parameters
    ----------
    truth : array of bool, shape (n, K)
        One column a class or label.
    p : array of shape (n, K)
    names : sequence of str
        Of the columns.
    alpha : float
    """
    from scipy.optimize import linear_sum_assignment

    n, n_columns = p.shape
    if n < 2:
        return None
    seen, said = truth - truth.mean(axis=0), p - p.mean(axis=0)
    order = linear_sum_assignment(-(seen.T @ said))[1]
    kept, least_p, gains = np.arange(n_columns), 1.0, []
    for cycle in _cycles(order):
        fit = (seen[:, cycle] * said[:, order[cycle]]).sum(axis=1)
        gain = fit - (seen[:, cycle] * said[:, cycle]).sum(axis=1)
        # columns that are only turned around fit no other class: the new places must fit of themselves
        tail = max(upper_tail(_t(gain)), upper_tail(_t(fit)))
        p_value = min(1.0, tail * math.exp(min(700.0, log_arrangements(n_columns, len(cycle)))))
        if p_value < alpha:
            kept[cycle] = order[cycle]
            least_p = min(least_p, p_value)
            gains.append(_t(gain))
    if not gains:
        return None
    moved = np.flatnonzero(kept != np.arange(n_columns))
    which = ", ".join(f"{names[k]} fits column {names[kept[k]]}" for k in moved[:MOST_NAMES])
    more = f" and {len(moved) - MOST_NAMES} more" if len(moved) > MOST_NAMES else ""
    seen_text = (
        f"{which}{more} better than the column of its own ({max(gains):.1f} standard errors)"
    )
    cure = "take the columns in the order of the class codes: check how they were named and sorted"
    evidence = {"order": kept.tolist()}
    return Finding("swapped columns", least_p, seen_text, cure, evidence)


def _t(rows: FloatArray) -> float:
    """Return the mean in standard errors."""
    error = float(rows.std()) / math.sqrt(len(rows))
    return float(rows.mean()) / error if error > 0 else 0.0


def _cycles(order: Array) -> list[list[int]]:
    """Return the columns that change places with each other, one list a cycle."""
    cycles, done = [], set()
    for start in range(len(order)):
        cycle, place = [], start
        while place not in done:
            done.add(place)
            cycle.append(place)
            place = int(order[place])
        if len(cycle) > 1:
            cycles.append(cycle)
    return cycles
