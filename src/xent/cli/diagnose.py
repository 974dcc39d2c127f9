"""xent diagnose: what is wrong with predictions, data, or a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.diagnosis import Diagnosis

__all__ = ["HELP", "command"]

HELP = """Look for what is wrong: with predictions, with a table, with a run.

xent diagnose predictions.csv --label y --probability p

xent diagnose data.csv --target y

xent diagnose runs/<run>

The exit code is 0 also when something is found."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _diagnose


def _diagnose(
    source: Annotated[str, typer.Argument(help="A table, or a run's folder.", show_default=False)],
    label: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: the truth.")
    ] = None,
    probability: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: probabilities.")
    ] = None,
    logit: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: log-odds.")
    ] = None,
    score: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: any score.")
    ] = None,
    positive: Annotated[
        str | None, typer.Option(metavar="<label>", help="Predictions: the positive class.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(metavar="<column>", help="Predictions: a weight a row.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="<column>", help="Data: what is to be predicted.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(metavar="<column>", help="Data: training or test, a row.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.workflow.diagnosing import diagnose_data, diagnose_prediction_file, diagnose_run
    from xent.workflow.prediction_files import PredictionColumns

    if label is not None and target is not None:
        raise XentError("--label is for predictions, --target for data: give one of them.")
    found: dict[str, Diagnosis]
    if label is not None:
        columns = PredictionColumns(
            label,
            probability=probability,
            logit=logit,
            score=score,
            positive=positive,
            weight=weight,
        )
        found = {"predictions": diagnose_prediction_file(source, columns)}
    elif target is not None:
        found = {"data": diagnose_data(source, target, part=part)}
    elif Path(source).is_dir():
        from xent.runs import load_run

        found = diagnose_run(load_run(source))
    else:
        raise XentError(
            f"{source}: name the truth of predictions with --label, or the target of data with --target."
        )
    if as_json:
        print(
            json.dumps(
                {name: diagnosis.to_json() for name, diagnosis in found.items()}, allow_nan=False
            )
        )
        return 0
    for place, (name, diagnosis) in enumerate(found.items()):
        print(f"{'' if place == 0 else chr(10)}{name}\n{diagnosis}")
    return 0
