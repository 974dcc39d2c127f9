"""Sources: files, tables in memory, and the built-in examples by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xent.data import example_table, read_table

if TYPE_CHECKING:
    from collections.abc import Collection

    from xent.data import Table

__all__ = ["path_of", "read_source"]

_EXAMPLE = "example:"


def read_source(source: object, *, text: Collection[str] = ()) -> Table:
    """Return the table that a source is: a path, ``example:<name>``, a data frame or an array.

    Parameters
    ----------
    source : object
    text : collection of str
        Columns that stay text, as they were when the model was trained.

    Examples
    --------
    >>> import numpy as np
    >>> read_source(np.eye(2)).columns
    ('x0', 'x1')
    """
    if isinstance(source, str) and source.startswith(_EXAMPLE):
        return example_table(source.removeprefix(_EXAMPLE))
    return read_table(source, text=text)


def path_of(source: object) -> str | None:
    """Return where a source can be read again, or None for a table in memory.

    Examples
    --------
    >>> path_of("example:wine"), path_of(object())
    ('example:wine', None)
    """
    if isinstance(source, str) and source.startswith(_EXAMPLE):
        return source
    return str(Path(source).resolve()) if isinstance(source, str | Path) else None
