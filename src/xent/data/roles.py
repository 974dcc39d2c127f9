"""Roles of columns: what each is, what it is used for, and why."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xent.arrays import IntArray
    from xent.data.tables import Table

__all__ = ["ColumnRole", "Role", "Roles", "find_roles", "matching_columns"]

Role: TypeAlias = Literal[
    "numeric", "categorical", "boolean",
    "constant", "identifier", "text", "date", "unsupported", "dropped",
    "target", "weight", "group", "time", "split",
]  # fmt: skip

_FEATURES: tuple[Role, ...] = ("numeric", "categorical", "boolean")
_SPECIAL: tuple[Role, ...] = ("target", "weight", "group", "time", "split")
_IDENTIFIER_NAME = re.compile(
    r"(?i:(^|[_\W])(ids?|idx|index|uuid|guid|key|row|rowid|row_?number|unnamed: 0)$)"
    r"|[a-z0-9](Id|ID)$"
)
_DATE = r"^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})([T ]\d{1,2}:\d{2}.*)?$"
_DATE_HINT = "make numbers of it, such as the days since an event"
_BESIDE = "the images are learned from"
_FEWEST_ROWS = 20  # below that, distinct values say nothing


@dataclass(frozen=True)
class ColumnRole:
    """One column: its role, why it has it, its distinct present values and its missing ones."""

    column: str
    role: Role
    reason: str
    n_distinct: int
    n_missing: int


@dataclass(frozen=True)
class Roles:
    """The roles of all columns of a table; prints as a table, `summary` in a few lines."""

    columns: tuple[ColumnRole, ...]

    def names(self, *roles: Role) -> tuple[str, ...]:
        """Return the columns that have one of these roles, in the order of the table."""
        return tuple(entry.column for entry in self.columns if entry.role in roles)

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that the network sees: numeric, categorical and boolean."""
        return self.names(*_FEATURES)

    def summary(self) -> tuple[str, ...]:
        """Return how many features there are, and every column left out with its reason.

        Examples
        --------
        >>> from xent.data.tables import read_table
        >>> frame = pl.DataFrame({"id": range(1, 41), "size": [1.5, 2.5] * 20})
        >>> find_roles(read_table(frame)).summary()
        ('1 feature: 1 numeric', 'left out: id (identifier: 40 different whole numbers in a row)')
        """
        counts = {role: len(self.names(role)) for role in _FEATURES}
        total = sum(counts.values())
        parts = ", ".join(f"{count} {role}" for role, count in counts.items() if count)
        lines = [f"{total} feature{'s' * (total != 1)}: {parts or 'none'}"]
        lines += [
            f"left out: {entry.column} ({entry.role}: {entry.reason})"
            for entry in self.columns
            if entry.role not in (*_FEATURES, *_SPECIAL)
        ]
        return tuple(lines)

    def __str__(self) -> str:
        header = ("column", "role", "distinct", "missing", "reason")
        rows = [
            (
                entry.column,
                entry.role,
                f"{entry.n_distinct:,}",
                f"{entry.n_missing:,}",
                entry.reason,
            )
            for entry in self.columns
        ]
        widths = [max(map(len, cells)) for cells in zip(header, *rows, strict=True)]
        lines = []
        for column, role, n_distinct, n_missing, reason in [header, *rows]:
            lines.append(
                f"{column:<{widths[0]}}  {role:<{widths[1]}}  {n_distinct:>{widths[2]}}  "
                f"{n_missing:>{widths[3]}}  {reason}".rstrip()
            )
        return "\n".join(lines)


