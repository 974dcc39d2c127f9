"""xent recalibrate as its user sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from xent.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    given = ["--target", "target", "--positive", "malignant", "--seed", "1", "--epochs", "8"]
    assert main(["train", "example:breast_cancer", *given, "--runs", str(tmp_path)]) == 0
    return next(path for path in tmp_path.iterdir() if path.is_dir())


def test_before_and_after_and_back(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["recalibrate", str(run)]) == 0
    printed = capsys.readouterr().out
    assert "Temperature(" in printed
    assert "test part" in printed
    assert "if calibrated" in printed
    assert (run / "recalibrator.json").exists()
    assert main(["recalibrate", str(run), "--remove"]) == 0
    assert not (run / "recalibrator.json").exists()


def test_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    shift = ["--method", "prior_shift", "--prevalence", "0.05", "--json"]
    assert main(["recalibrate", str(run), *shift]) == 0
    assert json.loads(capsys.readouterr().out)["recalibrator"]["kind"] == "prior_shift"
    assert main(["recalibrate", str(run), "--remove", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"].endswith("recalibrator.json")


def test_mistakes(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recalibrate", str(run), "--method", "isotnic"]) == 2
    assert "isotonic" in capsys.readouterr().err
    assert main(["recalibrate", str(run), "--method", "prior_shift", "--prevalence", "x"]) == 2
    assert "numbers with commas" in capsys.readouterr().err
