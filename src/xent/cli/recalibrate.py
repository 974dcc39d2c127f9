"""xent recalibrate: a run's probabilities made to mean what they say."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.workflow.recalibrating import Recalibration

__all__ = ["HELP", "command"]

HELP = """Make a run's probabilities mean what they say.

A recalibrator is fitted on the run's validation part, judged on its test part, and written to recalibrator.json:
predict, evaluate, threshold and compare use it from then on. A threshold that was chosen before is removed.

Methods: temperature (one number; the order of the scores stays), platt (two numbers; two classes), isotonic (any rising
map; wants 1,000 rows), prior_shift (to the --prevalence where the model will be used), class_weight (takes back what
training with class weights did)."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _recalibrate


def _recalibrate(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    method: Annotated[str, typer.Option(help="The method.")] = "temperature",
    prevalence: Annotated[
        str | None,
        typer.Option(
            help="For prior_shift: the share of positives, or of each class (0.2,0.3,0.5)."
        ),
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the recalibrator.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.runs.recalibrator_file import plain_effect
    from xent.workflow.recalibrating import recalibrate_run, remove_recalibrator

    loaded = load_run(run)
    path = loaded.files.recalibrator
    if remove:
        if prevalence is not None:
            raise typer.BadParameter("--remove takes no --prevalence.")
        remove_recalibrator(loaded)
        print(json.dumps({"removed": str(path)}) if as_json else f"removed: {path}")
        return 0
    done = recalibrate_run(loaded, method, prevalence=_shares(prevalence))
    if as_json:
        described = {
            "run": str(loaded.folder),
            "recalibrator": done.recalibrator.to_json(),
            "effect": plain_effect(done.effect),
        }
        print(json.dumps(described, allow_nan=False))
        return 0
    print("\n".join([_described(done), f"\nwritten: {path}"]))
    return 0


def _shares(text: str | None) -> float | list[float] | None:
    if text is None:
        return None
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"--prevalence must be a number, or numbers with commas between, got {text!r}."
        ) from None
    return shares[0] if len(shares) == 1 else shares


def _described(done: Recalibration) -> str:
    lines = [str(done.recalibrator)]
    for part, figures in done.effect.items():
        loss, error = figures["log_loss"], figures["calibration_error"]
        lines += [
            f"\n{part} part",
            f"  log loss           {loss['before']:.4f} -> {loss['after']:.4f}",
            f"  calibration error  {error['before']:.4f} -> {error['after']:.4f}",
            f"    if calibrated    {error['before_if_calibrated']:.4f} -> {error['after_if_calibrated']:.4f}",
        ]
    return "\n".join(lines)
