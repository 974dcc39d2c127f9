"""The list of runs: what a folder of runs holds, read cheaply and again only where something changed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError, nearest_hint
from xent.runs import Run, RunFolder, read_record
from xent.runs.evaluation_file import read_evaluation
from xent.studio.liveness import is_trained_now
from xent.studio.tail import HistoryTail

if TYPE_CHECKING:
    from xent.runs import RunRecord

__all__ = ["RunNotFoundError", "RunsIndex", "history_records"]

# of a history that is being written, enough for its last line
_LAST_BYTES: Final = 1 << 16
_PARTS: Final = ("test", "validation", "training")


class RunNotFoundError(XentError):
    """There is no such run in the folder."""


@dataclass(frozen=True)
class _Known:
    stamp: tuple[Any, ...]
    summary: dict[str, Any]


class RunsIndex:
    """The runs of one folder, by the names of their folders.

    Parameters
    ----------
    root : path

    Raises
    ------
    XentError
        When there is no such folder.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            near = (
                [entry.name for entry in self.root.parent.iterdir()]
                if self.root.parent.is_dir()
                else []
            )
            raise XentError(
                f"there is no folder {root}.{nearest_hint(self.root.name, near)} Train a run first, or name the "
                "folder of runs."
            )
        self._known: dict[str, _Known] = {}

    def ids(self) -> list[str]:
        """Return the names of the run folders, the newest name first; links are no run folders."""
        try:
            with os.scandir(self.root) as entries:
                names = [
                    entry.name
                    for entry in entries
                    if entry.is_dir(follow_symlinks=False) and _is_file(Path(entry, "run.json"))
                ]
        except OSError:
            return []
        return sorted((name for name in names if _is_text(name)), reverse=True)

    def folder(self, identifier: str) -> RunFolder:
        """Return the folder of a run.

        Raises
        ------
        RunNotFoundError
            When no run folder has exactly this name.
        XentError
            When the folder holds a link: what lies outside the folder of runs is not shown.
        """
        # on Windows a backslash or a drive would lead out as well
        plain = identifier not in {"", ".", ".."} and Path(identifier).name == identifier
        path = self.root / identifier if plain and "\0" not in identifier else self.root
        if path == self.root or path.is_symlink() or not _is_file(path / "run.json"):
            raise RunNotFoundError(f"there is no run {identifier!r} here.")
        links = [entry.name for entry in os.scandir(path) if entry.is_symlink()]
        if links:
            raise XentError(f"{identifier} holds a link, {links[0]!r}, which is not followed.")
        return RunFolder(path)

    def run(self, identifier: str) -> Run:
        """Return a run, its record checked; like `folder` otherwise."""
        folder = self.folder(identifier)
        return Run(folder, read_record(folder))

    def told(self, error: Exception) -> str:
        """Return an error as it is shown: where the folder of runs lies is nobody's business."""
        if not isinstance(error, XentError):
            return "a file of the run cannot be read"
        text = str(error).replace(f"{self.root}{os.sep}", "")
        return text.encode("utf-8", "replace").decode()

    def summaries(self) -> list[dict[str, Any]]:
        """Return a line for every run; a damaged one says so in `damaged`."""
        ids = self.ids()
        for gone in self._known.keys() - set(ids):
            self._known.pop(gone, None)
        return [self.summary(identifier) for identifier in ids]

    def summary(self, identifier: str) -> dict[str, Any]:
        """Return what the list shows of a run; read again only where its files changed."""
        path = self.root / identifier
        stamp = tuple(map(_stamp, (path / "run.json", path / "evaluation.json", path)))
        known = self._known.get(identifier)
        if known is None or known.stamp != stamp:
            known = _Known(stamp, self._read(identifier))
            self._known[identifier] = known
        summary = known.summary
        if summary.get("status") == "running":  # alone this changes without run.json
            folder = RunFolder(path)
            return {**summary, **_progress(folder), "is_alive": is_trained_now(folder)}
        return summary

    def _read(self, identifier: str) -> dict[str, Any]:
        try:
            folder = self.folder(identifier)
            record = read_record(folder)
            figures = _figures(folder, record)
        except (XentError, OSError) as error:
            return {"id": identifier, "status": "damaged", "damaged": self.told(error)}
        return {"id": identifier, **_described(record), **figures, "damaged": None}


def _described(record: RunRecord) -> dict[str, Any]:
    recipe = record.recipe
    target = recipe.get("target") or recipe.get("targets")
    return {
        "data": record.data.name,
        "n_rows": record.data.n_rows,
        "target": target,
        "positive": recipe.get("positive"),
        "task": record.task,
        "status": record.status,
        "is_alive": False,
        "stopped_because": record.stopped_because,
        "started": record.started,
        "finished": record.finished,
        "n_epochs": record.n_epochs,
        "best_epoch": record.best_epoch,
        "most_epochs": recipe.get("epochs"),
        "seed": record.seed,
    }


def _figures(folder: RunFolder, record: RunRecord) -> dict[str, Any]:
    """Return the figures of the last part, as evaluation.json has them."""
    name = folder.evaluation.name
    if name not in record.files:
        return {"part": None, "figures": {}}
    verdict = read_evaluation(folder.evaluation, record.files[name]).verdict.to_json()
    part = next((part for part in _PARTS if part in verdict["parts"]), None)
    return {"part": part, "figures": {} if part is None else verdict["parts"][part]["figures"]}


def _progress(folder: RunFolder) -> dict[str, Any]:
    """Return the last epoch of a history that is being written."""
    try:
        with folder.history.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = file.read(_LAST_BYTES).split(b"\n")[:-1]
    except OSError:
        return {"n_epochs": 0}
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        epoch = record.get("epoch") if isinstance(record, dict) else None
        if isinstance(epoch, int) and not isinstance(epoch, bool):
            return {"n_epochs": epoch}
    return {"n_epochs": 0}


def history_records(folder: RunFolder, after: int = 0) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the records of a history after a line, and the numbers of the damaged lines."""
    tail = HistoryTail(folder.history, 0)
    records, damaged = [], []
    while lines := tail.read():
        for line in lines:
            if not line.text:
                damaged.append(line.number)
            elif line.number > after:
                records.append(json.loads(line.text))
    return records, damaged


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8: no address could name it
        return False
    return True


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
