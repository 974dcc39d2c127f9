"""Categories: one-hot coding with places for rare and for missing values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xent.data.documents import flag_of, numbers_of, texts_of
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = ["CategoryCoding", "category_texts"]

_NO_PLACE = -1


@dataclass(frozen=True)
class CategoryCoding:
    """How one categorical column is coded: the places of its values in the encoded row.

    The places are the categories in order of their text, then one for rare values if training had
    some (values never seen in training go there too), then one for missing values if training had
    some. A value without a place, because training had no such case, is coded as the average
    training row: no weight that was never trained has a say, just as for a missing number.

    Attributes
    ----------
    name : str
        The column.
    categories : tuple of str
        The values with a place of their own, sorted.
    shares : tuple of float
        The share of each place in the training rows; they add up to 1.
    has_rare, has_missing : bool
        Whether there are those places.
    is_text : bool
        Whether the column was text in training, rather than numbers declared categorical.
    """

    name: str
    categories: tuple[str, ...]
    shares: tuple[float, ...]
    has_rare: bool
    has_missing: bool
    is_text: bool

    @classmethod
    def fit(
        cls,
        column: pl.Series,
        weight: FloatArray | None = None,
        *,
        max_categories: int = 100,
        rare_share: float = 0.001,
    ) -> CategoryCoding:
        """Return the coding of a training column.

        Parameters
        ----------
        column : polars.Series
            The training rows.
        weight : ndarray of shape (n,), optional
            A weight of 0 is absence, 2 is repetition.
        max_categories : int
            The most frequent ones get a place; the rest share one.
        rare_share : float
            Categories with a smaller share of the rows than this have no place of their own.

        Examples
        --------
        >>> coding = CategoryCoding.fit(pl.Series("city", ["Oslo", "Rome", None, "Rome"]))
        >>> coding.feature_names
        ('city=Oslo', 'city=Rome', 'city is missing')
        >>> coding.encode(pl.Series("city", ["Rome", "Bonn"]), dtype=np.float64)
        array([[0.  , 1.  , 0.  ],
               [0.25, 0.5 , 0.25]])
        """
        texts = category_texts(column)
        weight = np.ones(len(texts)) if weight is None else weight
        total = float(weight.sum())
        missing = texts.is_null().to_numpy()
        distinct, codes = np.unique(texts.drop_nulls().to_numpy().astype(str), return_inverse=True)
        sums = np.bincount(codes, weights=weight[~missing], minlength=distinct.size)
        frequent = np.lexsort((np.arange(distinct.size), -sums))[:max_categories]
        has_place = np.zeros(distinct.size, dtype=bool)
        has_place[frequent] = (sums > 0)[frequent] & (sums >= rare_share * total)[frequent]
        places = [*sums[has_place].tolist()]
        rare, absent = float(sums[~has_place].sum()), float(weight[missing].sum())
        places += [rare] * (rare > 0) + [absent] * (absent > 0)
        shares = tuple(place / total for place in places)
        names = tuple(distinct[has_place].tolist())
        is_text = column.dtype == pl.String
        return cls(column.name, names, shares, rare > 0, absent > 0, is_text)

    @property
    def n_features(self) -> int:
        """The number of places."""
        return len(self.shares)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the places."""
        names = [f"{self.name}={category}" for category in self.categories]
        if self.has_rare:
            names.append(f"{self.name} is rare or unseen")
        if self.has_missing:
            names.append(f"{self.name} is missing")
        return tuple(names)

    def places(self, column: pl.Series) -> IntArray:
        """Return the place of each value, -1 where training had no such case."""
        texts = category_texts(column)
        missing = texts.is_null().to_numpy()
        known = texts.cast(pl.Enum(self.categories), strict=False).to_physical()
        places = known.cast(pl.Int64).fill_null(_NO_PLACE).to_numpy().copy()
        unseen = (places < 0) & ~missing
        places[unseen] = len(self.categories) if self.has_rare else _NO_PLACE
        places[missing] = self.n_features - 1 if self.has_missing else _NO_PLACE
        return places

    def unseen(self, column: pl.Series) -> pl.Series:
        """Return the values, of those present, that have no category of their own."""
        texts = category_texts(column).drop_nulls()
        return texts.filter(~texts.is_in(self.categories))

    def encode(
        self,
        column: pl.Series,
        out: FloatArray | None = None,
        *,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> FloatArray:
        """Return the coded column, (n, n_features); `out`, if given, is written to."""
        places = self.places(column)
        if out is None:
            out = np.empty((places.size, self.n_features), dtype=dtype)
        out[...] = 0
        known = np.flatnonzero(places >= 0)
        out[known, places[known]] = 1
        out[places < 0] = self.shares
        return out

    def to_json(self) -> dict[str, Any]:
        """Return the coding as plain values."""
        return {
            "name": self.name,
            "categories": list(self.categories),
            "shares": list(self.shares),
            "has_rare": self.has_rare,
            "has_missing": self.has_missing,
            "is_text": self.is_text,
        }

    @classmethod
    def from_json(cls, document: object) -> CategoryCoding:
        """Return the coding written by `to_json`.

        Raises
        ------
        XentError
            When it is damaged.
        """
        if not isinstance(document, dict) or not isinstance(document.get("name"), str):
            raise XentError("a categorical column must be an object with a name.")
        name = document["name"]
        try:
            categories = texts_of(document, "categories")
            rare, missing = flag_of(document, "has_rare"), flag_of(document, "has_missing")
            n_places = len(categories) + rare + missing
            shares = numbers_of(document, "shares", size=n_places, least=0.0)
            is_text = flag_of(document, "is_text")
        except XentError as error:
            raise XentError(f"categorical column {name!r}: {error}") from error
        if not n_places or abs(shares.sum() - 1) > 1e-6:
            raise XentError(f"categorical column {name!r}: 'shares' must add up to 1.")
        return cls(name, categories, tuple(shares.tolist()), rare, missing, is_text)


def category_texts(column: pl.Series) -> pl.Series:
    """Return the values as the texts that name categories; 1, 1.0 and "1" are one category.

    Raises
    ------
    XentError
        When the column holds lists, objects or the like.

    Examples
    --------
    >>> category_texts(pl.Series("grade", [1.0, 2.5, None])).to_list()
    ['1', '2.5', None]
    """
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        raise XentError(
            f"column {column.name!r} must hold text or numbers to be categorical, got "
            f"{column.dtype}."
        )
    if not column.dtype.is_float():
        return column.cast(pl.String)
    value = pl.col(column.name)
    whole = (value == value.round()) & (value.abs() < 2.0**53)
    as_integer = value.cast(pl.Int64, strict=False).cast(pl.String)
    texts = pl.when(whole).then(as_integer).otherwise(value.cast(pl.String))
    return column.to_frame().select(texts.alias(column.name)).to_series()
