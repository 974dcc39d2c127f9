"""Targets: labels of any type coded as numbers for a distribution, and given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np

from xent.data.documents import open_document, texts_of
from xent.data.labels import (
    Label,
    as_column,
    checked_labels,
    class_positions,
    find_label,
    python_label,
)
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from xent.arrays import Array, FloatArray, IntArray
    from xent.data.tables import Table

__all__ = ["TargetCoding", "Task", "target_values"]

Task: TypeAlias = Literal["binary", "multiclass", "multilabel", "regression"]

_FORMAT = "xent-target"
_VERSION = 1
_MOST_INTEGER_CLASSES = 20


@dataclass(frozen=True)
class TargetCoding:
    """How a target is coded, and what its codes mean.

    Attributes
    ----------
    task : {"binary", "multiclass", "multilabel", "regression"}
    names : tuple of str
        The target's column, or the label columns.
    classes : tuple
        Binary: the negative and the positive class, code 0 and 1. Multiclass: the sorted classes,
        code 0 to K - 1. Empty otherwise.
    reason : str
        Why this task and this positive class, in words.
    """

    task: Task
    names: tuple[str, ...]
    classes: tuple[Label, ...] = ()
    reason: str = ""

    @classmethod
    def fit(
        cls,
        values: ArrayLike,
        *,
        task: Task | None = None,
        positive: Label | None = None,
        names: Sequence[str] = ("y",),
    ) -> TargetCoding:
        """Return the coding of a target.

        Parameters
        ----------
        values : array-like of shape (n,), (n, 1) or (n, n_labels)
            Numbers, text or booleans; several columns of 0 and 1 are labels. Missing values (None,
            NaN) are refused.
        task : str, optional
            By default: several columns are multilabel; text, booleans and integers of at most 20
            distinct values are classes, as is any column of two distinct values; other numbers are
            regression.
        positive : label, optional
            The positive class of a binary task, also as text: ``"-1"`` names the class -1. By
            default the last in sorted order: 1 of 0 and 1, True, "yes" of "no" and "yes".
        names : sequence of str
            The column or columns.

        Raises
        ------
        XentError
            When a value is missing (the row is named), there is one class only, nearly every row
            has a class of its own, `positive` is no class, or a number is infinite.

        Examples
        --------
        >>> coding = TargetCoding.fit([-1, 1, 1, -1], positive="-1", names=("Result",))
        >>> coding.classes, coding.encode([-1, 1, 1]).tolist()
        ((1, -1), [1, 0, 0])
        """
        if task is not None and task not in get_args(Task):
            raise XentError(
                f"task must be one of {', '.join(get_args(Task))}, got {task!r}."
                f"{nearest_hint(str(task), get_args(Task))}"
            )
        array = as_column(values, names)
        found, reason = _inferred(array, names[0]) if task is None else (task, "as told")
        if positive is not None and found != "binary":
            raise XentError(f"positive is for a binary target, and {names[0]!r} is {found}.")
        if found in {"multilabel", "regression"}:
            coding = cls(found, tuple(names), (), reason)
            coding.encode(array)
            return coding
        classes = _classes(array, found, names[0])
        if found == "binary":
            classes, which = _positive_last(classes, positive, names[0])
            reason = f"{reason}; {which}"
        return cls(found, tuple(names), classes, reason)

    @property
    def positive(self) -> Label | None:
        """The positive class of a binary target."""
        return self.classes[1] if self.task == "binary" else None

    @property
    def n_outputs(self) -> int:
        """The number of outputs of a network for it: K logits, one a label, else 1."""
        if self.task == "multiclass":
            return len(self.classes)
        return len(self.names) if self.task == "multilabel" else 1

    def encode(self, values: ArrayLike) -> IntArray | FloatArray:
        """Return the target as numbers.

        Returns
        -------
        ndarray
            Class codes, int64 of shape (n,); labels, float64 of shape (n, n_labels); numbers,
            float64 of shape (n,).

        Raises
        ------
        XentError
            When a value is missing, infinite, not a number, not 0 or 1, or no class known from
            training; the row is named.

        Examples
        --------
        >>> TargetCoding.fit(["b", "a", "c", "a", "b", "c"]).encode(["c", "a"])
        array([2, 0])
        """
        array = as_column(values, self.names)
        if self.task == "regression":
            return _numbers(array, self.names[0])
        if self.task == "multilabel":
            return _zeros_and_ones(array, self.names)
        labels = checked_labels(array, self.names[0])
        return class_positions(labels, self.classes, self.names[0])

    def decode(self, codes: ArrayLike) -> Array:
        """Return the classes of codes in their own type; labels and numbers as they are.

        Raises
        ------
        XentError
            When a code is none of 0 to K - 1.

        Examples
        --------
        >>> TargetCoding.fit(["no", "yes"]).decode([1, 0]).tolist()
        ['yes', 'no']
        """
        array = np.asarray(codes)
        if not self.classes:
            return array
        if array.size and (array.min() < 0 or array.max() >= len(self.classes)):
            raise XentError(
                f"codes must be from 0 to {len(self.classes) - 1}, got {array.min()} to "
                f"{array.max()}."
            )
        classes: Array = np.array(self.classes)
        return np.asarray(classes[array])

    def to_json(self) -> dict[str, Any]:
        """Return the coding as plain values."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "task": self.task,
            "names": list(self.names),
            "classes": list(self.classes),
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, document: object) -> TargetCoding:
        """Return the coding written by `to_json`.

        Raises
        ------
        XentError
            When the document is no target coding, is from a newer version, or is damaged.

        Examples
        --------
        >>> coding = TargetCoding.fit(["no", "yes"])
        >>> TargetCoding.from_json(coding.to_json()) == coding
        True
        """
        checked = open_document(document, kind=_FORMAT, version=_VERSION)
        task: Any = checked.get("task")
        reason = checked.get("reason")
        if task not in get_args(Task) or not isinstance(reason, str):
            raise XentError(f"the target's task must be a known one with a reason, got {task!r}.")
        names = texts_of(checked, "names")
        classes = _distinct_values(checked, "classes")
        n_classes = len(classes)
        fits = {"binary": n_classes == 2, "multiclass": n_classes >= 2}.get(task, not classes)
        if not names or not fits or (task != "multilabel" and len(names) != 1):
            raise XentError(f"the target's names and classes do not fit the task {task}.")
        return cls(task, names, classes, reason)


