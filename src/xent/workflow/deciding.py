"""From a run to its decision: chosen on the validation part, judged on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions import decide, judge_decision
from xent.errors import XentError
from xent.evaluation.evaluations import evaluate
from xent.runs.decision_file import write_decision

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.decisions import Decision, Judgment
    from xent.runs import Run

__all__ = ["decide_run"]


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
        raise XentError(f"a threshold needs a binary target, and {run.folder} is {run.model.task}.")
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


def _part(run: Run, name: str) -> tuple[Array, FloatArray, FloatArray | None] | None:
    """Return truth, probability and weight of a part's rows, as the run has predicted them."""
    import polars as pl

    rows = run.predictions.filter(pl.col("part") == name)
    if rows.height == 0:
        return None
    y = run.model.target.encode(rows["y"].to_numpy())
    z = rows["z_0"].to_numpy().astype(np.float64)
    weight = rows["weight"].to_numpy().astype(np.float64) if "weight" in rows.columns else None
    return y, np.asarray(run.model.distribution.mean(z)), weight
