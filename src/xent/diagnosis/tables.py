"""What is wrong with a table that is to be learned from: leaks, copies, drift, labels that contradict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.finding import Diagnosis, Finding
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["diagnose_table"]

LEAK = 0.999  # share of rows, or AUC, from which one column gives the target away
LEAK_ROWS = 50  # of each class: fewer could be told apart by chance
RARE = 0.01
FEW = 20
# Kolmogorov-Smirnov distance, or total variation, from which a difference between parts matters
DRIFT = 0.1
ALPHA = 0.01


def diagnose_table(columns: Mapping[str, object], y: object, *, part: object = None) -> Diagnosis:
    """Return what looks wrong with features and classes, the most basic first.

    Parameters
    ----------
    columns : mapping of name to array of shape (n,)
        Features: numbers, booleans or text; missing is NaN or None.
    y : array of shape (n,)
        Class codes, 0 to K-1.
    part : array of shape (n,), optional
        Which part a row belongs to, such as "training" or "test".

    Raises
    ------
    XentError
        When a column has another length, or there are no rows.

    Examples
    --------
    >>> y = np.arange(200) % 2
    >>> diagnose_table({"x": np.arange(200) % 7, "paid": y * 3.0}, y).findings[0].check
    'leak'
    """
    truth = np.asarray(y)
    if truth.ndim != 1 or truth.size == 0:
        raise XentError(f"y must have shape (n,) with at least one row, got {truth.shape}.")
    coded = {name: _codes(values, name, truth.size) for name, values in columns.items()}
    findings = [*_leaks(columns, coded, truth)]
    left_out = {}
    parts = None if part is None else np.unique(np.asarray(part).astype(str), return_inverse=True)
    if parts is None:
        left_out = dict.fromkeys(("copies across parts", "drift"), "no part was given")
    else:
        findings += _copies(coded, parts[1])
        findings += _drift(columns, coded, *parts)
    findings += _contradictions(coded, truth)
    findings += _useless(coded, truth.size)
    findings += _imbalance(truth)
    names = ("leak", "copies across parts", "drift", "contradicting labels", "constant column")
    ran = (*(n for n in names if n not in left_out), "imbalance")
    return Diagnosis(tuple(findings), ran, left_out)


def _codes(values: object, name: str, n_rows: int) -> IntArray:
    """Return a number for each distinct value; missing is a value like any other."""
    array = np.asarray(values)
    if array.shape != (n_rows,):
        raise XentError(f"column {name!r} must have shape ({n_rows},), got {array.shape}.")
    if array.dtype.kind == "O":
        array = np.array(["" if value is None else str(value) for value in array])
    codes: IntArray = np.unique(array, return_inverse=True)[1].astype(np.int64)
    return codes


def _is_number(values: object) -> bool:
    return np.asarray(values).dtype.kind in "iufb"


def _leaks(
    columns: Mapping[str, object], coded: Mapping[str, IntArray], truth: Array
) -> list[Finding]:
    classes, counts = np.unique(truth, return_counts=True)
    if len(classes) < 2 or counts.min() < LEAK_ROWS:
        return []
    found = []
    target = np.searchsorted(classes, truth)
    for name, codes in coded.items():
        n_values = int(codes.max()) + 1
        right = 0.0
        if n_values <= len(truth) / 10:  # many values name rows, and say nothing of new ones
            table = np.zeros((n_values, len(classes)))
            np.add.at(table, (codes, target), 1)
            right = float(table.max(axis=1).sum() / len(truth))
        area = 0.0
        if len(classes) == 2 and _is_number(columns[name]):
            area = _auc_either_way(np.asarray(columns[name], dtype=np.float64), target == 1)
        # beyond what always naming the largest class gets
        is_told = right >= LEAK and right > counts.max() / len(truth) + 0.01
        if is_told or area >= LEAK:
            how = (
                f"tells the class of {right:.1%} of the rows"
                if is_told
                else f"has an AUC of {area:.4f} alone"
            )
            cure = (
                "leave it out, unless it is known before the target is; is it made from the target?"
            )
            evidence = {"column": name, "share": right, "auc": area}
            found.append(Finding("leak", 0.0, f"column {name!r} {how}", cure, evidence))
    return found


def _auc_either_way(values: FloatArray, positive: Array) -> float:
    from xent.evaluation.ranking import rank_auc

    present = ~np.isnan(values)
    area = rank_auc(positive[present], values[present])
    return 0.0 if math.isnan(area) else max(area, 1 - area)


def _rows(coded: Mapping[str, IntArray]) -> IntArray:
    """Return a number for each distinct row of features."""
    matrix = np.stack(list(coded.values()), axis=1)
    rows: IntArray = np.unique(matrix, axis=0, return_inverse=True)[1].reshape(-1)
    return rows


def _copies(coded: Mapping[str, IntArray], part: IntArray) -> list[Finding]:
    rows = _rows(coded)
    seen = np.zeros((int(rows.max()) + 1, int(part.max()) + 1), dtype=bool)
    seen[rows, part] = True
    n_copies = int(np.count_nonzero(seen.sum(axis=1)[rows] > 1))
    # with few columns of few values, equal rows are no copies
    n_values = np.prod([float(codes.max()) + 1 for codes in coded.values()])
    if n_copies == 0 or n_values < 20 * len(rows):
        return []
    text = f"{n_copies:,} of {len(rows):,} rows have the features of a row in another part"
    cure = "split by groups of identical rows: xent train does"
    return [Finding("copies across parts", 0.0, text, cure, {"n_rows": n_copies})]


def _drift(
    columns: Mapping[str, object], coded: Mapping[str, IntArray], names: Array, part: IntArray
) -> list[Finding]:
    """Compare the first part with the others, column by column, corrected by Holm."""
    from scipy import stats

    if len(names) < 2:
        return []
    reference = part == np.bincount(part).argmax()
    tested = []
    for name, codes in coded.items():
        values = np.asarray(columns[name])
        if _is_number(values):
            numbers = values.astype(np.float64)
            one, other = (numbers[rows & ~np.isnan(numbers)] for rows in (reference, ~reference))
            if min(len(one), len(other)) < FEW:
                continue
            result: Any = stats.ks_2samp(one, other, method="asymp")
            tested.append((float(result.pvalue), float(result.statistic), name))
        elif 1 < int(codes.max()) + 1 <= len(codes) / FEW:
            table = np.zeros((2, int(codes.max()) + 1))
            np.add.at(table, (reference.astype(int), codes), 1)
            chi2: Any = stats.chi2_contingency(table)
            shares = table / table.sum(axis=1, keepdims=True)
            distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
            tested.append((float(chi2.pvalue), distance, name))
    tested.sort()
    found, largest = [], 0.0
    for place, (p_value, distance, name) in enumerate(tested):
        largest = max(largest, min(p_value * (len(tested) - place), 1.0))
        if largest > ALPHA:
            break
        if distance >= DRIFT:
            seen = f"column {name!r} differs between the parts by {distance:.2f} (0 is the same, 1 wholly different)"
            cure = (
                "is the split by time or source? Figures on one part then say little of the other"
            )
            evidence = {"column": name, "distance": distance}
            found.append(Finding("drift", largest, seen, cure, evidence))
    return found


def _contradictions(coded: Mapping[str, IntArray], truth: Array) -> list[Finding]:
    rows = _rows(coded)
    pairs = np.unique(np.stack([rows, np.unique(truth, return_inverse=True)[1]], axis=1), axis=0)
    n_labels = np.bincount(pairs[:, 0])
    n_rows = int(np.count_nonzero(n_labels[rows] > 1))
    if n_rows < max(2, RARE * len(truth)):
        return []
    seen = f"{n_rows:,} of {len(truth):,} rows share their features with a row of another class"
    cure = "no model can tell them apart: look for wrong labels, or for columns that are missing"
    first = np.flatnonzero(n_labels[rows] > 1)[:20].tolist()
    return [
        Finding("contradicting labels", math.nan, seen, cure, {"n_rows": n_rows, "rows": first})
    ]


def _useless(coded: Mapping[str, IntArray], n_rows: int) -> list[Finding]:
    found = []
    for name, codes in coded.items():
        n_values = int(codes.max()) + 1
        if n_values == 1 and n_rows > 1:
            seen = f"column {name!r} has one value in all rows"
            found.append(Finding("constant column", 0.0, seen, "leave it out", {"column": name}))
    return found


def _imbalance(truth: Array) -> list[Finding]:
    classes, counts = np.unique(truth, return_counts=True)
    least = int(counts.min())
    if len(classes) > 1 and (least < FEW or least < RARE * len(truth)):
        seen = f"class {classes[counts.argmin()]} has {least:,} of {len(truth):,} rows"
        cure = (
            "judge by average precision and costs, not accuracy; look at the width of the intervals"
        )
        return [Finding("imbalance", math.nan, seen, cure, {"n_rows": least})]
    return []
