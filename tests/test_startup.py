"""What is loaded when: starting up must cost next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import xent

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ["torch", "scipy", "polars", "altair", "sklearn", "numpy", "typer", "pandas"]


def loaded_after(code: str, folder: Path) -> set[str]:
    """Return which of the heavy libraries a fresh interpreter has loaded after some code."""
    program = (
        f"{code}\nimport sys, json; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=folder, check=True
    )
    return set(json.loads(process.stdout.splitlines()[-1]))


def test_import_loads_nothing(tmp_path: Path) -> None:
    assert loaded_after("import xent", tmp_path) == set()


def test_help_loads_the_command_line_only(tmp_path: Path) -> None:
    assert loaded_after("from xent.cli import main; main(['--help'])", tmp_path) == {"typer"}


def test_train_and_predict_load_neither_sklearn_nor_torch(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 3 * 0.5},{'ab'[i % 2]}\n" for i in range(300))
    (tmp_path / "data.csv").write_text(f"x,v,y\n{rows}")
    code = """
from xent.cli import main
import glob
assert main(["train", "data.csv", "--target", "y", "--epochs", "2"]) == 0
assert main(["train", "data.csv", "--target", "v", "--task", "regression", "--epochs", "2"]) == 0
assert main(["predict", glob.glob("runs/*")[0], "data.csv", "--output", "p.csv"]) == 0
"""
    assert loaded_after(code, tmp_path) <= {"numpy", "polars", "scipy", "typer"}


def test_public_names() -> None:
    for name in xent.__all__:
        assert getattr(xent, name) is not None
    assert set(xent.__all__) <= set(dir(xent))
    with pytest.raises(AttributeError, match="Did you mean 'train'"):
        xent.trian  # noqa: B018 - the access is the test
