"""xent export as its user sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import onnxruntime
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(xent: Callable, table: Path, tmp_path: Path) -> Path:
    """Return the folder of a run of the small table."""
    given = ["--target", "label", "--epochs", "3", "--seed", "1"]
    assert xent("train", table, *given).code == 0
    return next((tmp_path / "runs").iterdir())


def test_a_run_becomes_a_file(xent, folder: Path, tmp_path: Path) -> None:
    outcome = xent("export", folder, "--to", "model.onnx")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "takes 3 columns, gives probabilities, decision, decided" in outcome.out
    assert "agrees with the run on 2,000 rows, 0 decided differently" in outcome.out
    assert "rows of the check: rows of flowers.csv" in outcome.out
    onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])


def test_json(xent, folder: Path) -> None:
    outcome = xent("export", folder, "--to", "model.onnx", "--json", "--n-checked", "200")
    assert outcome.code == 0
    said = json.loads(outcome.out)
    assert said["parity"]["n_rows"] == 200
    assert said["parity"]["n_flips"] == 0
    assert [one["input"] for one in said["columns"]] == ["width", "height", "color"]


def test_mistakes_are_one_line(xent, folder: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ((folder, "--to", tmp_path), "is a folder"),
        ((folder, "--to", "nowhere/model.onnx"), "there is no folder nowhere"),
        ((folder, "--to", "model.pt"), "must end in .onnx"),
        ((tmp_path / "runs", "--to", "model.onnx"), "Name one of the runs in it"),
        ((folder,), "--to"),
    ):
        outcome = xent("export", *arguments)
        assert outcome.code == 2, arguments
        assert outcome.err.startswith("error: ")
        assert said in outcome.err
        assert outcome.err.count("\n") == 1
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("name", ["encoder.json", "model.safetensors", "run.json"])
def test_a_damaged_run_is_refused(xent, folder: Path, tmp_path: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    outcome = xent("export", folder, "--to", "model.onnx")
    assert outcome.code == 2
    assert name in outcome.err
    assert not (tmp_path / "model.onnx").exists()
