"""history.jsonl: appended, read while it grows, cut when resumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.runs import read_history
from xent.runs.history_file import (
    HistoryFile,
    HistoryWarning,
    history_line,
    read_whole_history,
    truncate_history,
)
from xent.runs.reading import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

RECORD = {"loss": 0.5, "auc": math.nan, "gradient_norms": {"layers.0.weight": math.inf}}


def filled(path: Path, n_epochs: int) -> Path:
    file = HistoryFile(path)
    for epoch in range(1, n_epochs + 1):
        file.append({"epoch": epoch, **RECORD})
    file.close()
    file.close()
    return path


def test_reads_what_was_written(tmp_path: Path) -> None:
    history = read_history(filled(tmp_path / "history.jsonl", 3))
    assert history["epoch"] == [1, 2, 3]
    assert history["loss"] == [0.5] * 3
    assert math.isnan(history[-1]["auc"])
    assert math.isnan(history[-1]["gradient_norms"]["layers.0.weight"])


def test_a_line_being_written_is_left_out(tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 2)
    with path.open("a") as file:
        file.write('{"epoch": 3, "lo')
    assert len(read_history(path)) == 2
    path.write_text("")
    assert len(read_history(path)) == 0


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("nonsense", "line 2"),
        ("[]", "line 2"),
        ('{"epoch": 3}', "epoch 2"),
        ('{"epoch": 2, "loss": "x"}', "'loss'"),
        ('{"epoch": 2, "loss": true}', "'loss'"),
    ],
)
def test_damage_is_named(line: str, what: str, tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 1)
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(XentError, match=rf"history\.jsonl is damaged.*{what}"):
        read_whole_history(path)
    with pytest.raises(XentError, match="is damaged"):  # a resumed training needs every line
        truncate_history(path, 1)


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", "{}", '{"epoch": 1}', '{"epoch": 2, "loss": "x"}', "\xff"]
)
def test_a_reader_skips_damaged_lines_and_warns(line: str, tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], line.encode("latin-1") + b"\n", *lines[2:]]))
    with pytest.warns(HistoryWarning, match=r"damaged: line 2 skipped; 3 epochs are left"):
        history = read_history(path)
    assert history["epoch"] == [1, 3, 4]
    with pytest.raises(XentError, match="is damaged"):
        truncate_history(path, 4)


def test_many_damaged_lines_are_not_all_named_and_none_whole_is_an_error(tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 1)
    with path.open("a") as file:
        file.write("x\n" * 7)
    with pytest.warns(HistoryWarning, match=r"lines 2, 3, 4, 5, 6, \.\.\. skipped; 1 epochs"):
        read_history(path)
    path.write_text("x\n")
    with pytest.raises(XentError, match="line 1 is no record"):
        read_history(path)


def test_a_history_that_is_not_as_it_was_written_is_warned_of(tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 2)
    written = fingerprint(path.read_bytes())
    assert len(read_history(path, written)) == 2
    path.write_text(path.read_text().replace("0.5", "0.4"))
    with pytest.warns(HistoryWarning, match="no longer what was written"):
        assert read_history(path, written)["loss"] == [0.4, 0.4]


def test_truncation(tmp_path: Path) -> None:
    path = filled(tmp_path / "history.jsonl", 5)
    lines = path.read_text().splitlines()
    assert len(truncate_history(path, 3)) == 3
    assert path.read_text().splitlines() == lines[:3]
    with pytest.raises(XentError, match="holds 3 epochs, and the checkpoint was made after 4"):
        truncate_history(path, 4)
    assert len(truncate_history(tmp_path / "none.jsonl", 0)) == 0


def test_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(XentError, match="cannot write"):
        HistoryFile(tmp_path / "none" / "history.jsonl")


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(), max_size=4))
def test_a_line_is_one_line_of_json(record: dict[str, float]) -> None:
    line = history_line(record)
    assert line.count("\n") == 1
    assert "NaN" not in line
    assert "Infinity" not in line
