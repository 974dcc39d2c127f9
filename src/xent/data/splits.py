"""Splits: which rows train, which validate, which test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data.allotment import allot
from xent.data.documents import open_document, positions_of, whole_number_of
from xent.data.duplicates import n_duplicates
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from xent.arrays import Array, IntArray

__all__ = ["Split", "hold_out", "joined_groups", "part_named", "split_given", "split_rows"]

_FORMAT = "xent-split"
_VERSION = 1
_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "holdout"), "test"),
}


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of each part, by their position in the file, ascending; together all of them.

    Attributes
    ----------
    train, validation, test : ndarray of int64
        Row positions from 0. Validation and test may be empty.
    method : str
        How the rows were dealt out, in words.
    n_kept_together : int
        Rows that are copies of an earlier one and lie in the same part as it.
    n_torn : int
        Validation and test rows with an identical row in the training part: 0 unless the split was
        given by the user.
    """

    train: IntArray
    validation: IntArray
    test: IntArray
    method: str
    n_kept_together: int = 0
    n_torn: int = 0

    @property
    def n_rows(self) -> int:
        """The number of rows in all parts."""
        return self.train.size + self.validation.size + self.test.size

    def report(self) -> tuple[str, ...]:
        """Return what a user should know, a line each.

        Examples
        --------
        >>> split_rows(10, test_fraction=0.2, validation_fraction=0.25, random_state=1).report()
        ('6 rows train, 2 validate, 2 test (shuffled)',)
        """
        sizes = f"{self.train.size:,} rows train, {self.validation.size:,} validate, "
        lines = [f"{sizes}{self.test.size:,} test ({self.method})"]
        if self.n_kept_together:
            lines.append(
                f"{self.n_kept_together:,} rows are copies of an earlier row; identical rows were "
                "kept in one part"
            )
        if self.n_torn:
            lines.append(
                f"warning: {self.n_torn:,} validation or test rows also occur in the training "
                "part; figures on them flatter"
            )
        return tuple(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the split as plain values for ``split.json``."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "method": self.method,
            "n_rows": self.n_rows,
            "n_kept_together": self.n_kept_together,
            "n_torn": self.n_torn,
            "train": self.train.tolist(),
            "validation": self.validation.tolist(),
            "test": self.test.tolist(),
        }

    @classmethod
    def from_json(cls, document: object) -> Split:
        """Return the split written by `to_json`.

        Raises
        ------
        XentError
            When the document is no split, is from a newer version, or its parts are damaged.

        Examples
        --------
        >>> split = split_rows(10, test_fraction=0.2, validation_fraction=0.25, random_state=1)
        >>> Split.from_json(split.to_json()).test.tolist() == split.test.tolist()
        True
        """
        checked = open_document(document, kind=_FORMAT, version=_VERSION)
        n_rows = whole_number_of(checked, "n_rows")
        train, validation, test = (
            positions_of(checked, part, n_rows) for part in ("train", "validation", "test")
        )
        together = np.sort(np.concatenate([train, validation, test]))
        if together.size != n_rows or not np.array_equal(together, np.arange(n_rows)):
            raise XentError(f"the split must hold each of its {n_rows} rows exactly once.")
        method = checked.get("method")
        if not isinstance(method, str):
            raise XentError(f"the split's method must be text, got {method!r}.")
        copies = whole_number_of(checked, "n_kept_together")
        torn = whole_number_of(checked, "n_torn")
        return cls(train, validation, test, method, copies, torn)


def joined_groups(*codes: ArrayLike) -> IntArray:
    """Return codes of the finest groups that tear none of the given ones apart.

    Two rows are in one group when a chain of rows links them, each sharing a code with the next:
    identical rows on the one hand, the user's groups on the other.

    Parameters
    ----------
    *codes : array-like of shape (n,)
        Group codes or names of each row.

    Examples
    --------
    >>> joined_groups([0, 0, 1, 2], ["a", "b", "b", "c"])
    array([0, 0, 0, 1])
    """
    columns = [np.unique(np.asarray(code), return_inverse=True)[1] for code in codes]
    current = columns[0].astype(np.int64)
    while True:
        before = current
        for column in columns:
            # Every row takes the smallest code in its group, until nothing changes.
            smallest = np.full(int(column.max(initial=-1)) + 1, current.size, dtype=np.int64)
            np.minimum.at(smallest, column, current)
            current = smallest[column]
        if np.array_equal(before, current):
            return np.unique(current, return_inverse=True)[1].astype(np.int64)


def part_named(word: str) -> str | None:
    """Return the part that a word means: train, validation or test, or None.

    Examples
    --------
    >>> part_named("Val"), part_named("cats")
    ('validation', None)
    """
    return _PARTS.get(word.strip().casefold())


