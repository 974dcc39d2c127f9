"""Rows from outside: checked cell by cell against what the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from xent.data.delimited import MISSING_MARKERS
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.data import Encoder

__all__ = ["BadCellError", "CheckedRows", "Column", "RowForm", "columns_of"]

_MISSING = float("nan")
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
    """The cells of rows that a model can take, row by row: numbers (NaN is missing), and texts."""

    numbers: list[list[float]]
    texts: list[list[str | None]]

    def __len__(self) -> int:
        return len(self.numbers)


class RowForm:
    """What a row must look like, made ready once: a request is one row, most of the time.

    Parameters
    ----------
    columns : sequence of Column
        Those that a row must have.
    ignored : sequence of str
        Columns that may be there too: the target's.

    Examples
    --------
    >>> form = RowForm([Column("age", "number"), Column("city", "category")])
    >>> rows = form.checked([{"age": 31, "city": "Oslo"}, {"age": None, "city": None}])
    >>> rows.numbers, rows.texts
    ([[31.0], [nan]], [['Oslo'], [None]])
    >>> form.checked([{"age": "old", "city": "Oslo"}])
    Traceback (most recent call last):
    xent.studio.rows.BadCellError: row 0, column 'age': a number is needed, got 'old'
    """

    def __init__(self, columns: Sequence[Column], ignored: Sequence[str] = ()) -> None:
        self.columns = tuple(columns)
        self._needed = frozenset(column.name for column in columns)
        self._known = self._needed | set(ignored)
        self._numbers = [column for column in columns if column.kind != "category"]
        self._texts = [column for column in columns if column.kind == "category"]

    def checked(self, rows: Sequence[Any]) -> CheckedRows:
        """Return the cells of rows, each a mapping of column to value; null is a missing one.

        Raises
        ------
        BadCellError
            With the first row and column that do not fit.
        """
        for place, row in enumerate(rows):
            if not isinstance(row, dict) or row.keys() != self._needed:
                _check_names(place, row, self.columns, self._known)
        return CheckedRows(
            [
                [_number_cell(row[column.name], column, place) for column in self._numbers]
                for place, row in enumerate(rows)
            ],
            [
                [_text_cell(row[column.name], column, place) for column in self._texts]
                for place, row in enumerate(rows)
            ],
        )


def _check_names(place: int, row: Any, columns: Sequence[Column], known: frozenset[str]) -> None:
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


def _number_cell(value: Any, column: Column, place: int) -> float:
    if value is None:
        return _MISSING
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


def _text_cell(value: Any, column: Column, place: int) -> str | None:
    """Return the text that names a category; 1, 1.0 and "1" are one, as in training."""
    if value is None:
        return None
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
