"""Modifiers of the targets and of the loss: class weights, label smoothing, focal loss.

Each wraps a distribution over classes and keeps its exact formulas: weights and smoothing change
the masses that a target puts on the classes, focal loss multiplies them by a power of 1 - P(k).
They nest from the inside out: ``ClassWeights(LabelSmoothing(Categorical(3), 0.1), (1, 2, 3))``
smooths, then weights each class; ``Focal(ClassWeights(...))`` puts the focus outermost.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions.classes import ClassDistribution, Core
from xent.distributions.compositions import Derived
from xent.distributions.exact import Arithmetic
from xent.distributions.namespaces import like, namespace_of
from xent.distributions.parameters import checked_number
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.distributions.distribution import Distribution
    from xent.distributions.namespaces import AnyArray

__all__ = ["ClassWeights", "Focal", "LabelSmoothing", "pos_weight"]


class _Masses(Derived, ClassDistribution):
    """A distribution over classes whose masses are changed before they meet the loss."""

    @property
    def core(self) -> Core:
        """The plain distribution under all modifiers."""
        return self._base.core

    @property
    def origin(self) -> Distribution:
        """The distribution that is wrapped."""
        return self._base

    @property
    @abstractmethod
    def _base(self) -> ClassDistribution:
        """What is wrapped."""

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the loss for the changed masses."""
        return self.core.weighted_value(a, z, self.masses(a, z, y))

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the gradient for the changed masses."""
        return self.core.weighted_grad(a, z, self.masses(a, z, y))


@dataclass(frozen=True)
class ClassWeights(_Masses):
    """Weights on the classes: the loss of a row is multiplied by the weight of its class.

    An integer weight is the repetition of the rows of that class. Soft labels weigh each class's
    share. Weights distort the predicted probabilities towards the heavy classes;
    `unweighted_logits` takes that back.

    Parameters
    ----------
    distribution : ClassDistribution
        Bernoulli, Categorical, MultiLabel, MultiLabelSoftmax, or one of them smoothed or weighted.
    weights : sequence of float
        One a class: (weight of 0, weight of 1) for Bernoulli, n_classes numbers for Categorical, a
        pair for each label for MultiLabel. None negative.

    References
    ----------
    King and Zeng, Logistic regression in rare events data, Political Analysis 9 (2001): weights
    and their correction.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> ClassWeights(Bernoulli(), (1, 3)).nll([0.0, 0.0], [0, 1]).round(6)
    array([0.693147, 2.079442])
    """

    distribution: ClassDistribution
    weights: tuple[Any, ...]

    def __post_init__(self) -> None:
        base = _checked_base("ClassWeights", self.distribution)
        shape = base.core.mass_shape
        try:
            weights = np.asarray(self.weights, dtype=np.float64)
        except (TypeError, ValueError):
            raise XentError(
                f"weights must be numbers of shape {shape}, got {self.weights!r}."
            ) from None
        if weights.shape != shape:
            cure = (
                f" For positive classes use pos_weight({base!r}, ...)." if 2 in shape[-1:] else ""
            )
            raise XentError(
                f"weights must have shape {shape} for {base!r}, got {weights.shape}.{cure}"
            )
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise XentError(
                f"weights must be finite and not negative, and not all 0, got {self.weights!r}."
            )
        object.__setattr__(self, "weights", _nested_tuple(weights.tolist()))

    @classmethod
    def balanced(cls, distribution: ClassDistribution, y: AnyArray) -> ClassWeights:
        """Return weights n / (n_classes * count), so that every class weighs the same in total.

        Raises
        ------
        XentError
            If a class does not occur in `y`.
        """
        base = _checked_base("ClassWeights", distribution)
        a = Arithmetic(np, 64, carries=True)
        targets = base.check_targets(y)
        rows = np.empty((targets.shape[0], base.n_outputs))
        counts = base.core.masses(
            a, rows if len(base.core.mass_shape) > 1 else rows[:, 0], targets
        ).sum(axis=0)
        if not counts.all():
            raise XentError(
                f"y must hold every class to balance them, got counts {counts.tolist()}."
            )
        weights = counts.sum(axis=-1, keepdims=True) / (counts.shape[-1] * counts)
        return cls(distribution, _nested_tuple(weights.tolist()))

    @property
    def _base(self) -> ClassDistribution:
        return self.distribution

    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the masses times the weights."""
        weights = a.xp.astype(like(a.xp, np.asarray(self.weights), z), z.dtype)
        return self.distribution.masses(a, z, y) * weights

    def unweighted_logits(self, z: AnyArray) -> AnyArray:
        """Return the logits that an unweighted fit would have given: z_k - log w_k.

        Raises
        ------
        XentError
            If `z` does not fit, or a weight is 0 and nothing can be taken back.
        """
        z = self._outputs(z) if getattr(z, "ndim", 1) == 2 else self._outputs(z)[:, 0]
        weights = np.asarray(self.weights)
        if not weights.all():
            raise XentError(
                "weights of 0 cannot be taken back: no row of that class was learned from."
            )
        logs = np.log(weights)
        is_binary = len(self.core.mass_shape) == 2 or self.n_outputs == 1
        shift = logs[..., 1] - logs[..., 0] if is_binary else logs
        xp = namespace_of(z)
        return z - xp.astype(like(xp, np.asarray(shift), z), z.dtype)


