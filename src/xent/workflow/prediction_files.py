"""Labelled predictions in a table, from any framework: which column is what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data.labels import as_column, checked_labels, class_positions, find_label, python_label
from xent.errors import XentError, nearest_hint
from xent.runs.sources import read_source
from xent.workflow.column_patterns import columns_meant, paired_columns, starred_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.data import Table
    from xent.data.labels import Label
    from xent.evaluation.evaluations import Evaluation

__all__ = ["LabelledPredictions", "PredictionColumns", "read_predictions_of"]


@dataclass(frozen=True)
class PredictionColumns:
    """Which columns of a table are what; a name may hold `*`, or be several with commas between.

    Parameters
    ----------
    label : str
        The truth: one column, or a 0/1 column a label (``label_*``).
    probability, logit, score, decision, prediction : str, optional
        Exactly one. One column for a binary target, one a class in the order of the classes
        (``p_*``: the classes are what stands for the star), one a label.
    weight, group, cluster : str, optional
    positive : label, optional
        The positive class of a binary target that is not 0 and 1.
    """

    label: str
    probability: str | None = None
    logit: str | None = None
    score: str | None = None
    decision: str | None = None
    prediction: str | None = None
    weight: str | None = None
    group: str | None = None
    cluster: str | None = None
    positive: Label | None = None


_DECLARES = {
    "probability": "probabilities",
    "logit": "logits",
    "score": "scores",
    "decision": "labels",
    "prediction": "predictions",
}


@dataclass(frozen=True, eq=False)
class LabelledPredictions:
    """Truth and predictions of a table's rows, as `xent.evaluate` takes them.

    Attributes
    ----------
    name : str
        Of the table.
    y : ndarray
        0 and 1, class codes, a 0/1 column a label, or numbers.
    declared, predicted : str, ndarray
    classes : tuple of label
        What the codes stand for, the positive class last where there are two; empty for numbers.
    weight, group, cluster : ndarray, optional
    """

    name: str
    y: Array
    declared: str
    predicted: Array
    classes: tuple[Label, ...]
    weight: FloatArray | None = None
    group: Array | None = None
    cluster: Array | None = None

    def evaluate(
        self, *, level: float = 0.95, n_bootstrap: int = 1000, random_state: int = 0
    ) -> Evaluation:
        """Return every figure with its interval."""
        from xent.evaluation.evaluations import evaluate

        declared: dict[str, Any] = {self.declared: self.predicted}
        return evaluate(
            self.y,
            weight=self.weight,
            group=self.group,
            cluster=self.cluster,
            level=level,
            n_bootstrap=n_bootstrap,
            random_state=random_state,
            **declared,
        )


def read_predictions_of(source: object, columns: PredictionColumns) -> LabelledPredictions:
    """Read labelled predictions from a table.

    Parameters
    ----------
    source : path, data frame or array
    columns : PredictionColumns

    Raises
    ------
    XentError
        When a column is absent or holds something else, values are missing, or the labels do not
        fit the predictions.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"y": ["no", "yes"], "p": [0.2, 0.7]})
    >>> read_predictions_of(frame, PredictionColumns("y", probability="p", positive="yes")).y
    array([0, 1])
    """
    table = read_source(source)
    given = [name for name in _DECLARES if getattr(columns, name) is not None]
    if len(given) != 1:
        options = ", ".join(_DECLARES)
        raise XentError(
            f"exactly one of {options} must name what was predicted, got {' and '.join(given) or 'none'}."
        )
    (kind,) = given
    names = columns_meant(table.name, table.columns, getattr(columns, kind), kind)
    truth_names = columns_meant(table.name, table.columns, columns.label, "label")
    if kind == "prediction":
        y, predicted = _numbers(table, truth_names, "label"), _numbers(table, names, kind)
        classes: tuple[Label, ...] = ()
    elif len(truth_names) > 1:
        names = paired_columns(columns.label, truth_names, getattr(columns, kind), names)
        y, predicted = _numbers(table, truth_names, "label"), _numbers(table, names, kind)
        classes = tuple(truth_names)
    else:
        truth = checked_labels(
            as_column(table.frame[truth_names[0]].to_numpy(), ["label"]), "label"
        )
        if kind == "decision":
            y, predicted, classes = _decided(table, truth, names[0], columns.positive)
        else:
            predicted = _numbers(table, names, kind)
            classes = _classes(truth, names, getattr(columns, kind), columns.positive)
            y = class_positions(truth, classes, truth_names[0])
    return LabelledPredictions(
        table.name,
        y,
        _DECLARES[kind],
        predicted,
        classes,
        None if columns.weight is None else _numbers(table, [columns.weight], "weight"),
        _names(table, columns.group, "group"),
        _names(table, columns.cluster, "cluster"),
    )


def _numbers(table: Table, names: Sequence[str], argument: str) -> Array:
    columns = [_number_column(table, name, argument) for name in names]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _number_column(table: Table, name: str, argument: str) -> Array:
    column = table.column(name, argument=argument)
    if not (column.dtype.is_numeric() or str(column.dtype) == "Boolean"):
        raise XentError(f"{argument}: column {name!r} must hold numbers, got {column.dtype}.")
    n_missing = column.null_count()
    if n_missing:
        raise XentError(
            f"{argument}: column {name!r} has {n_missing} missing values. Leave such rows out."
        )
    values: Array = column.to_numpy()
    return values


def _names(table: Table, name: str | None, argument: str) -> Array | None:
    if name is None:
        return None
    column = table.column(name, argument=argument)
    if column.null_count():
        raise XentError(f"{argument}: column {name!r} has {column.null_count()} missing values.")
    values: Array = column.to_numpy()
    return values


def _classes(
    truth: Array, names: Sequence[str], pattern: str, positive: Label | None
) -> tuple[Label, ...]:
    """Return what the codes stand for: of one column the two classes, else one a column."""
    found = [python_label(value) for value in np.unique(truth)]
    if len(names) == 1:
        return _two_classes(found, positive)
    texts = starred_names(pattern, names)
    named = [find_label(text, found) for text in texts]
    if sum(label is not None for label in named) == len(found):
        classes = tuple(
            text if label is None else label for text, label in zip(texts, named, strict=True)
        )
    elif all(isinstance(label, int) and 0 <= label < len(names) for label in found):
        classes = tuple(range(len(names)))
    else:
        unknown = [label for label in found if find_label(str(label), texts) is None]
        raise XentError(
            f"label {unknown[0]!r} has no column among {', '.join(names)}. Name them after the classes, or code the "
            "classes 0 to K-1 in the order of the columns."
        )
    if len(classes) == 2 and positive is not None and find_label(positive, classes) == classes[0]:
        raise XentError(f"the column of the positive class {positive!r} must come last.")
    return classes


def _two_classes(found: list[Label], positive: Label | None) -> tuple[Label, ...]:
    if positive is not None:
        meant = find_label(positive, found)
        if meant is None:
            raise XentError(
                f"positive must be a label ({', '.join(map(repr, found[:10]))}), got {positive!r}."
                f"{nearest_hint(str(positive), [str(label) for label in found])}"
            )
        others = [label for label in found if label != meant]
        if len(others) > 1:
            raise XentError(
                f"label must have two classes for one column of predictions, got {len(found)}."
            )
        return (*(others or ["other"]), meant)
    if set(found) <= {0, 1}:
        return (0, 1) if not any(isinstance(label, bool) for label in found) else (False, True)
    raise XentError(
        f"label must be 0 and 1, or positive must say which class the predictions are of, got "
        f"{', '.join(map(repr, found[:5]))}{'...' if len(found) > 5 else ''}."
    )


def _decided(
    table: Table, truth: Array, name: str, positive: Label | None
) -> tuple[Array, Array, tuple[Label, ...]]:
    """Return codes of truth and decisions over the classes of both."""
    column = table.column(name, argument="decision")
    decided = checked_labels(as_column(column.to_numpy(), ["decision"]), "decision")
    try:
        found = [python_label(value) for value in np.unique(np.concatenate([truth, decided]))]
    except (TypeError, ValueError):
        found = []
    if truth.dtype.kind != decided.dtype.kind or not found:
        raise XentError(
            f"decision: column {name!r} must hold labels as the truth does, got {decided.dtype} beside {truth.dtype}."
        )
    is_binary = positive is not None or set(found) <= {0, 1}
    classes = _two_classes(found, positive) if is_binary else tuple(found)
    return (
        class_positions(truth, classes, "label"),
        class_positions(decided, classes, name),
        classes,
    )
