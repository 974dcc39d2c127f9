"""Images as a table: a folder of class folders, its zip, IDX files, arrays, a table with a column of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from xent.data.image_arrays import (
    array_columns,
    arrays_of_npz,
    idx_files,
    pixels_fingerprint,
    read_idx_images,
)
from xent.data.image_files import (
    IMAGE_SUFFIXES,
    ImageFiles,
    bytes_of,
    list_folder,
    list_zip,
    one_file,
    reader_of,
)
from xent.data.image_layout import layout_of
from xent.data.image_reading import ImageReading
from xent.data.tables import Table
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_image_source", "read_image_column", "read_images"]

_TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc")


def is_image_source(source: object) -> bool:
    """Say whether a source is images by its kind, without an option that says so.

    Examples
    --------
    >>> is_image_source("scans.zip"), is_image_source("table.csv"), is_image_source({"images": [], "labels": []})
    (True, False, True)
    """
    if isinstance(source, Mapping):
        return "images" in source
    if isinstance(source, np.ndarray):
        return source.ndim in {3, 4}
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    lowered = path.name.lower()
    if lowered.endswith((*IMAGE_SUFFIXES, ".zip", ".npz")):
        return True
    try:
        return path.is_dir() or bool(idx_files(path))
    except OSError:  # a name that no file can have: the reader of tables says so
        return False


def read_images(source: object, reading: ImageReading | None = None) -> Table:
    """Read images into one uint8 array, with a table of their files, labels and parts beside it.

    Parameters
    ----------
    source : path, mapping or ndarray
        A folder with a folder for each class, perhaps below train, validation and test; its zip; a single PNG or
        JPEG; IDX files or their folder; an .npz file or a mapping with the arrays images and labels.
    reading : ImageReading, optional

    Returns
    -------
    Table
        With `pixels`, and the columns file, label (where known) and split (where folders or files say so).

    Raises
    ------
    XentError
        When there is no image, one cannot be read, or sizes differ and no size is given.

    Examples
    --------
    >>> table = read_images({"images": np.zeros((2, 8, 8), np.uint8), "labels": ["a", "b"]})
    >>> table.pixels.shape, table.frame.rows()
    ((2, 1, 8, 8), [('image 0', 'a'), ('image 1', 'b')])
    """
    reading = reading or ImageReading()
    if isinstance(source, np.ndarray):
        source = {"images": source}
    if isinstance(source, Mapping):
        return _array_table(*array_columns(source), "the images", reading)
    path = Path(source)  # type: ignore[arg-type] # is_image_source has looked at it
    try:
        if not path.exists():
            near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            raise XentError(f"there is no file {path}.{nearest_hint(path.name, near)}")
        if path.name.lower().endswith(".npz"):
            return _array_table(*array_columns(arrays_of_npz(path)), path.name, reading)
        idx = idx_files(path)
        if idx:
            found = read_idx_images(idx, needs_labels=reading.needs_labels)
            return _array_table(*found, path.resolve().name, reading)
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    return _file_table(path, reading)


def read_image_column(table: Table, folder: Path, reading: ImageReading) -> Table:
    """Return a table with the images that one of its columns names.

    Parameters
    ----------
    table : Table
    folder : path
        Where relative names begin: the folder of the table.
    reading : ImageReading
        With `column`.

    Raises
    ------
    XentError
        When there is no such column, a name is missing, or a file cannot be read.
    """
    from xent.data.image_loading import load_images

    assert reading.column is not None
    column = table.column(reading.column, argument="image_column")
    if column.dtype != pl.String:
        raise XentError(
            f"image_column: column {reading.column!r} must hold file names, got {column.dtype}."
        )
    if column.null_count():
        row = int(column.is_null().arg_max() or 0)
        raise XentError(f"image_column: column {reading.column!r} is empty in data row {row + 1}.")
    names = tuple(column.to_list())
    files = ImageFiles(table.name, names, bytes_of(folder, names), reader_of(folder))
    loaded = load_images(files, reading)
    frame = table.frame if loaded.kept.size == len(names) else table.frame[loaded.kept]
    joined = hashlib.sha256(f"{table.fingerprint}\0{loaded.fingerprint}".encode()).hexdigest()
    return Table(frame, table.name, joined, loaded.pixels, loaded.notes)


def _file_table(path: Path, reading: ImageReading) -> Table:
    from xent.data.image_loading import load_images

    if path.is_dir():
        files = list_folder(path)
    else:
        files = list_zip(path) if path.name.lower().endswith(".zip") else one_file(path)
    try:
        if not files.names:
            raise XentError(f"{path} holds no PNG or JPEG image.{_other_hint(path, files)}")
        frame = layout_of(files, needs_labels=reading.needs_labels)
        loaded = load_images(files, reading)
    finally:
        files.close()
    if loaded.kept.size < frame.height:
        whole, frame = frame, frame[loaded.kept]
        if reading.needs_labels:
            _refuse_lost_classes(whole, frame, files.name)
    return Table(frame, files.name, loaded.fingerprint, loaded.pixels, loaded.notes)


def _array_table(
    pixels: NDArray[np.uint8], columns: pl.DataFrame, name: str, reading: ImageReading
) -> Table:
    fingerprint = pixels_fingerprint(pixels, columns.drop("file"))
    notes: tuple[str, ...] = ()
    if reading.size is not None or reading.n_channels is not None:
        from xent.data.image_loading import fitting_notes, refit

        n_fitted = 0 if pixels.shape[2:] == reading.size else len(pixels)
        notes = fitting_notes(name, n_fitted, len(pixels), reading)
        pixels = refit(pixels, reading.n_channels, reading.size)
    return Table(columns, name, fingerprint, pixels, notes)


def _refuse_lost_classes(whole: pl.DataFrame, kept: pl.DataFrame, name: str) -> None:
    """Refuse a class of which damage left nothing: it would be missing without a word."""
    lost = sorted(set(whole["label"]) - set(kept["label"]))
    if lost:
        raise XentError(
            f"{name}: no image of class {lost[0]!r} can be read. Repair some, or remove the folder."
        )


def _other_hint(path: Path, files: ImageFiles) -> str:
    """Return what to do about a folder that has other files."""
    if not path.is_dir():
        return f" It has {', '.join(files.ignored)} files." if files.ignored else ""
    tables = sorted(entry.name for entry in path.iterdir() if entry.name.lower().endswith(_TABLES))
    if tables:
        return f" Name a table in it, such as {path / tables[0]}."
    pictures = [kind for kind in (".webp", ".gif", ".bmp", ".tif", ".tiff") if files.ignored[kind]]
    return f" Convert its {pictures[0]} files to PNG." if pictures else ""
