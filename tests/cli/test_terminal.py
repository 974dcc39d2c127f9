"""What a person sees: the bar while it trains, the table in colors, one line for what was read."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from xent.cli.progress import ProgressBar, ProgressLines, progress_callbacks, time_text
from xent.cli.tables import print_verdict, verdict_rows
from xent.evaluation import Figure, PartFigures, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome


class Terminal(io.StringIO):
    """A text buffer that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "110")
    return Terminal()


def test_bar_is_drawn_and_taken_away(
    xent: Callable[..., Outcome],
    table: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("xent.cli.progress.SECONDS_BETWEEN", 0.0)
    outcome = xent("train", table, "--target", "label", "--epochs", "3", "--seed", "1")
    shown = terminal.getvalue()
    assert outcome.code == 0
    assert "epoch 3 of 3" in shown
    assert "validation 0." in shown
    assert shown.count("\n") < 3
    assert "epoch 3 of 3" not in outcome.out


def test_bar_without_a_validation_part(
    xent: Callable[..., Outcome],
    table: Path,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    arguments = ["--target", "label", "--epochs", "2", "--validation-fraction", "0"]
    assert xent("train", table, *arguments).code == 0
    assert "validation" not in terminal.getvalue()


def test_no_bar_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert [type(callback) for callback in progress_callbacks()] == [ProgressLines]
    ProgressBar().close()


LINE = re.compile(r"epoch (\d) of 3: loss \d\.\d{4}, validation \d\.\d{4}; at most \d+ s left")


def test_plain_lines_when_piped(
    xent: Callable[..., Outcome], table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--target", "label", "--epochs", "3", "--seed", "1", "--json"]
    assert xent("train", table, *arguments).err == ""  # over before a line is due
    monkeypatch.setattr("xent.cli.progress.SECONDS_BETWEEN_LINES", 0.0)
    outcome = xent("train", table, *arguments)
    assert json.loads(outcome.out)["n_epochs"] == 3
    lines = [LINE.fullmatch(line) for line in outcome.err.splitlines()]
    assert [line and line[1] for line in lines] == ["1", "2", "3"]
    assert outcome.err.endswith("at most 0 s left\n")


def test_time_left_in_its_unit() -> None:
    assert [time_text(t) for t in (0.0, 89.1, 90, 5399, 5400)] == [
        "0 s",
        "90 s",
        "2 min",
        "90 min",
        "1.5 h",
    ]


VERDICT = Verdict(
    "binary",
    {
        "training": PartFigures(1000, {"auc": Figure(0.9876, 0.5, low=0.98, high=0.99)}),
        "test": PartFigures(
            10, {"auc": Figure(float("nan"), float("nan"), why="one class only [bold]")}
        ),
    },
)


def test_table_on_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", terminal)
    print_verdict(VERDICT, "logistic regression", VERDICT)
    shown = terminal.getvalue()
    assert "\x1b[" in shown
    assert "0.9876 [0.9800, 0.9900]" in shown
    assert "AUC (test): one class only [bold]" in shown


@pytest.mark.parametrize("width", [56, 60, 80, 110, 140])
def test_nothing_is_cut_off_on_a_narrow_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    figures = {"auc": Figure(0.9876, 0.5, low=0.98, high=0.99)}
    plain = {"auc": Figure(0.9876, 0.5)}
    parts = {"training": PartFigures(1000, plain), "validation": PartFigures(200, plain)}
    verdict = Verdict("binary", {**parts, "test": PartFigures(300, figures)})
    print_verdict(verdict, "logistic regression", verdict)
    shown = terminal.getvalue()
    assert "…" not in shown
    assert "0.9876 [0.9800, 0.9900]" in shown
    assert "logistic" in shown
    assert ("validation" in shown) == (width >= 80)


def test_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdict(VERDICT)
    assert capsys.readouterr().out.splitlines() == [
        "                    training  const.     test  const.",
        "                  1,000 rows          10 rows",
        "AUC  0.9876 [0.9800, 0.9900]  0.5000        -       -",
        "AUC (test): one class only [bold]",
    ]


def test_baseline_is_a_column() -> None:
    rows = verdict_rows(VERDICT, "ridge regression", VERDICT)
    assert [row[-1] for row in rows] == ["ridge", "on test", "-"]
