"""Faults of targets as such: one value, rare classes, heavy tails, a pile at an end, labels that repeat."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.extremes import dominating_rows, piles_at_ends
from xent.diagnosis.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray

__all__ = [
    "constant_target",
    "exclusive_labels",
    "heavy_tails",
    "imbalance",
    "piled_targets",
    "repeated_labels",
]

RARE = 0.01
FEW = 20


def constant_target(y: Array) -> Finding | None:
    """Find one value in all rows."""
    if (y != y[0]).any():
        return None
    cure = "there is nothing to learn: were rows of one kind picked?"
    return Finding("constant target", 0.0, f"all {len(y):,} targets are the same", cure)


def imbalance(truth: Array, names: Sequence[str] | None = None) -> Finding | None:
    """Find a class of few rows, of all or absolutely; `names` are those of the codes."""
    classes, counts = np.unique(truth, return_counts=True)
    least = int(counts.min())
    if len(classes) < 2 or (least >= FEW and least >= RARE * len(truth)):
        return None
    rarest = int(classes[counts.argmin()])
    seen = (
        f"class {rarest if names is None else names[rarest]} has {least:,} of {len(truth):,} rows"
    )
    cure = "judge by average precision and costs, not accuracy; look at the width of the intervals"
    return Finding("imbalance", math.nan, seen, cure, {"n_rows": least})


def heavy_tails(y: FloatArray) -> Finding | None:
    """Find that one row in a hundred holds half of the squared deviations or more."""
    dominating = dominating_rows(np.square(y - np.median(y)))
    if dominating is None:
        return None
    worst, share = dominating
    seen = (
        f"{len(worst):,} of {len(y):,} rows hold {share:.0%} of the squared deviations from the median; targets reach "
        f"from {y.min():.4g} to {y.max():.4g}, their median is {np.median(y):.4g}"
    )
    cure = (
        "predict the logarithm of a positive target, or take a loss with heavy tails (Laplace, Student t); the mean "
        "squared error looks at these rows alone"
    )
    return Finding(
        "heavy tails", math.nan, seen, cure, {"share": share, "rows": worst[:100].tolist()}
    )


def piled_targets(y: FloatArray) -> Finding | None:
    """Find many targets at exactly the least or the largest value, ten times as many as at those beside it."""
    ends = piles_at_ends(y)
    if not ends:
        return None
    where = " and ".join(f"{count:,} at {value:g}" for value, count in ends)
    seen = f"targets pile up at their end: {where}, of {len(y):,}"
    cure = (
        "were larger values cut off there? Leave such rows out or model the limit; where the value means none, "
        "predict first whether there is any"
    )
    evidence = {"values": [value for value, _ in ends], "counts": [count for _, count in ends]}
    return Finding("piled targets", math.nan, seen, cure, evidence)


def repeated_labels(y: Array, names: Sequence[str]) -> list[Finding]:
    """Find labels that are another one, or its opposite, in every row."""
    found = []
    varying = np.flatnonzero(y.min(axis=0) != y.max(axis=0)).tolist()
    for place, one in enumerate(varying):
        for other in varying[place + 1 :]:
            same = float(np.mean(y[:, one] == y[:, other]))
            if 0 < same < 1:
                continue
            how = "is" if same else "is the opposite of"
            seen = f"label {names[other]} {how} label {names[one]} in every row"
            cure = "leave one of them out: what is learned of one holds for the other"
            evidence = {"labels": [names[one], names[other]]}
            found.append(Finding("repeated labels", 0.0, seen, cure, evidence))
    return found


def exclusive_labels(y: Array) -> Finding | None:
    """Find that every row has exactly one label: they are classes."""
    if y.shape[1] < 2 or len(y) < FEW or (y.sum(axis=1) != 1).any():
        return None
    seen = f"each of {len(y):,} rows has exactly one of {y.shape[1]} labels"
    cure = "labels that exclude each other are classes: give one column of them, for a softmax"
    return Finding("exclusive labels", math.nan, seen, cure, {"n_labels": y.shape[1]})