def find_roles(
    table: Table,
    *,
    rows: IntArray | None = None,
    target: str | Sequence[str] | None = None,
    weight: str | None = None,
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Roles:
    """Find what every column of a table is.

    Parameters
    ----------
    table : Table
    rows : ndarray of int64, optional
        Look at these rows only: the training part, so that no other row has a say.
    target : str or sequence of str, optional
        Names or patterns such as ``label_*``.
    weight, group, time, split : str, optional
        Columns with a task of their own; they are not features.
    numeric, categorical, drop : sequence of str
        Names or patterns of columns that are declared; a declaration beats every rule.

    Notes
    -----
    Numbers are numeric, integers too. Left out are: a column with one value and none missing; text,
    of at least 20 rows, in which more than half of the values differ; dates; and identifiers. A
    whole-number column is an identifier when, in at least 20 rows without a gap, all its values
    differ and either fill at least half of their range (chance leaves repetitions there) or its
    name is that of a key, such as ``id`` or ``customer_id``. A column with decimals never is one.

    Raises
    ------
    XentError
        When a declared name is unknown (the nearest is named) or a column has two roles.

    Examples
    --------
    >>> from xent.data.tables import read_table
    >>> frame = pl.DataFrame({"age": [31, 40, 31], "city": ["Oslo", "Rome", None], "y": [0, 1, 1]})
    >>> print(find_roles(read_table(frame), target="y"))
    column  role         distinct  missing  reason
    age     numeric             2        0  whole numbers
    city    categorical         2        1  text
    y       target              2        0  as told
    """
    declared: dict[str, Role] = {}
    told: dict[Role, str | Sequence[str] | None] = {
        "target": target,
        "weight": weight,
        "group": group,
        "time": time,
        "split": split,
        "numeric": numeric,
        "categorical": categorical,
        "dropped": drop,
    }
    for role, patterns in told.items():
        argument = "drop" if role == "dropped" else role
        for name in matching_columns(table.columns, patterns, argument=argument):
            if name in declared:
                raise XentError(
                    f"column {name!r} cannot be {role} and {declared[name]}. Name it once."
                )
            declared[name] = role
    frame = table.frame if rows is None else table.frame[rows]
    if table.pixels is not None:
        return _roles_beside_images(frame, declared)
    return Roles(tuple(_column_role(series, declared.get(series.name)) for series in frame))


def _roles_beside_images(frame: pl.DataFrame, declared: dict[str, Role]) -> Roles:
    """Return the roles of the columns beside images, which alone are learned from."""
    features = [name for name, role in declared.items() if role in _FEATURES]
    if features:
        raise XentError(
            f"{declared[features[0]]}: column {features[0]!r} cannot be learned from beside images. Leave it out."
        )
    entries = (_column_role(series, declared.get(series.name, "dropped")) for series in frame)
    return Roles(
        tuple(
            entry if entry.column in declared else dataclasses.replace(entry, reason=_BESIDE)
            for entry in entries
        )
    )


def matching_columns(
    columns: Iterable[str], patterns: str | Sequence[str] | None, *, argument: str
) -> tuple[str, ...]:
    """Return the columns that names or patterns (``*``, ``?``, ``[...]``) mean, in table order.

    A name that a column has is that column, whatever characters it holds.

    Raises
    ------
    XentError
        When a name or pattern means no column.

    Examples
    --------
    >>> matching_columns(["x", "label_a", "label_b"], "label_*", argument="targets")
    ('label_a', 'label_b')
    """
    known = list(columns)
    wanted = [patterns] if isinstance(patterns, str) else list(patterns or ())
    found: set[str] = set()
    for pattern in wanted:
        matches = {pattern} & set(known) or set(fnmatch.filter(known, pattern))
        if not matches:
            raise XentError(f"{argument}: no column {pattern!r}.{nearest_hint(pattern, known)}")
        found |= matches
    return tuple(name for name in known if name in found)


def _column_role(series: pl.Series, declared: Role | None) -> ColumnRole:
    n_missing = series.null_count()
    try:
        n_distinct = series.drop_nulls().n_unique()
    except pl.exceptions.PolarsError:  # objects that polars cannot compare
        n_distinct = series.len() - n_missing
    if declared is not None:
        return ColumnRole(series.name, declared, "as told", n_distinct, n_missing)
    role, reason = _found_role(series, n_distinct, n_missing)
    return ColumnRole(series.name, role, reason, n_distinct, n_missing)


def _found_role(series: pl.Series, n_distinct: int, n_missing: int) -> tuple[Role, str]:
    if n_distinct == 0:
        return "constant", "no value at all"
    if n_distinct == 1 and not n_missing:
        return "constant", f"always {series[0]!r}"
    dtype = series.dtype
    if dtype.is_integer():
        return _integer_role(series, n_distinct, n_missing)
    if dtype == pl.String:
        return _text_role(series.drop_nulls(), n_distinct)
    if dtype.is_temporal():
        return "date", _DATE_HINT
    plain: dict[bool, tuple[Role, str]] = {
        dtype == pl.Boolean: ("boolean", "true or false"),
        dtype.is_float(): ("numeric", "numbers"),
    }
    return plain.get(True, ("unsupported", f"values of type {dtype}"))


def _integer_role(series: pl.Series, n_distinct: int, n_missing: int) -> tuple[Role, str]:
    named = bool(_IDENTIFIER_NAME.search(series.name))
    if n_missing or n_distinct < series.len() or n_distinct < _FEWEST_ROWS:
        hint = "; a code? declare it categorical" if named and n_distinct < series.len() else ""
        return "numeric", f"whole numbers{hint}"
    values = np.sort(series.cast(pl.Float64).to_numpy())
    span = values[-1] - values[0] + 1
    if span == n_distinct:
        return "identifier", f"{n_distinct:,} different whole numbers in a row"
    if 2 * n_distinct >= span:
        return "identifier", f"{n_distinct:,} different whole numbers, nearly in a row"
    if named:
        return "identifier", "all different, and named like a key"
    return "numeric", "whole numbers"


def _text_role(present: pl.Series, n_distinct: int) -> tuple[Role, str]:
    if present.str.contains(_DATE).all():
        return "date", _DATE_HINT
    if n_distinct >= _FEWEST_ROWS and 2 * n_distinct > present.len():
        n_words = float((present.str.count_matches(r"\s+") + 1).to_numpy().mean())
        reason = f"{n_distinct:,} different values in {present.len():,} rows"
        return ("text" if n_words > 2 else "identifier"), reason
    return "categorical", "text"
