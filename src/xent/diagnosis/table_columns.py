"""Columns of a table as numbers of distinct values; missing is a value like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["Column", "coded", "distinct_rows", "read_columns", "says_something_of_copies"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Column:
    """One feature, or the target as one.

    Attributes
    ----------
    name, called : str
        Of the column, and as findings call it, such as ``column 'age'`` or ``the target``.
    codes : ndarray of int64, shape (n,)
        A number for each distinct value.
    numbers : ndarray of float64, shape (n,), optional
        The values, NaN where missing; None where they are no numbers.
    is_missing : ndarray of bool, shape (n,)
    """

    name: str
    called: str
    codes: IntArray
    numbers: FloatArray | None
    is_missing: Array

    @property
    def n_values(self) -> int:
        """Distinct values, missing as one of them."""
        return int(self.codes.max()) + 1

    def of_rows(self, rows: Array) -> Column:
        """Return the column of some rows, its codes without gaps."""
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = coded(self.codes[rows])
        return Column(self.name, self.called, codes, numbers, self.is_missing[rows])


def coded(values: Array) -> IntArray:
    """Return a number for each distinct value, from 0, in their order."""
    codes: IntArray = np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return codes


def read_columns(columns: Mapping[str, object], n_rows: int) -> list[Column]:
    """Return the columns of a table.

    Raises
    ------
    XentError
        When there is none, or one has another length.
    """
    if not columns:
        raise XentError("columns must hold at least one column, got none.")
    return [_column(name, values, n_rows) for name, values in columns.items()]


def distinct_rows(columns: list[Column]) -> IntArray:
    """Return a number for each distinct row.

    By a hash of 64 bits of the columns' codes, so that one sort is enough: of a million rows, two different ones are
    taken for equal with a chance of 3e-8.
    """
    hashes = np.zeros(len(columns[0].codes), dtype=np.uint64)
    for column in columns:
        hashes = _mixed(hashes ^ (column.codes.astype(np.uint64) + _GOLDEN))
    return coded(hashes)


def _mixed(values: Array) -> Array:
    """Return 64 bits each of which depends on all bits of a value (SplitMix64: Steele, Lea and Flood 2014)."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def says_something_of_copies(columns: list[Column], n_rows: int) -> bool:
    """Whether equal rows are copies: with few columns of few values they must be equal."""
    log_values = sum(float(np.log(column.n_values)) for column in columns)
    return log_values >= float(np.log(20 * n_rows))


def _column(name: str, values: object, n_rows: int) -> Column:
    array = np.asarray(values)
    if array.shape != (n_rows,):
        raise XentError(f"column {name!r} must have shape ({n_rows},), got {array.shape}.")
    numbers = None
    if array.dtype.kind in "iufb":
        numbers = array.astype(np.float64)
        is_missing = np.isnan(numbers)
    elif array.dtype.kind == "O":
        is_missing = np.array([value is None or value != value for value in array])  # noqa: PLR0124 - NaN
        array = np.array(
            ["" if gone else str(value) for value, gone in zip(array, is_missing, strict=True)]
        )
    else:
        is_missing = np.isnat(array) if array.dtype.kind in "mM" else np.zeros(n_rows, dtype=bool)
    return Column(name, f"column {name!r}", coded(array), numbers, is_missing)
