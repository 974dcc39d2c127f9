"""Columns of a table as the codes that a split needs: identical rows, groups, times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from xent.data.duplicates import row_groups
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray, IntArray
    from xent.data.tables import Table

__all__ = ["group_codes", "identical_rows", "time_numbers"]

_EXACT = 2**53  # float64 holds every whole number up to here


def identical_rows(table: Table, columns: Sequence[str]) -> IntArray:
    """Return a code for every row; rows that agree in all these columns, and only they, share one.

    Two missing values agree. Use the features: rows with equal features are the same question, even
    when their targets differ.

    Parameters
    ----------
    table : Table
    columns : sequence of str
        Usually `Roles.features`.

    Returns
    -------
    ndarray of shape (n_rows,), int64

    Examples
    --------
    >>> from xent.data.tables import read_table
    >>> frame = pl.DataFrame({"age": [31, 31, 31], "city": ["Oslo", None, "Oslo"]})
    >>> identical_rows(read_table(frame), ["age", "city"])
    array([0, 1, 0])
    """
    X = np.empty((table.n_rows, len(columns)), dtype=np.float64)
    for place, name in enumerate(columns):
        X[:, place] = _codes(table.column(name))
    return row_groups(X)


def _codes(column: pl.Series) -> FloatArray:
    """Return numbers that are equal where the values are, NaN where they are missing."""
    dtype = column.dtype
    if dtype.is_integer():
        extremes = [value for value in (column.min(), column.max()) if isinstance(value, int)]
        exact = all(abs(value) <= _EXACT for value in extremes)
    else:
        exact = dtype.is_float() or dtype in (pl.Boolean, pl.Null)
    numbers = column if exact else column.rank("dense")
    return numbers.cast(pl.Float64).to_numpy()


def group_codes(table: Table, name: str) -> IntArray:
    """Return the codes 0, 1, ... of a column of groups, such as patients.

    Raises
    ------
    XentError
        When there is no such column, or a row has no group (the first is named).

    Examples
    --------
    >>> from xent.data.tables import read_table
    >>> group_codes(read_table(pl.DataFrame({"patient": ["b", "a", "b"]})), "patient")
    array([1, 0, 1])
    """
    column = _complete(table, name, argument="group")
    return column.rank("dense").cast(pl.Int64).to_numpy() - 1


def time_numbers(table: Table, name: str) -> FloatArray:
    """Return a column of times as numbers that grow with time.

    Numbers stay as they are; dates, times and texts such as ``2024-05-01`` or ``2024-05-01 12:30``
    become numbers in their order.

    Raises
    ------
    XentError
        When there is no such column, a row has no time, or a text is no time (the first is named).

    Examples
    --------
    >>> from xent.data.tables import read_table
    >>> days = pl.DataFrame({"day": ["2024-05-10", "2024-05-09", "2023-12-31"]})
    >>> time_numbers(read_table(days), "day").argsort()
    array([2, 1, 0])
    """
    column = _complete(table, name, argument="time")
    if column.dtype == pl.String:
        column = _parsed_times(column)
    if column.dtype.is_temporal():
        column = column.rank("dense")
    if not column.dtype.is_numeric():
        raise XentError(f"time: column {name!r} must hold times or numbers, got {column.dtype}.")
    numbers = column.cast(pl.Float64).to_numpy()
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise XentError(f"time: column {name!r} is infinite in data row {infinite[0] + 1}.")
    return numbers


def _parsed_times(column: pl.Series) -> pl.Series:
    texts = column.str.replace("T", " ", literal=True).str.strip_suffix("Z")
    texts = texts.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "$1 00:00:00")
    texts = texts.str.replace(r"^(\d{4}-\d{2}-\d{2} \d{2}:\d{2})$", "$1:00")
    times = texts.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False)
    if times.null_count():
        row = int(times.is_null().arg_max() or 0)
        raise XentError(
            f"time: column {column.name!r} must hold times such as 2024-05-01 or 2024-05-01 12:30, "
            f"got {column[row]!r} in data row {row + 1}."
        )
    return times


def _complete(table: Table, name: str, *, argument: str) -> pl.Series:
    column = table.column(name, argument=argument)
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise XentError(
            f"{argument}: column {name!r} has {column.null_count()} missing values, the first in "
            f"data row {row + 1}. Leave such rows out."
        )
    return column
