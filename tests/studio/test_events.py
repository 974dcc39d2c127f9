"""The stream: no gap and no repeat, over disconnections, damage, deletion and a second training."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.studio.conftest import Served


@dataclass
class Event:
    name: str = ""
    data: str = ""
    id: int | None = None


@dataclass
class Reader:
    """Reads events off an open answer."""

    lines: Iterator[str]
    seen: list[Event] = field(default_factory=list)

    def next(self) -> Event:
        event, started = Event(), False
        for line in self.lines:
            if line == "" and started:
                self.seen.append(event)
                return event
            name, _, value = line.partition(": ")
            if name in {"id", "event", "data"}:
                started = True
                setattr(
                    event,
                    "name" if name == "event" else name,
                    int(value) if name == "id" else value,
                )
        raise AssertionError("the stream ended")

    def epochs(self, n: int) -> list[tuple[int | None, int]]:
        found: list[tuple[int | None, int]] = []
        while len(found) < n:
            event = self.next()
            if not event.name:
                found.append((event.id, json.loads(event.data)["epoch"]))
        return found

    def until(self, name: str) -> Event:
        while True:
            event = self.next()
            if event.name == name:
                return event


@contextmanager
def stream(studio: Served, run: str, after: str = "", **headers: str) -> Iterator[Reader]:
    url = f"{studio.url}/api/runs/{run}/events{after}"
    with httpx.stream("GET", url, headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Reader(answer.iter_lines())


def record(epoch: int) -> str:
    return json.dumps({"epoch": epoch, "loss": 1 / epoch}) + "\n"


def append(path: Path, *epochs: int) -> None:
    with path.open("a") as file:
        file.write("".join(map(record, epochs)))


def test_the_whole_history_then_what_comes(own_studio: Served, runs: Path) -> None:
    with stream(own_studio, "mixed") as reader:
        assert reader.epochs(12) == [(n, n) for n in range(1, 13)]
        append(runs / "mixed" / "history.jsonl", 13, 14)
        assert reader.epochs(2) == [(13, 13), (14, 14)]


def test_resume_by_last_event_id(own_studio: Served, runs: Path) -> None:
    with stream(own_studio, "mixed") as reader:
        last = reader.epochs(5)[-1][0]
    append(runs / "mixed" / "history.jsonl", 13)
    with stream(own_studio, "mixed", **{"last-event-id": str(last)}) as reader:
        assert [epoch for _, epoch in reader.epochs(8)] == list(range(6, 14))


def test_resume_by_the_address(studio: Served) -> None:
    with stream(studio, "mixed", "?after=10") as reader:
        assert [epoch for _, epoch in reader.epochs(2)] == [11, 12]


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 99, "1.5", ""])
def test_an_id_that_is_none_begins_at_the_beginning(studio: Served, nonsense: str) -> None:
    with stream(studio, "mixed", **{"last-event-id": nonsense}) as reader:
        assert reader.epochs(1) == [(1, 1)]


def test_a_damaged_line_is_told_and_passed(own_studio: Served, runs: Path) -> None:
    history = runs / "mixed" / "history.jsonl"
    with history.open("a") as file:
        file.write("half a li\n" + record(14))
    with stream(own_studio, "mixed", "?after=12") as reader:
        event = reader.until("damaged")
        assert (event.id, event.data) == (13, "13")
        assert reader.epochs(1) == [(14, 14)]


def test_another_training_in_the_same_folder_begins_anew(own_studio: Served, runs: Path) -> None:
    history = runs / "mixed" / "history.jsonl"
    with stream(own_studio, "mixed") as reader:
        reader.epochs(12)
        shorter = history.with_name("shorter")
        shorter.write_text(record(1) + record(2))
        shorter.replace(history)
        reader.until("restart")
        assert reader.epochs(2) == [(1, 1), (2, 2)]


def test_the_status_tells_what_changes(own_studio: Served, runs: Path) -> None:
    with stream(own_studio, "mixed") as reader:
        status: dict[str, Any] = json.loads(reader.until("status").data)
        assert status["status"] == "finished"
        assert status["curve_epochs"] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        (runs / "mixed" / "curves" / "20.json").write_text("{}")
        assert 20 in json.loads(reader.until("status").data)["curve_epochs"]
        for path in sorted((runs / "mixed").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (runs / "mixed").rmdir()
        gone = json.loads(reader.until("status").data)
        while gone["status"] != "damaged":
            gone = json.loads(reader.until("status").data)
    assert own_studio.get("/api/runs").status_code == 200


def test_there_is_no_stream_of_no_run(studio: Served) -> None:
    assert studio.get("/api/runs/none/events").status_code == 404
