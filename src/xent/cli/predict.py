"""xent predict: what a trained run says of new rows."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xent.cli.prediction_options import Module  # noqa: TC001 - typer reads the annotations
from xent.errors import XentError
from xent.files import check_output
from xent.runs import load_run
from xent.runs.predictions import write_table

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["HELP", "command"]

HELP = """Predict the rows of a table, or images, with a trained run.

Columns: row, part; of images file; y, weight and group where the table has them; the outputs z_0...; p_CLASS or mean;
decision."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _predict


def _predict(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    file: Annotated[
        str,
        typer.Argument(
            help="The table; for a run of images a folder, a zip or one image.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write: .parquet or .csv; without it, CSV is printed.",
            show_default=False,
        ),
    ] = None,
    module: Module = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    if output is not None and output.suffix.lower() not in {".parquet", ".csv"}:
        raise XentError(f"output must end in .parquet or .csv, got {output.name!r}.")
    if output is not None:
        check_output(output)
    loaded = load_run(run, module)
    rows = loaded.read(file)
    table = loaded.predict_table(rows)
    for line in loaded.encoder.novelties(rows):
        typer.echo(f"warning: {line}", err=True)
    if loaded.decision is not None:
        typer.echo(f"decided {loaded.decision.how}, by {loaded.files.decision}", err=True)
    if output is not None:
        write_table(output, table)
    if as_json:
        print(json.dumps(_summary(table, output, loaded.model.task), allow_nan=False))
    elif output is None:
        print(table.write_csv(), end="")
    else:
        print(f"{output}: {table.height:,} rows{_decided(table, loaded.model.task)}")
    return 0


def _summary(table: pl.DataFrame, output: Path | None, task: str) -> dict[str, Any]:
    summary: dict[str, Any] = {"n_rows": table.height}
    if output is not None:
        return {**summary, "output": str(output), "decisions": _counts(table, task)}
    # by way of polars: JSON has no NaN, which a missing target is, and no dates
    return {**summary, "predictions": json.loads(table.write_json())}


def _counts(table: pl.DataFrame, task: str) -> dict[str, int]:
    """Return how often each class, or each label, was decided for."""
    if task == "regression":
        return {}
    if task == "multilabel":
        prefix = "decision_"
        names = [name for name in table.columns if name.startswith(prefix)]
        return {name.removeprefix(prefix): int(table[name].sum()) for name in names}
    decided = Counter("left open" if d is None else str(d) for d in table["decision"].to_list())
    return dict(sorted(decided.items()))


def _decided(table: pl.DataFrame, task: str) -> str:
    counts = _counts(table, task)
    return (
        f" ({', '.join(f'{name}: {count:,}' for name, count in counts.items())})" if counts else ""
    )
