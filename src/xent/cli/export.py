"""xent export: a run as one ONNX file."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.workflow.exporting import Export

__all__ = ["HELP", "command"]

HELP = """Write a run as one ONNX file: raw columns in, probabilities and the decision out.

Imputation, scaling, one-hot coding, network, recalibration and threshold are all inside; classes, costs and columns
stand in its metadata. onnxruntime runs it, in Python, other languages, and the browser.

Before it is written, onnxruntime and the run predict rows with missing values, unseen texts, columns offset by 1e6, and
rows moved to the threshold. One that is decided differently, and nothing is written."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _export


def _export(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    to: Annotated[
        Path, typer.Option("--to", help="The file to write, ending in .onnx.", show_default=False)
    ],
    n_checked: Annotated[
        int, typer.Option("--n-checked", help="Rows that onnxruntime and the run both predict.")
    ] = 2_000,
    module: Annotated[
        str | None,
        typer.Option(
            help="The code of an own module, file.py:build: it is executed.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.workflow.exporting import export

    done = export(load_run(run, module), to, n_checked=n_checked)
    print(json.dumps(done.to_json(), allow_nan=False) if as_json else _described(done))
    return 0


def _described(done: Export) -> str:
    columns = len(done.columns)
    takes = f"{columns} column{'s' * (columns != 1)}" if columns else "pixels"
    return "\n".join(
        [
            f"model: {done.path} ({done.n_bytes:,} bytes)",
            f"takes {takes}, gives {', '.join(done.outputs)}",
            f"agrees with the run on {done.parity}",
            f"rows of the check: {done.rows}",
        ]
    )
