"""A run as a stream of server-sent events: epochs as they come, and what else changes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.runs.curve_files import curve_epochs
from xent.studio.tail import HistoryTail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from xent.studio.runs_index import RunsIndex
    from xent.studio.tail import Line

__all__ = ["run_events"]

# seconds between two looks at the history of a run that is trained, and of one that is not
_LIVE, _QUIET = 0.1, 0.5
_STATUS_INTERVAL: Final = 0.5
# a reader who left is noticed when something is sent
_KEEP_ALIVE: Final = 10.0
_LINES_AT_ONCE: Final = 500


async def run_events(
    index: RunsIndex, identifier: str, after: int, is_closing: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Yield the events of a run, from the line after `after` on, until the reader leaves or the server closes.

    Without a name: an epoch, with the number of its line as id. "damaged": the number of a line that cannot be read.
    "status": what changed in the run. "restart": the history is another one, forget all epochs.

    Parameters
    ----------
    index : RunsIndex
    identifier : str
    after : int
        The id of the last event that the reader has.
    is_closing : callable
    """
    tail = HistoryTail(index.folder(identifier).history, after)
    status: dict[str, Any] = {}
    next_status = n_beginnings = 0.0
    last_sent = time.monotonic()
    yield b"retry: 1000\n\n"
    while not is_closing():
        parts: list[bytes] = []
        if time.monotonic() >= next_status:
            next_status = time.monotonic() + _STATUS_INTERVAL
            now = _status(index, identifier)
            if now != status:
                parts.append(_event("status", json.dumps(now)))
                status = now
        lines = tail.read()
        if tail.n_beginnings != n_beginnings:
            n_beginnings = tail.n_beginnings
            parts.append(_event("restart", "{}"))
        for first in range(0, len(lines), _LINES_AT_ONCE):
            parts.extend(map(_line_event, lines[first : first + _LINES_AT_ONCE]))
            yield b"".join(parts)
            parts, last_sent = [], time.monotonic()
            await asyncio.sleep(0)
        if not parts and time.monotonic() - last_sent > _KEEP_ALIVE:
            parts.append(b": still here\n\n")
        if parts:
            yield b"".join(parts)
            last_sent = time.monotonic()
        if not lines:
            await asyncio.sleep(_LIVE if status.get("status") == "running" else _QUIET)


def _status(index: RunsIndex, identifier: str) -> dict[str, Any]:
    """Return what a reader is told of a run beside its epochs, which come by themselves."""
    summary = index.summary(identifier)
    if summary["status"] == "running":
        summary = {name: value for name, value in summary.items() if name != "n_epochs"}
    try:
        epochs = curve_epochs(index.folder(identifier).curves)
    except (XentError, OSError):
        epochs = []
    return {**summary, "curve_epochs": epochs}


def _line_event(line: Line) -> bytes:
    if not line.text:
        return f"id: {line.number}\nevent: damaged\ndata: {line.number}\n\n".encode()
    return f"id: {line.number}\ndata: {line.text}\n\n".encode()


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
