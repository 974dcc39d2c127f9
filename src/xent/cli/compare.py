"""xent compare: is one run better than another, by how much, how sure."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Compare two runs on the rows that both were tested on: is b better, by how much, how sure.

Figures are paired row by row; p-values are adjusted for the number of figures."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _compare


def _compare(
    a: Annotated[Path, typer.Argument(help="A run's folder.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Another run's folder.", show_default=False)],
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.workflow.comparing import compare_runs

    comparison, n_left_out = compare_runs(load_run(a), load_run(b), level=level)
    if n_left_out:
        typer.echo(f"warning: {n_left_out:,} test rows of one run are not in the other's", err=True)
    if as_json:
        print(json.dumps({"a": str(a), "b": str(b), **comparison.to_json()}, allow_nan=False))
        return 0
    print(f"a: {a}\nb: {b}\n")
    print(comparison)
    return 0
