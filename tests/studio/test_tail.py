"""The tail gives every line once, whatever happens to the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.studio.tail import HistoryTail, Line

if TYPE_CHECKING:
    from pathlib import Path


def line(epoch: int) -> str:
    return json.dumps({"epoch": epoch, "loss": 1 / epoch}) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


@given(
    sizes=st.lists(st.integers(1, 60), max_size=40),
    after=st.integers(0, 12),
    chunk=st.sampled_from([64, 100, 1 << 20]),
)
def test_no_gap_and_no_repeat_however_the_bytes_arrive(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], after: int, chunk: int
) -> None:
    import xent.studio.tail as module

    path = tmp_path_factory.mktemp("tail") / "history.jsonl"
    whole = "".join(map(line, range(1, 13))).encode()
    path.write_bytes(whole[:0])
    # a reader who knows n lines meets a file that has them
    first = len("".join(map(line, range(1, after + 1))).encode())
    written = max(first, 0)
    path.write_bytes(whole[:written])
    tail, numbers = HistoryTail(path, after), []
    before, module._CHUNK = module._CHUNK, chunk
    try:
        for size in [*sizes, len(whole)]:
            written = min(len(whole), written + size)
            path.write_bytes(whole[:written])
            while lines := tail.read():
                numbers += [found.number for found in lines]
        for _ in range(40):
            numbers += [found.number for found in tail.read()]
    finally:
        module._CHUNK = before
    assert numbers == list(range(after + 1, 13))
    assert tail.n_beginnings == 0


def test_a_line_under_way_waits_for_its_end(path: Path) -> None:
    tail = HistoryTail(path)
    assert tail.read() == []  # there is no file yet
    path.write_text('{"epoch": 1')
    assert tail.read() == []
    path.write_text('{"epoch": 1}\n')
    assert tail.read() == [Line(1, '{"epoch": 1}')]


@pytest.mark.parametrize(
    "bad", ["{", "[]", '{"epoch": "1"}', '{"epoch": true}', '{"epoch": 2, "loss": NaN}', "\udcff"]
)
def test_a_damaged_line_is_counted_and_empty(path: Path, bad: str) -> None:
    path.write_bytes(f"{line(1)}{bad}\n{line(3)}".encode("utf-8", "surrogateescape"))
    assert [(found.number, bool(found.text)) for found in HistoryTail(path).read()] == [
        (1, True),
        (2, False),
        (3, True),
    ]


def test_a_carriage_return_cannot_end_an_event(path: Path) -> None:
    path.write_text('{"epoch": 1,\r"loss": 2}\n', newline="")
    assert HistoryTail(path).read() == [Line(1, '{"epoch": 1, "loss": 2}')]


def test_a_line_without_an_end_is_one_damaged_line(path: Path) -> None:
    path.write_bytes(line(1).encode() + b"x" * (3 << 20) + b"\n" + line(3).encode())
    tail, found = HistoryTail(path), []
    for _ in range(6):
        found += tail.read()
    assert [(f.number, bool(f.text)) for f in found] == [(1, True), (2, False), (3, True)]


def test_a_file_that_goes_and_comes_back_is_read_anew(path: Path) -> None:
    path.write_text(line(1) + line(2))
    tail = HistoryTail(path)
    assert len(tail.read()) == 2
    path.unlink()
    assert tail.read() == []
    other = path.with_name("other")
    other.write_text(line(1))
    other.rename(path)  # a resumed training puts a shorter one in its place
    assert [found.number for found in tail.read()] == [1]
    assert tail.n_beginnings == 1


def test_a_file_cut_in_place_is_read_anew(path: Path) -> None:
    path.write_text(line(1) + line(2))
    tail = HistoryTail(path)
    tail.read()
    with path.open("r+") as file:
        file.truncate(len(line(1)))
    assert [found.number for found in tail.read()] == [1]


def test_a_reader_who_knows_more_than_there_is_begins_again(path: Path) -> None:
    path.write_text(line(1) + line(2) + '{"epo')
    tail = HistoryTail(path, after=9)
    assert tail.read() == []
    found = [each.number for _ in range(3) for each in tail.read()]
    assert found == [1, 2]
    assert tail.n_beginnings == 1
