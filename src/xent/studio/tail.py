"""Following history.jsonl: by place in the file, line by line, whatever happens to the file meanwhile."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HistoryTail", "Line"]

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Line:
    """A line of a history.

    Parameters
    ----------
    number : int
        From 1; its id as an event.
    text : str
        JSON of one object; empty where the line is damaged.
    """

    number: int
    text: str


class HistoryTail:
    r"""Reads on where it last stopped. Nothing is kept open, so the file may go and come back.

    A file that is another one, or shorter than before, is read from its beginning; `n_beginnings` counts that.

    Parameters
    ----------
    path : Path
    after : int
        The number of the last line that is known already.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.jsonl"
    >>> _ = path.write_text('{"epoch": 1}\n{"epo')
    >>> tail = HistoryTail(path)
    >>> tail.read(), tail.read()
    ([Line(number=1, text='{"epoch": 1}')], [])
    """

    def __init__(self, path: Path, after: int = 0) -> None:
        self._path, self._after = path, after
        self._file: tuple[int, int] | None = None
        self._place = self._number = 0
        self._in_long_line = False
        self.n_beginnings = 0

    def read(self) -> list[Line]:
        """Return the next whole lines, up to about a megabyte of them; none when there are no more yet."""
        try:
            found = self._path.stat()
        except OSError:
            return []
        same = self._file in {None, (found.st_dev, found.st_ino)}
        if not same or found.st_size < self._place:
            self._begin_again()
        self._file = (found.st_dev, found.st_ino)
        before = self._place
        lines = self._whole_lines() if found.st_size > self._place else []
        if self._place == before and self._number < self._after:
            self._begin_again()  # fewer lines than somebody has seen: another history
        return [line for line in lines if line.number > self._after]

    def _begin_again(self) -> None:
        self._place = self._number = self._after = 0
        self._in_long_line = False
        self.n_beginnings += 1

    def _whole_lines(self) -> list[Line]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._place)
                chunk = file.read(_CHUNK)
        except OSError:
            return []
        whole, newline, _ = chunk.rpartition(b"\n")
        if not newline:
            if len(chunk) == _CHUNK:  # no epoch is as long as this
                self._place += len(chunk)
                self._in_long_line = True
            return []
        self._place += len(whole) + 1
        lines = []
        for raw in whole.split(b"\n"):
            self._number += 1
            lines.append(Line(self._number, "" if self._in_long_line else _checked(raw)))
            self._in_long_line = False
        return lines


def _checked(raw: bytes) -> str:
    """Return the line as JSON on one line, or nothing where it is no record of an epoch."""
    try:
        text = raw.decode()
        record = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(record, dict) or not _is_count(record.get("epoch")):
        return ""
    # a carriage return would end the line of an event
    return json.dumps(record) if "\r" in text else text


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
