"""xent diagnose: what is wrong with predictions, data, or a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.cli.options import split_list
from xent.cli.prediction_options import Module, refuse_module
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xent.diagnosis import Diagnosis
    from xent.workflow.diagnosing import IntervalColumns

__all__ = ["HELP", "command"]

HELP = """Look for what is wrong: with predictions, with a table, with a run.

xent diagnose predictions.csv --label y --probability p

xent diagnose predictions.csv --label species --probability 'p_*'

xent diagnose predictions.csv --label price --prediction mean --low q05 --high q95 --level 0.9

xent diagnose runs/<run>/predictions.parquet

xent diagnose data.csv --target y --part part --group patient --time day

xent diagnose images/

xent diagnose runs/<run>

The exit code is 0 also when something is found."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _diagnose


def _diagnose(
    source: Annotated[str, typer.Argument(help="A table, or a run's folder.", show_default=False)],
    label: Annotated[
        str | None,
        typer.Option(metavar="<column>", help="Predictions: the truth; one column a label: y_*."),
    ] = None,
    probability: Annotated[
        str | None,
        typer.Option(metavar="<column>", help="Predictions: probabilities; one a class: p_*."),
    ] = None,
    logit: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: log-odds, or z_*.")
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: any score.")
    ] = None,
    prediction: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: numbers.")
    ] = None,
    low: Annotated[
        str | None, typer.Option(metavar="<column>", help="Numbers: low end of intervals.")
    ] = None,
    high: Annotated[
        str | None, typer.Option(metavar="<column>", help="Numbers: high end of intervals.")
    ] = None,
    level: Annotated[
        float | None,
        typer.Option(
            help="Numbers: the share that intervals are to hold, 0.95.", show_default=False
        ),
    ] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="<label>", help="Predictions: the positive class.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: a weight a row.")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="<column>", help="Data: what is to be predicted; labels: label_*."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="<task>", help="Data: binary, multiclass, multilabel, regression."),
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="<column>", help="Data: training or test, a row.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="<column>", help="Data: whose row it is.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(metavar="<column>", help="Data: when the row was made.")
    ] = None,
    drop: Annotated[
        str | None, typer.Option(metavar="<columns>", help="Data: no features, with commas.")
    ] = None,
    module: Module = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    of_predictions: dict[str, str | None] = {
        "probability": probability,
        "logit": logit,
        "score": score,
        "prediction": prediction,
        "positive": positive,
        "weight": weight,
    }
    of_intervals = {"low": low, "high": high, "level": level}
    of_data = {"task": task, "part": part, "group": group, "time": time}
    if label is not None and target is not None:
        raise XentError("--label is for predictions, --target for data: give one of them.")
    _refuse_without("label", label, {**of_predictions, **of_intervals})
    _refuse_without("target", target, {**of_data, "drop": drop})
    if label is not None or target is not None:
        refuse_module(module)
    if label is not None:
        ends = _interval_columns(low, high, level)
        found = {"predictions": _predictions(source, label, of_predictions, ends)}
    elif target is not None:
        dropped = split_list([] if drop is None else [drop])
        found = {"data": _data(source, target, of_data, dropped)}
    else:
        found = _run_or_its_predictions(source, module)
    _show(found, as_json=as_json)
    return 0


def _refuse_without(name: str, value: str | None, options: Mapping[str, object]) -> None:
    given = [option for option, content in options.items() if content is not None]
    if value is None and given:
        raise XentError(f"--{given[0]} needs --{name}.")


def _interval_columns(
    low: str | None, high: str | None, level: float | None
) -> IntervalColumns | None:
    from xent.workflow.diagnosing import IntervalColumns

    if low is not None and high is not None:
        return IntervalColumns(low, high) if level is None else IntervalColumns(low, high, level)
    if low is not None or high is not None or level is not None:
        raise XentError("--low and --high belong together: an interval has two ends.")
    return None


def _predictions(
    source: str,
    label: str,
    options: Mapping[str, str | None],
    intervals: IntervalColumns | None,
) -> Diagnosis:
    from xent.workflow.diagnosing import diagnose_prediction_file
    from xent.workflow.prediction_files import PredictionColumns

    return diagnose_prediction_file(source, PredictionColumns(label, **options), intervals)


def _data(
    source: str, target: str, options: Mapping[str, str | None], drop: tuple[str, ...]
) -> Diagnosis:
    from xent.workflow.diagnosing import DataColumns, diagnose_data

    return diagnose_data(source, DataColumns(target, **options, drop=drop))


def _run_or_its_predictions(source: str, module: str | None) -> dict[str, Diagnosis]:
    from xent.runs import load_run
    from xent.runs.sources import read_source
    from xent.workflow.diagnosing import (
        DataColumns,
        diagnose_data,
        diagnose_run,
        diagnose_saved_predictions,
        is_of_saved_predictions,
    )

    if _is_images(source):
        return {"data": diagnose_data(source, DataColumns("label"))}
    if Path(source).is_dir():
        return diagnose_run(load_run(source, module))
    refuse_module(module)
    table = read_source(source)
    if not is_of_saved_predictions(table.columns):
        raise XentError(
            f"{source}: name the truth of predictions with --label, or the target of data with --target."
        )
    return diagnose_saved_predictions(table.frame)


def _is_images(source: str) -> bool:
    """Say whether a source is labelled images, and no run nor the folder of runs."""
    from xent.data import is_image_source

    folder = Path(source)
    is_run = (folder / "run.json").is_file() or any(folder.glob("*/run.json"))
    return is_image_source(source) and not is_run


def _show(found: Mapping[str, Diagnosis], *, as_json: bool) -> None:
    if as_json:
        described = {name: diagnosis.to_json() for name, diagnosis in found.items()}
        print(json.dumps(described, allow_nan=False))
        return
    for place, (name, diagnosis) in enumerate(found.items()):
        print(f"{'' if place == 0 else chr(10)}{name}\n{diagnosis}")
