"""xent evaluate: how good a trained run is on new, labelled rows."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from xent.cli.tables import print_verdict
from xent.runs import load_run

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Judge a trained run on new, labelled rows.

The figures are those of the training's own summary, each beside the value of the constant predictor."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _evaluate


def _evaluate(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    file: Annotated[str, typer.Argument(help="The table, with the target.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    loaded = load_run(run)
    table = loaded.read(file)
    verdict = loaded.evaluate(table)
    for line in loaded.notes(table):
        typer.echo(f"warning: {line}", err=True)
    if as_json:
        print(
            json.dumps({"run": str(loaded.folder), "verdict": verdict.to_json()}, allow_nan=False)
        )
    else:
        print_verdict(verdict)
    return 0
