"""How columns differ between two sets of rows: parts, halves of time, rows with a target and without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.diagnosis.finding import Finding

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.diagnosis.table_columns import Column

__all__ = ["Difference", "differences", "drift_findings"]

FEW = 20
# Kolmogorov-Smirnov distance, or total variation, from which a difference matters
DRIFT = 0.1
ALPHA = 1e-3


@dataclass(frozen=True)
class Difference:
    """A column that differs, by how much, and how sure."""

    column: str
    called: str
    distance: float
    p_value: float


def differences(columns: list[Column], one: Array) -> list[Difference]:
    """Return the columns that differ between the rows of `one` and the others, the surest first.

    Numbers by the Kolmogorov-Smirnov test, categories by chi-square, whether they are missing as well; corrected by
    Holm, and only where the distance matters.
    """
    tested = [
        result
        for column in columns
        for result in (_of_values(column, one), _of_missing(column, one))
        if result is not None
    ]
    tested.sort(key=lambda result: result.p_value)
    found, largest = [], 0.0
    for place, result in enumerate(tested):
        largest = max(largest, min(result.p_value * (len(tested) - place), 1.0))
        if largest > ALPHA:
            break
        if result.distance >= DRIFT:
            found.append(Difference(result.column, result.called, result.distance, largest))
    return found


def drift_findings(
    check: str, columns: list[Column], one: Array, between: str, cure: str
) -> list[Finding]:
    """Return a finding for each column that differs."""
    return [
        Finding(
            check,
            found.p_value,
            f"{found.called} differs {between} by {found.distance:.2f} (0 is the same, 1 wholly different)",
            cure,
            {"column": found.column, "distance": found.distance},
        )
        for found in differences(columns, one)
    ]


def _of_values(column: Column, one: Array) -> Difference | None:
    from scipy import stats

    present = ~column.is_missing
    here, there = one & present, ~one & present
    if min(np.count_nonzero(here), np.count_nonzero(there)) < FEW:
        return None
    if column.numbers is not None:
        result: Any = stats.ks_2samp(column.numbers[here], column.numbers[there], method="asymp")
        return Difference(column.name, column.called, float(result.statistic), float(result.pvalue))
    if not 1 < column.n_values <= len(one) / FEW:
        return None
    return _of_table(column.name, column.called, one[present], column.codes[present])


def _of_missing(column: Column, one: Array) -> Difference | None:
    if column.is_missing.all() or np.count_nonzero(column.is_missing) < FEW:
        return None
    called = f"whether {column.called} is missing"
    return _of_table(column.name, called, one, column.is_missing.astype(np.int64))


def _of_table(name: str, called: str, one: Array, codes: Array) -> Difference | None:
    from scipy import stats

    table = np.zeros((2, int(codes.max()) + 1))
    np.add.at(table, (one.astype(int), codes), 1)
    table = table[:, table.any(axis=0)]
    if table.shape[1] < 2 or not table.any(axis=1).all():
        return None
    result: Any = stats.chi2_contingency(table)
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    return Difference(name, called, distance, float(result.pvalue))
