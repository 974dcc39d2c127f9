"""Yes or no: one binary target a row, or several independent ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import logistic
from xent.distributions.classes import Core
from xent.distributions.namespaces import is_numpy, like, namespace_of
from xent.distributions.parameters import checked_count
from xent.distributions.targets import binary_column, binary_rows

if TYPE_CHECKING:
    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["Bernoulli", "MultiLabel"]


class _Logistic(Core):
    """What the two have in common: every output is the logit of one yes."""

    def masses(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return 1 - y and y, stacked along a new last axis."""
        y = a.xp.astype(y, z.dtype)
        return a.xp.stack([1.0 - y, y], axis=-1)

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return P(1) where y is 0, -P(0) where it is 1, the mixture for soft labels."""
        y = a.xp.astype(y, z.dtype).reshape(z.shape)
        return logistic.gradient(a, z, y, 1.0 - y)

    def weighted_grad(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the gradient for any masses."""
        negative, positive = masses[..., 0].reshape(z.shape), masses[..., 1].reshape(z.shape)
        return logistic.gradient(a, z, positive, negative)

    def output_probabilities(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return P(1) and P(0) of every output."""
        return logistic.probabilities(a, z)

    def pull_back(self, p: AnyArray, _q: AnyArray, slope: AnyArray) -> AnyArray:
        """Return slope * p (1 - p), the derivative of the logistic function."""
        return slope * (p * _q)

    def mode(self, z: AnyArray) -> AnyArray:
        """Return int64 labels: 1 where P(1) is at least one half."""
        outputs = self._outputs(z)
        xp = namespace_of(outputs)
        return self._squeeze(xp.astype(outputs >= 0, xp.int64))

    def mean(self, z: AnyArray) -> AnyArray:
        """Return the probability of 1, the logistic function of the logit."""
        return self._squeeze(self._derive(lambda a, z: logistic.probabilities(a, z)[0], z))

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return int64 labels drawn with the predicted probabilities."""
        p = self.mean(z)
        xp = namespace_of(p)
        return xp.astype(like(xp, rng.random(tuple(p.shape)), p) < p, xp.int64)

    def _squeeze(self, rows: AnyArray) -> AnyArray:
        return rows


@dataclass(frozen=True)
class Bernoulli(_Logistic):
    """One binary target a row; the output is the logit of P(y = 1).

    The negative log-likelihood is the binary cross-entropy, in nats: softplus(-z) for y = 1,
    softplus(z) for y = 0, and the mixture of both for soft labels in [0, 1]. Exact at any logit, 4
    ulp at most: no clipping, no flat ends. An infinite logit costs 0 where the label agrees and
    infinity where it does not, with gradients 0, 1 and -1.

    References
    ----------
    Goodfellow, Bengio, Courville, Deep Learning (2016), 6.2.2.2.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([0.0, 2.0, -800.0])
    >>> Bernoulli().nll(z, [1, 1, 1]).round(6)
    array([6.93147e-01, 1.26928e-01, 8.00000e+02])
    >>> Bernoulli().grad(z, [1, 1, 1]).round(6)
    array([-0.5     , -0.119203, -1.      ])
    """

    @property
    def n_outputs(self) -> int:
        """One logit a row."""
        return 1

    @property
    def target_kind(self) -> str:
        """Labels 0 and 1, or between."""
        return "binary"

    @property
    def mass_shape(self) -> tuple[int, ...]:
        """Two classes."""
        return (2,)

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return targets in [0, 1] of shape (n,)."""
        return binary_column(y, n_rows, z)

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the binary cross-entropy of each row."""
        z = z[:, 0]
        if is_numpy(a.xp) and _is_hard(y):
            # The guards of the soft form cost NumPy more than the whole hard form.
            return logistic.hard_value(a, z, y.astype(z.dtype))
        y = a.xp.astype(y, z.dtype)
        return logistic.value(a, z, y, 1.0 - y)

    def weighted_value(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the loss for any masses on 0 and 1."""
        return logistic.value(a, z[:, 0], masses[..., 1], masses[..., 0])

    def outcomes(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return P, 1 - P and -log P of 0 and of 1."""
        return _outcomes(a, z[:, 0])

    def probability_surprisals(self, xp: Any, p: AnyArray) -> AnyArray:
        """Return -log(1 - p) and -log(p)."""
        return xp.stack([-xp.log1p(-p[:, 0]), -xp.log(p[:, 0])], axis=-1)

    def _squeeze(self, rows: AnyArray) -> AnyArray:
        return rows[:, 0]


@dataclass(frozen=True)
class MultiLabel(_Logistic):
    """Several independent binary targets a row; the outputs are their logits.

    The loss of a row is the sum over its labels, the negative log-likelihood of the labels
    together, in nats. (Many libraries print the mean over labels: ``nll.mean() / n_labels``.)

    Parameters
    ----------
    n_labels : int
        How many labels a row may carry.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[0.2, 0.5, 0.0, 0.0], [0.1, 0.5, 0.0, 0.8]])
    >>> y = np.array([[1, 1, 0, 0], [0, 1, 0, 1]])
    >>> float(round(MultiLabel(4).nll(z, y).mean() / 4, 6))
    0.592654
    """

    n_labels: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_labels", checked_count("n_labels", self.n_labels, 1))

    @property
    def n_outputs(self) -> int:
        """One logit a label."""
        return self.n_labels

    @property
    def target_kind(self) -> str:
        """Rows of labels 0 and 1, or between."""
        return "labels"

    @property
    def mass_shape(self) -> tuple[int, ...]:
        """Two classes for each label."""
        return (self.n_labels, 2)

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return targets in [0, 1] of shape (n, n_labels)."""
        return binary_rows(y, n_rows, self.n_labels, z)

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the sum of the labels' binary cross-entropies."""
        y = a.xp.astype(y, z.dtype)
        return logistic.summed_value(a, z, y, 1.0 - y)

    def weighted_value(self, a: Arithmetic, z: AnyArray, masses: AnyArray) -> AnyArray:
        """Return the loss for any masses on 0 and 1 of each label."""
        return logistic.summed_value(a, z, masses[..., 1], masses[..., 0])

    def outcomes(self, a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return P, 1 - P and -log P of 0 and of 1, for each label."""
        return _outcomes(a, z)

    def probability_surprisals(self, xp: Any, p: AnyArray) -> AnyArray:
        """Return -log(1 - p) and -log(p) of each label."""
        return xp.stack([-xp.log1p(-p), -xp.log(p)], axis=-1)


def _outcomes(a: Arithmetic, z: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    stack = a.xp.stack
    p, q = logistic.probabilities(a, z)
    yes, no = logistic.surprisals(a, z)
    return stack([q, p], axis=-1), stack([p, q], axis=-1), stack([no, yes], axis=-1)


def _is_hard(y: Any) -> bool:
    if y.dtype.kind in "biu":
        return True
    return bool(np.all((y == 0) | (y == 1)))
