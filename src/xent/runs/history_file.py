"""history.jsonl: one line an epoch, appended, so that a reader can follow a training as it goes."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

from xent.errors import XentError
from xent.files import write_atomically
from xent.runs.reading import damaged, parse_json_object, read_text
from xent.training import History

if TYPE_CHECKING:
    from pathlib import Path

    from xent.training.history import EpochRecord

__all__ = ["HistoryFile", "first_epochs", "history_line", "read_history", "truncate_history"]


class HistoryFile:
    """The history of a run, open for appending.

    Every line is written by one system call: a process that is killed leaves whole lines only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise _cannot_write(path, error) from error

    def append(self, record: EpochRecord) -> None:
        """Add the line of an epoch."""
        line = history_line(record).encode()
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        if written != len(line):
            raise XentError(
                f"cannot write {self.path}: no space left. Free some space and resume the run."
            )

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def history_line(record: EpochRecord) -> str:
    r"""Return an epoch's line; a figure that is not finite is null, as JSON has it.

    Examples
    --------
    >>> history_line({"epoch": 1, "loss": 0.5, "auc": float("nan")})
    '{"epoch": 1, "loss": 0.5, "auc": null}\n'
    """
    try:
        return json.dumps(record, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_finite(record), allow_nan=False) + "\n"


def read_history(path: Path, expected: str | None = None) -> History:
    """Return the history of a run.

    A last line without its end is one that is being written, or was when the process died: it is left out.

    Raises
    ------
    XentError
        When a line is damaged or an epoch is missing; the line is named.
    """
    text = read_text(path, expected)
    whole, _, _ = text.rpartition("\n")
    records = []
    for number, line in enumerate(whole.split("\n") if whole else [], start=1):
        try:
            record = parse_json_object(line, path)
        except XentError:
            raise damaged(path, f"line {number} is no JSON object") from None
        if record.get("epoch") != number:
            raise damaged(
                path,
                f"line {number} must be that of epoch {number}, got {record.get('epoch')!r:.40}",
            )
        records.append(_with_nan(record, path))
    return History(records)


def truncate_history(path: Path, n_epochs: int) -> History:
    """Cut the file after `n_epochs` lines and return them: a resumed training writes the later ones again.

    Raises
    ------
    XentError
        When the file holds fewer epochs than that.
    """
    history = first_epochs(path, n_epochs)
    lines = read_text(path).split("\n")[:n_epochs] if n_epochs else []
    write_atomically(path, "".join(f"{line}\n" for line in lines))
    return history


def first_epochs(path: Path, n_epochs: int) -> History:
    """Return the first `n_epochs` lines.

    Raises
    ------
    XentError
        When the file holds fewer epochs than that.
    """
    history = read_history(path) if path.exists() or n_epochs else History()
    if len(history) < n_epochs:
        raise damaged(
            path, f"it holds {len(history)} epochs, and the checkpoint was made after {n_epochs}"
        )
    return History(history.records[:n_epochs])


def _with_nan(record: EpochRecord, path: Path) -> EpochRecord:
    """Return the record with NaN for null, after a check that every figure is a number."""
    checked: EpochRecord = {}
    for name, value in record.items():
        if isinstance(value, dict):
            checked[name] = _with_nan(value, path)
        elif value is None:
            checked[name] = math.nan
        elif isinstance(value, int | float) and not isinstance(value, bool):
            checked[name] = value
        else:
            raise damaged(path, f"{name!r} must be a number, got {value!r:.40}")
    return checked


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _cannot_write(path: Path, error: OSError) -> XentError:
    return XentError(
        f"cannot write {path}: {error.strerror or error}. Free some space and resume the run."
    )
