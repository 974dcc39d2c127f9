"""The encoder: from the columns of a table to the numbers that a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import polars as pl

from xent.data.categories import CategoryCoding
from xent.data.documents import open_document, texts_of
from xent.data.numeric import NumericEncoder
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray, IntArray
    from xent.data.numeric import Imputation
    from xent.data.roles import Roles
    from xent.data.tables import Table

__all__ = ["Encoder"]

_KIND = "xent-encoder"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Encoder:
    """What the training rows taught about every feature; goes with the model as JSON.

    Numbers and booleans are standardized, missing ones filled and tagged (`NumericEncoder`);
    categories become places of 0 and 1 (`CategoryCoding`). An encoded row holds the numbers, then
    their indicators of missing values, then the categories, in the order of the table.

    Attributes
    ----------
    numeric : NumericEncoder
        Of the numeric and boolean columns.
    boolean : tuple of str
        Those of them that are boolean.
    categorical : tuple of CategoryCoding
    """

    numeric: NumericEncoder
    boolean: tuple[str, ...]
    categorical: tuple[CategoryCoding, ...]

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: IntArray,
        roles: Roles,
        weight: FloatArray | None = None,
        *,
        imputation: Imputation = "median",
        max_categories: int = 100,
        rare_share: float = 0.001,
    ) -> Encoder:
        """Return the encoder of the training rows of a table; no other row is looked at.

        Parameters
        ----------
        table : Table
        rows : ndarray of int64
            The positions of the training rows.
        roles : Roles
            Which columns are features, and of what kind; see `find_roles`.
        weight : ndarray of shape (len(rows),), optional
            The weights of those rows: 0 is absence, 2 is repetition.
        imputation : {"median", "mean"}
            What stands for a missing number.
        max_categories, rare_share
            See `CategoryCoding.fit`.

        Raises
        ------
        XentError
            When no feature is left, or a number is infinite or not a number (the row is named).

        Examples
        --------
        >>> from xent.data.roles import find_roles
        >>> from xent.data.tables import read_table
        >>> columns = {"age": [31, 45, None], "city": ["Oslo", "Rome", "Oslo"]}
        >>> table = read_table(pl.DataFrame(columns))
        >>> encoder = Encoder.fit(table, np.arange(3), find_roles(table))
        >>> encoder.feature_names
        ('age', 'age is missing', 'city=Oslo', 'city=Rome')
        >>> encoder.transform(table).tolist()
        [[-1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
        """
        if not roles.features:
            left_out = "; ".join(roles.summary()[1:]) or "it has no others"
            raise XentError(
                f"{table.name} has no feature column ({left_out}). Declare one with numeric= or "
                "categorical=."
            )
        numbers, boolean = roles.names("numeric", "boolean"), roles.names("boolean")
        X = _numeric_matrix(table, numbers, boolean, rows)
        numeric = NumericEncoder.fit(
            X, weight, imputation=imputation, names=numbers, row_numbers=rows
        )
        categorical = tuple(
            CategoryCoding.fit(
                table.frame[name][rows],
                weight,
                max_categories=max_categories,
                rare_share=rare_share,
            )
            for name in roles.names("categorical")
        )
        return cls(numeric, boolean, categorical)

    @property
    def n_features(self) -> int:
        """The number of columns of the encoded matrix."""
        return self.numeric.n_features + sum(coding.n_features for coding in self.categorical)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of the encoded matrix."""
        places = (name for coding in self.categorical for name in coding.feature_names)
        return (*self.numeric.feature_names, *places)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a table must have."""
        return (*self.numeric.names, *(coding.name for coding in self.categorical))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that were text in training: read a new file with ``text=`` these."""
        return tuple(coding.name for coding in self.categorical if coding.is_text)

    def transform(
        self, table: Table, rows: IntArray | None = None, *, dtype: DTypeLike = np.float32
    ) -> FloatArray:
        """Return the encoded rows of a table; columns that training did not know are ignored.

        Parameters
        ----------
        table : Table
        rows : ndarray of int64, optional
            Row positions; all by default.
        dtype : dtype
            float32 or float64. The sums are in float64 either way.

        Returns
        -------
        ndarray of shape (n, n_features), C-contiguous

        Raises
        ------
        XentError
            When a column is missing (the nearest is named), text stands where a number is needed,
            or a number is infinite; the column and the first such row are named.
        """
        for name in self.columns:
            if name not in table.columns:
                raise XentError(
                    f"{table.name} has no column {name!r}, which the model needs."
                    f"{nearest_hint(name, table.columns)}"
                )
        n_rows = table.n_rows if rows is None else rows.size
        out = np.empty((n_rows, self.n_features), dtype=dtype)
        X = _numeric_matrix(table, self.numeric.names, self.boolean, rows)
        self.numeric.transform(X, out, row_numbers=rows)
        place = self.numeric.n_features
        for coding in self.categorical:
            column = table.frame[coding.name]
            column = column if rows is None else column[rows]
            coding.encode(column, out[:, place : place + coding.n_features])
            place += coding.n_features
        return out

    def novelties(self, table: Table, rows: IntArray | None = None) -> tuple[str, ...]:
        """Return, a line each, what training never met: new categories, new missing values.

        Examples
        --------
        >>> from xent.data.roles import find_roles
        >>> from xent.data.tables import read_table
        >>> known = read_table(pl.DataFrame({"city": ["Oslo", "Rome"]}))
        >>> encoder = Encoder.fit(known, np.arange(2), find_roles(known))
        >>> encoder.novelties(read_table(pl.DataFrame({"city": ["Oslo", "Bonn"]})))
        ("city: 1 value without a category in training, first 'Bonn'",)
        """
        lines = []
        tagged = {self.numeric.names[j] for j in self.numeric.indicator.tolist()}
        tagged |= {coding.name for coding in self.categorical if coding.has_missing}
        for name in self.columns:
            column = table.column(name, argument="novelties")
            n_missing = (column if rows is None else column[rows]).null_count()
            if n_missing and name not in tagged:
                lines.append(f"{name}: {_counted(n_missing, 'missing value')}, none in training")
        for coding in self.categorical:
            column = table.frame[coding.name]
            unseen = coding.unseen(column if rows is None else column[rows])
            if unseen.len():
                count = _counted(unseen.len(), "value")
                lines.append(
                    f"{coding.name}: {count} without a category in training, first {unseen[0]!r}"
                )
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as plain values; floats keep every bit."""
        return {
            "format": _KIND,
            "version": _VERSION,
            "numeric": self.numeric.to_json(),
            "boolean": list(self.boolean),
            "categorical": [coding.to_json() for coding in self.categorical],
        }

    @classmethod
    def from_json(cls, document: object) -> Encoder:
        """Return the encoder written by `to_json`.

        Raises
        ------
        XentError
            When the document is no encoder, is from a newer version, or is damaged.
        """
        checked = open_document(document, kind=_KIND, version=_VERSION)
        numeric = NumericEncoder.from_json(checked.get("numeric"))
        boolean = texts_of(checked, "boolean")
        entries = checked.get("categorical")
        if not isinstance(entries, list):
            raise XentError("'categorical' must be a list of columns.")
        encoder = cls(numeric, boolean, tuple(CategoryCoding.from_json(entry) for entry in entries))
        if len(set(encoder.columns)) < len(encoder.columns) or not encoder.columns:
            raise XentError("an encoder must have columns, none of them twice.")
        if not set(boolean) <= set(numeric.names):
            raise XentError("'boolean' must name numeric columns.")
        return encoder


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _numeric_matrix(
    table: Table, names: tuple[str, ...], boolean: tuple[str, ...], rows: IntArray | None
) -> FloatArray:
    """Return columns as float64, (n, d), NaN where missing."""
    n_rows = table.n_rows if rows is None else rows.size
    X = np.empty((n_rows, len(names)), dtype=np.float64, order="F")
    for place, name in enumerate(names):
        column = table.frame[name]
        column = column if rows is None else column[rows]
        numbers = _numbers(column, is_boolean=name in boolean, rows=rows)
        X[:, place] = numbers.to_numpy()  # null becomes NaN
    return X


def _numbers(column: pl.Series, *, is_boolean: bool, rows: IntArray | None) -> pl.Series:
    """Return a column as float64, or refuse the first value that is no number."""
    dtype = column.dtype
    if dtype.is_numeric() or dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64)
    if dtype != pl.String:
        raise XentError(f"column {column.name!r} must hold numbers, as in training, got {dtype}.")
    if is_boolean:
        lowered = column.str.to_lowercase()
        column = lowered.replace(["true", "false"], ["1", "0"]).alias(column.name)
    numbers = column.cast(pl.Float64, strict=False)
    bad = np.flatnonzero((numbers.is_null() & column.is_not_null()).to_numpy())
    if bad.size:
        _refuse_text(column, int(bad[0]), rows)
    return numbers


def _refuse_text(column: pl.Series, place: int, rows: IntArray | None) -> NoReturn:
    row = place if rows is None else int(rows[place])
    raise XentError(
        f"column {column.name!r} must hold numbers, as in training, got {column[place]!r} in data "
        f"row {row + 1}."
    )
