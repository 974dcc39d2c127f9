"""xent plot: one chart of a run, or of predictions from anywhere, as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.cli import prediction_options as columns
from xent.cli.prediction_options import Module, refuse_module
from xent.errors import XentError
from xent.files import check_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.workflow.plot_sources import PlotSource

__all__ = ["HELP", "command"]

HELP = """Draw a chart of a run, or of predictions from anywhere: PNG, SVG, PDF, HTML, or Vega-Lite's JSON.

xent plot roc runs/<run> --output roc.png; several runs in one chart: xent plot roc runs/<a> runs/<b>.

xent plot roc predictions.parquet --label y --probability p. Columns may be patterns ('p_*', one a class).

xent plot --list shows every figure."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _plot


def _plot(
    figure: Annotated[
        str | None, typer.Argument(help="Such as roc; see --list.", show_default=False)
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Run folders, or a table of predictions.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write. [<figure>.png]", show_default=False),
    ] = None,
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    width: Annotated[int, typer.Option(help="Of the chart, in pixels.")] = 480,
    zoom: Annotated[float, typer.Option(help="Pixels of a PNG a pixel of the chart.")] = 2.0,
    title: Annotated[str | None, typer.Option(help="Instead of the figure's own.")] = None,
    part: Annotated[
        str | None, typer.Option(help="Of a run: test or validation.", show_default=False)
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="<path>", help="The run's table, where it has moved.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="For metric: such as accuracy.")] = None,
    scale: Annotated[str | None, typer.Option(help="For history: linear or log.")] = None,
    layer: Annotated[int | None, typer.Option(help="For activation-map: from 1.")] = None,
    cost_fn: Annotated[float | None, typer.Option(help="For cost: of a miss.")] = None,
    cost_fp: Annotated[float | None, typer.Option(help="For cost: of a false alarm.")] = None,
    label: columns.Label = None,
    probability: columns.Probability = None,
    logit: columns.Logit = None,
    score: columns.Score = None,
    decision: columns.Decision = None,
    prediction: columns.Prediction = None,
    positive: columns.Positive = None,
    weight: columns.Weight = None,
    module: Module = None,
    is_list: Annotated[bool, typer.Option("--list", help="List the figures.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.workflow.plotting import FIGURES, PlotSettings, figure_named, plot

    if is_list:
        _print_figures({name: known.summary for name, known in FIGURES.items()}, as_json=as_json)
        return 0
    if figure is None:
        raise XentError("name a figure, such as roc. xent plot --list shows all.")
    figure_named(figure)
    named = {
        "probability": probability,
        "logit": logit,
        "score": score,
        "decision": decision,
        "prediction": prediction,
        "positive": positive,
        "weight": weight,
    }
    path = Path(f"{figure}.png") if output is None else output
    check_output(path)
    from xent.figures.pictures import check_picture, save

    check_picture(path, zoom)
    given = _sources(sources or [], label, named, part, data, module)
    settings = PlotSettings(metric, scale, layer, cost_fn, cost_fp)
    save(plot(figure, given, settings, theme=theme, width=width, title=title), path, scale=zoom)
    if as_json:
        print(json.dumps({"figure": figure, "file": str(path), "bytes": path.stat().st_size}))
    else:
        print(f"{figure}: {path}")
    return 0


def _sources(
    sources: list[str],
    label: str | None,
    named: dict[str, str | None],
    part: str | None,
    data: str | None,
    module: str | None,
) -> list[PlotSource]:
    """Return the runs, or the table of predictions when its columns are named."""
    from xent.workflow.plot_sources import PlotSource

    if label is not None:
        from xent.workflow.prediction_files import PredictionColumns, read_predictions_of

        if part is not None or data is not None:
            raise XentError("--part and --data go with a run; a table has neither.")
        refuse_module(module)
        wanted = PredictionColumns(label, **named)
        return [
            PlotSource(Path(source).stem, read_predictions_of(source, wanted)) for source in sources
        ]
    columns.refuse_without_label(named)
    return [_run_source(source, part, data, module) for source in sources]


def _run_source(source: str, part: str | None, data: str | None, module: str | None) -> PlotSource:
    from xent.workflow.plot_sources import PlotSource

    if part not in {None, "test", "validation"}:
        raise XentError(f"part must be test or validation, got {part!r}.")
    run = columns.load_run_or_name_options(source, module)
    return PlotSource(run.folder.name, run, part, data)


def _print_figures(summaries: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summaries))
        return
    widest = max(map(len, summaries))
    for name, summary in summaries.items():
        print(f"{name:<{widest}}  {summary}")
