"""Rows that stand where they must not: copies, groups and the future in two parts, contradictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.table_columns import coded, distinct_rows, says_something_of_copies

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray
    from xent.diagnosis.table_columns import Column

__all__ = [
    "contradicting_labels",
    "contradicting_numbers",
    "copies_across_parts",
    "future_in_training",
    "groups_across_parts",
]

RARE = 0.01
SHOWN = 20
# targets of equal features that differ by this part of the target's own deviation
APART = 0.1
LATER = 0.05


def copies_across_parts(columns: list[Column], y: Array, part: IntArray) -> Finding | None:
    """Find rows whose features another part has as well, and how many of them have another target there."""
    rows = distinct_rows(columns)
    in_two = _differs_within(rows, part)
    n_copies = int(np.count_nonzero(in_two))
    if n_copies == 0 or not says_something_of_copies(columns, len(rows)):
        return None
    n_differing = int(np.count_nonzero(in_two & _differs_within(rows, coded_targets(y))))
    seen = f"{n_copies:,} of {len(rows):,} rows have the features of a row in another part"
    if n_differing:
        seen += f"; {n_differing:,} of them have copies with another target"
    cure = "split by groups of identical rows: xent train does"
    evidence = {
        "n_rows": n_copies,
        "n_differing": n_differing,
        "rows": np.flatnonzero(in_two)[:SHOWN].tolist(),
    }
    return Finding("copies across parts", 0.0, seen, cure, evidence)


def groups_across_parts(group: IntArray, names: Array, part: IntArray) -> Finding | None:
    """Find groups whose rows lie in more than one part."""
    in_two = _differs_within(group, part)
    if not in_two.any():
        return None
    torn = np.unique(group[in_two])
    shown = ", ".join(str(names[place]) for place in torn[:5]) + (", ..." if len(torn) > 5 else "")
    n_rows = int(np.count_nonzero(in_two))
    seen = f"{len(torn):,} of {len(names):,} groups ({shown}), with {n_rows:,} rows, lie in more than one part"
    cure = "split by groups (xent train --group): else what is learned of a group is taken for what holds of new ones"
    evidence = {"n_groups": len(torn), "n_rows": n_rows}
    return Finding("groups across parts", 0.0, seen, cure, evidence)


def future_in_training(time: IntArray, is_training: Array) -> Finding | None:
    """Find that the training part knows rows later than those it is judged by."""
    if is_training.all() or not is_training.any():
        return None
    share = float(np.mean(time[is_training] > time[~is_training].min()))
    if share <= LATER:
        return None
    seen = f"{share:.1%} of the training rows are later than the first row that was held out"
    cure = "split by time: train on what was known before, else figures promise more than the future keeps"
    return Finding("future in training", math.nan, seen, cure, {"share": share})


def contradicting_labels(columns: list[Column], y: Array) -> Finding | None:
    """Find rows of equal features and different classes."""
    rows = distinct_rows(columns)
    differs = _differs_within(rows, coded_targets(y))
    n_rows = int(np.count_nonzero(differs))
    if n_rows < max(2, RARE * len(y)) or not says_something_of_copies(columns, len(rows)):
        return None
    seen = f"{n_rows:,} of {len(y):,} rows share their features with a row of another class"
    cure = "no model can tell them apart: look for wrong labels, or for columns that are missing"
    evidence = {"n_rows": n_rows, "rows": np.flatnonzero(differs)[:SHOWN].tolist()}
    return Finding("contradicting labels", math.nan, seen, cure, evidence)


def contradicting_numbers(columns: list[Column], y: FloatArray) -> Finding | None:
    """Find rows of equal features whose targets lie far apart."""
    rows = distinct_rows(columns)
    counts = np.bincount(rows)
    means = np.bincount(rows, weights=y) / counts
    far = (counts[rows] > 1) & (np.abs(y - means[rows]) > APART * y.std())
    n_rows = int(np.count_nonzero(far))
    if n_rows < max(2, RARE * len(y)) or not says_something_of_copies(columns, len(rows)):
        return None
    seen = (
        f"{n_rows:,} of {len(y):,} rows share their features with rows whose target is more than {APART:g} standard "
        "deviations away"
    )
    cure = "no model can tell them apart: look for wrong targets, or for columns that are missing"
    evidence = {"n_rows": n_rows, "rows": np.flatnonzero(far)[:SHOWN].tolist()}
    return Finding("contradicting targets", math.nan, seen, cure, evidence)


def coded_targets(y: Array) -> IntArray:
    """Return a number for each distinct target, of one column or several."""
    if y.ndim == 1:
        return coded(y)
    return np.unique(y, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _differs_within(rows: IntArray, values: IntArray) -> Array:
    """Return where rows of one number have more than one value."""
    pairs = np.unique(np.stack([rows, values], axis=1), axis=0)
    is_several: Array = np.bincount(pairs[:, 0])[rows] > 1
    return is_several
