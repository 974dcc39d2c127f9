"""Skill among K classes: which share of the constant predictor's loss a model removes.

The constant predictor says the shares of the classes of every row. Every proper score has a skill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import check_probabilities, check_row_sums, class_rows, weighted_mean
from xent.evaluation.ranked_probability import ranked_probability_rows, ranked_probability_score
from xent.evaluation.scoring_rules import multiclass_brier, multiclass_log_loss, skill

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = [
    "class_shares",
    "constant_losses",
    "multiclass_brier_skill",
    "multiclass_log_loss_skill",
    "ranked_probability_skill",
]


def multiclass_log_loss_skill(
    y: object,
    *,
    logits: object = None,
    probabilities: object = None,
    shares: object = None,
    weight: object = None,
) -> float:
    """Share of the constant predictor's log loss that the model removes; 1 is perfect.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    logits, probabilities : array of shape (n, K)
        As for `multiclass_log_loss`: one of the two.
    shares : array of shape (K,), optional
        What the constant predictor says, best the shares of the classes in the training part; None:
        those in y.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        1 - loss / loss of the constant; NaN when the constant makes no loss.

    Raises
    ------
    XentError
        As `multiclass_log_loss`, and when shares are no probabilities of K classes.

    Examples
    --------
    >>> z = [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]]
    >>> round(multiclass_log_loss_skill([0, 1, 2], logits=z), 4)
    0.7312
    """
    loss = multiclass_log_loss(y, logits=logits, probabilities=probabilities, weight=weight)
    given = probabilities if logits is None else logits
    return skill(loss, _constant_loss("log_loss", y, given, shares, weight))


def multiclass_brier_skill(
    y: object, *, probabilities: object, shares: object = None, weight: object = None
) -> float:
    """Share of the constant predictor's Brier score that the model removes; 1 is perfect.

    Parameters
    ----------
    y, probabilities, shares, weight
        As for `multiclass_log_loss_skill`.

    Returns
    -------
    float
        1 - score / score of the constant; NaN when the constant makes no error.

    Raises
    ------
    XentError
        As `multiclass_log_loss_skill`.

    Examples
    --------
    >>> p = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.2, 0.8]]
    >>> round(multiclass_brier_skill([0, 1, 2], probabilities=p), 4)
    0.66
    """
    score = multiclass_brier(y, probabilities=probabilities, weight=weight)
    return skill(score, _constant_loss("brier", y, probabilities, shares, weight))


def ranked_probability_skill(
    y: object, *, probabilities: object, shares: object = None, weight: object = None
) -> float:
    """Share of the constant predictor's ranked probability score that the model removes.

    Parameters
    ----------
    y, probabilities, shares, weight
        As for `multiclass_log_loss_skill`; classes in their order.

    Returns
    -------
    float
        1 - score / score of the constant; NaN when the constant makes no error.

    Raises
    ------
    XentError
        As `multiclass_log_loss_skill`.

    Examples
    --------
    >>> p = [[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.0, 0.2, 0.8]]
    >>> round(ranked_probability_skill([0, 1, 2], probabilities=p), 4)
    0.7975
    """
    score = ranked_probability_score(y, probabilities=probabilities, weight=weight)
    return skill(
        score, _constant_loss("ranked_probability_score", y, probabilities, shares, weight)
    )


def class_shares(truth: IntArray, n_classes: int, weight: FloatArray | None) -> FloatArray:
    """Return the share of each class among checked codes, shape (K,).

    Examples
    --------
    >>> class_shares(np.array([0, 0, 2, 2]), 3, None).tolist()
    [0.5, 0.0, 0.5]
    """
    held = np.bincount(truth, weights=weight, minlength=n_classes)
    shares: FloatArray = held / held.sum()
    return shares


def constant_losses(name: str, shares: FloatArray) -> FloatArray:
    """Return what the constant predictor of these shares loses on a row of each class, shape (K,).

    `name` is "log_loss", "brier" or "ranked_probability_score".

    Examples
    --------
    >>> constant_losses("brier", np.array([0.5, 0.5])).tolist()
    [0.5, 0.5]
    """
    n_classes = shares.size
    if name == "log_loss":
        with np.errstate(divide="ignore"):
            losses: FloatArray = -np.log(shares) + 0.0
        return losses
    if name == "brier":
        squares: FloatArray = np.square(shares - np.eye(n_classes)).sum(axis=1)
        return squares
    return ranked_probability_rows(np.arange(n_classes), np.tile(shares, (n_classes, 1)))


def _constant_loss(name: str, y: object, given: object, shares: object, weight: object) -> float:
    truth, values, kept = class_rows(y, "probabilities", given, weight)
    n_classes = values.shape[1]
    said = class_shares(truth, n_classes, kept) if shares is None else _given(shares, n_classes)
    return weighted_mean(constant_losses(name, said)[truth], kept)


def _given(shares: object, n_classes: int) -> FloatArray:
    given = np.asarray(shares)
    if given.shape != (n_classes,):
        raise XentError(f"shares must have shape ({n_classes},), one a class, got {given.shape}.")
    return check_row_sums(check_probabilities(given[None], "shares")).reshape(-1)
