"""From a table or images to parts: target, split, encoder, arrays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import (
    Encoder,
    ImageEncoder,
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
    from xent.data import ImageReading, Roles, Table
    from xent.training import TrainingSettings
    from xent.workflow.data_settings import DataSettings

__all__ = [
    "PreparedData",
    "Rows",
    "assemble",
    "fit_target",
    "prepare",
    "reading_again",
    "settings_for",
]


@dataclass(frozen=True, eq=False)
class Rows:
    """One part of the data, encoded.

    Attributes
    ----------
    X : ndarray, shape (n, n_features)
        Of images the raw pixels: uint8, shape (n, channels, height, width).
    y : ndarray
        Class codes, labels or numbers.
    weight : ndarray, shape (n,), optional
        The users' weights; class weights are not among them.
    rows : ndarray of int64, shape (n,)
        Places in the file.
    labels : ndarray
        The target in the users' own values.
    group : polars.Series, optional
    file : polars.Series, optional
        The names of images.
    """

    X: Array
    y: Array
    weight: FloatArray | None
    rows: IntArray
    labels: Array
    group: Any = None
    file: Any = None


@dataclass(frozen=True, eq=False)
class PreparedData:
    """A table, or images, made ready for training.

    Attributes
    ----------
    table, test_table : Table
        The test table is None where the test rows come from the same one.
    roles : Roles
    target : TargetCoding
    split : Split
    encoder : Encoder or ImageEncoder
    parts : dict of str to Rows
        training, and validation and test where they have rows.
    settings : DataSettings
        Those in force: of images, with the target and the split that their folders name.
    """

    table: Table
    test_table: Table | None
    roles: Roles
    target: TargetCoding
    split: Split
    encoder: Encoder | ImageEncoder
    parts: dict[str, Rows]
    settings: DataSettings

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns, the target included, that are text: in another file they must be read as such."""
        classes = self.target.classes
        own = self.target.names if classes and isinstance(classes[0], str) else ()
        return (*self.encoder.text_columns, *own)

    def report(self) -> list[str]:
        """Return what a user should know about the data, a line each."""
        table, found = self.table, self.roles.summary()
        size = f"{table.n_rows:,} rows, {len(table.columns)} columns"
        if isinstance(self.encoder, ImageEncoder):
            size = _images_text(table.n_rows, self.encoder)
            # the columns beside images are no news: only those that the user brought are
            found = tuple(line for line in found[1:] if not line.startswith("left out: file "))
        return [
            f"{table.name}: {size}",
            *table.notes,
            *_target_lines(self.target, self.parts["training"]),
            *found,
            *_split_lines(self),
        ]


def prepare(
    source: object, data: DataSettings, training: TrainingSettings, seed: int
) -> PreparedData:
    """Read a table or images, find what the columns are, split the rows and encode them.

    Parameters
    ----------
    source : path, data frame, array or mapping
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
    table = read_source(source, images=data.image_reading())
    data = settings_for(table, data)
    target = fit_target(table, data)
    labelled = label(table, target, data)
    split = split_table(labelled, target, data, training, seed)
    dtype = str(training.dtype)
    prepared = assemble(labelled, data, target, split, dtype=dtype)
    if data.test is None:
        return prepared
    test_table = read_source(data.test, text=prepared.text_columns, images=reading_again(prepared))
    return with_test_table(prepared, test_table, data, dtype)


def settings_for(table: Table, data: DataSettings) -> DataSettings:
    """Return the data settings with what images say themselves: the target is the class folder, parts are folders.

    Raises
    ------
    XentError
        When a setting of images is given and there are none, or images come without a label.
    """
    if table.pixels is None:
        for name in ("image_size", "skip_corrupt"):
            if getattr(data, name):
                raise XentError(f"{name} is for images, and {table.name} has none. Leave it out.")
        return data
    if data.image_column is not None:
        return data
    found: dict[str, Any] = {}
    if data.target is None and not data.targets:
        labels = [name for name in table.columns if name == "label" or name.startswith("label_")]
        if not labels:
            raise XentError(f"{table.name} has no labels. Give labels beside the images.")
        found = {"target": "label"} if "label" in labels else {"targets": tuple(labels)}
    if data.split is None and "split" in table.columns:
        found["split"] = "split"
    return dataclasses.replace(data, **found)


def reading_again(prepared: PreparedData) -> ImageReading:
    """Return how images are read after those of the training: in their size and channels."""
    encoder, reading = prepared.encoder, prepared.settings.image_reading()
    if not isinstance(encoder, ImageEncoder):
        return reading
    size = encoder.height, encoder.width
    return dataclasses.replace(reading, size=size, n_channels=encoder.channels)


def assemble(
    labelled: LabelledTable,
    data: DataSettings,
    target: TargetCoding,
    split: Split,
    *,
    dtype: str,
    encoder: Encoder | ImageEncoder | None = None,
) -> PreparedData:
    """Encode the rows of each part; without an encoder one is fitted on the training part."""
    table, weight = labelled.table, labelled.weight
    roles = find_roles(table, rows=split.train, **role_settings(data, target.names))
    if encoder is None:
        of_training = None if weight is None else weight[split.train]
        if table.pixels is None:
            encoder = Encoder.fit(table, split.train, roles, of_training)
        else:
            encoder = ImageEncoder.fit(table, split.train, of_training)
    own = {"training": split.train, "validation": split.validation, "test": split.test}
    parts = {
        part: _encode_rows(labelled, rows, encoder, part, dtype)
        for part, rows in own.items()
        if rows.size
    }
    return PreparedData(table, None, roles, target, split, encoder, parts, data)


def with_test_table(
    prepared: PreparedData, test_table: Table, data: DataSettings, dtype: str
) -> PreparedData:
    """Return the prepared data with the rows of another table as their test part."""
    labelled = label(test_table, prepared.target, data)
    rows = _encode_rows(labelled, np.arange(test_table.n_rows), prepared.encoder, "test", dtype)
    parts = {**prepared.parts, "test": rows}
    return dataclasses.replace(prepared, test_table=test_table, parts=parts)


def _encode_rows(
    labelled: LabelledTable,
    rows: IntArray,
    encoder: Encoder | ImageEncoder,
    part: str,
    dtype: str,
) -> Rows:
    table, group = labelled.table, labelled.group
    weight = None if labelled.weight is None else labelled.weight[rows]
    if weight is not None and not weight.any():
        raise XentError(
            f"weight is 0 in all {rows.size} rows of the {part} part. At least one must count."
        )
    return Rows(
        X=encoder.transform(table, rows, dtype=dtype),
        y=labelled.y[rows],
        weight=weight,
        rows=rows,
        labels=labelled.labels[rows],
        group=None if group is None else group[rows],
        file=None if labelled.file is None else labelled.file[rows],
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


def _images_text(n_rows: int, encoder: ImageEncoder) -> str:
    kind = "gray" if encoder.channels == 1 else "color"
    return f"{n_rows:,} {kind} images of {encoder.width}x{encoder.height} pixels"


def _split_lines(prepared: PreparedData) -> list[str]:
    lines = list(prepared.split.report())
    if prepared.test_table is not None:
        lines.append(f"{prepared.test_table.name}: {prepared.test_table.n_rows:,} rows test")
    return lines
