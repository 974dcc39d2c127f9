"""Outcomes of a classification: what kind of target it is, its classes, its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.arrays import Array, FloatArray

__all__ = ["Outcomes", "find_outcomes", "outcomes_of_classes"]


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What can happen, and in which dtype it is given back.

    Attributes
    ----------
    task : {"binary", "multiclass", "multilabel"}
    classes : ndarray
        The sorted classes; 0 .. L-1 for labels.
    dtype : numpy.dtype
        Of predictions.
    """

    task: str
    classes: Array
    dtype: np.dtype

    def encode(self, y: Array) -> FloatArray | Array:
        """Return codes: float 0 and 1 (binary, multilabel) or int64 (multiclass).

        Raises
        ------
        XentError
            When a class is new, or the labels are of another number.
        """
        if self.task == "multilabel":
            if y.ndim != 2 or y.shape[1] != len(self.classes):
                raise XentError(
                    f"y must have shape (n, {len(self.classes)}), a column for each label, got {y.shape}."
                )
            return _checked_labels(y)
        if y.ndim != 1:
            raise XentError(f"y must have shape (n,), one class a row, got {y.shape}.")
        codes = np.searchsorted(self.classes, y)
        known = self.classes[np.minimum(codes, len(self.classes) - 1)] == y
        if not np.all(known):
            new = y[~known][0]
            names = [str(name) for name in self.classes]
            raise XentError(
                f"y holds the class {new!r}, which is none of {', '.join(names[:10])}."
                f"{nearest_hint(str(new), names)}"
            )
        return codes.astype(np.float64 if self.task == "binary" else np.int64)

    def decode(self, codes: Array) -> Array:
        """Return the classes, or the labels in their own dtype."""
        if self.task == "multilabel":
            return codes.astype(self.dtype)
        return np.asarray(self.classes[codes])


def find_outcomes(y: Array, present: Array | None = None) -> tuple[Array, Outcomes]:
    """Return the target as a plain array, and its outcomes among the rows that count.

    Parameters
    ----------
    y : ndarray of shape (n,), (n, 1) or (n, L)
        Classes of any type, or 0 and 1 for each label.
    present : ndarray of bool, shape (n,), optional
        Rows of positive weight: a weight of 0 is absence.

    Raises
    ------
    XentError
        When y is no classification target, or has one class only.

    Examples
    --------
    >>> y, outcomes = find_outcomes(np.array(["no", "yes", "no"]))
    >>> outcomes.task, outcomes.encode(y)
    ('binary', array([0., 1., 0.]))
    """
    y = target_array(y)
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind == "multilabel-indicator":
        _checked_labels(y)
        dtype = y.dtype if y.dtype.kind in "biu" else np.dtype(np.int64)
        return y, Outcomes("multilabel", np.arange(y.shape[1]), dtype)
    if kind not in {"binary", "multiclass"} or y.ndim != 1:
        raise XentError(
            f"Unknown label type: {kind}. y must hold classes (n,), or labels 0 and 1 (n, L). "
            "For numbers use XentRegressor."
        )
    classes = np.unique(y if present is None else y[present])
    if len(classes) < 2:
        raise XentError(
            f"y must hold at least two classes, got one class: {classes[0]!r} in every row that "
            "counts. There is nothing to tell apart."
        )
    return y, outcomes_of_classes(classes)


def outcomes_of_classes(classes: ArrayLike) -> Outcomes:
    """Return the outcomes of a declared set of classes.

    Examples
    --------
    >>> outcomes_of_classes(["b", "a"]).classes.tolist()
    ['a', 'b']
    """
    distinct = np.unique(np.asarray(classes))
    if len(distinct) < 2:
        raise XentError(f"classes must hold at least two classes, got {distinct.tolist()}.")
    return Outcomes("binary" if len(distinct) == 2 else "multiclass", distinct, distinct.dtype)


def target_array(y: Array) -> Array:
    """Return a target that scikit-learn has checked as a dense array; a column becomes (n,)."""
    if hasattr(y, "toarray"):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        # scikit-learn's own warning, which its users filter by
        y = column_or_1d(y, warn=True)
    return np.asarray(y)


def _checked_labels(y: Array) -> FloatArray:
    labels = y.astype(np.float64)
    bad = np.flatnonzero(((labels != 0) & (labels != 1)).any(axis=1))
    if bad.size:
        raise XentError(
            f"y must hold 0 and 1 where it has a column for each label, got "
            f"{y[bad[0]].tolist()} in row {bad[0]}."
        )
    return labels
