"""The doctor's visits: predictions in a table, a table to be learned from, a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data.labels import as_column, checked_labels, class_positions, python_label
from xent.diagnosis import diagnose_history, diagnose_predictions, diagnose_table
from xent.errors import XentError
from xent.runs.sources import read_source
from xent.workflow.prediction_files import read_predictions_of

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.diagnosis import Diagnosis
    from xent.runs import Run
    from xent.workflow.prediction_files import PredictionColumns

__all__ = ["diagnose_data", "diagnose_prediction_file", "diagnose_run"]


def diagnose_prediction_file(source: object, columns: PredictionColumns) -> Diagnosis:
    """Return what looks wrong with labelled predictions.

    Parameters
    ----------
    source : path, data frame or array
    columns : PredictionColumns
        With ``probability``, ``logit`` or ``score``.

    Raises
    ------
    XentError
        When the table or a column does not fit.
    """
    predictions = read_predictions_of(source, columns)
    if predictions.declared not in {"probabilities", "logits", "scores"} or predictions.y.ndim > 1:
        raise XentError(
            "diagnose needs a probability, logit or score column, or one a class: see xent evaluate."
        )
    declared: dict[str, Any] = {predictions.declared: predictions.predicted}
    return diagnose_predictions(predictions.y, weight=predictions.weight, **declared)


def diagnose_data(source: object, target: str, *, part: str | None = None) -> Diagnosis:
    """Return what looks wrong with a table that is to be learned from.

    Parameters
    ----------
    source : path, data frame or array
    target : str
        The column to be predicted.
    part : str, optional
        A column that says which part (training, test) a row belongs to.

    Raises
    ------
    XentError
        When there is no such column, or the target is no class.
    """
    table = read_source(source)
    column = table.column(target, argument="target")
    truth = checked_labels(as_column(column.to_numpy(), [target]), target)
    classes = tuple(python_label(value) for value in np.unique(truth))
    parts = None if part is None else table.column(part, argument="part").to_numpy()
    columns: dict[str, Array] = {
        name: table.frame[name].to_numpy() for name in table.columns if name not in {target, part}
    }
    if not columns:
        raise XentError(f"{table.name} has no column beside the target.")
    return diagnose_table(columns, class_positions(truth, classes, target), part=parts)


def diagnose_run(run: Run) -> dict[str, Diagnosis]:
    """Return what looks wrong with a run: its training, and its predictions of the last part.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        "training", and the name of the part where its predictions can be looked at.
    """
    found = {"training": diagnose_history(list(run.history))}
    if run.model.task not in {"binary", "multiclass"} or run.predictions.height == 0:
        return found
    part = run.predictions["part"].to_list()[-1]
    rows = run.predictions.filter(run.predictions["part"] == part)
    y = run.model.target.encode(rows["y"].to_numpy())
    outputs = [name for name in rows.columns if name.startswith("z_")]
    z = rows.select(outputs).to_numpy().astype(np.float64)
    weight = rows["weight"].to_numpy() if "weight" in rows.columns else None
    if run.model.task == "binary":
        found[part] = diagnose_predictions(y, logits=z[:, 0], weight=weight)
    else:
        probabilities = np.asarray(run.model.distribution.mean(z))
        found[part] = diagnose_predictions(y, probabilities=probabilities, weight=weight)
    return found
