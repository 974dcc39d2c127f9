"""Real targets around a location: normal and Laplace, their scale fixed or learned.

With a learned scale the outputs are (location, log scale): the logarithm keeps the scale positive
without a clip, and the scale is the same for every unit of measurement.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.distributions.distribution import Distribution
from xent.distributions.namespaces import like, namespace_of
from xent.distributions.parameters import checked_number
from xent.distributions.targets import real_column

if TYPE_CHECKING:
    import numpy as np

    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["Gaussian", "Laplace", "with_free_spread"]

_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


class _LocationScale(Distribution):
    """What the two have in common: the outputs, and what a row looks like."""

    @property
    @abstractmethod
    def _fixed_scale(self) -> float | None:
        """The scale where it is not learned."""

    @property
    def n_outputs(self) -> int:
        """The location, and the logarithm of the scale where it is learned."""
        return 2 if self._fixed_scale is None else 1

    @property
    def target_kind(self) -> str:
        """Real numbers."""
        return "real"

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return finite targets of shape (n,)."""
        return real_column(y, n_rows, z)

    def mean(self, z: AnyArray) -> AnyArray:
        """Return the location, of shape (n,)."""
        return self._outputs(z)[:, 0]

    def mode(self, z: AnyArray) -> AnyArray:
        """Return the location, of shape (n,)."""
        return self.mean(z)

    def scale_of(self, z: AnyArray) -> AnyArray:
        """Return the scale of each row, of shape (n,), in the units of the target."""
        return self._derive(self._scale, z)

    def _scale(self, a: Arithmetic, z: AnyArray) -> AnyArray:
        if self._fixed_scale is None:
            return a.xp.exp(z[:, 1])
        return self._fixed_scale * a.xp.ones_like(z[:, 0])

    def _log_scale(self, z: AnyArray) -> AnyArray:
        return z[:, 1] if self._fixed_scale is None else math.log(self._fixed_scale)

    def _residual(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return (y - location) / scale and 1 / scale; a residual of 0 is 0 whatever the scale."""
        xp = a.xp
        difference = xp.astype(y, z.dtype) - z[:, 0]
        if self._fixed_scale is not None:
            return difference / self._fixed_scale, 1.0 / self._fixed_scale
        inverse = xp.exp(-z[:, 1])
        return xp.where(difference == 0, a.zero(z), difference * inverse), inverse

    def _drawn(self, z: AnyArray, noise: AnyArray) -> AnyArray:
        location = self.mean(z)
        xp = namespace_of(location)
        return location + self.scale_of(z) * xp.astype(like(xp, noise, location), location.dtype)


@dataclass(frozen=True)
class Gaussian(_LocationScale):
    """A real target with normal noise; with a fixed sd the loss is the squared error, scaled.

    Negative log-likelihood, in nats: (y - mean)^2 / (2 sd^2) + log sd + log(2 pi) / 2. Outputs:
    (mean, log sd), or the mean alone where `sd` is given.

    Parameters
    ----------
    sd : float, optional
        The standard deviation, in the units of the target. Without it, the network learns one for
        each row.

    References
    ----------
    Nix and Weigend, Estimating the mean and variance of the target probability distribution, ICNN
    1994.

    Examples
    --------
    >>> Gaussian(sd=1.0).nll([2.0, 2.0], [2.0, 5.0]).round(6)
    array([0.918939, 5.418939])
    >>> Gaussian().nll([[2.0, 0.0]], [5.0]).round(6)
    array([5.418939])
    """

    sd: float | None = None

    def __post_init__(self) -> None:
        if self.sd is not None:
            object.__setattr__(self, "sd", checked_number("sd", self.sd, above=0))

    @property
    def _fixed_scale(self) -> float | None:
        return self.sd

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the negative log density."""
        residual, _ = self._residual(a, z, y)
        return 0.5 * residual * residual + (self._log_scale(z) + _HALF_LOG_2_PI)

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return -r / sd, and (1 - r)(1 + r) at a learned log sd, with r = (y - mean) / sd."""
        residual, inverse = self._residual(a, z, y)
        columns = [-residual * inverse]
        if self.sd is None:
            columns = [a.xp.where(residual == 0, a.zero(z), columns[0])]
            columns.append((1.0 - residual) * (1.0 + residual))
        return a.xp.stack(columns, axis=1)

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return one normal draw a row."""
        return self._drawn(z, rng.standard_normal(self._outputs(z).shape[0]))


@dataclass(frozen=True)
class Laplace(_LocationScale):
    """A real target with Laplace noise; with a fixed scale the loss is the absolute error, scaled.

    Negative log-likelihood, in nats: |y - location| / scale + log(2 scale). Outputs: (location,
    log scale), or the location alone where `scale` is given. The mean absolute deviation is the
    scale. At y = location the gradient is 0.

    Parameters
    ----------
    scale : float, optional
        The scale, in the units of the target. Without it, the network learns one for each row.

    Examples
    --------
    >>> Laplace(scale=0.5).nll([1.0, 1.0], [1.0, 3.0])
    array([0., 4.])
    """

    scale: float | None = None

    def __post_init__(self) -> None:
        if self.scale is not None:
            object.__setattr__(self, "scale", checked_number("scale", self.scale, above=0))

    @property
    def _fixed_scale(self) -> float | None:
        return self.scale

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the negative log density."""
        residual, _ = self._residual(a, z, y)
        return a.xp.abs(residual) + (self._log_scale(z) + math.log(2))

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return -sign(r) / scale, and 1 - |r| at a learned log scale; r is the scaled residual."""
        xp = a.xp
        residual, inverse = self._residual(a, z, y)
        side = xp.sign(residual)
        columns = [xp.where(side == 0, a.zero(z), -side * inverse)]
        if self.scale is None:
            columns.append(1.0 - xp.abs(residual))
        return xp.stack(columns, axis=1)

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return one Laplace draw a row."""
        return self._drawn(z, rng.laplace(size=self._outputs(z).shape[0]))


def with_free_spread(distribution: Distribution) -> Distribution:
    """Return a Gaussian or Laplace whose spread is an output too; all others as they are.

    Examples
    --------
    >>> with_free_spread(Gaussian(sd=2.0))
    Gaussian(sd=None)
    """
    return type(distribution)() if isinstance(distribution, _LocationScale) else distribution
