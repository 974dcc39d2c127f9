"""The loss of each row, from which the mean and its interval come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from xent.distributions import Bernoulli, Categorical
from xent.evaluation.ranked_probability import ranked_probability_rows

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["ROW_LOSSES", "RowLoss"]


class RowLoss(Protocol):
    """Losses of rows whose truth and prediction have been checked."""

    def __call__(self, truth: Array, given: Array, declared: str, /) -> FloatArray:
        """Return float64 (n,); `declared` is "probabilities" or "logits"."""
        ...


def _binary_log_loss(truth: Array, given: Array, declared: str, /) -> FloatArray:
    wide = given.astype(np.float64)
    if declared == "logits":
        return np.asarray(Bernoulli().nll(wide, truth))
    with np.errstate(divide="ignore"):
        # + 0.0 turns -0.0 into 0.0
        return np.where(truth, -np.log(wide), -np.log1p(-wide)) + 0.0


def _binary_brier(truth: Array, given: Array, declared: str, /) -> FloatArray:
    wide = given.astype(np.float64)
    # with logits the gradient is p - y without cancellation
    error = Bernoulli().grad(wide, truth) if declared == "logits" else wide - truth
    squares: FloatArray = np.square(np.asarray(error))
    return squares


def _multiclass_log_loss(truth: Array, given: Array, declared: str, /) -> FloatArray:
    wide = given.astype(np.float64)
    if declared == "logits":
        return np.asarray(Categorical(wide.shape[1]).nll(wide, truth))
    with np.errstate(divide="ignore"):
        losses: FloatArray = -np.log(wide[np.arange(len(truth)), truth]) + 0.0
    return losses


def _multiclass_brier(truth: Array, given: Array, declared: str, /) -> FloatArray:
    wide = given.astype(np.float64)
    if declared == "logits":
        error = np.asarray(Categorical(wide.shape[1]).grad(wide, truth))
    else:
        error = wide
        error[np.arange(len(truth)), truth] -= 1
    sums: FloatArray = np.square(error).sum(axis=1)
    return sums


def _ranked_probability(truth: Array, given: Array, declared: str, /) -> FloatArray:
    wide = given.astype(np.float64)
    likely = np.asarray(Categorical(wide.shape[1]).mean(wide)) if declared == "logits" else wide
    return ranked_probability_rows(truth, likely)


def _multilabel_log_loss(truth: Array, given: Array, declared: str, /) -> FloatArray:
    n_rows, n_labels = truth.shape
    losses = _binary_log_loss(truth.reshape(-1), given.reshape(-1), declared)
    means: FloatArray = losses.reshape(n_rows, n_labels).mean(axis=1)
    return means


ROW_LOSSES: Final[dict[str, dict[str, RowLoss]]] = {
    "binary": {"log_loss": _binary_log_loss, "brier": _binary_brier},
    "multiclass": {"log_loss": _multiclass_log_loss, "brier": _multiclass_brier},
    # for several classes whose codes are an order
    "ordered": {"ranked_probability_score": _ranked_probability},
    "multilabel": {"log_loss": _multilabel_log_loss},
}
