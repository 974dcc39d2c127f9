"""Penalties on the weights: L2 through the gradient, L1 through a proximal step that reaches 0.

The objective is the mean loss + l1 sum(abs(w)) + l2/2 sum(w^2), over weights and not biases.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.training.vectors import as_numpy, block_size, operations

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from xent.training.vectors import Vector

__all__ = ["Penalty", "elastic_net", "soft_threshold"]


class Penalty:
    """The penalty on the weights that it is bound to.

    A step is: `add_gradient`, the optimizer's step, `shrink`. With plain gradient descent that is
    the proximal gradient method (Parikh and Boyd 2014, section 4.2), whose fixed points are the
    minima of the objective. Where the optimizer scales each coordinate, the threshold stays that of
    the learning rate: weights are drawn to 0 as in decoupled decay.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        The penalized head of the parameter vector; changed by `shrink`.
    gradient : ndarray of shape (n,)
        The same head of the gradient; changed by `add_gradient`.
    l1, l2 : float, default 0
        Strengths, at least 0.

    Examples
    --------
    >>> weights, gradient = np.array([0.5, -2.0]), np.zeros(2)
    >>> penalty = Penalty(weights, gradient, l1=1.0, l2=0.5)
    >>> penalty.value()
    3.5625
    >>> penalty.add_gradient()
    >>> gradient.tolist()
    [0.25, -1.0]
    >>> penalty.shrink(0.5)
    >>> weights.tolist()
    [0.0, -1.5]
    """

    def __init__(self, weights: Vector, gradient: Vector, l1: float = 0.0, l2: float = 0.0) -> None:
        for name, strength in (("l1", l1), ("l2", l2)):
            if not 0.0 <= strength < math.inf:
                msg = f"{name} must be 0 or a positive number, got {strength!r}."
                raise XentError(msg)
        if weights.shape != gradient.shape or weights.ndim != 1:
            msg = (
                "weights and gradient must be vectors of one length, "
                f"got the shapes {weights.shape} and {gradient.shape}."
            )
            raise XentError(msg)
        self.l1, self.l2 = l1, l2
        self._ops = operations(weights)
        block = block_size(weights)
        scratch = self._ops.zeros_like(weights[:block])
        self._blocks = [
            (weights[start : start + block], gradient[start : start + block], scratch[:size])
            for start in range(0, len(weights), block)
            for size in [min(block, len(weights) - start)]
        ]

    def value(self) -> float:
        """Return l1 sum(abs(w)) + l2/2 sum(w^2), summed in float64."""
        ops, total = self._ops, 0.0
        for weights, _, scratch in self._blocks:
            if self.l1:
                ops.abs(weights, out=scratch)
                total += self.l1 * _sum(scratch)
            if self.l2:
                ops.multiply(weights, weights, out=scratch)
                total += 0.5 * self.l2 * _sum(scratch)
        return total

    def add_gradient(self) -> None:
        """Add l2 w, the gradient of the smooth part, to the gradient."""
        ops = self._ops
        if self.l2:
            for weights, gradient, scratch in self._blocks:
                ops.multiply(weights, self.l2, out=scratch)
                ops.add(gradient, scratch, out=gradient)

    def shrink(self, learning_rate: float) -> None:
        """Take the proximal step of the L1 part: move every weight toward 0 by learning_rate l1."""
        if self.l1:
            ops, threshold = self._ops, learning_rate * self.l1
            for weights, _, scratch in self._blocks:
                # what is clipped to itself becomes 0 exactly
                ops.clip(weights, -threshold, threshold, out=scratch)
                ops.subtract(weights, scratch, out=weights)


def _sum(values: Vector) -> float:
    """Return the sum in float64, which not every device has."""
    return float(np.sum(as_numpy(values), dtype=np.float64))


def soft_threshold(w: ArrayLike, threshold: float) -> Any:
    """Return sign(w) max(abs(w) - threshold, 0), the proximal map of threshold abs(w).

    Parameters
    ----------
    w : array_like
        Of any shape.
    threshold : float
        At least 0.

    Returns
    -------
    ndarray or scalar
        Of the shape of `w`: exactly 0 where abs(w) <= threshold.

    Examples
    --------
    >>> soft_threshold([-3.0, 0.5, 2.0], 1.0).tolist()
    [-2.0, 0.0, 1.0]
    """
    if not 0.0 <= threshold < math.inf:
        msg = f"threshold must be 0 or a positive number, got {threshold!r}."
        raise XentError(msg)
    w = np.asarray(w)
    return w - np.clip(w, -threshold, threshold)


def elastic_net(strength: float, share: float) -> tuple[float, float]:
    """Return l1 and l2 of the elastic net strength sum(share abs(w) + (1 - share) w^2).

    The form of Zou and Hastie (2005): a share of 1 is L1 alone, 0 is L2 alone. The factor 2 of l2
    stands against the half in l2/2 w^2.

    Examples
    --------
    >>> elastic_net(0.1, 0.5)
    (0.05, 0.1)
    """
    if not 0.0 <= share <= 1.0:
        msg = f"share must be in [0, 1], got {share!r}. 1 is L1 alone."
        raise XentError(msg)
    if not 0.0 <= strength < math.inf:
        msg = f"strength must be 0 or a positive number, got {strength!r}."
        raise XentError(msg)
    return strength * share, 2.0 * strength * (1.0 - share)
