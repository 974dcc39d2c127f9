"""Proper scoring rules: log loss exact from logits, Brier score, and the skill of both.

Nothing is clipped. A prediction that was certain and wrong has an infinite log loss; what a clip
would hide is a matter for whoever holds probabilities only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import Bernoulli, Categorical
from xent.errors import XentError
from xent.evaluation.inputs import (
    binary_rows,
    check_probabilities,
    check_row_sums,
    check_scores,
    class_rows,
    label_rows,
    weighted_mean,
)
from xent.evaluation.logit_losses import sum_logit_losses

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = [
    "brier",
    "brier_skill",
    "log_loss",
    "log_loss_skill",
    "multiclass_brier",
    "multiclass_log_loss",
    "multilabel_log_loss",
    "skill",
]


def log_loss(
    y: object, *, logits: object = None, probabilities: object = None, weight: object = None
) -> float:
    """Mean negative log-likelihood of a binary truth, in nats.

    From logits it is exact for every finite logit; each row is computed, and all are summed, in
    float64.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    logits : array of shape (n,) or (n, 1)
        Log-odds of the positive class; this or `probabilities`.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Returns
    -------
    float
        Not negative; infinite where a certain prediction is wrong.

    Raises
    ------
    XentError
        When both or none of logits and probabilities are given, the arrays do not fit each other,
        or values are out of range.

    Examples
    --------
    >>> round(log_loss([1, 0, 1], logits=[2.0, -1.0, 0.0]), 6)
    0.377779
    >>> log_loss([1, 0], logits=[-800.0, 800.0])
    800.0
    """
    name, given = _declared(logits, probabilities)
    truth, values, kept = binary_rows(y, name, given, weight)
    if name == "logits" and kept is None:
        total = sum_logit_losses(truth, values)
        if math.isnan(total):
            check_scores(values, name)
        return total / truth.size
    return weighted_mean(_binary_nll(truth, values, name), kept)


def log_loss_skill(
    y: object,
    *,
    logits: object = None,
    probabilities: object = None,
    prevalence: float | None = None,
    weight: object = None,
) -> float:
    """Share of the constant predictor's log loss that the model removes; 1 is perfect.

    Parameters
    ----------
    y, logits, probabilities, weight
        As for `log_loss`.
    prevalence : float, optional
        What the constant predictor says, best the prevalence of the training part; None: the
        prevalence in y.

    Returns
    -------
    float
        1 - loss / loss of the constant; NaN when the constant makes no loss.

    Raises
    ------
    XentError
        As `log_loss`, and when prevalence is outside [0, 1].

    Examples
    --------
    >>> round(log_loss_skill([1, 0, 1, 1], probabilities=[0.9, 0.2, 0.8, 0.6]), 4)
    0.5277
    """
    name, given = _declared(logits, probabilities)
    truth, values, kept = binary_rows(y, name, given, weight)
    constant = np.full(truth.shape, _prevalence(truth, prevalence, kept))
    loss = weighted_mean(_binary_nll(truth, values, name), kept)
    return skill(loss, weighted_mean(_binary_nll(truth, constant, "probabilities"), kept))


def brier(y: object, *, probabilities: object, weight: object = None) -> float:
    """Brier score of a binary truth: the mean of (p - y)^2, in [0, 1] (Brier 1950, halved).

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    Examples
    --------
    >>> round(brier([0, 1, 1, 0], probabilities=[0.1, 0.9, 0.8, 0.3]), 6)
    0.0375
    """
    truth, values, kept = binary_rows(y, "probabilities", probabilities, weight)
    return weighted_mean(np.square(check_probabilities(values) - truth), kept)


def brier_skill(
    y: object, *, probabilities: object, prevalence: float | None = None, weight: object = None
) -> float:
    """Share of the constant predictor's Brier score that the model removes; 1 is perfect.

    Parameters
    ----------
    y, probabilities, weight
        As for `brier`.
    prevalence : float, optional
        What the constant predictor says, best the prevalence of the training part; None: the
        prevalence in y.

    Returns
    -------
    float
        1 - score / score of the constant; NaN when the constant makes no error.

    Raises
    ------
    XentError
        As `brier`, and when prevalence is outside [0, 1].

    Examples
    --------
    >>> brier_skill([1, 0], probabilities=[0.75, 0.25])
    0.75
    """
    truth, values, kept = binary_rows(y, "probabilities", probabilities, weight)
    score = weighted_mean(np.square(check_probabilities(values) - truth), kept)
    constant = weighted_mean(np.square(_prevalence(truth, prevalence, kept) - truth), kept)
    return skill(score, constant)


def multiclass_log_loss(
    y: object, *, logits: object = None, probabilities: object = None, weight: object = None
) -> float:
    """Mean negative log-likelihood of class codes, in nats.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    logits : array of shape (n, K)
        One column a class; this or `probabilities`. Exact, and summed in float64.
    probabilities : array of shape (n, K)
        In [0, 1], rows summing to 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When both or none of logits and probabilities are given, the arrays do not fit each other,
        or values are out of range.

    Examples
    --------
    >>> z = [[0.5, 0.3, 0.6], [0.5, 0.4, 0.3]]
    >>> round(multiclass_log_loss([2, 0], logits=z), 8)
    0.98743088
    """
    name, given = _declared(logits, probabilities)
    truth, values, kept = class_rows(y, name, given, weight)
    if name == "logits":
        wide = values.astype(np.float64)
        return weighted_mean(np.asarray(Categorical(wide.shape[1]).nll(wide, truth)), kept)
    likely = check_row_sums(check_probabilities(values))[np.arange(truth.size), truth]
    with np.errstate(divide="ignore"):
        return weighted_mean(-np.log(likely) + 0.0, kept)


def multiclass_brier(y: object, *, probabilities: object, weight: object = None) -> float:
    """Brier score of class codes, in [0, 2].

    The mean over rows of the sum over classes of (p - onehot)^2 (Brier 1950).
    With two classes it is twice the binary `brier`.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Class codes 0..K-1.
    probabilities : array of shape (n, K)
        In [0, 1], rows summing to 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    Examples
    --------
    >>> round(multiclass_brier([0, 2], probabilities=[[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]]), 4)
    0.34
    """
    truth, values, kept = class_rows(y, "probabilities", probabilities, weight)
    error = check_row_sums(check_probabilities(values))
    error[np.arange(truth.size), truth] -= 1
    return weighted_mean(np.square(error).sum(axis=1), kept)


def multilabel_log_loss(
    y: object, *, logits: object = None, probabilities: object = None, weight: object = None
) -> float:
    """Mean negative log-likelihood of independent labels, in nats a label.

    Times the number of labels it is the mean log loss a row.

    Parameters
    ----------
    y : array of shape (n, L)
        Truth, 0 or 1.
    logits, probabilities : array of shape (n, L)
        Log-odds, or probability, of each label; one of the two.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When both or none of logits and probabilities are given, the arrays do not fit each other,
        or values are out of range.

    Examples
    --------
    >>> z = [[0.2, 0.5, 0.0, 0.0], [0.1, 0.5, 0.0, 0.8]]
    >>> round(multilabel_log_loss([[1, 1, 0, 0], [0, 1, 0, 1]], logits=z), 6)
    0.592654
    """
    name, given = _declared(logits, probabilities)
    truth, values, kept = label_rows(y, name, given, weight)
    rows = _binary_nll(truth.ravel(), values.ravel(), name).reshape(truth.shape)
    return weighted_mean(rows.mean(axis=1), kept)


def _declared(logits: object, probabilities: object) -> tuple[str, object]:
    if (logits is None) == (probabilities is None):
        got = "none" if logits is None else "both"
        raise XentError(f"logits or probabilities: exactly one must be given, got {got}.")
    return ("probabilities", probabilities) if logits is None else ("logits", logits)


def _binary_nll(truth: Array, values: Array, name: str) -> FloatArray:
    if name == "logits":
        wide = check_scores(values, name).astype(np.float64)
        return np.asarray(Bernoulli().nll(wide, truth))
    likely = check_probabilities(values)
    with np.errstate(divide="ignore"):
        # log1p keeps the small probabilities of the negative rows; + 0.0 turns -0.0 into 0.0.
        return np.where(truth, -np.log(likely), -np.log1p(-likely)) + 0.0


def _prevalence(truth: Array, given: float | None, weight: FloatArray | None) -> float:
    if given is None:
        return weighted_mean(truth, weight)
    if not 0 <= given <= 1:
        raise XentError(f"prevalence must lie in [0, 1], got {given}.")
    return float(given)


def skill(loss: float, constant: float) -> float:
    """Return 1 - loss / loss of the constant; NaN where the constant loses nothing.

    Examples
    --------
    >>> skill(0.1, 0.4)
    0.75
    """
    return 1 - loss / constant if constant > 0 else float("nan")