def target_values(table: Table, names: Sequence[str]) -> Array:
    """Return the target columns of a table as an array: (n,) of one, (n, L) of several.

    Missing values stay missing: NaN, or None in an array of objects.

    Raises
    ------
    XentError
        When the table has no such column (the nearest is named).

    Examples
    --------
    >>> from xent.data.tables import read_table
    >>> target_values(read_table(np.eye(2)), ["x1"])
    array([0., 1.])
    """
    columns = [table.column(name, argument="target").to_numpy() for name in names]
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def _distinct_values(document: dict[str, Any], key: str) -> tuple[Label, ...]:
    """Return a list of the document as a tuple, checked: one type, finite, none twice."""
    values = document.get(key)
    if (
        not isinstance(values, list)
        or any(type(value) not in {str, int, float, bool} for value in values)
        or len({type(value) for value in values}) > 1
        or any(isinstance(value, float) and not np.isfinite(value) for value in values)
        or len(set(values)) < len(values)
    ):
        raise XentError(f"the target's {key} must be a list of different labels of one type.")
    return tuple(values)


def _inferred(array: Array, name: str) -> tuple[Task, str]:
    """Return the task that a target suggests, with the reason."""
    if array.ndim == 2:
        return "multilabel", f"{array.shape[1]} target columns"
    labels = checked_labels(array, name)
    distinct = np.unique(labels)
    n_distinct = distinct.size
    kind = {"U": "text", "b": "booleans", "i": "integers"}.get(distinct.dtype.kind, "numbers")
    if n_distinct == 2:
        return "binary", "two distinct values"
    if kind in {"text", "booleans"}:
        return "multiclass", f"{kind}, {n_distinct} distinct values"
    if kind == "integers" and n_distinct <= _MOST_INTEGER_CLASSES:
        return "multiclass", f"integers, {n_distinct} distinct values; task may be regression"
    return "regression", f"{kind}, {n_distinct} distinct values"


def _classes(array: Array, task: Task, name: str) -> tuple[Label, ...]:
    if array.ndim != 1:
        raise XentError(f"a {task} target must be one column, got {array.shape}.")
    labels = checked_labels(array, name)
    distinct = np.unique(labels)
    n_classes, n_rows = distinct.size, labels.size
    if n_classes == 1:
        raise XentError(
            f"target {name!r} has one class only: {python_label(distinct[0])!r} in all {n_rows} "
            "rows. There is nothing to tell apart."
        )
    if task == "binary" and n_classes > 2:
        raise XentError(f"target {name!r} has {n_classes} classes. Use task multiclass.")
    if n_classes > 2 and 2 * n_classes > n_rows:
        raise XentError(
            f"target {name!r} has {n_classes} classes in {n_rows} rows, nearly one a row. "
            "Is it another column, or a number (task regression)?"
        )
    return tuple(python_label(value) for value in distinct)


def _positive_last(
    classes: tuple[Label, ...], positive: Label | None, name: str
) -> tuple[tuple[Label, ...], str]:
    """Return the classes with the positive one last, and why."""
    if positive is None:
        return classes, f"positive class {classes[1]!r}, the last in order; positive= chooses"
    found = find_label(positive, classes)
    if found is None:
        known = [str(label) for label in classes]
        raise XentError(
            f"positive must be a class of {name!r} ({', '.join(map(repr, classes))}), got "
            f"{positive!r}.{nearest_hint(str(positive), known)}"
        )
    other = classes[0] if found == classes[1] else classes[1]
    return (other, found), f"positive class {found!r}, as told"


def _numbers(array: Array, name: str) -> FloatArray:
    if array.ndim != 1:
        raise XentError(f"a regression target must be one column, got {array.shape}.")
    labels = checked_labels(array, name)
    if labels.dtype.kind == "U":
        raise XentError(
            f"target {name!r} must hold numbers for regression, got text {str(labels[0])!r} in "
            "data row 1."
        )
    numbers = labels.astype(np.float64)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise XentError(f"target {name!r} is infinite in data row {infinite[0] + 1}.")
    return numbers


def _zeros_and_ones(array: Array, names: tuple[str, ...]) -> FloatArray:
    if array.ndim == 1 and len(names) == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != len(names):
        raise XentError(
            f"a multilabel target must have shape (n, {len(names)}), a column for each label, "
            f"got {array.shape}."
        )
    for column, name in zip(array.T, names, strict=True):
        labels = checked_labels(column, name)
        bad = np.flatnonzero((labels != 0) & (labels != 1))
        if bad.size:
            raise XentError(
                f"label column {name!r} must hold 0 and 1, got "
                f"{python_label(labels[bad[0]])!r} in data row {bad[0] + 1}."
            )
    return array.astype(np.float64)
