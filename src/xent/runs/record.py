"""run.json: what was asked, with what, on which data, and how it went."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from xent.files import write_atomically
from xent.runs.reading import (
    check_format,
    checked_field,
    damaged,
    fingerprint,
    parse_json_object,
    read_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from xent.runs.folder import RunFolder

__all__ = ["STATUSES", "DataRecord", "RunRecord", "read_record", "write_record"]

FORMAT: Final = "xent-run"
VERSION: Final = 1
STATUSES = ("running", "finished", "interrupted", "failed")
_KINDS: Final[dict[str, type]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "dict[str, Any]": dict,
    "dict[str, str]": dict,
    "list[str]": list,
}


@dataclass(frozen=True)
class DataRecord:
    """Which table was used.

    Attributes
    ----------
    name : str
        What it was called.
    path : str or None
        Where the file was; None for a table that came from memory.
    fingerprint : str
        SHA-256 of the file, or of the table's names, types and values.
    n_rows : int
    """

    name: str
    path: str | None
    fingerprint: str
    n_rows: int


@dataclass(frozen=True)
class RunRecord:
    """The record of one run.

    Attributes
    ----------
    task : str
    recipe : dict
        Every setting in force, under its name.
    seed : int
        What decided the split, the first weights, the order of the rows and the dropout masks.
    data : DataRecord
    test : DataRecord or None
        The separate test table, where there was one.
    versions : dict
        Of xent, Python, NumPy and BLAS.
    n_threads : int
        Threads that BLAS had.
    threads_are_set : bool
        Whether BLAS could be told so; without, a rerun may differ in the last bits.
    status : {"running", "finished", "interrupted", "failed"}
    stopped_because : str
        Why training ended.
    n_epochs, best_epoch : int
        Epochs done; the epoch whose weights were kept (0: the last).
    warnings : list of str
    started, finished : str
        UTC, ISO 8601; `finished` is empty while the run goes on.
    files : dict of str to str
        The fingerprint of each file of the folder, by its name, once it is final.
    """

    task: str
    recipe: dict[str, Any]
    seed: int
    data: DataRecord
    test: DataRecord | None
    versions: dict[str, Any]
    n_threads: int
    threads_are_set: bool
    started: str
    status: str = "running"
    stopped_because: str = ""
    n_epochs: int = 0
    best_epoch: int = 0
    warnings: list[str] = field(default_factory=list)
    finished: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def changed(self, **values: Any) -> RunRecord:
        """Return the record with other values for some fields."""
        return replace(self, **values)


def write_record(folder: RunFolder, record: RunRecord) -> None:
    """Write run.json, sealed: its last entry is the fingerprint of all others."""
    values = {"format": FORMAT, "version": VERSION, **asdict(record)}
    text = json.dumps({**values, "seal": _seal(values)}, indent=2, ensure_ascii=False)
    write_atomically(folder.record, text + "\n")


def read_record(folder: RunFolder) -> RunRecord:
    """Return the record of a run.

    Raises
    ------
    XentError
        When run.json is absent, was written by a newer xent, or is damaged or altered.
    """
    path = folder.record
    values = parse_json_object(read_text(path), path)
    check_format(values, FORMAT, VERSION, path)
    seal = values.pop("seal", None)
    if seal != _seal(values):
        raise damaged(path, "its content is no longer what was written (the seal does not fit)")
    return _record(values, path)


def _record(values: dict[str, Any], path: Path) -> RunRecord:
    plain: dict[str, Any] = {
        f.name: checked_field(values, f.name, _KINDS[str(f.type)], path)
        for f in fields(RunRecord)
        if f.name not in {"data", "test"}
    }
    if plain["status"] not in STATUSES:
        raise damaged(path, f"'status' must be one of {', '.join(STATUSES)}")
    data = _data_record(checked_field(values, "data", dict, path), path)
    test = values.get("test")
    if test is not None:
        test = _data_record(checked_field(values, "test", dict, path), path)
    return RunRecord(data=data, test=test, **plain)


def _data_record(values: dict[str, Any], path: Path) -> DataRecord:
    where = None if values.get("path") is None else checked_field(values, "path", str, path)
    return DataRecord(
        checked_field(values, "name", str, path),
        where,
        checked_field(values, "fingerprint", str, path),
        checked_field(values, "n_rows", int, path),
    )


def _seal(values: dict[str, Any]) -> str:
    return fingerprint(
        json.dumps(values, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
