"""The doctor's visits: predictions in a table, a table to be learned from, a run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from xent.data import ImageEncoder, Table, TargetCoding, target_values
from xent.data.roles import matching_columns
from xent.diagnosis import (
    Diagnosis,
    diagnose_activations,
    diagnose_history,
    diagnose_predictions,
    diagnose_table,
)
from xent.distributions import Gaussian
from xent.engines.stored_engine import StoredEngine
from xent.errors import XentError
from xent.runs.reading import checked_field, parse_json_object, read_text
from xent.runs.sources import read_source
from xent.workflow.image_columns import images_described
from xent.workflow.prediction_files import PredictionColumns, read_predictions_of
from xent.workflow.unit_outputs import unit_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.data.targets import Task
    from xent.runs import Run

__all__ = [
    "DataColumns",
    "IntervalColumns",
    "diagnose_data",
    "diagnose_prediction_file",
    "diagnose_run",
    "diagnose_saved_predictions",
    "diagnose_training",
    "is_of_saved_predictions",
]

# a column that no table has
PART = "part of the run"
MOST_ROWS_OF_UNITS, LEAST_ROWS_OF_UNITS = 2000, 20
DIAGNOSED = {"probabilities", "logits", "scores", "predictions"}


@dataclass(frozen=True)
class IntervalColumns:
    """Columns of the intervals of predicted numbers, and the share of targets they are to hold."""

    low: str
    high: str
    level: float = 0.95


@dataclass(frozen=True)
class DataColumns:
    """Columns of a table that are to be learned from.

    Parameters
    ----------
    target : str, or sequence of str
        The column to be predicted; of several labels their names, a text of them with commas, or a pattern with a
        star.
    task : str, optional
        binary, multiclass, multilabel or regression; by default what the target suggests.
    part, group, time : str, optional
        Which part (training, test) a row belongs to; whose it is; when it was made.
    drop : sequence of str
        Columns that are no features.
    """

    target: str | Sequence[str]
    task: str | None = None
    part: str | None = None
    group: str | None = None
    time: str | None = None
    drop: Sequence[str] = ()


def diagnose_prediction_file(
    source: object, columns: PredictionColumns, intervals: IntervalColumns | None = None
) -> Diagnosis:
    """Return what looks wrong with labelled predictions.

    Parameters
    ----------
    source : path, data frame or array
    columns : PredictionColumns
        With ``probability``, ``logit``, ``score`` or ``prediction``.
    intervals : IntervalColumns, optional
        Of predicted numbers.

    Raises
    ------
    XentError
        When the table or a column does not fit.
    """
    predictions = read_predictions_of(source, columns)
    if predictions.declared not in DIAGNOSED:
        raise XentError(
            f"{predictions.name}: decisions alone tell the doctor nothing. Give a probability, logit, score or "
            "prediction column, or one a class."
        )
    given: dict[str, Any] = {predictions.declared: predictions.predicted}
    if intervals is not None:
        table = read_source(source)
        given |= {
            "low": _numbers(table, intervals.low, "low"),
            "high": _numbers(table, intervals.high, "high"),
            "level": intervals.level,
        }
    if predictions.classes:
        given["names"] = predictions.classes
    return diagnose_predictions(predictions.y, weight=predictions.weight, **given)


def is_of_saved_predictions(columns: Sequence[str]) -> bool:
    """Whether a table has the columns of predictions.parquet, the truth among them.

    Examples
    --------
    >>> is_of_saved_predictions(["row", "part", "y", "z_0", "p_no", "p_yes", "decision"])
    True
    """
    starts = tuple(name.split("_", 1)[0] for name in columns)
    return {"row", "part"} <= set(columns) and "y" in starts and bool({"p", "mean"} & set(starts))


def diagnose_saved_predictions(source: object) -> dict[str, Diagnosis]:
    """Return what looks wrong with each part of a table with the columns of predictions.parquet.

    Raises
    ------
    XentError
        When the table has no such columns.
    """
    table = read_source(source)
    if not is_of_saved_predictions(table.columns):
        raise XentError(
            f"{table.name} must have the columns row, part, y and p_<class> or mean, as predictions.parquet has, got "
            f"{', '.join(table.columns[:10])}."
        )
    frame = table.frame
    parts = frame["part"].unique(maintain_order=True).to_list()
    return {str(part): _saved_part(frame.filter(frame["part"] == part)) for part in parts}


def _saved_part(rows: pl.DataFrame) -> Diagnosis:
    weight = "weight" if "weight" in rows.columns else None
    said = [name for name in rows.columns if name.startswith("p_")]
    label = "y" if "y" in rows.columns else "y_*"
    if not said:
        columns = PredictionColumns(label, prediction="mean", weight=weight)
    elif len(said) == 2 and label == "y":
        # two classes: the second column says all
        return diagnose_prediction_file(
            rows.drop(said[0]),
            PredictionColumns(
                label,
                probability=said[1],
                positive=said[1].removeprefix("p_"),
                weight=weight,
            ),
        )
    else:
        columns = PredictionColumns(label, probability="p_*", weight=weight)
    return diagnose_prediction_file(rows, columns)


def diagnose_data(source: object, columns: DataColumns) -> Diagnosis:
    """Return what looks wrong with a table, or with images, that are to be learned from.

    Rows without a target are looked at as such; all other checks leave them out. Of images, brightness, contrast,
    border and colors are looked at, and copies; the parts are those of their folders.

    Parameters
    ----------
    source : path, data frame, array or mapping
    columns : DataColumns

    Raises
    ------
    XentError
        When there is no such column, or the target does not fit its task.
    """
    table = read_source(source)
    targets = _matching(table, columns.target)
    if table.pixels is not None:
        table, columns = _of_images(table, targets, columns)
    roles = {
        name: None if column is None else table.column(column, argument=name).to_numpy()
        for name, column in (
            ("part", columns.part),
            ("group", columns.group),
            ("time", columns.time),
        )
    }
    for name in columns.drop:
        table.column(name, argument="drop")
    beside = {*targets, columns.part, columns.group, columns.time, *columns.drop}
    features = {name: table.frame[name].to_numpy() for name in table.columns if name not in beside}
    if not features:
        raise XentError(f"{table.name} has no column beside the target.")
    coding, y = _coded_target(table, targets, columns.task)
    names = coding.names if coding.task == "multilabel" else coding.classes
    return diagnose_table(features, y, task=coding.task, names=names or None, **roles)


def _of_images(
    table: Table, targets: Sequence[str], columns: DataColumns
) -> tuple[Table, DataColumns]:
    """Return numbers about images in place of the images, and the columns with the parts that folders say."""
    part = "split" if columns.part is None and "split" in table.columns else columns.part
    beside = dict.fromkeys([*targets, part, columns.group, columns.time])
    for name, column in (("part", part), ("group", columns.group), ("time", columns.time)):
        if column is not None:
            table.column(column, argument=name)
    kept = [name for name in beside if name is not None]
    return images_described(table, kept), dataclasses.replace(columns, part=part, drop=())


def _coded_target(
    table: Table, targets: list[str], task: str | None
) -> tuple[TargetCoding, FloatArray]:
    """Return the coding of the rows that have a target, and all rows coded, NaN without one."""
    known = table.frame.select(pl.all_horizontal(pl.col(targets).is_not_null())).to_series()
    if not known.any():
        raise XentError(f"target: every value of {', '.join(targets)} is missing.")
    kept = Table(table.frame.filter(known), table.name, table.fingerprint)
    values = target_values(kept, targets)
    coding = TargetCoding.fit(values, task=cast("Task | None", task), names=targets)
    codes = np.asarray(coding.encode(values), dtype=np.float64)
    y = np.full((table.n_rows, *codes.shape[1:]), np.nan)
    y[known.to_numpy()] = codes
    return coding, y


def _matching(table: Table, target: str | Sequence[str]) -> list[str]:
    """Return the target's columns: a name, several, or what patterns mean."""
    names = target
    if isinstance(target, str):
        names = [target] if target in table.columns else target.split(",")
    return list(matching_columns(table.columns, names, argument="target"))


