"""xent compare: is one run better than another, by how much, how sure."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Compare runs on the rows that all were tested on: is b better, by how much, how sure.

Figures are paired row by row; p-values are adjusted for the number of figures. More than two runs are each compared
with the first, and the p-values adjusted for their number too."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _compare


def _compare(
    a: Annotated[Path, typer.Argument(help="A run's folder.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Another run's folder.", show_default=False)],
    others: Annotated[
        list[Path] | None, typer.Argument(help="Further runs.", show_default=False)
    ] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.workflow.comparing import compare_runs, compare_several_runs

    if others:
        runs = [load_run(path) for path in (a, b, *others)]
        several, n_left_out = compare_several_runs(runs, level=level)
        _warn(n_left_out)
        print(json.dumps(several.to_json(), allow_nan=False) if as_json else several)
        return 0
    comparison, n_left_out = compare_runs(load_run(a), load_run(b), level=level)
    _warn(n_left_out)
    if as_json:
        print(json.dumps({"a": str(a), "b": str(b), **comparison.to_json()}, allow_nan=False))
        return 0
    print(f"a: {a}\nb: {b}\n")
    print(comparison)
    return 0


def _warn(n_left_out: int) -> None:
    if n_left_out:
        typer.echo(f"warning: {n_left_out:,} test rows are not in all runs' test parts", err=True)
