"""Labelled rows as they were declared: truth, predictions, weights, groups, clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import row_weights

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["DECLARED", "IntervalSettings", "LabelledRows", "labelled_rows"]

DECLARED: Final = ("probabilities", "logits", "scores", "labels", "predictions")


@dataclass(frozen=True)
class IntervalSettings:
    """How intervals are made.

    Parameters
    ----------
    level : float
        The confidence level, in (0, 1).
    n_bootstrap : int
        Replicates where the bootstrap serves; 0 leaves those figures without an interval.
    random_state : int
        The seed of the bootstrap.
    """

    level: float = 0.95
    n_bootstrap: int = 1000
    random_state: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise XentError(f"level must lie between 0 and 1, got {self.level}. 0.95 is usual.")
        for name in ("n_bootstrap", "random_state"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise XentError(f"{name} must be a whole number of at least 0, got {value!r}.")


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows of positive weight.

    Attributes
    ----------
    y : ndarray
        Truth, as it was given.
    predicted : ndarray
        What was predicted, of the kind that `declared` names.
    declared : {"probabilities", "logits", "scores", "labels", "predictions"}
    weight : ndarray of float64, shape (n,), or None
    group, cluster : ndarray of shape (n,), or None
    """

    y: Array
    predicted: Array
    declared: str
    weight: FloatArray | None = None
    group: Array | None = None
    cluster: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    def where(self, kept: Array) -> LabelledRows:
        """Return the rows where `kept` is true."""
        changes: dict[str, Any] = {"y": self.y[kept], "predicted": self.predicted[kept]}
        for name in ("weight", "group", "cluster"):
            values = getattr(self, name)
            changes[name] = None if values is None else values[kept]
        return replace(self, **changes)

    def groups(self) -> dict[Any, LabelledRows]:
        """Return the rows of each group, in the order of the groups' names."""
        if self.group is None:
            raise XentError("group must be given to judge by group: evaluate(y, ..., group=...).")
        names, place = np.unique(self.group, return_inverse=True)
        return {name.item(): self.where(place == code) for code, name in enumerate(names)}


def labelled_rows(
    y: object,
    predictions: dict[str, object],
    *,
    weight: object = None,
    group: object = None,
    cluster: object = None,
) -> LabelledRows:
    """Check what was given to `evaluate`: exactly one kind of prediction, one length everywhere.

    Raises
    ------
    XentError
        When there is no prediction, more than one kind, or the lengths differ.
    """
    given = {name: values for name, values in predictions.items() if values is not None}
    if len(given) != 1:
        got = " and ".join(f"{name}=" for name in given) or "none"
        raise XentError(
            f"predictions must be declared as exactly one of {', '.join(f'{n}=' for n in DECLARED)}, got {got}."
        )
    ((declared, values),) = given.items()
    truth, predicted = np.asarray(y), np.asarray(values)
    n = len(truth) if truth.ndim else 0
    if n == 0:
        raise XentError("y must have at least one row, got none.")
    if predicted.ndim == 0 or len(predicted) != n:
        raise XentError(
            f"{declared} must have {n} rows as y has, got {len(predicted) if predicted.ndim else 'a number'}."
        )
    kept = row_weights(weight, n)
    rows = LabelledRows(
        truth,
        predicted,
        declared,
        kept,
        _names(group, "group", n),
        _names(cluster, "cluster", n),
    )
    return rows if kept is None or kept.all() else rows.where(kept > 0)


def _names(values: object, name: str, n_rows: int) -> Array | None:
    """Return one name a row: numbers or text, none missing."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.shape != (n_rows,):
        raise XentError(f"{name} must have shape ({n_rows},), got {array.shape}.")
    if array.dtype.kind == "O":
        array = array.astype(str)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise XentError(
            f"{name} must not be missing, got NaN. Give those rows a name of their own."
        )
    return array
