"""xent report: one page of HTML about a run, or about predictions from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.errors import XentError

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
    label: Annotated[
        str | None, typer.Option(metavar="<column>", help="The truth.", show_default=False)
    ] = None,
    probability: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predicted probabilities.")
    ] = None,
    logit: Annotated[
        str | None, typer.Option(metavar="<column>", help="Log-odds, or a column a class.")
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="<column>", help="Any score: higher is more positive.")
    ] = None,
    decision: Annotated[
        str | None, typer.Option(metavar="<column>", help="Decided labels.")
    ] = None,
    prediction: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predicted numbers.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="<label>", help="The positive class.")
    ] = None,
    weight: Annotated[str | None, typer.Option(metavar="<column>", help="A weight a row.")] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="<column>", help="Rows of one cluster are not independent."),
    ] = None,
    level: Annotated[float, typer.Option(help="Level of the intervals of predictions.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.files import write_atomically

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
        given = [f"--{name}" for name, value in columns.items() if value is not None]
        if given:
            raise XentError(f"{given[0]} needs --label, the column of the truth.")
        html, path = _of_run(source)
    else:
        html, path = _of_predictions(source, label, columns, level)
    path = output or path
    if path.is_dir():
        raise XentError(f"output must be a file, and {path} is a folder.")
    write_atomically(path, html)
    if as_json:
        print(json.dumps({"report": str(path), "bytes": path.stat().st_size}))
    else:
        print(f"report: {path}")
    if is_open:
        _open(path)
    return 0


def _of_run(source: str) -> tuple[str, Path]:
    from xent.runs import load_run
    from xent.workflow.reporting import report_run

    if not Path(source).is_dir() and Path(source).exists():
        raise XentError(
            f"{source} is a table: name its truth with --label, and what was predicted with --probability, --logit, "
            "--score, --decision or --prediction."
        )
    run = load_run(source)
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
