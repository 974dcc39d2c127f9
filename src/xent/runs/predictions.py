"""Predictions as a table: one schema for predictions.parquet and for `xent predict`."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xent.decisions import ABSTAIN, CostDecision
from xent.errors import XentError
from xent.files import write_atomically
from xent.runs.reading import damaged, read_bytes
from xent.runs.recalibrator_file import recalibrated

if TYPE_CHECKING:
    from pathlib import Path

    from xent.arrays import Array, IntArray
    from xent.decisions import Decision
    from xent.evaluation.calibration import Recalibrator
    from xent.runs.model_file import Model

__all__ = [
    "decisions",
    "prediction_table",
    "probabilities",
    "read_predictions",
    "recalibrated_predictions",
    "write_table",
]


def probabilities(model: Model, z: Array) -> Array:
    """Return what the outputs say: probabilities of each class or label, shape (n, k), or means, shape (n,).

    A label is a probability of its own; the classes' ones sum to 1.
    """
    if model.task == "binary":
        z = z.reshape(len(z))
        # the other class has the sigmoid of -z: 1 - p would lose the small ones
        return np.column_stack([model.distribution.mean(-z), model.distribution.mean(z)])
    return np.asarray(model.distribution.mean(z))


def decisions(model: Model, z: Array, decision: Decision | CostDecision | None = None) -> Array:
    """Return what is decided: classes in their own type, 0 or 1 for each label, or numbers.

    The mode of the distribution: positive is a probability of at least 0.5, of several classes the most likely wins.
    A decision has its own threshold, or takes the cheapest class, or abstains: None.
    """
    if isinstance(decision, CostDecision):
        codes = decision.apply(probabilities(model, z))
        decided = model.target.decode(np.maximum(codes, 0))
        if (codes == ABSTAIN).any():
            decided = decided.astype(object)
            decided[codes == ABSTAIN] = None
        return decided
    if decision is not None:
        p = np.asarray(model.distribution.mean(z.reshape(-1)))
        return model.target.decode(decision.apply(p).astype(np.int64))
    mode = np.asarray(model.distribution.mode(z))
    return mode if model.task == "regression" else model.target.decode(mode)


def prediction_table(
    model: Model,
    z: Array,
    *,
    rows: IntArray,
    part: str,
    y: Array | None = None,
    weight: Array | None = None,
    group: Array | None = None,
    file: pl.Series | None = None,
    decision: Decision | CostDecision | None = None,
) -> pl.DataFrame:
    """Return the predictions of some rows as a table.

    Columns: ``row`` (place in the file, from 0), ``part``; of images ``file``; ``y``, ``weight``, ``group`` if known;
    the outputs ``z_0``...; ``p_<class>`` a class or label, or ``mean``; ``decision``. Several labels have ``y_<label>``
    and ``decision_<label>`` each.

    Parameters
    ----------
    model : Model
    z : ndarray, shape (n, n_outputs)
    rows : ndarray of int64, shape (n,)
    part : str
    y, weight, group : ndarray, optional
        In the users' own types.
    file : polars.Series, optional
        The names of images.
    decision : Decision or CostDecision, optional
        What is decided with instead of probability 0.5, or the most likely class.
    """
    columns: dict[str, Any] = {"row": rows, "part": np.full(len(z), part)}
    if file is not None:
        columns["file"] = file
    labels = [str(name) for name in model.target.names] if model.task == "multilabel" else None
    if y is not None:
        columns |= _spread("y", y, labels)
    if weight is not None:
        columns["weight"] = weight
    if group is not None:
        columns["group"] = group
    columns |= {f"z_{place}": output for place, output in enumerate(z.reshape(len(z), -1).T)}
    p = probabilities(model, z)
    if model.task == "regression":
        columns["mean"] = p
    else:
        names = labels or [str(name) for name in model.target.classes]
        columns |= {f"p_{name}": column for name, column in zip(names, p.T, strict=True)}
    columns |= _spread("decision", decisions(model, z, decision), labels)
    return pl.DataFrame([_series(name, values) for name, values in columns.items()])


def recalibrated_predictions(
    frame: pl.DataFrame,
    model: Model,
    recalibrator: Recalibrator,
    decision: Decision | CostDecision | None,
) -> pl.DataFrame:
    """Return the predictions with the outputs that a recalibrator makes, and what follows from them."""
    outputs = [name for name in frame.columns if name.startswith("z_")]
    z = recalibrated(model, frame.select(outputs).to_numpy(), recalibrator)
    made = prediction_table(model, z, rows=frame["row"].to_numpy(), part="", decision=decision)
    return frame.with_columns(made.drop("row", "part"))


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Write a table, atomically: Parquet or CSV, as the name ends.

    Raises
    ------
    XentError
        When the name ends otherwise, or the file cannot be written.
    """
    buffer = io.BytesIO()
    if path.suffix.lower() == ".parquet":
        frame.write_parquet(buffer)
    elif path.suffix.lower() == ".csv":
        frame.write_csv(buffer)
    else:
        raise XentError(f"output must end in .parquet or .csv, got {path.name!r}.")
    write_atomically(path, buffer.getvalue())


def read_predictions(path: Path, expected: str | None = None) -> pl.DataFrame:
    """Return the predictions of a run.

    Raises
    ------
    XentError
        When the file is absent or damaged.
    """
    content = read_bytes(path, expected)
    try:
        frame = pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise damaged(path, f"no Parquet file ({' '.join(str(error).split())[:120]})") from None
    missing = [name for name in ("row", "part") if name not in frame.columns]
    if missing:
        raise damaged(path, f"it has no column {missing[0]!r}")
    return frame


def _spread(name: str, values: Array, labels: list[str] | None) -> dict[str, Array]:
    if labels is None:
        return {name: values}
    return {
        f"{name}_{label}": column
        for label, column in zip(labels, values.reshape(-1, len(labels)).T, strict=True)
    }


def _series(name: str, values: Any) -> pl.Series:
    if isinstance(values, pl.Series):
        return values.alias(name)
    array = np.asarray(values)
    if array.dtype.kind in "OU":
        return pl.Series(name, array.tolist(), strict=False)
    return pl.Series(name, np.ascontiguousarray(array))
