"""The figures of a binary decision, one plain function each: labels in, a number out.

Every function takes `y` and `labels` of shape (n,) or (n, 1), 0 or 1, and an optional weight a row
(rows of weight 0 vanish); it returns NaN where the figure is undefined, and raises `XentError` when
the arrays do not fit each other, are empty, or hold anything but 0 and 1. `ConfusionCounts` gives
all of them from the four counts.
"""

from __future__ import annotations

from xent.evaluation.confusion import binary_counts

__all__ = [
    "balanced_accuracy",
    "f1",
    "f_beta",
    "fnr",
    "fpr",
    "kappa",
    "lr_negative",
    "lr_positive",
    "mcc",
    "npv",
    "precision",
    "recall",
    "specificity",
    "youden_j",
]


def balanced_accuracy(y: object, *, labels: object, weight: object = None) -> float:
    """Mean of recall and specificity; NaN when a class is absent.

    Examples
    --------
    >>> balanced_accuracy([1, 1, 1, 0], labels=[1, 1, 0, 0])
    0.8333333333333333
    """
    return binary_counts(y, labels=labels, weight=weight).balanced_accuracy


def precision(y: object, *, labels: object, weight: object = None) -> float:
    """Share of positives among the rows predicted positive; NaN when none is.

    Examples
    --------
    >>> precision([1, 1, 0, 0], labels=[1, 0, 1, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).precision


def recall(y: object, *, labels: object, weight: object = None) -> float:
    """Share of the positive rows that are found (true positive rate); NaN without positive rows.

    Examples
    --------
    >>> recall([1, 1, 0, 0], labels=[1, 0, 1, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).recall


def specificity(y: object, *, labels: object, weight: object = None) -> float:
    """Share of the negative rows left alone (true negative rate); NaN without negative rows.

    Examples
    --------
    >>> specificity([1, 0, 0, 0, 0], labels=[1, 0, 0, 0, 1])
    0.75
    """
    return binary_counts(y, labels=labels, weight=weight).specificity


def fpr(y: object, *, labels: object, weight: object = None) -> float:
    """Share of the negative rows predicted positive (false positive rate); NaN without any.

    Examples
    --------
    >>> fpr([1, 0, 0, 0, 0], labels=[1, 0, 0, 0, 1])
    0.25
    """
    return binary_counts(y, labels=labels, weight=weight).fpr


def fnr(y: object, *, labels: object, weight: object = None) -> float:
    """Share of the positive rows missed (false negative rate); NaN without positive rows.

    Examples
    --------
    >>> fnr([1, 1, 1, 1, 0], labels=[1, 1, 1, 0, 0])
    0.25
    """
    return binary_counts(y, labels=labels, weight=weight).fnr


def npv(y: object, *, labels: object, weight: object = None) -> float:
    """Share of negatives among the rows predicted negative (NPV); NaN when none is.

    Examples
    --------
    >>> npv([1, 1, 0, 0], labels=[1, 0, 0, 0])
    0.6666666666666666
    """
    return binary_counts(y, labels=labels, weight=weight).npv


def f1(y: object, *, labels: object, weight: object = None) -> float:
    """Harmonic mean of precision and recall; NaN when no row is positive or predicted positive.

    Examples
    --------
    >>> f1([1, 1, 0, 0], labels=[1, 0, 1, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).f1


def f_beta(y: object, *, labels: object, beta: float, weight: object = None) -> float:
    """Weighted harmonic mean of precision and recall; recall counts `beta` times as much.

    Raises
    ------
    XentError
        When beta is not a positive number, or the arrays do not fit.

    Examples
    --------
    >>> round(f_beta([1] * 12 + [0] * 3, labels=[1] * 5 + [0] * 7 + [1] * 3, beta=2), 6)
    0.446429
    """
    return binary_counts(y, labels=labels, weight=weight).f_beta(beta)


def mcc(y: object, *, labels: object, weight: object = None) -> float:
    """Matthews correlation of truth and decision, in [-1, 1]; NaN when either is one class only.

    Examples
    --------
    >>> mcc([1, 1, 1, 0], labels=[1, 0, 1, 1])
    -0.3333333333333333
    """
    return binary_counts(y, labels=labels, weight=weight).mcc


def kappa(y: object, *, labels: object, weight: object = None) -> float:
    """Cohen's kappa: agreement beyond chance; NaN when all rows are one class and predicted so.

    Examples
    --------
    >>> kappa([1, 1, 0, 0], labels=[1, 0, 0, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).kappa


def youden_j(y: object, *, labels: object, weight: object = None) -> float:
    """Youden's J: recall + specificity - 1; NaN when a class is absent.

    Examples
    --------
    >>> youden_j([1, 1, 0, 0], labels=[1, 0, 0, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).youden_j


def lr_positive(y: object, *, labels: object, weight: object = None) -> float:
    """Positive likelihood ratio, recall / FPR; infinite without a false alarm, NaN at 0 / 0.

    Examples
    --------
    >>> lr_positive([1, 1, 0, 0, 0, 0], labels=[1, 0, 1, 0, 0, 0])
    2.0
    """
    return binary_counts(y, labels=labels, weight=weight).lr_positive


def lr_negative(y: object, *, labels: object, weight: object = None) -> float:
    """Negative likelihood ratio, FNR / specificity; NaN when no row is predicted negative.

    Examples
    --------
    >>> lr_negative([1, 1, 0, 0], labels=[1, 0, 0, 0])
    0.5
    """
    return binary_counts(y, labels=labels, weight=weight).lr_negative
