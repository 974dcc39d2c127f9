"""Sources: files, images, tables in memory, and the built-in examples by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xent.data import (
    ImageReading,
    Table,
    example_table,
    is_image_source,
    read_image_column,
    read_images,
    read_table,
)

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["path_of", "read_source"]

_EXAMPLE = "example:"


def read_source(
    source: object, *, text: Collection[str] = (), images: ImageReading | None = None
) -> Table:
    """Return the table that a source is: a path, ``example:<name>``, images, a data frame or an array.

    Parameters
    ----------
    source : object
    text : collection of str
        Columns that stay text, as they were when the model was trained.
    images : ImageReading, optional
        How images are read, and whether a table's column names them.

    Examples
    --------
    >>> import numpy as np
    >>> read_source(np.eye(2)).columns
    ('x0', 'x1')
    """
    if isinstance(source, str) and source.startswith(_EXAMPLE):
        return example_table(source.removeprefix(_EXAMPLE))
    if is_image_source(source):
        return read_images(source, images)
    if images is None or images.column is None:
        return read_table(source, text=text)
    if isinstance(source, Table) and source.pixels is not None:
        return source
    folder = Path(source).parent if isinstance(source, str | Path) else Path()
    return read_image_column(read_table(source, text=(*text, images.column)), folder, images)


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
