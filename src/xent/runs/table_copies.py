"""Copies of tables that came from memory: kept in the run folder while its training can be resumed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from xent.data import Table, read_table
from xent.errors import XentError
from xent.files import write_atomically
from xent.runs.predictions import write_table
from xent.runs.reading import damaged, read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xent.arrays import Array

__all__ = ["copies_at", "read_copy", "write_copy"]


def write_copy(path: Path, table: Table) -> list[Path]:
    """Write the rows as Parquet, and beside them the images, where there are some; return the files."""
    write_table(path, table.frame)
    if table.pixels is None:
        return [path]
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(table.pixels), allow_pickle=False)
    write_atomically(_pixels_path(path), buffer.getvalue())
    return [path, _pixels_path(path)]


def copies_at(path: Path) -> list[Path]:
    """Return the files of a copy that are there."""
    return [file for file in (path, _pixels_path(path)) if file.exists()]


def read_copy(path: Path, files: Mapping[str, str]) -> Table:
    """Return the table of a copy.

    Parameters
    ----------
    path : path
        Of the rows.
    files : mapping of str to str
        The fingerprints of the run's files.

    Raises
    ------
    XentError
        When a file is absent or damaged.
    """
    read_bytes(path, _expected(path, files))
    table = read_table(path)
    beside = _pixels_path(path)
    if _expected(beside, files) is None:
        return table
    pixels = _pixels(beside, _expected(beside, files))
    if pixels.ndim != 4 or pixels.dtype != np.uint8 or len(pixels) != table.n_rows:
        raise damaged(beside, f"it holds {pixels.dtype} of shape {pixels.shape}")
    return Table(table.frame, table.name, table.fingerprint, pixels)


def _pixels(path: Path, expected: str | None) -> Array:
    content = read_bytes(path, expected)
    try:
        pixels: Array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, SyntaxError, MemoryError) as error:
        if isinstance(error, XentError):
            raise
        raise damaged(path, f"no .npy file ({' '.join(str(error).split())[:80]})") from None
    return pixels


def _pixels_path(path: Path) -> Path:
    return path.with_suffix(".npy")


def _expected(path: Path, files: Mapping[str, str]) -> str | None:
    return files.get(f"{path.parent.name}/{path.name}")
