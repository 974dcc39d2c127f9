"""How far decisions among K classes agree with the truth: correlation, kappa, overlap, F-beta.

The formulas are those of `matrix_figures`; here they take labels. Classes are codes 0..K-1.
"""

from __future__ import annotations

from xent.evaluation.averages import check_average
from xent.evaluation.matrix_figures import (
    check_scheme,
    matrix_balanced_accuracy,
    matrix_f_beta,
    matrix_jaccard,
    matrix_kappa,
    matrix_mcc,
)
from xent.evaluation.multiclass import confusion_matrix

__all__ = [
    "multiclass_balanced_accuracy",
    "multiclass_f_beta",
    "multiclass_jaccard",
    "multiclass_kappa",
    "multiclass_mcc",
]

NAN = float("nan")


def multiclass_mcc(y: object, *, labels: object, weight: object = None) -> float:
    """Matthews correlation of K classes, Gorodkin's R_K (2004).

    For two classes it is `mcc`.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [-1, 1]; NaN when the truth, or the decisions, are one class only, perfect or not.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or are empty.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_mcc(y, labels=labels), 4)
    0.1094
    """
    return matrix_mcc(confusion_matrix(y, labels=labels, weight=weight))


def multiclass_kappa(
    y: object, *, labels: object, scheme: str = "unweighted", weight: object = None
) -> float:
    """Cohen's kappa of K classes: agreement beyond that of independent decisions.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1; for the weighted schemes in their order.
    scheme : {"unweighted", "linear", "quadratic"}
        What a decision for class j costs where class i is true: 1; |i - j|; (i - j)^2.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [-1, 1]; NaN when truth and decisions are one and the same class.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or there is no such scheme.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_kappa(y, labels=labels), 4)
    0.1045
    >>> round(multiclass_kappa(y, labels=labels, scheme="linear"), 4)
    0.0625
    """
    check_scheme(scheme)
    return matrix_kappa(confusion_matrix(y, labels=labels, weight=weight), scheme=scheme)


def multiclass_balanced_accuracy(y: object, *, labels: object, weight: object = None) -> float:
    """Mean recall of the classes that occur: each class counts the same, frequent or rare.

    Parameters
    ----------
    y, labels, weight
        As for `multiclass_mcc`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    XentError
        As `multiclass_mcc`.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_balanced_accuracy(y, labels=labels), 4)
    0.3889
    """
    return matrix_balanced_accuracy(confusion_matrix(y, labels=labels, weight=weight))


def multiclass_jaccard(
    y: object,
    *,
    labels: object,
    average: str = "macro",
    undefined: float = NAN,
    n_classes: int | None = None,
    weight: object = None,
) -> float:
    """Average Jaccard index of the classes: the rows that are it and taken for it, over either.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, class codes 0..K-1.
    average : {"macro", "micro", "weighted"}
        The plain mean over classes; the index of the pooled counts; the mean by number of rows.
    undefined : float
        What a class neither present nor predicted counts; NaN leaves it out.
    n_classes : int, optional
        K; None: the highest code that occurs, plus one.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold no class codes, or average is unknown.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_jaccard(y, labels=labels), 4)
    0.2643
    """
    check_average(average)
    matrix = confusion_matrix(y, labels=labels, n_classes=n_classes, weight=weight)
    return matrix_jaccard(matrix, average=average, undefined=undefined)


def multiclass_f_beta(
    y: object,
    *,
    labels: object,
    beta: float,
    average: str = "macro",
    undefined: float = NAN,
    n_classes: int | None = None,
    weight: object = None,
) -> float:
    """Average F-beta of the classes; recall counts `beta` times as much as precision.

    Parameters
    ----------
    y, labels, average, undefined, n_classes, weight
        As for `multiclass_jaccard`.
    beta : float
        Positive; 1 is `multiclass_f1`.

    Raises
    ------
    XentError
        As `multiclass_jaccard`, and when beta is not a positive number.

    Examples
    --------
    >>> y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    >>> round(multiclass_f_beta(y, labels=labels, beta=2), 4)
    0.3925
    """
    check_average(average)
    matrix = confusion_matrix(y, labels=labels, n_classes=n_classes, weight=weight)
    return matrix_f_beta(matrix, beta=beta, average=average, undefined=undefined)
