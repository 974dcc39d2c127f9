"""Two runs on the rows that both were tested on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.evaluations import compare_evaluations, evaluate

if TYPE_CHECKING:
    import polars as pl

    from xent.evaluation.evaluations import Comparison, Evaluation
    from xent.runs import Run

__all__ = ["compare_runs"]


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
    if a.record.data.fingerprint != b.record.data.fingerprint:
        raise XentError(
            f"{a.folder} and {b.folder} were trained on other data: they have no rows in common."
        )
    ours, theirs = a.model.target, b.model.target
    if (ours.names, ours.classes) != (theirs.names, theirs.classes):
        raise XentError(
            f"{a.folder} and {b.folder} predict other targets, or other positive classes."
        )
    tests = [_test_rows(run) for run in (a, b)]
    own, other = (rows["row"].to_numpy() for rows in tests)
    shared = np.intersect1d(own, other)
    if shared.size == 0:
        raise XentError(
            "the runs share no test row. Train both with the same --seed or the same --test file."
        )
    n_left_out = sum(rows.height - shared.size for rows in tests)
    evaluations = [
        _evaluation(run, rows.filter(rows["row"].is_in(shared.tolist())).sort("row"), level)
        for run, rows in zip((a, b), tests, strict=True)
    ]
    return compare_evaluations(*evaluations), n_left_out


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