@dataclass(frozen=True)
class LabelSmoothing(_Masses):
    """Targets moved towards the even distribution: (1 - amount) * y + amount / n_classes.

    It is the loss of the soft labels it makes. It biases probabilities towards the middle, so
    leave it out where probabilities are the result.

    Parameters
    ----------
    distribution : ClassDistribution
        What is smoothed.
    amount : float
        Between 0 and 1.

    References
    ----------
    Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, section 7.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> LabelSmoothing(Bernoulli(), 0.2).nll([2.0], [1]).round(6)
    array([0.326928])
    >>> Bernoulli().nll([2.0], [0.9]).round(6)
    array([0.326928])
    """

    distribution: ClassDistribution
    amount: float

    def __post_init__(self) -> None:
        _checked_base("LabelSmoothing", self.distribution)
        amount = checked_number("amount", self.amount, minimum=0, maximum=1)
        object.__setattr__(self, "amount", amount)

    @property
    def _base(self) -> ClassDistribution:
        return self.distribution

    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the smoothed masses; their sum stays what it was."""
        masses = self.distribution.masses(a, z, y)
        even = a.xp.sum(masses, axis=-1, keepdims=True) / masses.shape[-1]
        return (1.0 - self.amount) * masses + self.amount * even


@dataclass(frozen=True)
class Focal(Derived):
    """Focal loss, -(1 - P)^gamma * log P: it turns away from rows that are right already.

    No likelihood: its minimum is not at the true probabilities. Soft labels mix the losses of the
    classes. Both 1 - P and log P come without cancellation, and the gradient is (1 - P)^gamma * (1
    + gamma * P * -log(P) / (1 - P)) times that of -log P.

    Parameters
    ----------
    distribution : ClassDistribution
        What is focused, weighted or smoothed before.
    gamma : float, default 2.0
        The exponent, 0 or more; 0 is the loss of `distribution`.

    References
    ----------
    Lin et al., Focal Loss for Dense Object Detection, ICCV 2017, equation 4.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> Focal(Bernoulli(), gamma=2).nll([0.0, 4.0], [1, 1]).round(6)
    array([1.73287e-01, 6.00000e-06])
    """

    distribution: ClassDistribution
    gamma: float = 2.0

    def __post_init__(self) -> None:
        _checked_base("Focal", self.distribution)
        object.__setattr__(self, "gamma", checked_number("gamma", self.gamma, minimum=0))

    @property
    def origin(self) -> Distribution:
        """The distribution that is wrapped."""
        return self.distribution

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the loss: that of masses times (1 - P)^gamma."""
        base = self.distribution
        _, q, _ = base.core.outcomes(a, z)
        return base.core.weighted_value(a, z, base.masses(a, z, y) * q**self.gamma)

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the gradient: that of masses times the derivative of the focal loss by -log P."""
        xp, base = a.xp, self.distribution
        p, q, surprisal = base.core.outcomes(a, z)
        # -log(P) / (1 - P) tends to 1 as P tends to 1, and P log P to 0 as P tends to 0.
        certain, impossible = q == 0, p == 0
        one = xp.ones_like(q)
        ratio = xp.where(certain | impossible, one, surprisal) / xp.where(certain, one, q)
        slope = q**self.gamma * (1.0 + self.gamma * p * ratio)
        return base.core.weighted_grad(a, z, base.masses(a, z, y) * slope)


def pos_weight(distribution: ClassDistribution, weight: Any) -> ClassWeights:
    """Return class weights with `weight` on the positive class and 1 on the negative.

    Parameters
    ----------
    distribution : Bernoulli or MultiLabel, smoothed or weighted or plain
        What is weighted.
    weight : float or sequence of float
        For MultiLabel also one a label.

    Raises
    ------
    XentError
        If the distribution has no positive class, or the weights do not fit.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> pos_weight(Bernoulli(), 3).weights
    (1.0, 3.0)
    """
    shape = _checked_base("pos_weight", distribution).core.mass_shape
    if distribution.target_kind == "classes" or shape == (distribution.n_outputs,):
        raise XentError(
            f"distribution must be Bernoulli or MultiLabel, got {distribution!r}. Use ClassWeights."
        )
    weights = np.asarray(weight, dtype=np.float64)
    if weights.shape not in {(), shape[:-1]}:
        raise XentError(
            f"weight must be a number or of shape {shape[:-1]}, got shape {weights.shape}."
        )
    pairs = np.ones(shape)
    pairs[..., 1] = weights
    return ClassWeights(distribution, _nested_tuple(pairs.tolist()))


def _checked_base(modifier: str, base: object) -> ClassDistribution:
    if isinstance(base, ClassDistribution):
        return base
    cure = ""
    if isinstance(base, Focal):
        cure = " Put Focal outermost: Focal(ClassWeights(...))."
    elif isinstance(base, Derived):
        cure = f" Wrap before adding or multiplying: {modifier}(Bernoulli(), ...) + ..."
    raise XentError(
        f"{modifier} needs a distribution over classes, such as Bernoulli(), got {base!r}.{cure}"
    )


def _nested_tuple(values: Any) -> Any:
    return tuple(_nested_tuple(v) for v in values) if isinstance(values, list) else values
