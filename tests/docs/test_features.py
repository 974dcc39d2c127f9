"""docs/features.md is true: every name on it exists, and every row of the comparison is there."""

from __future__ import annotations

import inspect
import re
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import xent
from xent.cli import entry

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
TOKENS = sorted(set(re.findall(r"`([^`]+)`", PAGE)) - {"print(evaluation)"})
ROOMS = ("evaluation", "decisions", "diagnosis", "distributions", "figures")


def found(name: str) -> Any:
    """Return what a dotted name stands for, from xent or from xent.evaluation."""
    first, *rest = name.removeprefix("xent.").split(".")
    if first in ROOMS:
        return reduce(getattr, rest, import_module(f"xent.{first}"))
    room = xent if name.startswith("xent.") else import_module("xent.evaluation")
    return reduce(getattr, rest, getattr(room, first))


def parameters(room: str) -> set[str]:
    module = import_module(f"xent.{room}")
    public = [getattr(module, name) for name in module.__all__]
    functions = [*filter(inspect.isfunction, public), xent.evaluate, xent.decide]
    classes = [value for value in public if inspect.isclass(value)]
    return {name for value in [*functions, *classes] for name in signature(value)}


def signature(value: Any) -> list[str]:
    try:
        return list(inspect.signature(value).parameters)
    except ValueError:  # a class that is made by C
        return []


@pytest.mark.parametrize("token", [token for token in TOKENS if re.fullmatch(r"[\w.]+", token)])
def test_the_name_exists(token: str) -> None:
    assert found(token) is not None


@pytest.mark.parametrize("token", [token for token in TOKENS if token.endswith("=")])
def test_some_function_takes_the_argument(token: str) -> None:
    assert token.removesuffix("=") in parameters("evaluation") | parameters("decisions")


@pytest.mark.parametrize("token", [token for token in TOKENS if token.startswith("xent ")])
def test_the_command_exists(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *options = token.split()[1:]
    assert entry.main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(option in shown for option in options)


def test_every_token_is_checked() -> None:
    kinds = r"[\w.]+|\w+=|xent [a-z]+( --[a-z]+)?"
    assert [token for token in TOKENS if not re.fullmatch(kinds, token)] == []


def test_every_row_of_the_comparison_is_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| ---", "| Feature"))]
    assert len(rows) == 67
    assert all(len(row.split(" | ")) == 2 and row.count("|") == 3 for row in rows)
