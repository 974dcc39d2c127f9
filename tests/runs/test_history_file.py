"""history.jsonl: appended, read while it grows, cut when resumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.runs import read_history
from xent.runs.history_file import HistoryFile, history_line, truncate_history

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
        read_history(path)


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
