"""Columns of a file of any size, a batch of rows at a time, in memory that does not grow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from xent.arrays import Array

__all__ = ["column_batches"]

BATCH_ROWS = 1_000_000
_SCANS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".csv": pl.scan_csv,
    ".arrow": pl.scan_ipc,
}


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
    file = Path(path)
    scan = _SCANS.get(file.suffix.lower())
    if scan is None:
        raise XentError(f"{file.name} must end in {', '.join(_SCANS)} to be read in batches.")
    if not file.is_file():
        raise XentError(f"there is no file {str(file)!r}.")
    try:
        frame = scan(file)
        schema = frame.collect_schema()
        _check_columns(file.name, schema, names)
        row = 0
        for batch in frame.select(list(dict.fromkeys(names))).collect_batches(
            chunk_size=batch_rows, maintain_order=True
        ):
            yield _arrays(file.name, batch, row)
            row += batch.height
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        what = " ".join(str(error).split())[:160]
        raise XentError(f"{file.name} cannot be read: {what}") from None


def _check_columns(name: str, schema: pl.Schema, wanted: Sequence[str]) -> None:
    for column in wanted:
        if column not in schema:
            raise XentError(f"{name} has no column {column!r}.{nearest_hint(column, list(schema))}")
        kind = schema[column]
        if not (kind.is_numeric() or kind == pl.Boolean):
            raise XentError(f"column {column!r} of {name} must hold numbers, got {kind}.")


def _arrays(name: str, batch: pl.DataFrame, first_row: int) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for column in batch.iter_columns():
        if column.null_count():
            row = first_row + int(column.is_null().arg_max() or 0)
            raise XentError(
                f"column {column.name!r} of {name} has a missing value in data row {row + 1}. "
                "Leave such rows out."
            )
        arrays[column.name] = column.to_numpy()
    return arrays
