"""xent threshold: the threshold of a run that costs least, or keeps to constraints; or its costs."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.runs import Run

__all__ = ["HELP", "command"]

HELP = """Choose the threshold that costs least, or is best at an objective, keeping to constraints.

It is chosen on the run's validation part, judged on its test part, and written to decision.json: xent predict uses it
from then on.

With several classes give a table of costs (--costs), or a price of abstaining (--reject-cost); then each row gets the
class of least expected cost. A price of abstaining goes with --cost-fn and --cost-fp too."""

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
    costs: Annotated[
        Path | None,
        typer.Option(
            help="A table of costs: the true classes in its first column, the decisions in its header.",
            show_default=False,
        ),
    ] = None,
    reject_cost: Annotated[
        float | None, typer.Option(help="What it costs to leave a row to somebody else.")
    ] = None,
    n_bootstrap: Annotated[int, typer.Option(help="Replicates of the interval.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the replicates.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    from xent.runs import load_run
    from xent.workflow.deciding import decide_run

    loaded = load_run(run)
    chosen = {
        "prevalence": prevalence,
        "objective": objective,
        "min_precision": min_precision,
        "min_recall": min_recall,
        "min_specificity": min_specificity,
        "min_npv": min_npv,
        "max_fpr": max_fpr,
        "max_fnr": max_fnr,
        "capacity": capacity,
    }
    cells = {"cost_fn": cost_fn, "cost_fp": cost_fp, "cost_tp": cost_tp, "cost_tn": cost_tn}
    if costs is not None or reject_cost is not None:
        _refuse(chosen)
        decision, judgment = _by_costs(loaded, costs, reject_cost, cells)
    else:
        settings = {**cells, **chosen, "n_bootstrap": n_bootstrap, "random_state": seed}
        decision, judgment = decide_run(loaded, settings)
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


def _refuse(chosen: dict[str, Any]) -> None:
    given = [name for name, value in chosen.items() if value is not None]
    if given:
        option = given[0].replace("_", "-")
        cure = " Move the probabilities first: xent recalibrate --method prior_shift."
        raise XentError(
            f"--{option} chooses a threshold; with --costs or --reject-cost there is none to choose."
            f"{cure if option == 'prevalence' else ''}"
        )


def _by_costs(
    run: Run, table: Path | None, reject_cost: float | None, cells: dict[str, float | None]
) -> tuple[Any, Any]:
    from xent.workflow.deciding import decide_run_by_costs, read_cost_matrix

    fn, fp, tp, tn = (cells[f"cost_{name}"] for name in ("fn", "fp", "tp", "tn"))
    has_cells = fn is not None and fp is not None
    if (fn is None) != (fp is None):
        raise XentError(
            "--cost-fn and --cost-fp go together: the one is weighed against the other."
        )
    if not has_cells and (tp or tn):
        raise XentError("--cost-tp and --cost-tn go with --cost-fn and --cost-fp.")
    if has_cells and table is not None:
        raise XentError(
            "--costs says all that --cost-fn and --cost-fp say. Give the one or the others."
        )
    matrix: Any = None
    if table is not None:
        matrix = read_cost_matrix(table, run.model.target.classes)
    elif has_cells:
        if run.model.task != "binary":
            raise XentError(
                f"--cost-fn needs a binary target, and {run.folder} is {run.model.task}."
            )
        matrix = [[tn, fp], [fn, tp]]  # the positive class is the second one
    return decide_run_by_costs(run, matrix, reject_cost)
