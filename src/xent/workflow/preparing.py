"""From a table to parts: target, split, encoder, arrays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import (
    Encoder,
    Split,
    TargetCoding,
    find_roles,
    matching_columns,
    target_values,
)
from xent.errors import XentError
from xent.runs.sources import read_source
from xent.workflow.labelled import LabelledTable, label
from xent.workflow.splitting import role_settings, split_table

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray
    from xent.data import Roles, Table
    from xent.training import TrainingSettings
    from xent.workflow.data_settings import DataSettings

__all__ = ["PreparedData", "Rows", "assemble", "fit_target", "prepare"]


@dataclass(frozen=True, eq=False)
class Rows:
    """One part of the data, encoded.

    Attributes
    ----------
    X : ndarray, shape (n, n_features)
    y : ndarray
        Class codes, labels or numbers.
    weight : ndarray, shape (n,), optional
        The users' weights; class weights are not among them.
    rows : ndarray of int64, shape (n,)
        Places in the file.
    labels : ndarray
        The target in the users' own values.
    group : polars.Series, optional
    """

    X: FloatArray
    y: Array
    weight: FloatArray | None
    rows: IntArray
    labels: Array
    group: Any = None


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A table made ready for training.

    Attributes
    ----------
    table, test_table : Table
        The test table is None where the test rows come from the same one.
    roles : Roles
    target : TargetCoding
    split : Split
    encoder : Encoder
    parts : dict of str to Rows
        training, and validation and test where they have rows.
    """

    table: Table
    test_table: Table | None
    roles: Roles
    target: TargetCoding
    split: Split
    encoder: Encoder
    parts: dict[str, Rows]

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns, the target included, that are text: in another file they must be read as such."""
        classes = self.target.classes
        own = self.target.names if classes and isinstance(classes[0], str) else ()
        return (*self.encoder.text_columns, *own)

    def report(self) -> list[str]:
        """Return what a user should know about the data, a line each."""
        return [
            f"{self.table.name}: {self.table.n_rows:,} rows, {len(self.table.columns)} columns",
            *_target_lines(self.target, self.parts["training"]),
            *self.roles.summary(),
            *_split_lines(self),
        ]


def prepare(
    source: object, data: DataSettings, training: TrainingSettings, seed: int
) -> PreparedData:
    """Read a table, find what its columns are, split its rows and encode them.

    Parameters
    ----------
    source : path, data frame or array
    data : DataSettings
    training : TrainingSettings
        Only ``validation_fraction`` and ``dtype`` are read.
    seed : int
        Decides the split.

    Raises
    ------
    XentError
        When the table, a column or a value does not fit; the message says which.
    """
    table = read_source(source)
    target = fit_target(table, data)
    labelled = label(table, target, data)
    split = split_table(labelled, target, data, training, seed)
    dtype = str(training.dtype)
    prepared = assemble(labelled, data, target, split, dtype=dtype)
    if data.test is None:
        return prepared
    test_table = read_source(data.test, text=prepared.text_columns)
    return with_test_table(prepared, test_table, data, dtype)


def assemble(
    labelled: LabelledTable,
    data: DataSettings,
    target: TargetCoding,
    split: Split,
    *,
    dtype: str,
    encoder: Encoder | None = None,
) -> PreparedData:
    """Encode the rows of each part; without an encoder one is fitted on the training part."""
    table, weight = labelled.table, labelled.weight
    roles = find_roles(table, rows=split.train, **role_settings(data, target.names))
    if encoder is None:
        of_training = None if weight is None else weight[split.train]
        encoder = Encoder.fit(table, split.train, roles, of_training)
    own = {"training": split.train, "validation": split.validation, "test": split.test}
    parts = {
        part: _encode_rows(labelled, rows, encoder, part, dtype)
        for part, rows in own.items()
        if rows.size
    }
    return PreparedData(table, None, roles, target, split, encoder, parts)


def with_test_table(
    prepared: PreparedData, test_table: Table, data: DataSettings, dtype: str
) -> PreparedData:
    """Return the prepared data with the rows of another table as their test part."""
    labelled = label(test_table, prepared.target, data)
    rows = _encode_rows(labelled, np.arange(test_table.n_rows), prepared.encoder, "test", dtype)
    parts = {**prepared.parts, "test": rows}
    return dataclasses.replace(prepared, test_table=test_table, parts=parts)


def _encode_rows(
    labelled: LabelledTable, rows: IntArray, encoder: Encoder, part: str, dtype: str
) -> Rows:
    group = labelled.group
    weight = None if labelled.weight is None else labelled.weight[rows]
    if weight is not None and not weight.any():
        raise XentError(
            f"weight is 0 in all {rows.size} rows of the {part} part. At least one must count."
        )
    return Rows(
        X=encoder.transform(labelled.table, rows, dtype=dtype),
        y=labelled.y[rows],
        weight=weight,
        rows=rows,
        labels=labelled.labels[rows],
        group=None if group is None else group[rows],
    )


def fit_target(table: Table, data: DataSettings) -> TargetCoding:
    """Return how the target of a table is coded."""
    names = _target_names(table, data)
    task: Any = "multilabel" if data.targets and data.task is None else data.task
    values = target_values(table, names)
    return TargetCoding.fit(values, task=task, positive=data.positive, names=names)


def _target_names(table: Table, data: DataSettings) -> tuple[str, ...]:
    """Return the target column, or the label columns, of a table."""
    if data.targets:
        return matching_columns(table.columns, data.targets, argument="targets")
    if data.target is None:
        last = table.columns[-1]
        raise XentError(
            f"target is needed: the column to predict. {table.name} ends in {last!r}; is it that one?"
        )
    table.column(data.target, argument="target")
    return (data.target,)


def _target_lines(target: TargetCoding, training: Rows) -> list[str]:
    if target.task == "multilabel":
        shown = [*target.names[:8], *(["..."] if len(target.names) > 8 else [])]
        return [f"target: {len(target.names)} labels, {', '.join(shown)}"]
    if target.task == "regression":
        return [f"target {target.names[0]}: regression ({target.reason})"]
    counts = np.bincount(training.y.astype(np.int64), minlength=len(target.classes))
    shares = [
        f"{name} {count / counts.sum():.1%}"
        for name, count in zip(target.classes, counts, strict=True)
    ]
    return [f"target {target.names[0]}: {target.task} ({target.reason}); {', '.join(shares[:12])}"]


def _split_lines(prepared: PreparedData) -> list[str]:
    lines = list(prepared.split.report())
    if prepared.test_table is not None:
        lines.append(f"{prepared.test_table.name}: {prepared.test_table.n_rows:,} rows test")
    return lines
