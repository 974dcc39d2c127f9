"""xent report: one page of HTML about a run, or about predictions from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.cli.prediction_options import (
    Cluster,
    Decision,
    Label,
    Logit,
    Module,
    Positive,
    Prediction,
    Probability,
    Score,
    Weight,
    load_run_or_name_options,
    refuse_module,
    refuse_without_label,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Write a report: one HTML file that needs no network, with a threshold that moves every view.

xent report runs/<run>: written as report.html into the run's folder.

xent report predictions.parquet --label y --probability p: written as predictions.report.html into the present folder.
Columns may be patterns ('p_*', one a class)."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _report


def _report(
    source: Annotated[
        str, typer.Argument(help="The run's folder, or a table of predictions.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option(help="File to write instead.", show_default=False)
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    label: Label = None,
    probability: Probability = None,
    logit: Logit = None,
    score: Score = None,
    decision: Decision = None,
    prediction: Prediction = None,
    positive: Positive = None,
    weight: Weight = None,
    cluster: Cluster = None,
    level: Annotated[float, typer.Option(help="Level of the intervals of predictions.")] = 0.95,
    module: Module = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.files import check_output, write_atomically

    if output is not None:
        check_output(output)

    columns = {
        "probability": probability,
        "logit": logit,
        "score": score,
        "decision": decision,
        "prediction": prediction,
        "positive": positive,
        "weight": weight,
        "cluster": cluster,
    }
    if label is None:
        refuse_without_label(columns)
        html, path = _of_run(source, module)
    else:
        refuse_module(module)
        html, path = _of_predictions(source, label, columns, level)
    path = output or path
    write_atomically(path, html)
    if as_json:
        print(json.dumps({"report": str(path), "bytes": path.stat().st_size}))
    else:
        print(f"report: {path}")
    if is_open:
        _open(path)
    return 0


def _of_run(source: str, module: str | None) -> tuple[str, Path]:
    from xent.workflow.reporting import report_run

    run = load_run_or_name_options(source, module)
    return report_run(run), run.folder / "report.html"


def _of_predictions(
    source: str, label: str, columns: dict[str, str | None], level: float
) -> tuple[str, Path]:
    from xent.workflow.prediction_files import PredictionColumns, read_predictions_of
    from xent.workflow.reporting import report_predictions

    predictions = read_predictions_of(source, PredictionColumns(label, **columns))
    html = report_predictions(predictions, predictions.evaluate(level=level))
    return html, Path(f"{Path(source).name.split('.')[0] or 'predictions'}.report.html")


def _open(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.resolve().as_uri()):
        typer.echo(f"warning: no browser could be started; open {path} in one", err=True)
