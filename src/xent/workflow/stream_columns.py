"""Which columns of a file that is read in batches are what, and labels of any type as codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from xent.data.labels import Label, find_label
from xent.data.streams import BATCH_ROWS, column_types, frame_batches
from xent.errors import XentError, nearest_hint
from xent.workflow.column_patterns import columns_meant, paired_columns, starred_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xent.arrays import Array
    from xent.workflow.prediction_files import PredictionColumns

__all__ = ["StreamColumns", "StreamedRows", "resolve_columns", "row_batches"]

_DECLARES = {
    "probability": "probabilities",
    "logit": "logits",
    "score": "scores",
    "prediction": "predictions",
}
MIN_BATCH = 1 << 14


@dataclass(frozen=True)
class StreamColumns:
    """The columns of a stream, found in its file.

    Attributes
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    labels, predicted : tuple of str
    declared : {"probabilities", "logits", "scores", "predictions"}
    weight : str or None
    classes : tuple of str
        What the columns of predictions are named after; empty for one column and for numbers.
    positive : label or None
        The positive class of one column of predictions.
    """

    task: str
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    declared: str
    weight: str | None
    classes: tuple[str, ...]
    positive: Label | None


@dataclass(frozen=True, eq=False)
class StreamedRows:
    """One batch: truth as 0 and 1, codes, a 0/1 column a label, or numbers; and predictions.

    Attributes
    ----------
    first : int
        Place of the first row in the file, from 0.
    y, predicted : ndarray
    weight : ndarray or None
    """

    first: int
    y: Array
    predicted: Array
    weight: Array | None


@dataclass
class _ClassCodes:
    """The codes of labels, found as they come: by the columns' names, or the labels as codes."""

    file: str
    column: str
    classes: tuple[str, ...]
    known: dict[Label, int] = field(default_factory=dict)
    by_name: bool | None = None

    def of(self, labels: pl.Series, first: int) -> Array:
        for value in labels.unique().to_list():
            if value not in self.known:
                self.known[value] = self._code(value, labels, first)
        return labels.replace_strict(self.known, return_dtype=pl.Int64).to_numpy()

    def _code(self, value: Label, labels: pl.Series, first: int) -> int:
        means = [find_label(text, [value]) is not None for text in self.classes]
        named = means.index(True) if any(means) else None
        is_code = isinstance(value, int) and 0 <= value < len(self.classes)
        if named is not None and self.by_name is not False:
            # Columns 0, 1, 2 read the same either way: nothing is decided yet.
            self.by_name = True if named != value else self.by_name
            return named
        if is_code and self.by_name is not True:
            self.by_name = False
            return int(value)
        row = first + int((labels == value).arg_max() or 0) + 1
        raise XentError(
            f"label {value!r} in data row {row} of {self.file} has no column among "
            f"{', '.join(self.classes[:10])}.{nearest_hint(str(value), self.classes)}"
        )


@dataclass
class _PositiveRows:
    """Rows of the positive class, and a check that all others are of one class."""

    positive: Label
    seen: bool = False
    other: Label | None = None

    def of(self, labels: pl.Series) -> Array:
        meant = []
        for value in labels.unique().to_list():
            if find_label(self.positive, [value]) is not None:
                meant.append(value)
            elif self.other is None or self.other == value:
                self.other = value
            else:
                raise XentError(
                    f"label must have two classes, the positive one and another, got "
                    f"{self.other!r} and {value!r} beside positive={self.positive!r}."
                )
        self.seen |= bool(meant)
        if not meant:
            return np.zeros(len(labels), dtype=bool)
        positives: Array = (labels == meant[0]).to_numpy()
        return positives

    def check_seen(self) -> None:
        if not self.seen:
            raise XentError(
                f"positive must be a label, got {self.positive!r}; all labels are {self.other!r}."
                f"{nearest_hint(str(self.positive), [str(self.other)])}"
            )


