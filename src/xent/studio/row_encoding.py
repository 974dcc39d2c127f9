"""From checked rows to the inputs of a network, without a table between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import FloatArray
    from xent.data import Encoder
    from xent.data.categories import CategoryCoding
    from xent.studio.rows import CheckedRows

__all__ = ["RowEncoder"]

# of more rows an array is the faster
_MOST_PLAIN: Final = 8


class RowEncoder:
    """An encoder for a few rows: to the bit what `Encoder.transform` makes of them, at a fiftieth of its cost.

    A table of one row costs a millisecond, most of it to make a column of each cell.

    Parameters
    ----------
    encoder : Encoder

    Examples
    --------
    >>> import polars as pl
    >>> from xent.data import read_table
    >>> from xent.data.roles import find_roles
    >>> from xent.studio.rows import RowForm, columns_of
    >>> from xent.data import Encoder
    >>> table = read_table(pl.DataFrame({"age": [31, 45, None], "city": ["Oslo", "Rome", "Oslo"]}))
    >>> encoder = Encoder.fit(table, np.arange(3), find_roles(table))
    >>> rows = RowForm(columns_of(encoder)).checked([{"age": 45, "city": "Rome"}])
    >>> RowEncoder(encoder).encode(rows).tolist()
    [[1.0, 0.0, 0.0, 1.0]]
    """

    def __init__(self, encoder: Encoder) -> None:
        self._numeric, self._n_features = encoder.numeric, encoder.n_features
        # as in NumericEncoder: divided by infinity a constant feature is 0
        divisor = np.where(self._numeric.scale > 0, self._numeric.scale, np.inf)
        filled = (self._numeric.fill - self._numeric.center) / divisor
        columns = (self._numeric.center.tolist(), divisor.tolist(), filled.tolist())
        self._scaling = list(zip(*columns, strict=True))
        self._tagged: list[int] = self._numeric.indicator.tolist()
        self._codings: list[_Coding] = []
        place = encoder.numeric.n_features
        for coding in encoder.categorical:
            self._codings.append(_Coding(coding, place))
            place += coding.n_features

    def encode(self, rows: CheckedRows, dtype: DTypeLike = np.float32) -> FloatArray:
        """Return the inputs of the network, shape (n, n_features)."""
        out = np.zeros((len(rows), self._n_features), dtype=dtype)
        if len(rows) > _MOST_PLAIN or not self._write_plain(rows, out):
            X = np.array(rows.numbers, dtype=np.float64).reshape(len(rows), self._numeric.n_inputs)
            self._numeric.transform(X, out)  # says of a number what is wrong with it
        for column, coding in enumerate(self._codings):
            coding.write([texts[column] for texts in rows.texts], out)
        return out

    def _write_plain(self, rows: CheckedRows, out: FloatArray) -> bool:
        """Write the numbers one by one; return whether all of them stayed finite.

        These are the same IEEE 754 operations as `NumericEncoder` does on arrays.
        """
        for row, numbers in enumerate(rows.numbers):
            cells = [
                (number - center) / divisor if number == number else filled  # noqa: PLR0124 - NaN is missing
                for number, (center, divisor, filled) in zip(numbers, self._scaling, strict=True)
            ]
            cells += [float(numbers[place] != numbers[place]) for place in self._tagged]
            out[row, : len(cells)] = cells
        return bool(np.isfinite(out).all())


class _Coding:
    """The places of a category's values in an encoded row."""

    def __init__(self, coding: CategoryCoding, first: int) -> None:
        self._block = slice(first, first + coding.n_features)
        self._shares = np.array(coding.shares)
        self._place: dict[str | None, int | None] = {
            name: first + place for place, name in enumerate(coding.categories)
        }
        # of a value without a place of its own, and of a missing one; without either the shares stand
        self._rare = first + len(coding.categories) if coding.has_rare else None
        self._place[None] = first + coding.n_features - 1 if coding.has_missing else None

    def write(self, texts: list[str | None], out: FloatArray) -> None:
        for row, text in enumerate(texts):
            place = self._place.get(text, self._rare)
            if place is None:
                out[row, self._block] = self._shares
            else:
                out[row, place] = 1
