"""Tables in memory (pandas, polars, Arrow, NumPy), turned into one polars frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import polars as pl

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["frame_from_array", "frame_from_object"]


def frame_from_object(source: object) -> pl.DataFrame:
    """Return a data frame (pandas, polars eager or lazy, Arrow, ...) as polars.

    Raises
    ------
    XentError
        When `source` is no data frame, or has a column name twice.

    Examples
    --------
    >>> frame_from_object(pl.LazyFrame({"age": [31, 44]})).rows()
    [(31,), (44,)]
    """
    try:
        frame: Any = nw.from_native(source)
    except TypeError as error:
        raise XentError(
            "a table must be a file name, a pandas, polars or Arrow table, or a NumPy array, "
            f"got {type(source).__name__}."
        ) from error
    except nw.exceptions.NarwhalsError as error:
        raise XentError(f"the table cannot be read: {' '.join(str(error).split())}.") from error
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not frame.implementation.is_pandas_like():
        converted: pl.DataFrame = frame.to_polars()
        return converted
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise XentError(f"column names must differ as text, got {names}.")
    # Column by column, because polars' own way from pandas needs pyarrow.
    columns = zip(names, frame.iter_columns(), strict=True)
    return pl.DataFrame([_polars_column(name, column) for name, column in columns])


def _polars_column(name: str, column: nw.Series[Any]) -> pl.Series:
    """Return one pandas column; a value that pandas counts as missing becomes null."""
    missing = column.is_null().to_numpy()
    if column.dtype.is_numeric() and not missing.any():
        return pl.Series(name, column.to_numpy())
    present = column.drop_nulls()
    if isinstance(column.dtype, nw.Categorical | nw.Enum):
        present = present.cast(nw.String())
    values = _values(name, present.to_list())
    # A null index gathers a null: the present values go back to their own rows.
    place = pl.Series(np.cumsum(~missing) - 1).set(pl.Series(missing), None)
    return values.gather(place)


def _values(name: str, values: list[object]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=False)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [str(value) for value in values])


def frame_from_array(array: Array) -> pl.DataFrame:
    """Return a NumPy array as a frame: columns x0, x1, ..., or the fields of a structured array.

    Raises
    ------
    XentError
        When the array is neither (n, d) nor structured.

    Examples
    --------
    >>> frame_from_array(np.eye(2)).columns
    ['x0', 'x1']
    """
    if array.dtype.names is not None and array.ndim == 1:
        return pl.DataFrame([_array_column(name, array[name]) for name in array.dtype.names])
    if array.ndim != 2:
        raise XentError(
            f"an array must have shape (n, d) to be a table, got {array.shape}. "
            "Reshape it to a row for each example."
        )
    return pl.DataFrame(
        [_array_column(f"x{place}", column) for place, column in enumerate(array.T)]
    )


def _array_column(name: str, values: Array) -> pl.Series:
    if values.ndim != 1:
        raise XentError(f"field {name!r} must hold one value a row, got shape {values.shape}.")
    if values.dtype.kind == "c":
        raise XentError(f"column {name!r} must hold real numbers, got {values.dtype}.")
    if values.dtype.kind == "O":
        present = [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN
        return _values(name, present)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(np.float64)
    return pl.Series(name, np.ascontiguousarray(values))