def resolve_columns(path: str | Path, columns: PredictionColumns) -> StreamColumns:
    """Find the columns of a stream in its file: names, lists with commas, patterns with a star.

    Raises
    ------
    XentError
        When a column is absent, or they do not make a task that can be streamed.
    """
    given = [name for name in _DECLARES if getattr(columns, name) is not None]
    if len(given) != 1 or columns.decision is not None:
        raise XentError("a stream needs exactly one of probability, logit, score and prediction.")
    if columns.group is not None or columns.cluster is not None:
        raise XentError("a stream has no groups and no clusters: leave out group and cluster.")
    (kind,) = given
    file, known = Path(path).name, list(column_types(path))
    pattern = getattr(columns, kind)
    predicted = columns_meant(file, known, pattern, kind)
    labels = columns_meant(file, known, columns.label, "label")
    task = _task(kind, labels, predicted)
    if task == "multilabel":
        predicted = paired_columns(columns.label, labels, pattern, predicted)
    classes: tuple[str, ...] = ()
    if task == "multilabel":
        classes = labels
    elif len(predicted) > 1:
        classes = starred_names(pattern, predicted)
    positive = columns.positive
    if task == "binary" and positive is not None:
        meant = find_label(positive, classes)
        if meant is not None and meant == classes[0]:
            raise XentError(f"the column of the positive class {positive!r} must come last.")
    if columns.weight is not None:
        columns_meant(file, known, columns.weight, "weight")
    return StreamColumns(
        task,
        labels,
        predicted,
        _DECLARES[kind],
        columns.weight,
        classes,
        positive,
    )


def row_batches(path: str | Path, columns: StreamColumns) -> Iterator[StreamedRows]:
    """Yield the rows of a stream batch by batch, with labels as codes and no NaN in them.

    Raises
    ------
    XentError
        When the file does not fit; a value that does not is named by its row.
    """
    file = Path(path).name
    has_codes = columns.task in {"binary", "multiclass"}
    is_text = has_codes and (len(columns.predicted) > 1 or columns.positive is not None)
    numbers = [*columns.predicted, *([] if is_text else columns.labels)]
    numbers += [] if columns.weight is None else [columns.weight]
    texts = columns.labels if is_text else ()
    codes = _ClassCodes(file, columns.labels[0], columns.classes)
    positives = None if columns.positive is None else _PositiveRows(columns.positive)
    n_rows = max(BATCH_ROWS // (len(numbers) + 1), MIN_BATCH)
    first = 0
    for batch in frame_batches(path, numbers, texts=texts, batch_rows=n_rows):
        if batch.height == 0:
            continue
        _refuse_nan(file, batch, columns.weight, first)
        if is_text:
            labels = _plain(batch[columns.labels[0]])
        if not is_text:
            y = _array(batch, columns.labels)
        elif len(columns.predicted) > 1 or positives is None:
            y = codes.of(labels, first)
        else:
            y = positives.of(labels)
        weight = None if columns.weight is None else batch[columns.weight].to_numpy()
        yield StreamedRows(first, y, _array(batch, columns.predicted), weight)
        first += batch.height
    if first == 0:
        raise XentError(f"{path} has no rows.")
    if positives is not None and len(columns.predicted) == 1:
        positives.check_seen()


def _task(kind: str, labels: tuple[str, ...], predicted: tuple[str, ...]) -> str:
    if kind == "prediction":
        if len(labels) > 1 or len(predicted) > 1:
            raise XentError("a stream of numbers has one column of labels and one of predictions.")
        return "regression"
    if kind == "score" and len(predicted) > 1:
        raise XentError("several columns of a stream must be probability or logit, got score.")
    if len(labels) > 1:
        return "multilabel"
    return "binary" if len(predicted) <= 2 else "multiclass"


def _plain(labels: pl.Series) -> pl.Series:
    return labels.cast(pl.String) if labels.dtype in (pl.Categorical, pl.Enum) else labels


def _array(batch: pl.DataFrame, names: Sequence[str]) -> Array:
    if len(names) == 1:
        return batch[names[0]].to_numpy()
    return batch.select(names).to_numpy()


def _refuse_nan(file: str, batch: pl.DataFrame, weight: str | None, first: int) -> None:
    for column in batch.iter_columns():
        if not column.dtype.is_float() or not column.is_nan().any():
            continue
        wrong = column.is_nan()
        if weight is not None and column.name != weight:
            wrong &= batch[weight] != 0  # rows of weight 0 vanish, whatever they hold
        if wrong.any():
            row = first + int(wrong.arg_max() or 0)
            raise XentError(
                f"column {column.name!r} of {file} has NaN in data row {row + 1}. "
                "Leave such rows out, or give them weight 0."
            )
