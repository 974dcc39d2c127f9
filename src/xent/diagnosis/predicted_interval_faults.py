"""Intervals that do not hold what their level says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["crossed_intervals", "wrong_coverage"]


def crossed_intervals(low: FloatArray, high: FloatArray) -> Finding | None:
    """Find intervals that end before they begin."""
    n_crossed = int(np.count_nonzero(low > high))
    if not n_crossed:
        return None
    seen = f"{n_crossed:,} of {len(low):,} intervals have their low end above their high end"
    cure = (
        "were low and high exchanged? Quantiles that were fitted one by one cross: sort each row's"
    )
    return Finding("crossed intervals", 0.0, seen, cure, {"n_rows": n_crossed})


def wrong_coverage(
    y: FloatArray, low: FloatArray, high: FloatArray, level: float, alpha: float
) -> Finding | None:
    """Find intervals that hold more or fewer of the targets than their level says (exact binomial test)."""
    from scipy.stats import binomtest

    n, n_inside = len(y), int(np.count_nonzero((y >= low) & (y <= high)))
    p_value = float(binomtest(n_inside, n, level).pvalue)
    if p_value >= alpha:
        return None
    how = "too narrow" if n_inside < level * n else "too wide"
    below, above = float(np.mean(y < low)), float(np.mean(y > high))
    seen = (
        f"intervals of {level:.0%} hold {n_inside / n:.1%} of {n:,} targets ({below:.1%} lie below, {above:.1%} "
        f"above): they are {how}"
    )
    cure = "take their width from residuals of rows that were held out (conformal intervals), not of the training rows"
    evidence = {"coverage": n_inside / n, "below": below, "above": above}
    return Finding("wrong coverage", p_value, seen, cure, evidence)
