"""xent evaluate: how good predictions are, of a trained run on new rows or from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from xent.cli.tables import print_verdict
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.evaluation.evaluations import Evaluation, OperatingPoint
    from xent.workflow.prediction_files import LabelledPredictions, PredictionColumns

__all__ = ["HELP", "command"]

HELP = """Judge a trained run on new, labelled rows; or predictions from anywhere.

xent evaluate runs/<run> test.csv: the figures of the training's own summary, each beside the value of the constant
predictor.

xent evaluate predictions.parquet --label y --probability p: every figure with its interval. Columns may be patterns
('p_*', one a class)."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _evaluate


def _evaluate(
    source: Annotated[
        str, typer.Argument(help="The run's folder, or a table of predictions.", show_default=False)
    ],
    file: Annotated[
        str | None,
        typer.Argument(help="For a run: the table, with the target, or images in class folders."),
    ] = None,
    label: Label = None,
    probability: Probability = None,
    logit: Logit = None,
    score: Score = None,
    decision: Decision = None,
    prediction: Prediction = None,
    positive: Positive = None,
    weight: Weight = None,
    group: Annotated[
        str | None, typer.Option(metavar="<column>", help="Every figure by group as well.")
    ] = None,
    cluster: Cluster = None,
    level: Annotated[
        float | None, typer.Option(help="Level of the intervals; by default 0.95.")
    ] = None,
    n_bootstrap: Annotated[
        int | None,
        typer.Option(help="Replicates where the bootstrap serves; by default 1000."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the bootstrap; by default 0.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="<number>",
            help="Two classes: the figures at this threshold as well.",
            show_default=False,
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Read a file of any size batch by batch.")
    ] = False,
    bins: Annotated[
        int | None,
        typer.Option(
            metavar="<power of 2>",
            help="With --stream: count scores in as many bins, in fixed memory; AUC in a bracket.",
            show_default=False,
        ),
    ] = None,
    module: Module = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    columns = {
        "probability": probability,
        "logit": logit,
        "score": score,
        "decision": decision,
        "prediction": prediction,
        "positive": positive,
        "weight": weight,
        "group": group,
        "cluster": cluster,
    }
    if label is None:
        rest = {"threshold": threshold, "stream": stream, "bins": bins, "level": level}
        refuse_without_label({**columns, **rest, "n-bootstrap": n_bootstrap, "seed": seed})
        return _run(source, file, module, as_json=as_json)
    refuse_module(module)
    if file is not None:
        raise XentError("--label goes with one table of predictions; a run needs no --label.")
    from xent.workflow.prediction_files import PredictionColumns, read_predictions_of

    named = PredictionColumns(label, **columns)
    level = 0.95 if level is None else level
    if stream:
        if threshold is not None:
            raise XentError("--threshold does not go with --stream: its figures are those at 0.5.")
        return _stream(source, named, level, bins, as_json=as_json)
    if bins is not None:
        raise XentError("--bins goes with --stream: without it every figure is exact.")
    predictions = read_predictions_of(source, named)
    evaluation = predictions.evaluate(
        level=level,
        n_bootstrap=1000 if n_bootstrap is None else n_bootstrap,
        random_state=seed or 0,
    )
    point = _point(evaluation, threshold)
    if as_json:
        print(json.dumps(_described(predictions, evaluation, point), allow_nan=False))
    else:
        _print(predictions, evaluation, point, group)
    return 0


def _print(
    predictions: LabelledPredictions,
    evaluation: Evaluation,
    point: OperatingPoint | None,
    group: str | None,
) -> None:
    from xent.evaluation.evaluations import BinaryEvaluation

    _print_classes(predictions.name, evaluation.task, predictions.classes)
    print(f"\n{evaluation}")
    for name, part in (evaluation.by_group() if group is not None else {}).items():
        print(f"\n{group} {name}\n{part}")
    if point is not None:
        print(f"\n{point}")
    if isinstance(evaluation, BinaryEvaluation) and evaluation.has_probabilities:
        print(f"\ncalibration\n{evaluation.calibration}")


def _described(
    predictions: LabelledPredictions, evaluation: Evaluation, point: OperatingPoint | None
) -> dict[str, Any]:
    groups = evaluation.by_group() if predictions.group is not None else {}
    described = {
        **evaluation.to_json(),
        "name": predictions.name,
        "classes": list(predictions.classes),
        "groups": {str(name): part.to_json() for name, part in groups.items()},
    }
    return described if point is None else described | {"at_threshold": point.to_json()}


def _point(evaluation: Evaluation, threshold: float | None) -> OperatingPoint | None:
    from xent.evaluation.evaluations import BinaryEvaluation

    if threshold is None:
        return None
    if not isinstance(evaluation, BinaryEvaluation):
        raise XentError(f"--threshold needs two classes, and this is {evaluation.task}.")
    return evaluation.at(threshold)


def _stream(
    source: str, columns: PredictionColumns, level: float, bins: int | None, *, as_json: bool
) -> int:
    from xent.workflow.streaming import evaluate_stream

    evaluation = evaluate_stream(source, columns, level=level, n_bins=bins)
    name = Path(source).name
    if as_json:
        print(json.dumps(evaluation.to_json() | {"name": name}, allow_nan=False))
        return 0
    classes = evaluation.classes or (
        (columns.positive or 1,) if evaluation.task == "binary" else ()
    )
    _print_classes(name, evaluation.task, classes)
    print(f"\n{evaluation}")
    return 0


def _print_classes(name: str, task: str, classes: tuple[object, ...]) -> None:
    of = {
        "binary": lambda: f"; positive class {classes[-1]!r}",
        "multiclass": lambda: f"; classes {', '.join(map(str, classes))}",
        "multilabel": lambda: f"; labels {', '.join(map(str, classes))}",
    }
    print(f"{name}: {task}{of[task]() if task in of else ''}")


def _run(source: str, file: str | None, module: str | None, *, as_json: bool) -> int:
    loaded = load_run_or_name_options(source, module)
    if file is None:
        raise XentError(f"FILE is needed: a labelled table to judge {source} on.")
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
