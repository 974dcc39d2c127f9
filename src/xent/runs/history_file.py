"""history.jsonl: one line an epoch, appended, so that a reader can follow a training as it goes."""

from __future__ import annotations

import json
import math
import os
import warnings
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.files import write_atomically, write_cure
from xent.runs.reading import damaged, fingerprint, parse_json_object, read_bytes, read_text
from xent.training import History

if TYPE_CHECKING:
    from pathlib import Path

    from xent.training.history import EpochRecord

__all__ = [
    "HistoryFile",
    "HistoryWarning",
    "first_epochs",
    "history_line",
    "read_history",
    "read_whole_history",
    "truncate_history",
]

# damaged lines that a warning names
_MOST_NAMED: Final = 5


class HistoryWarning(UserWarning):
    """A history that is not as it was written: what can be read of it is used."""


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
    """Return the history of a run; a damaged line is skipped, with a warning that names it.

    A last line without its end is one that is being written, or was when the process died: it is left out.

    Parameters
    ----------
    path : Path
    expected : str, optional
        The fingerprint of the file when the training ended; another one is warned of.

    Raises
    ------
    XentError
        When the file is absent, or holds no epoch at all but damaged lines.

    Warns
    -----
    HistoryWarning
        When lines cannot be read, or the file is not as it was written.
    """
    content = read_bytes(path)
    is_as_written = expected is None or fingerprint(content) == expected
    records: list[EpochRecord] = []
    skipped: list[int] = []
    for number, line in enumerate(_whole_lines(content.decode("utf-8", "replace")), start=1):
        try:
            record = _record(line, number, path)
        except XentError:
            skipped.append(number)
        else:
            if records and record["epoch"] <= records[-1]["epoch"]:
                skipped.append(number)
            else:
                records.append(record)
    if skipped and not records:
        raise damaged(path, f"line {skipped[0]} is no record of an epoch, and no other line is")
    if skipped:
        which = "line" if len(skipped) == 1 else "lines"
        shown = ", ".join(map(str, skipped[:_MOST_NAMED]))
        more = ", ..." if len(skipped) > _MOST_NAMED else ""
        text = f"{path} is damaged: {which} {shown}{more} skipped; {len(records)} epochs are left."
        warnings.warn(text, HistoryWarning, stacklevel=2)
    elif not is_as_written:
        text = f"{path} is no longer what was written (the fingerprint differs)."
        warnings.warn(text, HistoryWarning, stacklevel=2)
    return History(records)


def read_whole_history(path: Path) -> History:
    """Return the history of a run whose every line must be right: a training goes on from it.

    Raises
    ------
    XentError
        When a line is damaged or an epoch is missing; the line is named.
    """
    records = []
    for number, line in enumerate(_whole_lines(read_text(path)), start=1):
        record = _record(line, number, path)
        if record["epoch"] != number:
            raise damaged(
                path,
                f"line {number} must be that of epoch {number}, got {record['epoch']!r:.40}",
            )
        records.append(record)
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
    history = read_whole_history(path) if path.exists() or n_epochs else History()
    if len(history) < n_epochs:
        raise damaged(
            path, f"it holds {len(history)} epochs, and the checkpoint was made after {n_epochs}"
        )
    return History(history.records[:n_epochs])


def _whole_lines(text: str) -> list[str]:
    whole, newline, _ = text.rpartition("\n")
    return whole.split("\n") if newline else []


def _record(line: str, number: int, path: Path) -> EpochRecord:
    """Return the record of a line."""
    try:
        record = parse_json_object(line, path)
    except XentError:
        raise damaged(path, f"line {number} is no JSON object") from None
    epoch = record.get("epoch")
    if not isinstance(epoch, int) or isinstance(epoch, bool) or epoch < 1:
        raise damaged(path, f"line {number} must be that of epoch {number}, got {epoch!r:.40}")
    return _with_nan(record, path)


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
        f"cannot write {path}: {error.strerror or error}. {write_cure(error)} Then resume the run."
    )