def _numbers(table: Table, name: str, argument: str) -> Array:
    column = table.column(name, argument=argument)
    if not column.dtype.is_numeric():
        raise XentError(f"{argument}: column {name!r} must hold numbers, got {column.dtype}.")
    if column.null_count():
        raise XentError(f"{argument}: column {name!r} has {column.null_count()} missing values.")
    values: Array = column.to_numpy()
    return values


def diagnose_run(run: Run) -> dict[str, Diagnosis]:
    """Return what looks wrong with a run: its training, its predictions, its units and its data.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        "training"; the name of the last part, which nothing was fitted to; "units" and "data" where the table that
        the run was made from can still be read.
    """
    found = {"training": diagnose_training(run)}
    predictions = run.predictions
    if predictions.height:
        part = predictions["part"][-1]
        found[str(part)] = _predictions_of(run, predictions.filter(predictions["part"] == part))
    path = run.record.data.path
    if path is None:
        return found
    try:
        is_images = isinstance(run.encoder, ImageEncoder)
        table = run.read(path) if is_images else read_source(path)
    except (XentError, OSError):
        return found | {"data": Diagnosis((), (), {"the table": f"{path} cannot be read"})}
    if table.fingerprint != run.record.data.fingerprint:
        return found | {"data": Diagnosis((), (), {"the table": f"{path} has changed since"})}
    return found | {"units": _units_of(run, table), "data": _data_of(run, table)}


