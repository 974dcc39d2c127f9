"""Columns that give the target away."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.evaluation.ranking import rank_auc

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.diagnosis.table_columns import Column

__all__ = ["class_leaks", "number_leaks"]

LEAK = 0.999  # share of rows, AUC, rank correlation or share of variance from which one column tells all
LEAK_ROWS = 50  # of each class: fewer could be told apart by chance
CURE = "leave it out, unless it is known before the target is; is it made from the target?"


def class_leaks(columns: list[Column], truth: Array, of: str = "class") -> list[Finding]:
    """Find columns that tell the class of nearly every row."""
    classes, counts = np.unique(truth, return_counts=True)
    if len(classes) < 2 or counts.min() < LEAK_ROWS:
        return []
    found = []
    target = np.searchsorted(classes, truth)
    for column in columns:
        right = 0.0
        if column.n_values <= len(truth) / 10:  # many values name rows, and say nothing of new ones
            table = np.zeros((column.n_values, len(classes)))
            np.add.at(table, (column.codes, target), 1)
            right = float(table.max(axis=1).sum() / len(truth))
        area = 0.0
        if len(classes) == 2 and column.numbers is not None:
            area = _auc_either_way(column.numbers, target == 1)
        # beyond what always naming the largest class gets
        is_told = right >= LEAK and right > counts.max() / len(truth) + 0.01
        if is_told or area >= LEAK:
            how = (
                f"tells the {of} of {right:.1%} of the rows"
                if is_told
                else f"has an AUC of {area:.4f} alone"
            )
            evidence = {"column": column.name, "share": right, "auc": area}
            found.append(Finding("leak", 0.0, f"{column.called} {how}", CURE, evidence))
    return found


def number_leaks(columns: list[Column], y: FloatArray) -> list[Finding]:
    """Find columns that go with the target nearly without exception: by ranks, or value by value."""
    if len(y) < LEAK_ROWS or y.min() == y.max():
        return []
    found = []
    for column in columns:
        ranks, share = 0.0, 0.0
        if column.numbers is not None:
            ranks = _rank_correlation(column.numbers, y)
        if 1 < column.n_values <= len(y) / 10:
            share = _explained(column, y)
        if max(abs(ranks), share) < LEAK:
            continue
        how = (
            f"has a rank correlation of {ranks:.4f} with the target"
            if abs(ranks) >= LEAK
            else f"explains {share:.1%} of the target's variance, value by value"
        )
        evidence = {"column": column.name, "rank_correlation": ranks, "share": share}
        found.append(Finding("leak", 0.0, f"{column.called} {how}", CURE, evidence))
    return found


def _auc_either_way(values: FloatArray, positive: Array) -> float:
    present = ~np.isnan(values)
    if not present.any():
        return 0.0
    area = rank_auc(positive[present], values[present])
    return 0.0 if math.isnan(area) else max(area, 1 - area)


def _rank_correlation(values: FloatArray, y: FloatArray) -> float:
    from scipy.stats import rankdata

    present = ~np.isnan(values)
    if (
        np.count_nonzero(present) < LEAK_ROWS
        or np.ptp(values[present]) == 0
        or np.ptp(y[present]) == 0
    ):
        return 0.0
    return float(np.corrcoef(rankdata(values[present]), rankdata(y[present]))[0, 1])


def _explained(column: Column, y: FloatArray) -> float:
    """Return the share of variance between the column's values (eta squared)."""
    counts = np.bincount(column.codes)
    means = np.bincount(column.codes, weights=y) / counts
    return float((counts * np.square(means - y.mean())).sum() / np.square(y - y.mean()).sum())
