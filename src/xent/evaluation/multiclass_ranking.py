"""Figures of class scores: top-k accuracy, one-vs-rest AUC and AP, Hand and Till's AUC."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.averages import check_average, defined_mean
from xent.evaluation.inputs import class_rows, weighted_mean
from xent.evaluation.ranking import average_precision, roc_auc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.arrays import Array, FloatArray, IntArray

__all__ = [
    "averaged_average_precision",
    "class_log_odds",
    "class_pairs",
    "hand_till_auc",
    "one_vs_rest_auc",
    "one_vs_rest_average_precision",
    "top_k_accuracy",
    "top_k_rows",
]


def top_k_accuracy(y: object, scores: object, *, k: int, weight: object = None) -> float:
    """Share of rows whose class is among the k highest scores.

    Where the k-th place is shared, a row counts the chance that its class gets one of the places
    when ties are broken at random; so constant scores give k / K, whatever the labels are.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    scores : array of shape (n, K)
        Logits or probabilities, one column a class.
    k : int
        1..K; with K the accuracy is 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When k is out of range, the arrays do not fit each other, or a score is NaN.

    Examples
    --------
    >>> scores = [[0.1, 0.3, 0.2, 0.4], [0.5, 0.01, 0.9, 0.4]]
    >>> top_k_accuracy([3, 0], scores, k=1), top_k_accuracy([3, 0], scores, k=2)
    (0.5, 1.0)
    >>> top_k_accuracy([3, 0], [[0, 0, 0, 0], [0, 0, 0, 0]], k=1)
    0.25
    """
    truth, given, kept = class_rows(y, "scores", scores, weight)
    return weighted_mean(top_k_rows(truth, given, k), kept)


def top_k_rows(truth: IntArray, scores: Array, k: int) -> FloatArray:
    """Return for each row the chance that its class is among the k highest, of checked values.

    Raises
    ------
    XentError
        When k is out of range.

    Examples
    --------
    >>> top_k_rows(np.array([1, 0]), np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]), 1).tolist()
    [1.0, 0.5]
    """
    if not 1 <= k <= scores.shape[1]:
        raise XentError(f"k must lie in 1..{scores.shape[1]}, the number of classes, got {k}.")
    own = scores[np.arange(truth.size), truth][:, None]
    n_higher, n_tied = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    chances: FloatArray = np.clip((k - n_higher) / n_tied, 0.0, 1.0)
    return chances


def one_vs_rest_auc(
    y: object, scores: object, *, average: str = "macro", weight: object = None
) -> float:
    """Mean over classes of the AUC of each class against all others (Provost & Domingos 2000).

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    scores : array of shape (n, K)
        Probabilities, or anything that orders the rows class by class; softmax logits do not, for
        each row has its own normaliser.
    average : {"macro", "weighted"}
        The plain mean, or by number of rows. A class that is absent (or alone) has no AUC and is
        left out.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1]; NaN when fewer than two classes occur.

    Raises
    ------
    XentError
        When the arrays do not fit each other, a score is NaN, or average is unknown.

    Examples
    --------
    >>> scores = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]]
    >>> round(one_vs_rest_auc([0, 1, 2, 2], scores), 4)
    0.8472
    """
    check_average(average, ("macro", "weighted"))
    truth, given, kept = class_rows(y, "scores", scores, weight)
    n_classes = given.shape[1]
    each = np.array([roc_auc(truth == k, given[:, k], weight=kept) for k in range(n_classes)])
    support = np.bincount(truth, weights=kept, minlength=n_classes)
    return defined_mean(each, support if average == "weighted" else None, float("nan"))


def one_vs_rest_average_precision(
    y: object, scores: object, *, average: str = "macro", weight: object = None
) -> float:
    """Mean over classes of the average precision of each class against all others.

    What a model without knowledge gets is the share of the class: the macro average of K classes
    then is 1 / K, the weighted one the sum of the squared shares.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    scores : array of shape (n, K)
        Probabilities, or anything that orders the rows class by class; softmax logits do not, for
        each row has its own normaliser.
    average : {"macro", "micro", "weighted"}
        The plain mean; the figure of all rows and classes in one list; the mean by number of rows.
        A class that is absent has no average precision and is left out.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    XentError
        When the arrays do not fit each other, a score is NaN, or average is unknown.

    Examples
    --------
    >>> scores = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]]
    >>> round(one_vs_rest_average_precision([0, 1, 2, 2], scores), 4)
    0.7778
    """
    check_average(average)
    truth, given, kept = class_rows(y, "scores", scores, weight)
    held = truth[:, None] == np.arange(given.shape[1])
    return averaged_average_precision(held, given, average, kept)


def averaged_average_precision(
    truth: Array, scores: Array, average: str, weight: FloatArray | None
) -> float:
    """Return the average precision of several columns, checked, by "macro", "micro", "weighted".

    Examples
    --------
    >>> truth, scores = np.array([[True, False], [False, True]]), np.array([[2, 0], [1, 1]])
    >>> averaged_average_precision(truth, scores, "macro", None)
    1.0
    """
    n_columns = truth.shape[1]
    if average == "micro":
        every = None if weight is None else np.repeat(weight, n_columns)
        return average_precision(truth.ravel(), scores.ravel(), weight=every)
    each = [average_precision(truth[:, k], scores[:, k], weight=weight) for k in range(n_columns)]
    support = truth.sum(axis=0) if weight is None else weight @ truth
    return defined_mean(np.array(each), support if average == "weighted" else None, float("nan"))


def hand_till_auc(y: object, scores: object, *, weight: object = None) -> float:
    """Hand and Till's M: the mean AUC over pairs of classes.

    Hand & Till (2001), equation 7. For a pair (i, j) the rows of the two classes are ordered once
    by the score of i and once by that of j. M does not depend on how frequent the classes are.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    scores : array of shape (n, K)
        Probabilities, one column a class.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1]; over the classes that occur; NaN when fewer than two do.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or a score is NaN.

    Examples
    --------
    >>> scores = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7]]
    >>> round(hand_till_auc([0, 1, 2, 2], scores), 4)
    0.875
    """
    truth, given, kept = class_rows(y, "scores", scores, weight)
    areas = [
        roc_auc(
            truth[rows] == first, given[rows, first], weight=None if kept is None else kept[rows]
        )
        for first, rows in class_pairs(truth)
    ]
    return float(np.mean(areas)) if areas else float("nan")


def class_pairs(truth: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each ordered pair of classes that occur: the first one, and the rows of the two.

    Examples
    --------
    >>> [(first, rows.tolist()) for first, rows in class_pairs(np.array([2, 0, 2]))]
    [(0, [1, 0, 2]), (2, [1, 0, 2])]
    """
    order = np.argsort(truth, kind="stable")
    found, starts = np.unique(truth[order], return_index=True)
    rows_of = dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))
    for i, j in combinations(rows_of, 2):
        rows = np.concatenate([rows_of[i], rows_of[j]])
        yield i, rows
        yield j, rows


