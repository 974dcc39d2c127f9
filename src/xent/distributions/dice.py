"""Soft Dice: how little predicted and true regions overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.distributions.classes import ClassDistribution, Core
from xent.distributions.compositions import Derived
from xent.distributions.parameters import checked_number
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.distributions.distribution import Distribution
    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["SoftDice"]


@dataclass(frozen=True)
class SoftDice(Derived):
    """One minus the soft Dice coefficient of each row, over the row's outputs.

    With probabilities p and targets y of one row, 1 - (2 sum p y + s) / (sum p + sum y + s),
    computed as (sum p (1 - y) + y (1 - p)) / (sum p + sum y + s), a ratio of sums without
    cancellation. It is a sum over rows, never a ratio of sums over the batch, so that batches add
    up. No likelihood: add it to one.

    Parameters
    ----------
    smoothing : float, default 1.0
        The s of the formula, greater than 0: a row without true and predicted outputs then costs
        0, and none divides by 0.
    distribution : Distribution, optional
        What turns outputs into probabilities. A sum gives its own: ``Bernoulli() + 0.5 *
        SoftDice()``.

    References
    ----------
    Milletari, Navab, Ahmadi, V-Net, 3DV 2016; Drozdzal et al., DLMIA 2016 (without the squares,
    with smoothing).

    Examples
    --------
    >>> from xent.distributions import MultiLabel
    >>> mask = MultiLabel(4) + 0.5 * SoftDice()
    >>> mask.nll([[9.0, 9.0, -9.0, -9.0]], [[1, 1, 0, 0]]).round(5)
    array([0.00054])
    """

    smoothing: float = 1.0
    distribution: Distribution | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "smoothing", checked_number("smoothing", self.smoothing, above=0))
        base = self.distribution
        while isinstance(base, Derived) and not isinstance(base, ClassDistribution):
            base = base.origin
        if isinstance(base, ClassDistribution):
            object.__setattr__(self, "distribution", base.core)
        elif base is not None:
            raise XentError(
                f"distribution must be over classes, such as Bernoulli(), got {base!r}."
            )

    @property
    def predicts(self) -> bool:
        """Whether a distribution was given."""
        return self.distribution is not None

    def bound_to(self, origin: Distribution) -> SoftDice:
        """Return the same loss with the probabilities of `origin`, unless it has its own."""
        return self if self.predicts else SoftDice(self.smoothing, origin)

    @property
    def origin(self) -> Distribution:
        """The distribution whose probabilities are compared with the targets."""
        return self._core

    @property
    def _core(self) -> Core:
        if not isinstance(self.distribution, Core):
            raise XentError(
                "SoftDice() has no outputs of its own. Add it to a distribution: "
                "Bernoulli() + 0.5 * SoftDice()."
            )
        return self.distribution

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the loss of each row."""
        return self.rows_value_and_grad(a, z, y)[0]

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return its gradient; for the loss A / B the slope at p is ((1 - 2 y) B - A) / B^2."""
        return self.rows_value_and_grad(a, z, y)[1]

    def rows_value_and_grad(
        self, a: Arithmetic, z: AnyArray, y: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return both from the same probabilities."""
        xp, core = a.xp, self._core
        p, q = core.output_probabilities(a, z)
        masses = core.masses(a, z, y)
        if len(core.mass_shape) == 2 or core.n_outputs == 1:  # pairs of masses on 0 and 1
            masses = masses[..., 1].reshape(z.shape)
        apart = xp.sum(p * (1.0 - masses) + masses * q, axis=1, keepdims=True)
        total = xp.sum(p + masses, axis=1, keepdims=True) + self.smoothing
        # B - A = 2 sum p y + s, added up rather than subtracted.
        shared = 2.0 * xp.sum(p * masses, axis=1, keepdims=True) + self.smoothing
        slope = (shared - 2.0 * masses * total) / (total * total)
        return (apart / total)[:, 0], core.pull_back(p, q, slope)
