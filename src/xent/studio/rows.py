"""Rows from outside: checked cell by cell against what the model was trained on, and made a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from xent.data import Table
from xent.data.delimited import MISSING_MARKERS
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.data import Encoder

__all__ = ["BadCellError", "CheckedRows", "Column", "check_rows", "columns_of", "table_of_rows"]

_LARGEST = 1e30  # beyond it a float32 network overflows
_LONGEST_TEXT = 10_000
_LONGEST_NAME = 200  # of a column that is not known, as far as it is looked at


class BadCellError(XentError):
    """A row that cannot be predicted.

    Parameters
    ----------
    row : int
        From 0, as in the list that was sent.
    column : str or None
    message : str
    """

    def __init__(self, row: int, column: str | None, message: str) -> None:
        where = f"row {row}" if column is None else f"row {row}, column {column!r}"
        super().__init__(f"{where}: {message}")
        self.row, self.column = row, column


@dataclass(frozen=True)
class Column:
    """A column that a model needs.

    Parameters
    ----------
    name : str
    kind : {"number", "boolean", "category"}
    categories : tuple of str
        Those that training knew; others are taken for rare ones.
    is_text : bool
        Whether a category is text, rather than a number.
    typical : float or None
        What stands for a missing number.
    """

    name: str
    kind: Literal["number", "boolean", "category"]
    categories: tuple[str, ...] = ()
    is_text: bool = False
    typical: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "is_text": self.is_text,
            "typical": self.typical,
        }


def columns_of(encoder: Encoder) -> tuple[Column, ...]:
    """Return the columns that rows must have."""
    numeric = encoder.numeric
    numbers = [
        Column(name, "boolean" if name in encoder.boolean else "number", typical=float(fill))
        for name, fill in zip(numeric.names, numeric.fill, strict=True)
    ]
    categories = [
        Column(coding.name, "category", coding.categories, coding.is_text)
        for coding in encoder.categorical
    ]
    return (*numbers, *categories)


@dataclass(frozen=True, eq=False)
class CheckedRows:
    """The cells of rows that a model can take, row by row: numbers (None is missing), and texts."""

    numbers: list[list[float | None]]
    texts: list[list[str | None]]

    def __len__(self) -> int:
        return len(self.numbers)


def check_rows(
    rows: Sequence[Any], columns: Sequence[Column], ignored: Sequence[str]
) -> CheckedRows:
    """Check rows cell by cell.

    Parameters
    ----------
    rows : sequence
        Each a mapping of column to value; null is a missing one.
    columns : sequence of Column
    ignored : sequence of str
        Columns that may be there too: the target's.

    Raises
    ------
    BadCellError
        With the first row and column that do not fit.

    Examples
    --------
    >>> check_rows([{"age": 31}, {"age": None}], [Column("age", "number")], ()).numbers
    [[31.0], [None]]
    >>> check_rows([{"age": "old"}], [Column("age", "number")], ())
    Traceback (most recent call last):
    xent.studio.rows.BadCellError: row 0, column 'age': a number is needed, got 'old'
    """
    known = {column.name for column in columns} | set(ignored)
    for place, row in enumerate(rows):
        _check_names(place, row, columns, known)
    numbers, texts = _kinds(columns)
    return CheckedRows(
        *(
            [
                [_value(row[column.name], column, place) for column in of_kind]
                for place, row in enumerate(rows)
            ]
            for of_kind in (numbers, texts)
        )  # type: ignore[arg-type]  # a number of a number column, a text of a category
    )


def table_of_rows(checked: Sequence[CheckedRows], columns: Sequence[Column]) -> Table:
    """Return the rows of several requests as one table: it costs hardly more than that of one.

    Examples
    --------
    >>> age = [Column("age", "number")]
    >>> table_of_rows([check_rows([{"age": 31}], age, ()), check_rows([{"age": None}], age, ())], age).n_rows
    2
    """
    numbers, texts = _kinds(columns)
    # all numbers in one array: a series for each would cost more than the prediction; None is NaN
    cells = [row for rows in checked for row in rows.numbers]
    X = np.array(cells, dtype=np.float64).reshape(len(cells), len(numbers))
    frame = pl.DataFrame(X, schema=[column.name for column in numbers], orient="row")
    words = [row for rows in checked for row in rows.texts]
    series = [
        pl.Series(column.name, [row[place] for row in words], dtype=pl.String)
        for place, column in enumerate(texts)
    ]
    return Table(frame.with_columns(series) if numbers else pl.DataFrame(series), "the rows", "")


def _kinds(columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
    """Return the columns of numbers, and those of categories."""
    return (
        [column for column in columns if column.kind != "category"],
        [column for column in columns if column.kind == "category"],
    )


def _check_names(place: int, row: Any, columns: Sequence[Column], known: set[str]) -> None:
    if not isinstance(row, dict):
        raise BadCellError(place, None, f"an object of columns is needed, got {row!r:.40}")
    for name in row:
        if name not in known:
            shown = name[:_LONGEST_NAME]
            hint = nearest_hint(shown, known)
            raise BadCellError(place, shown, f"the model has no such column.{hint}")
    for column in columns:
        if column.name not in row:
            raise BadCellError(
                place, column.name, "it is absent; give null where the value is missing"
            )


def _value(value: Any, column: Column, place: int) -> float | str | None:
    if value is None:
        return None
    if column.kind == "category":
        return _category(value, column, place)
    if isinstance(value, bool):
        if column.kind == "boolean":
            return float(value)
    elif isinstance(value, int | float):
        return _number(value, column, place)
    what = "true, false, 1 or 0" if column.kind == "boolean" else "a number"
    raise BadCellError(place, column.name, f"{what} is needed, got {value!r:.40}")


def _number(value: float, column: Column, place: int) -> float:
    # written so that NaN is refused too
    if not -_LARGEST <= value <= _LARGEST:
        raise BadCellError(
            place, column.name, f"a finite number is needed, got {_short(value)}; null is missing"
        )
    return float(value)


def _category(value: Any, column: Column, place: int) -> str | None:
    """Return the text that names a category; 1, 1.0 and "1" are one, as in training."""
    if isinstance(value, bool) and not column.is_text:
        return str(value).lower()
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST_TEXT or not _is_unicode(text):
            raise BadCellError(place, column.name, "the text is too long, or is no Unicode")
        return None if text in MISSING_MARKERS else text
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadCellError(place, column.name, f"text is needed, got {value!r:.40}")
    number = _number(value, column, place)
    return str(int(number)) if number == round(number) else repr(number)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write
        return False
    return True


def _short(value: Any) -> str:
    return repr(value) if isinstance(value, float) else f"a number of {value.bit_length()} bits"
