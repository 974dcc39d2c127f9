"""Columns of a file of any size, a batch of rows at a time, in memory that does not grow."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from xent.arrays import Array

__all__ = ["BATCH_ROWS", "column_batches", "column_types", "frame_batches"]

BATCH_ROWS = 1_000_000
_SCANS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    # A column of probabilities may well begin with a few whole numbers.
    ".csv": partial(pl.scan_csv, infer_schema_length=10_000),
    ".arrow": pl.scan_ipc,
}


def column_types(path: str | Path) -> dict[str, pl.DataType]:
    """Return the columns of a Parquet, CSV or Arrow file and their types, without reading it all.

    Raises
    ------
    XentError
        When there is no such file, or it is damaged.
    """
    file = Path(path)
    with _damage_named(file):
        schema = _scanned(file).collect_schema()
    _refuse_doubles(file, schema)
    return dict(schema)


def column_batches(
    path: str | Path, names: Sequence[str], *, batch_rows: int = BATCH_ROWS
) -> Iterator[dict[str, Array]]:
    """Yield the named columns of a Parquet, CSV or Arrow file as arrays, batch by batch.

    Parameters
    ----------
    path : path
    names : sequence of str
        Columns of numbers or booleans.
    batch_rows : int
        About how many rows a batch has.

    Raises
    ------
    XentError
        When there is no such file or column, a column holds anything but numbers, a value is
        missing, or the file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "p.csv"
    >>> pl.DataFrame({"y": [0, 1], "p": [0.2, 0.9]}).write_csv(path)
    >>> [batch["p"].tolist() for batch in column_batches(path, ["p"])]
    [[0.2, 0.9]]
    """
    for batch in frame_batches(path, names, batch_rows=batch_rows):
        yield {column.name: column.to_numpy() for column in batch.iter_columns()}


def frame_batches(
    path: str | Path,
    names: Sequence[str],
    *,
    texts: Sequence[str] = (),
    batch_rows: int = BATCH_ROWS,
) -> Iterator[pl.DataFrame]:
    """Yield the named columns of a Parquet, CSV or Arrow file in order, batch by batch.

    Parameters
    ----------
    path : path
    names : sequence of str
        Columns of numbers or booleans.
    texts : sequence of str
        Further columns, which may hold text as well.
    batch_rows : int
        About how many rows a batch has.

    Raises
    ------
    XentError
        As `column_batches`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "p.csv"
    >>> pl.DataFrame({"y": ["a", "b"]}).write_csv(path)
    >>> [batch["y"].to_list() for batch in frame_batches(path, [], texts=["y"])]
    [['a', 'b']]
    """
    file = Path(path)
    with _damage_named(file):
        frame = _scanned(file)
        schema = frame.collect_schema()
        _refuse_doubles(file, schema)
        _check_columns(file.name, schema, names, texts)
        row = 0
        for batch in frame.select(list(dict.fromkeys([*texts, *names]))).collect_batches(
            chunk_size=batch_rows, maintain_order=True
        ):
            _check_present(file.name, batch, row)
            yield batch
            row += batch.height


def _scanned(file: Path) -> pl.LazyFrame:
    if file.is_dir():
        raise XentError(f"{str(file)!r} is a folder, not a file.")
    scan = _SCANS.get(file.suffix.lower())
    if scan is None:
        raise XentError(f"{file.name} must end in {', '.join(_SCANS)} to be read in batches.")
    if not file.is_file():
        raise XentError(f"there is no file {str(file)!r}.")
    return scan(file)


@contextmanager
def _damage_named(file: Path) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        what = " ".join(str(error).split())[:160]
        raise XentError(f"{file.name} cannot be read: {what}") from None


def _refuse_doubles(file: Path, schema: pl.Schema) -> None:
    """Refuse a CSV with two columns of one name: polars gives the second another, and says nothing."""
    for name in schema:
        first, mark, _ = name.rpartition("_duplicated_")
        if mark and first in schema and file.suffix.lower() == ".csv":
            raise XentError(f"{file.name} has the column name {first!r} more than once.")


def _check_columns(
    name: str, schema: pl.Schema, numbers: Sequence[str], texts: Sequence[str]
) -> None:
    for column in [*texts, *numbers]:
        if column not in schema:
            raise XentError(f"{name} has no column {column!r}.{nearest_hint(column, list(schema))}")
        kind = schema[column]
        if kind == pl.Int128:
            raise XentError(f"column {column!r} of {name} has numbers of more than 64 bits.")
        if kind.is_numeric() or kind == pl.Boolean:
            continue
        if column in numbers or kind not in (pl.String, pl.Categorical, pl.Enum):
            wanted = "numbers" if column in numbers else "text, numbers or booleans"
            raise XentError(f"column {column!r} of {name} must hold {wanted}, got {kind}.")


def _check_present(name: str, batch: pl.DataFrame, first_row: int) -> None:
    for column in batch.iter_columns():
        if column.null_count():
            row = first_row + int(column.is_null().arg_max() or 0)
            raise XentError(
                f"column {column.name!r} of {name} has a missing value in data row {row + 1}. "
                "Leave such rows out."
            )