def hold_out(
    n_rows: int,
    fraction: float,
    *,
    random_state: int | np.random.Generator,
    stratify: IntArray | None = None,
    groups: IntArray | None = None,
    time: Array | None = None,
) -> tuple[IntArray, IntArray]:
    """Deal rows out to two parts: those that stay, and about `fraction` that are held out.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    fraction : float
        Between 0 and 1.
    random_state : int or numpy Generator
        The seed. Only the raw stream of its bit generator is used, which NumPy keeps stable.
    stratify : ndarray of shape (n,), optional
        Codes 0, 1, ...: each is dealt out in proportion, to one row where `groups` allow. The only
        row of a class stays.
    groups : ndarray of shape (n,), optional
        Codes; the rows of a group go to one part.
    time : ndarray of shape (n,), optional
        Numbers that grow with time: the latest rows are held out, rows of one time together, and
        with them the earlier rows of their groups. `stratify` then plays no part.

    Returns
    -------
    stay, held : ndarray of int64
        Row positions, ascending.

    Raises
    ------
    XentError
        When the fraction is not between 0 and 1, or a part would be empty.

    Examples
    --------
    >>> stay, held = hold_out(10, 0.3, random_state=0, stratify=np.array([0] * 5 + [1] * 5))
    >>> stay.size, held.size
    (7, 3)
    """
    if not 0 < fraction < 1:
        raise XentError(f"the fraction to hold out must be between 0 and 1, got {fraction}.")
    n_held = min(max(int(np.floor(n_rows * fraction + 0.5)), 1), n_rows - 1)
    if n_held < 1:
        raise XentError(f"{n_rows} row cannot be dealt out to two parts.")
    if time is not None:
        is_held = _latest(np.asarray(time), n_held, groups)
    else:
        is_held = allot(n_rows, n_held, random_state, stratify, groups)
    stay, held = np.flatnonzero(~is_held), np.flatnonzero(is_held)
    if not stay.size or not held.size:
        raise XentError(
            f"no split of {n_rows} rows into {fraction:.0%} and the rest keeps the groups (or "
            "identical rows, or equal times) together. Use a smaller fraction or other groups."
        )
    return stay, held


def _latest(time: Array, n_held: int, groups: IntArray | None) -> Array:
    """Return the mask of the latest rows, ties and the rest of their groups included.

    An earlier row may join the held-out ones without harm: no training row is later than they are.
    """
    cutoff = np.sort(time)[-n_held]
    is_held = time >= cutoff
    if is_held.all():
        is_held = time > cutoff  # the tie at the cutoff holds everything: leave it to the others
    if groups is not None:
        is_held = is_held | np.isin(groups, groups[is_held])
    return np.asarray(is_held)


def split_rows(
    n_rows: int,
    *,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.2,
    random_state: int,
    stratify: IntArray | None = None,
    identical: IntArray | None = None,
    groups: IntArray | None = None,
    time: Array | None = None,
) -> Split:
    """Deal rows out to training, validation and test parts.

    Parameters
    ----------
    n_rows : int
        The number of rows.
    test_fraction : float
        The share of all rows that test; 0 for none.
    validation_fraction : float
        The share of the remaining rows that validate; 0 for none.
    random_state : int
        The seed.
    stratify : ndarray of shape (n,), optional
        Codes of what each part should have in proportion: classes, `quantile_strata` of a numeric
        target, `label_set_strata` of labels.
    identical : ndarray of shape (n,), optional
        `xent.data.duplicates.row_groups`: identical rows are never in two parts.
    groups : ndarray of shape (n,), optional
        The user's groups, such as patients: none is in two parts.
    time : ndarray of shape (n,), optional
        Numbers that grow with time: the latest rows test, those before validate.

    Raises
    ------
    XentError
        When a fraction is not in [0, 1), or no split keeps the groups together.

    Examples
    --------
    >>> split = split_rows(1000, test_fraction=0.1, validation_fraction=2 / 9, random_state=0)
    >>> split.train.size, split.validation.size, split.test.size
    (700, 200, 100)
    """
    for name, value in (
        ("test_fraction", test_fraction),
        ("validation_fraction", validation_fraction),
    ):
        if not 0 <= value < 1:
            raise XentError(f"{name} must be at least 0 and below 1, got {value}.")
    given = [codes for codes in (identical, groups) if codes is not None]
    joined = joined_groups(*given) if given else None
    rng = np.random.Generator(np.random.PCG64(random_state))
    parts = [np.arange(n_rows)]
    for fraction in (test_fraction, validation_fraction):
        rows = parts.pop()
        held = np.empty(0, dtype=np.int64)
        if fraction:
            of_rows = [None if codes is None else codes[rows] for codes in (stratify, joined, time)]
            stay, held = hold_out(
                rows.size,
                fraction,
                random_state=rng,
                stratify=of_rows[0],
                groups=of_rows[1],
                time=of_rows[2],
            )
            rows, held = rows[stay], rows[held]
        parts += [held, rows]
    test, validation, train = parts
    method = _method(stratify is not None, groups is not None, time is not None)
    copies = 0 if identical is None else n_duplicates(identical)
    return Split(train, validation, test, method, copies)


def _method(stratified: bool, grouped: bool, ordered: bool) -> str:
    if ordered:
        return "by time, groups whole" if grouped else "by time"
    words = [
        "shuffled",
        *(["stratified"] if stratified else []),
        *(["by group"] if grouped else []),
    ]
    return ", ".join(words)


def split_given(
    values: Sequence[object], *, name: str = "split", identical: IntArray | None = None
) -> Split:
    """Return the split that a column names: train, validation (or valid, val, dev) or test.

    Parameters
    ----------
    values : sequence of str
        A part for each row, in any case.
    name : str
        The column, for messages.
    identical : ndarray of shape (n,), optional
        Codes of identical rows, to say how many lie on both sides.

    Raises
    ------
    XentError
        When a value names no part (the row is given), or none trains.

    Examples
    --------
    >>> split_given(["train", "Test", "train"]).test
    array([1])
    """
    parts = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        word = str(value).strip().casefold()
        if word not in _PARTS:
            raise XentError(
                f"column {name!r} must say train, validation or test, got {value!r} in data row "
                f"{row + 1}.{nearest_hint(word, _PARTS)}"
            )
        parts[row] = _PARTS[word]
    train, validation, test = (
        np.flatnonzero(parts == part) for part in ("train", "validation", "test")
    )
    if not train.size:
        raise XentError(f"column {name!r} gives no row to the training part.")
    method = f"as column {name!r} says"
    if identical is None:
        return Split(train, validation, test, method)
    others = np.concatenate([validation, test])
    n_torn = int(np.isin(identical[others], identical[train]).sum())
    return Split(train, validation, test, method, 0, n_torn)
