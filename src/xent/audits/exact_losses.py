"""The exact loss at a running logit, from `xent.distributions`: what every other loss is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.distributions import Bernoulli, Categorical

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["Masses", "exact_binary", "exact_class"]


@dataclass(frozen=True)
class Masses:
    """How much each outcome counts in a row's loss: weights and label smoothing together.

    The loss of a row is own * (-log P(truth)) + others * (the sum of -log P of every outcome but
    the truth).

    Attributes
    ----------
    own, others : float
        1 and 0 for the plain log loss.
    """

    own: float = 1.0
    others: float = 0.0


def exact_binary(
    logits: FloatArray, label: int, masses: Masses = Masses()
) -> tuple[FloatArray, FloatArray]:
    """Return the binary cross-entropy in nats, and its gradient, at logits of shape (n,).

    Examples
    --------
    >>> value, gradient = exact_binary(np.array([-800.0, 0.0]), 1)
    >>> value.round(4).tolist(), gradient.tolist()
    ([800.0, 0.6931], [-1.0, -0.5])
    """
    bernoulli = Bernoulli()
    own, own_gradient = bernoulli.value_and_grad(logits, np.full(len(logits), label))
    if masses.others == 0.0:
        return masses.own * own, masses.own * own_gradient
    other, other_gradient = bernoulli.value_and_grad(logits, np.full(len(logits), 1 - label))
    return (
        masses.own * own + masses.others * other,
        masses.own * own_gradient + masses.others * other_gradient,
    )


def exact_class(
    logits: FloatArray, truth: int, masses: Masses = Masses()
) -> tuple[FloatArray, FloatArray]:
    """Return the cross-entropy in nats, and its gradient at class 0, at logits of shape (n, k).

    Examples
    --------
    >>> value, gradient = exact_class(np.array([[800.0, 0.0, 0.0]]), 1)
    >>> value.tolist(), gradient.tolist()
    ([800.0], [1.0])
    """
    n, n_classes = logits.shape
    categorical = Categorical(n_classes)
    if masses.others == 0.0:
        value, gradient = categorical.value_and_grad(logits, np.full(n, truth))
        return masses.own * value, masses.own * gradient[:, 0]
    weights = np.full(n_classes, masses.others)
    weights[truth] = masses.own
    total = float(weights.sum())
    shares = np.broadcast_to(weights / total, (n, n_classes))
    value, gradient = categorical.value_and_grad(logits, shares)
    return total * value, total * gradient[:, 0]
