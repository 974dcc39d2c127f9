"""Checks of binary probabilities that need no model of the data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["constant_output", "logits_as_probabilities", "reversed_ranking"]


def logits_as_probabilities(values: Array, link: str = "sigmoid") -> Finding | None:
    """Find values outside [0, 1]: they are no probabilities, before `link` is applied."""
    n_outside = int(np.count_nonzero((values < 0) | (values > 1)))
    if not n_outside:
        return None
    return Finding(
        "logits as probabilities",
        0.0,
        f"{n_outside} of {values.size} values lie outside [0, 1], "
        f"from {values.min():.4g} to {values.max():.4g}",
        f"Give them as logits=, or apply the {link} once.",
        {"n_outside": n_outside},
    )


def constant_output(values: Array) -> Finding | None:
    """Find the same value in every one of two or more rows."""
    if values.size < 2 or values.min() != values.max():
        return None
    return Finding(
        "constant output",
        0.0,
        f"all {values.size} rows have the value {values.flat[0]:.6g}",
        "Check that the features reach the model and that it trained: it tells no rows apart.",
        {"value": float(values.flat[0])},
    )


def reversed_ranking(y: Array, values: Array, alpha: float = 1e-3) -> Finding | None:
    """Find an AUC below 0.5 beyond chance (Mann-Whitney, ties corrected, one-sided)."""
    if np.min(y) == np.max(y):
        return None
    from scipy.stats import mannwhitneyu

    above, below = values[y == 1], values[y == 0]
    test = mannwhitneyu(above, below, alternative="less", method="asymptotic")
    auc, p = float(test.statistic) / (above.size * below.size), float(test.pvalue)
    if math.isnan(p) or p >= alpha:
        return None
    return Finding(
        "reversed ranking",
        p,
        f"AUC {auc:.4f}: positives score lower than negatives",
        "Check which class is coded 1 and which column of probabilities was taken.",
        {"auc": auc},
    )
