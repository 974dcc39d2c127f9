"""Columns by name, by a list with commas, or by a pattern with a star; and which of them belong together."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["columns_meant", "paired_columns", "starred_names"]


def columns_meant(table: str, known: Sequence[str], pattern: str, argument: str) -> tuple[str, ...]:
    """Return the columns that a name, a list with commas or a pattern with a star means.

    Raises
    ------
    XentError
        When one means no column.

    Examples
    --------
    >>> columns_meant("data.csv", ["y", "p_cat", "p_dog"], "p_*", "probability")
    ('p_cat', 'p_dog')
    """
    if pattern in known:
        return (pattern,)
    names: list[str] = []
    for part in (piece.strip() for piece in pattern.split(",")):
        found = [part] if part in known else []
        found = found or [name for name in known if "*" in part and fnmatchcase(name, part)]
        if not found:
            raise XentError(
                f"{argument}: {table} has no column {part!r}.{nearest_hint(part, known)}"
            )
        names += found
    return tuple(names)


def starred_names(pattern: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what stands for the star in each name; the names themselves where there is no star.

    Examples
    --------
    >>> starred_names("p_*", ["p_cat", "p_dog"]), starred_names("a,b", ["a", "b"])
    (('cat', 'dog'), ('a', 'b'))
    """
    before, _, after = pattern.partition("*")
    texts = tuple(name.removeprefix(before).removesuffix(after) for name in names)
    return texts if "*" in pattern and len(set(texts)) == len(texts) else tuple(names)


def paired_columns(
    label: str, labels: Sequence[str], pattern: str, predicted: Sequence[str]
) -> tuple[str, ...]:
    """Return the columns of predictions in the order of the labels' columns.

    Two patterns with a star are paired by what stands for it; lists by their order.

    Raises
    ------
    XentError
        When there are not as many, or a label has no column of predictions.

    Examples
    --------
    >>> paired_columns("y_*", ["y_a", "y_b"], "p_*", ["p_b", "p_a"])
    ('p_a', 'p_b')
    """
    if len(labels) != len(predicted):
        raise XentError(
            f"there must be one column of predictions a label, {len(labels)}, got {len(predicted)}."
        )
    if not ("*" in label and "*" in pattern):
        return tuple(predicted)
    by_name = dict(zip(starred_names(pattern, predicted), predicted, strict=True))
    wanted = starred_names(label, labels)
    lacking = [name for name in wanted if name not in by_name]
    if lacking:
        raise XentError(
            f"label {lacking[0]!r} of {label} has no column in {pattern}.{nearest_hint(lacking[0], by_name)} "
            "List the columns with commas where their names differ."
        )
    return tuple(by_name[name] for name in wanted)
