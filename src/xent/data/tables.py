"""Tables: one frozen form for every file and every data frame that comes in."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from xent.data.delimited import MISSING_MARKERS, parse_delimited
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["Table", "read_table"]

_TEXT_SEPARATORS = {".csv": None, ".tsv": "\t"}
_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc")


@dataclass(frozen=True, eq=False)
class Table:
    """Rows and named columns, with what they came from.

    Attributes
    ----------
    frame : polars.DataFrame
        The values. Numbers, booleans, text and dates; a missing value is null, never NaN.
    name : str
        The file's name, or what the caller called it.
    fingerprint : str
        SHA-256 of the (unpacked) file, or of the names, types and values of an object in memory.
    pixels : ndarray of uint8, shape (n_rows, channels, height, width), optional
        The image of each row.
    notes : tuple of str
        What reading found, a line each: files left aside, images resized or skipped.
    """

    frame: pl.DataFrame
    name: str
    fingerprint: str
    pixels: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.frame.height

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their order."""
        return tuple(self.frame.columns)

    def column(self, name: str, *, argument: str = "column") -> pl.Series:
        """Return one column, or refuse an unknown name with the nearest one.

        Raises
        ------
        XentError
            When there is no such column; `argument` says who asked.

        Examples
        --------
        >>> read_table(np.eye(2), name="eye").column("x1").to_list()
        [0.0, 1.0]
        """
        if name not in self.frame.columns:
            raise XentError(
                f"{argument}: {self.name} has no column {name!r}."
                f"{nearest_hint(name, self.frame.columns)}"
            )
        return self.frame[name]

    def head(self, n_rows: int) -> Table:
        """Return the first rows, with their images where there are some.

        Examples
        --------
        >>> read_table(np.eye(3)).head(2).n_rows
        2
        """
        pixels = None if self.pixels is None else self.pixels[:n_rows]
        return Table(self.frame.head(n_rows), self.name, self.fingerprint, pixels)


def read_table(source: object, *, name: str | None = None, text: Collection[str] = ()) -> Table:
    """Read a table from a file or take one that is in memory.

    Parameters
    ----------
    source : path, data frame or array
        A file (``.csv``, ``.tsv``, both also ``.gz``, ``.parquet``, ``.arrow``, ``.feather``,
        ``.ipc``), a pandas, polars (eager or lazy) or Arrow table, or a NumPy array: (n, d) gives
        the columns x0, x1, ..., a structured one its fields.
    name : str, optional
        What to call it in messages; the file's name by default.
    text : collection of str
        Columns of a text file that stay text even when every cell looks like a number: those that
        were text when the model was trained.

    Notes
    -----
    Empty cells, NaN and the texts of `xent.data.delimited.MISSING_MARKERS` are missing, in files
    and in memory alike, and blanks around texts do not count, so that a file and a frame of it are
    the same table. Text that looks like numbers becomes numbers in text files only.

    Raises
    ------
    XentError
        When the file is absent, empty, broken (the line is named), not UTF-8, of an unknown kind,
        or has no rows or a column name twice.

    Examples
    --------
    >>> table = read_table(np.array([[1.0, 2.0], [3.0, np.nan]]), name="pairs")
    >>> table.n_rows, table.columns, table.frame["x1"].null_count()
    (2, ('x0', 'x1'), 1)
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | Path):
        path = Path(source)
        content = _file_content(path)
        frame = _normalized(_file_frame(path, content, text))
        fingerprint = hashlib.sha256(content).hexdigest()
        label = name or path.name
    else:
        frame = _normalized(_memory_frame(source))
        fingerprint = _frame_fingerprint(frame)
        label = name or "the table"
    if not frame.width:
        raise XentError(f"{label} has no columns.")
    if not frame.height:
        raise XentError(f"{label} has no rows.")
    return Table(frame, label, fingerprint)


def _memory_frame(source: object) -> pl.DataFrame:
    # narwhals is loaded for objects in memory only: a run from a file does not pay for it.
    from xent.data.frames import frame_from_array, frame_from_object

    return frame_from_array(source) if isinstance(source, np.ndarray) else frame_from_object(source)


def _kind_of(path: Path) -> str:
    """Return the file's kind by its name: one of the suffixes, without ``.gz``."""
    lowered = path.name.lower()
    for suffix in _SUFFIXES:
        if lowered.endswith(suffix):
            return suffix.removesuffix(".gz")
    raise XentError(
        f"{path.name} is of no known kind ({path.suffix or 'no suffix'}). "
        f"Known: {', '.join(_SUFFIXES)}."
    )


def _file_content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked."""
    try:
        if path.is_dir():
            raise XentError(f"{path} is a folder. Name a file in it.")
        if not path.exists():
            near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            raise XentError(f"there is no file {path}.{nearest_hint(path.name, near)}")
        _kind_of(path)
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise XentError(f"{path.name} is not a whole gzip file ({error}).") from error
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not content:
        raise XentError(f"{path.name} is empty.")
    return content


def _file_frame(path: Path, content: bytes, text: Collection[str]) -> pl.DataFrame:
    kind = _kind_of(path)
    if kind in _TEXT_SEPARATORS:
        separator = _TEXT_SEPARATORS[kind]
        return parse_delimited(content, source=path.name, separator=separator, text=text)
    stream = io.BytesIO(content)
    try:
        if kind == ".parquet":
            return pl.read_parquet(stream)
        if content.startswith(b"ARROW1"):
            return pl.read_ipc(stream)
        return pl.read_ipc_stream(stream)
    # some damage makes polars panic, which is neither a PolarsError nor an Exception
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise XentError(
            f"{path.name} is not a readable {kind.removeprefix('.')} file ({reason})."
        ) from error


def _normalized(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with plain types: one kind of text, one kind of missing value."""
    return pl.DataFrame([_plain(series) for series in frame])


def _plain(series: pl.Series) -> pl.Series:
    dtype = series.dtype
    if dtype.is_decimal() or isinstance(dtype, pl.Int128 | pl.UInt128):
        return series.cast(pl.Float64)
    if dtype.is_float():
        return series.fill_nan(None)
    if isinstance(dtype, pl.Categorical | pl.Enum | pl.String):
        cells = series.cast(pl.String).str.strip_chars()
        return cells.set(cells.is_in(MISSING_MARKERS), None)
    return series


def _frame_fingerprint(frame: pl.DataFrame) -> str:
    """Return SHA-256 over names, types and values, whatever object or chunks they came in."""
    digest = hashlib.sha256(str(frame.height).encode())
    for series in frame:
        missing = series.is_null().to_numpy()
        digest.update(f"\0{series.name}\0{series.dtype}\0".encode())
        digest.update(np.packbits(missing).tobytes())
        present = series.drop_nulls()
        if series.dtype.is_numeric() or series.dtype == pl.Boolean:
            digest.update(np.ascontiguousarray(present.to_numpy()).tobytes())
        else:
            texts = [str(value) for value in present.to_list()]
            digest.update("\0".join([*map(str, map(len, texts)), *texts]).encode())
    return digest.hexdigest()
