"""xent threshold: the threshold of a run that costs least, or keeps to constraints."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Choose the threshold that costs least, or is best at an objective, keeping to constraints.

It is chosen on the run's validation part, judged on its test part, and written to decision.json: xent predict uses it
from then on."""

Share = Annotated[float | None, typer.Option(metavar="<share>", show_default=False)]


def command() -> Callable[..., int]:
    """Return the verb."""
    return _threshold


def _threshold(
    run: Annotated[Path, typer.Argument(help="The run's folder.", show_default=False)],
    cost_fn: Annotated[float | None, typer.Option(help="Cost of a missed positive.")] = None,
    cost_fp: Annotated[float | None, typer.Option(help="Cost of a false alarm.")] = None,
    cost_tp: Annotated[float, typer.Option(help="Cost of a hit.")] = 0.0,
    cost_tn: Annotated[float, typer.Option(help="Cost of a right refusal.")] = 0.0,
    prevalence: Annotated[
        float | None, typer.Option(help="Share of positives where it will be used.")
    ] = None,
    objective: Annotated[
        str | None, typer.Option(help="Instead of costs: f1, mcc, youden_j, f_beta:2, ...")
    ] = None,
    min_precision: Share = None,
    min_recall: Share = None,
    min_specificity: Share = None,
    min_npv: Share = None,
    max_fpr: Share = None,
    max_fnr: Share = None,
    capacity: Annotated[
        float | None, typer.Option(help="How many validation rows may be positive.")
    ] = None,
    n_bootstrap: Annotated[int, typer.Option(help="Replicates of the interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the replicates.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.workflow.deciding import decide_run

    loaded = load_run(run)
    decision, judgment = decide_run(
        loaded,
        {
            "cost_fn": cost_fn,
            "cost_fp": cost_fp,
            "cost_tp": cost_tp,
            "cost_tn": cost_tn,
            "prevalence": prevalence,
            "objective": objective,
            "min_precision": min_precision,
            "min_recall": min_recall,
            "min_specificity": min_specificity,
            "min_npv": min_npv,
            "max_fpr": max_fpr,
            "max_fnr": max_fnr,
            "capacity": capacity,
            "n_bootstrap": n_bootstrap,
            "random_state": seed,
        },
    )
    if as_json:
        described = {
            "run": str(loaded.folder),
            "decision": decision.to_json(),
            "judgment": None if judgment is None else judgment.to_json(),
        }
        print(json.dumps(described, allow_nan=False))
        return 0
    print(decision)
    if judgment is not None:
        print(f"\n{judgment}")
    print(f"\nwritten: {loaded.files.decision}")
    return 0
