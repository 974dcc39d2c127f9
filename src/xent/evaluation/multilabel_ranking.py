"""Figures of label scores: ranking loss, LRAP, coverage, AUC over labels.

A row without labels, or with all of them, has no pair to order: `undefined` says what it counts,
NaN leaves it out. Sources: Tsoumakas, Katakis & Vlahavas (2010), "Mining multi-label data".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.averages import check_average, defined_mean
from xent.evaluation.inputs import check_scores, label_rows
from xent.evaluation.multiclass_ranking import averaged_average_precision
from xent.evaluation.ranking import roc_auc

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = [
    "coverage_error",
    "lrap",
    "multilabel_auc",
    "multilabel_average_precision",
    "ranking_loss",
]

NAN = float("nan")


def ranking_loss(
    y: object, scores: object, *, undefined: float = NAN, weight: object = None
) -> float:
    """Mean share of pairs (own label, other label) in which the other is not lower.

    Parameters
    ----------
    y : array of shape (n, L)
        Truth, 0 or 1.
    scores : array of shape (n, L)
        Logits or probabilities, one column a label.
    undefined : float
        What a row without labels, or with all, counts; NaN leaves it out.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        In [0, 1], 0 is best; NaN when every row is left out.

    Raises
    ------
    XentError
        When the arrays do not fit each other, y holds anything but 0 and 1, or a score is NaN.

    Examples
    --------
    >>> ranking_loss([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
    0.75
    """
    truth, rank, own_rank, kept = _ranks(y, scores, weight)
    n_labels = truth.sum(axis=1)
    pairs = n_labels * (truth.shape[1] - n_labels)
    # rank - own_rank counts the other labels that are not lower.
    wrong = np.where(truth, rank - own_rank, 0).sum(axis=1)
    return defined_mean(_share(wrong, pairs), kept, undefined)


def lrap(y: object, scores: object, *, undefined: float = NAN, weight: object = None) -> float:
    """Label-ranking average precision.

    The mean over a row's labels of the share of own labels among those that are not lower.

    Parameters
    ----------
    y, scores, weight
        As for `ranking_loss`.
    undefined : float
        What a row without labels, or with all, counts; NaN leaves it out.

    Returns
    -------
    float
        In (0, 1], 1 is best; NaN when every row is left out.

    Raises
    ------
    XentError
        As `ranking_loss`.

    Examples
    --------
    >>> round(lrap([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]]), 4)
    0.4167
    """
    truth, rank, own_rank, kept = _ranks(y, scores, weight)
    n_labels = truth.sum(axis=1)
    precision = np.where(truth, own_rank / rank, 0.0).sum(axis=1)
    ordered = (n_labels > 0) & (n_labels < truth.shape[1])
    return defined_mean(_share(precision, np.where(ordered, n_labels, 0)), kept, undefined)


def coverage_error(
    y: object, scores: object, *, undefined: float = 0.0, weight: object = None
) -> float:
    """Mean number of labels to take, from the highest score down, to have all of a row's.

    Parameters
    ----------
    y, scores, weight
        As for `ranking_loss`.
    undefined : float
        What a row without labels counts: none need be taken, so 0; NaN leaves it out.

    Returns
    -------
    float
        Between the mean number of labels a row (best) and L; NaN when every row is left out.

    Raises
    ------
    XentError
        As `ranking_loss`.

    Examples
    --------
    >>> coverage_error([[1, 0, 0], [0, 0, 1]], [[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
    2.5
    """
    truth, rank, _, kept = _ranks(y, scores, weight)
    deepest = np.where(truth, rank, 0).max(axis=1).astype(np.float64)
    return defined_mean(np.where(truth.any(axis=1), deepest, NAN), kept, undefined)


def multilabel_auc(
    y: object, scores: object, *, average: str = "macro", weight: object = None
) -> float:
    """Mean over labels of the AUC of each label.

    Parameters
    ----------
    y, scores, weight
        As for `ranking_loss`.
    average : {"macro", "weighted"}
        The plain mean, or by number of positive rows. A label that all rows or none carry has no
        AUC and is left out.

    Returns
    -------
    float
        In [0, 1]; NaN when no label has an AUC.

    Raises
    ------
    XentError
        As `ranking_loss`, and when average is unknown.

    Examples
    --------
    >>> multilabel_auc([[1, 0], [0, 1], [1, 1]], [[0.9, 0.2], [0.4, 0.1], [0.3, 0.8]])
    0.5
    """
    check_average(average, ("macro", "weighted"))
    truth, given, kept = label_rows(y, "scores", scores, weight)
    each = np.array([roc_auc(truth[:, k], given[:, k], weight=kept) for k in range(truth.shape[1])])
    support = truth.sum(axis=0) if kept is None else kept @ truth
    return defined_mean(each, support if average == "weighted" else None, NAN)


def multilabel_average_precision(
    y: object, scores: object, *, average: str = "macro", weight: object = None
) -> float:
    """Mean over labels of the average precision of each label (`lrap` is that over rows).

    Parameters
    ----------
    y, scores, weight
        As for `ranking_loss`.
    average : {"macro", "micro", "weighted"}
        The plain mean; the figure of all rows and labels in one list; the mean by number of
        positive rows. A label that no row carries has no average precision and is left out.

    Returns
    -------
    float
        In [0, 1]; NaN when no row carries a label.

    Raises
    ------
    XentError
        As `ranking_loss`, and when average is unknown.

    Examples
    --------
    >>> y, scores = [[1, 0], [0, 1], [1, 1]], [[0.9, 0.2], [0.4, 0.1], [0.3, 0.8]]
    >>> round(multilabel_average_precision(y, scores), 4)
    0.8333
    """
    check_average(average)
    truth, given, kept = label_rows(y, "scores", scores, weight)
    return averaged_average_precision(truth, given, average, kept)


def _ranks(
    y: object, scores: object, weight: object
) -> tuple[Array, Array, Array, FloatArray | None]:
    """Return truth, ranks of the labels, ranks of the row's own labels among themselves, weight.

    A rank counts the labels that are not lower, so that equals share the lowest of their places.
    """
    truth, given, kept = label_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    rank = _n_not_lower(given)
    others_last = np.where(truth, -rank, -truth.shape[1] - 1)
    return truth, rank, _n_not_lower(others_last), kept


def _n_not_lower(scores: Array) -> IntArray:
    order = np.argsort(scores, axis=1)[:, ::-1]
    falling = np.take_along_axis(scores, order, axis=1)
    n_labels = scores.shape[1]
    ends = np.full(scores.shape, n_labels)
    # The place where a run of equals ends; inside a run, the next such place to the right.
    ends[:, :-1] = np.where(falling[:, :-1] != falling[:, 1:], np.arange(1, n_labels), n_labels)
    ends = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty(scores.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, ends, axis=1)
    return ranks


def _share(part: Array, whole: Array) -> FloatArray:
    shares: FloatArray = np.full(part.shape, NAN)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
