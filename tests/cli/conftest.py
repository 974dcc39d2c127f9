"""A small table, and the command line as a function: exit code, output, complaints."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from xent.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Outcome(NamedTuple):
    """What a call of the command line left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def xent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Return the command line, run in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Outcome:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def table_text(n_rows: int = 240, seed: int = 0) -> str:
    """Return a CSV of two numeric features, a category, and a learnable class."""
    rng = np.random.Generator(np.random.PCG64(seed))
    X = rng.normal(size=(n_rows, 2))
    label = np.where(X[:, 0] + 0.3 * rng.normal(size=n_rows) > 0, "yes", "no")
    color = rng.choice(["red", "blue"], n_rows)
    rows = [f"{a:.4f},{b:.4f},{c},{y}" for (a, b), c, y in zip(X, color, label, strict=True)]
    return "\n".join(["width,height,color,label", *rows]) + "\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a small table as a file."""
    path = tmp_path / "flowers.csv"
    path.write_text(table_text())
    return path