def class_log_odds(logits: Array) -> FloatArray:
    """Return log(p / (1 - p)) of every class: the softmax's order without its ties at 1.

    A probability within 1e-16 of 1 rounds to 1; its log-odds do not, so that an AUC over classes
    stays exact.

    Parameters
    ----------
    logits : array of shape (n, K)
        K at least 2; infinite logits are taken as 1e300.

    Returns
    -------
    float64 array of shape (n, K)

    Examples
    --------
    >>> class_log_odds(np.array([[0.0, 0.0], [100.0, 0.0]]))
    array([[   0.,    0.],
           [ 100., -100.]])
    """
    z = np.clip(logits.astype(np.float64), -1e300, 1e300)
    rows, top = np.arange(z.shape[0]), np.argmax(z, axis=1)
    highest = z[rows, top]
    # Against all others: for each class but the highest, exp(z - highest) is at most 1, and what is
    # left is at least 1.
    shares = np.exp(z - highest[:, None])
    rest = np.maximum(shares.sum(axis=1, keepdims=True) - shares, 1.0)
    log_odds: FloatArray = z - highest[:, None] - np.log(rest)
    # The highest against the others needs their own maximum as a base: next to it they may all
    # underflow.
    z[rows, top] = -1e301
    second = z.max(axis=1)
    others = np.exp(z - second[:, None]).sum(axis=1)
    log_odds[rows, top] = highest - second - np.log(others)
    return log_odds