def diagnose_training(run: Run) -> Diagnosis:
    """Return what the history tells, beside other predictors where it measures the same as they do."""
    recipe = run.record.recipe
    is_plain = not any(recipe[name] for name in ("class_weight", "label_smoothing", "distribution"))
    if not is_plain:
        return diagnose_history(list(run.history))
    figures = run.evaluation.verdict.parts["training"].figures
    linear = run.evaluation.baseline.parts["training"].figures
    if run.model.task == "regression":
        # trained on the squared error: the loss of a Gaussian of the target's own standard deviation, which is the
        # constant's error; the verdict's likelihoods have the standard deviation that was found afterwards
        error = figures["rmse"].constant
        sd = error or 1.0  # the unit in which a target of one value is trained
        constant, baseline = (_squared_error_loss(e, sd) for e in (error, linear["rmse"].value))
    else:
        loss = "log_loss_row_sum" if run.model.task == "multilabel" else "log_loss"
        constant, baseline = figures[loss].constant, linear[loss].value
    return diagnose_history(
        list(run.history),
        constant_loss=constant,
        # a loss under dropout is no fit of the rows
        baseline_loss=None if recipe["dropout"] else baseline,
    )


def _squared_error_loss(rmse: float, sd: float) -> float:
    """Return the mean NLL of errors with a root mean square, in nats, under a Gaussian of a fixed sd."""
    return float(Gaussian(sd).nll(np.array([0.0]), np.array([rmse]))[0])


def _predictions_of(run: Run, rows: pl.DataFrame) -> Diagnosis:
    """Return what the predictions of a part tell, from the outputs where there are classes or labels."""
    model = run.model
    weight = rows["weight"].to_numpy() if "weight" in rows.columns else None
    if model.task == "regression":
        y = rows["y"].to_numpy().astype(np.float64)
        return diagnose_predictions(y, predictions=rows["mean"].to_numpy(), weight=weight)
    z = rows.select(pl.col("^z_.*$")).to_numpy().astype(np.float64)
    if model.task == "multilabel":
        names = list(model.target.names)
        y = rows.select([f"y_{name}" for name in names]).to_numpy()
        return diagnose_predictions(y, logits=z, names=names, weight=weight)
    codes = model.target.encode(rows["y"].to_numpy())
    logits = z[:, 0] if model.task == "binary" else z
    return diagnose_predictions(codes, logits=logits, names=model.target.classes, weight=weight)


def _units_of(run: Run, table: Table) -> Diagnosis:
    """Return what the outputs of the hidden layers tell, for the first rows of the table."""
    head = table.head(MOST_ROWS_OF_UNITS)
    if isinstance(run.model.engine, StoredEngine):
        return Diagnosis((), (), {"dead units": "the code of the own module was not given"})
    layers = run.model.engine.network.layers[:-1]
    named = [(place, getattr(layer, "activation", None)) for place, layer in enumerate(layers)]
    hidden = [(place, name) for place, name in named if name is not None]
    if head.n_rows < LEAST_ROWS_OF_UNITS or not hidden:
        why = "there is no hidden layer" if not hidden else "there are too few rows"
        return Diagnosis((), (), {"dead units": why})
    engine = run.model.engine
    outputs = unit_outputs(engine, run.encoder.transform(head, dtype=engine.dtype))
    return diagnose_activations(
        [outputs[place] for place, _ in hidden], [name for _, name in hidden]
    )


def _data_of(run: Run, table: Table) -> Diagnosis:
    """Return what the table tells, with the parts that its rows were dealt out to."""
    recipe, path = run.record.recipe, run.files.split
    rows = parse_json_object(read_text(path, run.record.files.get(path.name)), path)
    part = np.full(table.n_rows, "", dtype="<U10")
    for name in ("train", "validation", "test"):
        # the rows of a test file stand in another table
        if run.record.test is None or name != "test":
            part[np.asarray(checked_field(rows, name, list, path), dtype=np.int64)] = name
    used = part != ""
    is_images = table.pixels is not None
    if is_images:
        beside = (*run.model.target.names, recipe["group"], recipe["time"])
        table = images_described(
            table, [name for name in dict.fromkeys(beside) if name is not None]
        )
    frame = table.frame.filter(used).with_columns(pl.Series(PART, part[used]))
    columns = DataColumns(
        run.model.target.names,
        task=run.model.task,
        part=PART,
        group=recipe["group"],
        time=recipe["time"],
        drop=() if is_images else _no_features(run, table),
    )
    return diagnose_data(frame, columns)


def _no_features(run: Run, table: Table) -> list[str]:
    """Return the columns that the run did not learn from, and that are nothing else here."""
    recipe = run.record.recipe
    given = {recipe[name] for name in ("weight", "split")}
    patterns = [*recipe["drop"]]
    dropped = matching_columns(table.columns, patterns, argument="drop") if patterns else ()
    return [name for name in table.columns if name in given or name in dropped]
