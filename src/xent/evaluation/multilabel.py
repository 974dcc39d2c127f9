"""Figures of predicted label sets: each row of a 0/1 matrix is a set of labels.

Where a set is empty a figure may be 0 / 0: precision for a row without predicted labels, recall for
a row without labels, Jaccard and F1 for a row without either. `undefined` says what stands for it:
NaN (the default) leaves the row (or the label) out of the average, 1.0 or 0.0 count it. A perfect
prediction is then perfect, empty rows or not.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.averages import AVERAGES, averaged, check_average, defined_mean
from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.inputs import label_rows, positives, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray

__all__ = [
    "exact_match",
    "hamming_loss",
    "label_counts",
    "multilabel_confusion",
    "multilabel_f1",
    "multilabel_f_beta",
    "multilabel_jaccard",
    "multilabel_precision",
    "multilabel_recall",
    "zero_one_loss",
]

NAN = float("nan")


def exact_match(y: object, *, labels: object, weight: object = None) -> float:
    """Share of rows whose label set is predicted exactly.

    Parameters
    ----------
    y, labels : array of shape (n, L)
        Truth and decision, 0 or 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold anything but 0 and 1, or are empty.

    Examples
    --------
    >>> exact_match([[0, 1], [1, 1]], labels=[[0, 1], [1, 0]])
    0.5
    """
    truth, decided, kept = _label_sets(y, labels, weight)
    return weighted_mean((truth == decided).all(axis=1), kept)


def zero_one_loss(y: object, *, labels: object, weight: object = None) -> float:
    """Share of rows whose label set is not predicted exactly: 1 - `exact_match`.

    Parameters
    ----------
    y, labels, weight
        As for `exact_match`.

    Raises
    ------
    XentError
        As `exact_match`.

    Examples
    --------
    >>> zero_one_loss([[0, 1], [1, 1]], labels=[[0, 1], [1, 0]])
    0.5
    """
    truth, decided, kept = _label_sets(y, labels, weight)
    return weighted_mean((truth != decided).any(axis=1), kept)


def hamming_loss(y: object, *, labels: object, weight: object = None) -> float:
    """Share of single labels predicted wrongly.

    Parameters
    ----------
    y, labels, weight
        As for `exact_match`.

    Raises
    ------
    XentError
        As `exact_match`.

    Examples
    --------
    >>> hamming_loss([[0, 1], [1, 1]], labels=[[0, 1], [1, 0]])
    0.25
    """
    truth, decided, kept = _label_sets(y, labels, weight)
    return weighted_mean((truth != decided).mean(axis=1), kept)


def label_counts(
    y: object, *, labels: object, weight: object = None
) -> ConfusionCounts[FloatArray]:
    """Count the four outcomes of each label: any figure of `ConfusionCounts`, one entry a label.

    Parameters
    ----------
    y, labels, weight
        As for `exact_match`.

    Raises
    ------
    XentError
        As `exact_match`.

    Examples
    --------
    >>> label_counts([[0, 1], [1, 1]], labels=[[0, 1], [1, 0]]).recall
    array([1. , 0.5])
    """
    return _count(*_label_sets(y, labels, weight), axis=0)


def multilabel_confusion(y: object, *, labels: object, weight: object = None) -> Array:
    """Return the matrix [[TN, FP], [FN, TP]] of each label: rows the truth, columns the decision.

    Parameters
    ----------
    y, labels, weight
        As for `exact_match`.

    Returns
    -------
    array of shape (L, 2, 2)
        int64 counts, or float64 sums of weights.

    Raises
    ------
    XentError
        As `exact_match`.

    Examples
    --------
    >>> multilabel_confusion([[0, 1], [1, 1]], labels=[[0, 1], [1, 0]]).tolist()
    [[[1, 0], [0, 1]], [[0, 0], [1, 1]]]
    """
    counts = label_counts(y, labels=labels, weight=weight)
    return np.stack([counts.tn, counts.fp, counts.fn, counts.tp], axis=-1).reshape(-1, 2, 2)


def multilabel_precision(
    y: object,
    *,
    labels: object,
    average: str,
    undefined: float = NAN,
    weight: object = None,
) -> float:
    """Precision of label sets.

    Parameters
    ----------
    y, labels : array of shape (n, L)
        Truth and decision, 0 or 1.
    average : {"samples", "micro", "macro", "weighted"}
        The mean over rows; the figure of the pooled counts; the mean over labels; that by number of
        positive rows.
    undefined : float
        What a row (or label) with no predicted label counts; NaN leaves it out.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1]; NaN when everything is left out.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold anything but 0 and 1, or average is unknown.

    Examples
    --------
    >>> multilabel_precision([[0, 1], [1, 1]], labels=[[1, 1], [1, 0]], average="samples")
    0.75
    """
    return _averaged(y, labels, weight, "precision", average, undefined)


def multilabel_recall(
    y: object,
    *,
    labels: object,
    average: str,
    undefined: float = NAN,
    weight: object = None,
) -> float:
    """Recall of label sets.

    Parameters
    ----------
    y, labels, average, undefined, weight
        As for `multilabel_precision`; `undefined` is what a row (or label) without true labels
        counts.

    Raises
    ------
    XentError
        As `multilabel_precision`.

    Examples
    --------
    >>> multilabel_recall([[0, 1], [1, 1]], labels=[[1, 1], [1, 0]], average="samples")
    0.75
    """
    return _averaged(y, labels, weight, "recall", average, undefined)


def multilabel_f1(
    y: object,
    *,
    labels: object,
    average: str,
    undefined: float = NAN,
    weight: object = None,
) -> float:
    """F1 of label sets.

    Parameters
    ----------
    y, labels, average, undefined, weight
        As for `multilabel_precision`; `undefined` is what a row (or label) with neither true nor
        predicted labels counts.

    Raises
    ------
    XentError
        As `multilabel_precision`.

    Examples
    --------
    >>> round(multilabel_f1([[0, 1], [1, 1]], labels=[[1, 1], [1, 0]], average="samples"), 4)
    0.6667
    """
    return _averaged(y, labels, weight, "f1", average, undefined)


def multilabel_f_beta(
    y: object,
    *,
    labels: object,
    beta: float,
    average: str,
    undefined: float = NAN,
    weight: object = None,
) -> float:
    """F-beta of label sets; recall counts `beta` times as much as precision.

    Parameters
    ----------
    y, labels, average, undefined, weight
        As for `multilabel_f1`.
    beta : float
        Positive; 1 is `multilabel_f1`.

    Raises
    ------
    XentError
        As `multilabel_precision`, and when beta is not a positive number.

    Examples
    --------
    >>> y, labels = [[0, 1], [1, 1]], [[1, 1], [1, 0]]
    >>> round(multilabel_f_beta(y, labels=labels, beta=2, average="samples"), 4)
    0.6944
    """
    return _averaged(y, labels, weight, lambda counts: counts.f_beta(beta), average, undefined)


def multilabel_jaccard(
    y: object,
    *,
    labels: object,
    average: str,
    undefined: float = NAN,
    weight: object = None,
) -> float:
    """Jaccard index of label sets: intersection over union.

    The "accuracy" of Godbole & Sarawagi (2004).

    Parameters
    ----------
    y, labels, average, undefined, weight
        As for `multilabel_precision`; `undefined` is what a row (or label) with neither true nor
        predicted labels counts.

    Raises
    ------
    XentError
        As `multilabel_precision`.

    Examples
    --------
    >>> multilabel_jaccard([[0, 1], [1, 1]], labels=[[1, 1], [1, 0]], average="samples")
    0.5
    """
    return _averaged(y, labels, weight, "jaccard", average, undefined)


def _label_sets(
    y: object, labels: object, weight: object
) -> tuple[Array, Array, FloatArray | None]:
    truth, given, kept = label_rows(y, "labels", labels, weight)
    return truth, positives(given, "labels"), kept


def _count(
    truth: Array, decided: Array, weight: FloatArray | None, axis: int
) -> ConfusionCounts[FloatArray]:
    share = None if weight is None or axis == 1 else weight[:, None]

    def cell(rows: Array) -> Array:
        total: Array = rows.sum(axis=axis) if share is None else (rows * share).sum(axis=axis)
        return total

    return ConfusionCounts(
        tp=cell(truth & decided),
        fn=cell(truth & ~decided),
        fp=cell(~truth & decided),
        tn=cell(~truth & ~decided),
    )


def _averaged(
    y: object,
    labels: object,
    weight: object,
    figure: str | Callable[[ConfusionCounts[Any]], Any],
    average: str,
    undefined: float,
) -> float:
    check_average(average, ("samples", *AVERAGES))
    truth, decided, kept = _label_sets(y, labels, weight)
    if average == "samples":
        read = attrgetter(figure) if isinstance(figure, str) else figure
        return defined_mean(read(_count(truth, decided, None, axis=1)), kept, undefined)
    return averaged(_count(truth, decided, kept, axis=0), figure, average, undefined)
