"""Figures of a decision among K classes: confusion matrix, averages, text report.

Classes are codes 0..K-1. A class that neither occurs nor is predicted has no precision, recall or
F1; `undefined` says what stands for such a 0 / 0 in an average: NaN (the default) leaves the class
out, 0.0 or 1.0 count it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.averages import averaged, check_average
from xent.evaluation.inputs import codes, row_pair, weighted_mean
from xent.evaluation.matrix_figures import one_against_rest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.confusion import ConfusionCounts

__all__ = [
    "accuracy",
    "class_counts",
    "classification_report",
    "confusion_matrix",
    "multiclass_f1",
    "multiclass_precision",
    "multiclass_recall",
]

NAN = float("nan")


def accuracy(y: object, *, labels: object, weight: object = None) -> float:
    """Share of rows decided rightly, for two classes or more.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or are empty.

    Examples
    --------
    >>> accuracy([1, 1, 1, 0, 0, 0, 2, 2, 2, 2], labels=[1, 0, 0, 0, 2, 1, 0, 0, 2, 2])
    0.4
    """
    truth, decided, kept, _ = _code_rows(y, labels, None, weight)
    return weighted_mean(truth == decided, kept)


def confusion_matrix(
    y: object, *, labels: object, n_classes: int | None = None, weight: object = None
) -> Array:
    """Count the rows of each class (matrix rows) by what they are taken for (columns).

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    n_classes : int, optional
        K; None: the highest code that occurs, plus one.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    array of shape (K, K)
        int64 counts, or float64 sums of weights.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or are empty.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], labels=[0, 1, 1, 0])
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    truth, decided, kept, size = _code_rows(y, labels, n_classes, weight)
    cells = np.bincount(truth * size + decided, weights=kept, minlength=size * size)
    return cells.reshape(size, size)


def class_counts(
    y: object, *, labels: object, n_classes: int | None = None, weight: object = None
) -> ConfusionCounts[FloatArray]:
    """Count the four outcomes of each class against the rest, one entry a class.

    Parameters
    ----------
    y, labels, n_classes, weight
        As for `confusion_matrix`.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or are empty.

    Examples
    --------
    >>> class_counts([0, 0, 1, 2], labels=[0, 1, 1, 0]).recall
    array([0.5, 1. , 0. ])
    """
    return one_against_rest(confusion_matrix(y, labels=labels, n_classes=n_classes, weight=weight))


def multiclass_precision(
    y: object,
    *,
    labels: object,
    average: str = "macro",
    undefined: float = NAN,
    n_classes: int | None = None,
    weight: object = None,
) -> float:
    """Average precision of the classes, each against the rest (not the area of that name).

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    average : {"macro", "micro", "weighted"}
        The plain mean over classes; the figure of the pooled counts (which is the accuracy); the
        mean by number of rows.
    undefined : float
        What a class that is never predicted counts; NaN leaves it out.
    n_classes : int, optional
        K; None: the highest code that occurs, plus one.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1]; NaN when every class is left out.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or average is unknown.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_precision(y, labels=labels), 4)
    0.4556
    """
    check_average(average)
    counts = class_counts(y, labels=labels, n_classes=n_classes, weight=weight)
    return averaged(counts, "precision", average, undefined)


def multiclass_recall(
    y: object,
    *,
    labels: object,
    average: str = "macro",
    undefined: float = NAN,
    n_classes: int | None = None,
    weight: object = None,
) -> float:
    """Average recall of the classes; the macro average is the balanced accuracy of K classes.

    Parameters
    ----------
    y, labels, average, undefined, n_classes, weight
        As for `multiclass_precision`; `undefined` is what a class without rows counts.

    Raises
    ------
    XentError
        As `multiclass_precision`.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_recall(y, labels=labels), 4)
    0.3889
    """
    check_average(average)
    counts = class_counts(y, labels=labels, n_classes=n_classes, weight=weight)
    return averaged(counts, "recall", average, undefined)


def multiclass_f1(
    y: object,
    *,
    labels: object,
    average: str = "macro",
    undefined: float = NAN,
    n_classes: int | None = None,
    weight: object = None,
) -> float:
    """Average F1 of the classes (the mean of the F1s, not the F1 of the means).

    Parameters
    ----------
    y, labels, average, undefined, n_classes, weight
        As for `multiclass_precision`; `undefined` is what a class neither present nor predicted
        counts.

    Raises
    ------
    XentError
        As `multiclass_precision`.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_f1(y, labels=labels), 4)
    0.4071
    """
    check_average(average)
    counts = class_counts(y, labels=labels, n_classes=n_classes, weight=weight)
    return averaged(counts, "f1", average, undefined)


def classification_report(
    y: object,
    *,
    labels: object,
    names: Sequence[str] | None = None,
    n_digits: int = 2,
    undefined: float = NAN,
    weight: object = None,
) -> str:
    """Return precision, recall, F1 and support of every class and their averages as a text table.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    names : sequence of str, optional
        One name a class; None: the codes.
    n_digits : int
        Digits after the point.
    undefined : float
        What stands for a 0 / 0, in the table and in the averages; NaN is shown, and left out of the
        averages.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or names has another length than
        there are classes.

    Examples
    --------
    >>> print(classification_report([1, 1, 0, 0], labels=[1, 0, 0, 0], names=["ham", "spam"]))
                  precision    recall  f1-score   support
    <BLANKLINE>
             ham       0.67      1.00      0.80         2
            spam       1.00      0.50      0.67         2
    <BLANKLINE>
        accuracy                           0.75         4
       macro avg       0.83      0.75      0.73         4
    weighted avg       0.83      0.75      0.73         4
    """
    size = None if names is None else len(names)
    matrix = confusion_matrix(y, labels=labels, n_classes=size, weight=weight)
    counts = one_against_rest(matrix)
    titles = [str(code) for code in range(matrix.shape[0])] if names is None else list(names)
    width = max(len("weighted avg"), *map(len, titles))
    columns = [getattr(counts, figure) for figure in ("precision", "recall", "f1")]
    support, total = matrix.sum(axis=1), matrix.sum().item()

    def line(title: str, figures: Sequence[float | str], n_rows: object) -> str:
        cells = [f"{f:>9}" if isinstance(f, str) else f"{f:>9.{n_digits}f}" for f in figures]
        return f"{title:>{width}}  {' '.join(cells)} {n_rows!s:>9}"

    lines = [line("", ["precision", "recall", "f1-score"], "support"), ""]
    for k, title in enumerate(titles):
        shown = [undefined if np.isnan(column[k]) else float(column[k]) for column in columns]
        lines.append(line(title, shown, support[k]))
    right = np.trace(matrix).item() / total
    lines += ["", line("accuracy", ["", "", right], total)]
    for average in ("macro", "weighted"):
        means = [averaged(counts, f, average, undefined) for f in ("precision", "recall", "f1")]
        lines.append(line(f"{average} avg", means, total))
    return "\n".join(lines)


def _code_rows(
    y: object, labels: object, n_classes: int | None, weight: object
) -> tuple[IntArray, IntArray, FloatArray | None, int]:
    if n_classes is not None and n_classes < 1:
        raise XentError(f"n_classes must be at least 1, got {n_classes}.")
    truth, decided, kept = row_pair(y, "labels", labels, weight)
    truth, decided = codes(truth, "y", n_classes), codes(decided, "labels", n_classes)
    return truth, decided, kept, n_classes or int(max(truth.max(), decided.max())) + 1
