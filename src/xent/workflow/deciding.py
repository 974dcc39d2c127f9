"""From a run to its decision: chosen on the validation part, judged on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions import CostDecision, decide, judge_cost_decision, judge_decision
from xent.errors import XentError, nearest_hint
from xent.evaluation.evaluations import evaluate
from xent.runs.decision_file import write_decision
from xent.runs.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from xent.arrays import Array, FloatArray
    from xent.decisions import CostJudgment, Decision, Judgment
    from xent.runs import Run

__all__ = ["decide_run", "decide_run_by_costs", "read_cost_matrix"]


def decide_run(run: Run, settings: dict[str, Any]) -> tuple[Decision, Judgment | None]:
    """Choose a run's threshold, judge it, and write decision.json, which `predict` then uses.

    Parameters
    ----------
    run : Run
        Of a binary target, with a validation part.
    settings : dict
        As for `xent.decide`.

    Returns
    -------
    decision, judgment
        The judgment is None where the run has no test part with both classes.

    Raises
    ------
    XentError
        When the run has no such target or part, or no threshold keeps to the constraints.
    """
    if run.model.task != "binary":
        raise XentError(
            f"a threshold needs a binary target, and {run.folder} is {run.model.task}. "
            "With several classes give costs (--costs) or a price of abstaining (--reject-cost)."
        )
    parts = {name: _part(run, name) for name in ("validation", "test")}
    validation, test = parts["validation"], parts["test"]
    if validation is None:
        raise XentError(
            f"{run.folder} has no validation part to choose a threshold on. Train with a validation_fraction above 0."
        )
    y, p, weight = validation
    evaluation = evaluate(y, probabilities=p, weight=weight)
    decision = decide(evaluation, chosen_on="validation", **settings)
    judgment = None
    if test is not None:
        y, p, weight = test
        judgment = judge_decision(decision, y, p, weight=weight)
    fingerprint = run.record.files[run.files.model.name]
    write_decision(run.files.decision, decision, judgment, fingerprint)
    return decision, judgment


def decide_run_by_costs(
    run: Run, costs: Array | None, reject_cost: float | None
) -> tuple[CostDecision, CostJudgment | None]:
    """Give a run a cost matrix, judge it on the test part, and write decision.json.

    Parameters
    ----------
    run : Run
        Of a binary target or of several classes.
    costs : array of shape (K, K), optional
        Row: the true class; column: the class decided for; in the order of the run's classes. None:
        1 for every mistake.
    reject_cost : float, optional
        What it costs to leave a row to somebody else.

    Raises
    ------
    XentError
        When the run has no classes, or the costs do not fit them.
    """
    if run.model.task not in {"binary", "multiclass"}:
        raise XentError(f"costs of classes need classes, and {run.folder} is {run.model.task}.")
    names = tuple(str(name) for name in run.model.target.classes)
    matrix = 1 - np.eye(len(names)) if costs is None else np.asarray(costs, dtype=np.float64)
    decision = CostDecision(names, tuple(map(tuple, matrix.tolist())), reject_cost)
    rows = _part_rows(run, "test")
    judgment = None
    if rows.height:
        y = run.model.target.encode(rows["y"].to_numpy())
        p = rows.select([f"p_{name}" for name in names]).to_numpy()
        judgment = judge_cost_decision(decision, y, p, weight=_weight(rows))
    write_decision(run.files.decision, decision, judgment, run.record.files[run.files.model.name])
    return decision, judgment


def read_cost_matrix(source: object, classes: Sequence[object]) -> FloatArray:
    """Read a table of costs: its first column names the true classes, its header the decisions.

    Parameters
    ----------
    source : path or data frame
    classes : sequence of label
        Of the run; every one has a row and a column, in any order.

    Raises
    ------
    XentError
        When a class is missing or unknown, or a cost is no number.
    """
    table = read_source(source, text=())
    first, *columns = table.columns
    names = [str(name) for name in classes]
    truth = [str(name) for name in table.frame[first].to_list()]
    for what, given in (("column", columns), ("row", truth)):
        for name in given:
            if name not in names:
                raise XentError(
                    f"{table.name} has a {what} {name!r}, which is no class.{nearest_hint(name, names)}"
                )
        lacking = [name for name in names if given.count(name) != 1]
        if lacking:
            raise XentError(f"{table.name} must have one {what} for class {lacking[0]!r}.")
    ordered = table.frame.select(names)
    if any(not kind.is_numeric() for kind in ordered.dtypes):
        raise XentError(f"{table.name} must hold numbers beside the names of the classes.")
    return ordered.to_numpy().astype(np.float64)[[truth.index(name) for name in names]]


def _part_rows(run: Run, name: str) -> pl.DataFrame:
    predictions = run.predictions
    return predictions.filter(predictions["part"] == name)


def _weight(rows: pl.DataFrame) -> FloatArray | None:
    return rows["weight"].to_numpy().astype(np.float64) if "weight" in rows.columns else None


def _part(run: Run, name: str) -> tuple[Array, FloatArray, FloatArray | None] | None:
    """Return truth, probability and weight of a part's rows, as the run has predicted them."""
    rows = _part_rows(run, name)
    if rows.height == 0:
        return None
    y = run.model.target.encode(rows["y"].to_numpy())
    z = rows["z_0"].to_numpy().astype(np.float64)
    return y, np.asarray(run.model.distribution.mean(z)), _weight(rows)
