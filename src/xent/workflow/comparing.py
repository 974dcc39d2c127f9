"""Runs on the rows that all of them were tested on."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.evaluations import compare_evaluations, compare_models, evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from xent.evaluation.evaluations import Comparison, Evaluation, ModelComparison
    from xent.runs import Run

__all__ = ["compare_runs", "compare_several_runs"]


def compare_runs(a: Run, b: Run, *, level: float = 0.95) -> tuple[Comparison, int]:
    """Compare two runs, paired by row, on the rows that are in the test part of both.

    Returns
    -------
    comparison, n_left_out
        The second is how many test rows of either run the other was not tested on.

    Raises
    ------
    XentError
        When the runs are of other data, targets or tasks, or share no test row.
    """
    evaluations, n_left_out = _paired_evaluations([a, b], level)
    return compare_evaluations(*evaluations), n_left_out


def compare_several_runs(
    runs: Sequence[Run], *, level: float = 0.95
) -> tuple[ModelComparison, int]:
    """Compare runs with the first of them, on the rows that are in the test part of all.

    Returns
    -------
    comparison, n_left_out
        By the runs' folders; the second is how many test rows some run was not tested on.

    Raises
    ------
    XentError
        As `compare_runs`, and when a run is given twice.
    """
    names = [str(run.folder) for run in runs]
    if len(set(names)) < len(names):
        raise XentError("each run must be given once.")
    evaluations, n_left_out = _paired_evaluations(runs, level)
    return compare_models(dict(zip(names, evaluations, strict=True))), n_left_out


def _paired_evaluations(runs: Sequence[Run], level: float) -> tuple[list[Evaluation], int]:
    """Return the evaluations of the test rows that all runs share, in one order."""
    first = runs[0]
    for run in runs[1:]:
        if run.record.data.fingerprint != first.record.data.fingerprint:
            raise XentError(
                f"{first.folder} and {run.folder} were trained on other data: they have no rows in common."
            )
        ours, theirs = first.model.target, run.model.target
        if (ours.names, ours.classes) != (theirs.names, theirs.classes):
            raise XentError(
                f"{first.folder} and {run.folder} predict other targets, or other positive classes."
            )
    tests = [_test_rows(run) for run in runs]
    shared = reduce(np.intersect1d, [rows["row"].to_numpy() for rows in tests])
    if shared.size == 0:
        raise XentError(
            "the runs share no test row. Train all with the same --seed or the same --test file."
        )
    n_left_out = sum(rows.height - shared.size for rows in tests)
    return [
        _evaluation(run, rows.filter(rows["row"].is_in(shared.tolist())).sort("row"), level)
        for run, rows in zip(runs, tests, strict=True)
    ], n_left_out


def _test_rows(run: Run) -> pl.DataFrame:
    rows = run.predictions
    test = rows.filter(rows["part"] == "test")
    if test.height == 0:
        raise XentError(f"{run.folder} has no test part to compare on.")
    return test


def _evaluation(run: Run, rows: pl.DataFrame, level: float) -> Evaluation:
    model = run.model
    weight = rows["weight"].to_numpy() if "weight" in rows.columns else None
    if model.task == "multilabel":
        truth = rows.select([f"y_{name}" for name in model.target.names]).to_numpy()
    else:
        truth = rows["y"].to_numpy()
    y: Any = model.target.encode(truth)
    settings: dict[str, Any] = {"weight": weight, "level": level}
    if model.task == "regression":
        return evaluate(y, predictions=rows["mean"].to_numpy(), **settings)
    outputs = [name for name in rows.columns if name.startswith("z_")]
    z = rows.select(outputs).to_numpy().astype(np.float64)
    if model.task == "multilabel":
        z = np.asarray(model.distribution.mean(z))
        return evaluate(y, probabilities=z, **settings)
    return evaluate(y, logits=z[:, 0] if model.task == "binary" else z, **settings)
