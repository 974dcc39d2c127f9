"""Rows and targets for an audit, from a file: arrays in .npz, or a table."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.audits import Column
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array

__all__ = ["AuditData", "read_audit_data"]


@dataclass(frozen=True)
class AuditData:
    """What a file holds.

    Attributes
    ----------
    X : array of shape (n, ...)
    y : array, Column or None
    """

    X: Array
    y: Array | Column | None


def read_audit_data(source: str, target: str | None, drop: Sequence[str] = ()) -> AuditData:
    """Return the rows and the targets of a file.

    Parameters
    ----------
    source : str
        A ``.npz`` with the arrays X and y, as training uses them; or a table (CSV, Parquet, ...,
        ``example:<name>``), whose numeric columns are the features in their order.
    target : str, optional
        The column of a table that holds the target. Text becomes codes in the order of the alphabet.
    drop : sequence of str
        Columns of a table that are no features.

    Raises
    ------
    XentError
        When the file cannot be read, or columns are no numbers.
    """
    if source.endswith(".npz"):
        if target is not None or drop:
            raise XentError("--target and --drop are for tables: a .npz holds X and y.")
        return _arrays(source)
    return _columns(source, target, drop)


def _arrays(source: str) -> AuditData:
    if not Path(source).is_file():
        raise XentError(f"--data: there is no file {source!r}.")
    try:
        with Path(source).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files if name in {"X", "y"}}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise XentError(f"{source} is no .npz of numbers: {error}") from error
    if "X" not in arrays:
        raise XentError(
            f"{source} must hold an array X, and y for the targets, as training uses them."
        )
    return AuditData(arrays["X"], arrays.get("y"))


def _columns(source: str, target: str | None, drop: Sequence[str]) -> AuditData:
    from xent.runs.sources import read_source

    frame: Any = read_source(source).frame
    wanted = [*drop, *([] if target is None else [target])]
    for name in wanted:
        if name not in frame.columns:
            raise XentError(f"{source} has no column {name!r}.{nearest_hint(name, frame.columns)}")
    features = frame.drop(wanted)
    texts = [name for name in features.columns if not features[name].dtype.is_numeric()]
    if texts:
        raise XentError(
            f"{source}: the columns {', '.join(map(repr, texts[:5]))} hold no numbers. Leave them out with "
            "--drop, or give the arrays that the model is trained on as a .npz with X and y."
        )
    X = features.to_numpy().astype(np.float64)
    if not np.isfinite(X).all():
        raise XentError(f"{source} has missing values: an audit gives the model what it holds.")
    return AuditData(X, None if target is None else Column(_target(frame[target])))


def _target(column: Any) -> Array:
    if column.null_count():
        raise XentError(f"--target {column.name}: {column.null_count():,} values are missing.")
    if column.dtype.is_numeric():
        numbers: Array = column.to_numpy()
        return numbers
    _, codes = np.unique(column.cast(str).to_numpy().astype(str), return_inverse=True)
    return codes.astype(np.int64)
