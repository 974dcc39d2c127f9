"""Counts: how often something happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.distributions.distribution import Distribution
from xent.distributions.namespaces import like, namespace_of, to_numpy
from xent.distributions.targets import count_column
from xent.errors import XentError

if TYPE_CHECKING:
    import numpy as np

    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["Poisson"]

# NumPy's generator draws no Poisson numbers of a larger rate.
_LARGEST_DRAWN_RATE = 9.2e18


@dataclass(frozen=True)
class Poisson(Distribution):
    """A count with the output as logarithm of its rate.

    Negative log-likelihood, in nats: exp(z) - y z + log(y!). Targets that are not whole numbers
    (rates weighted by exposure) are accepted: with the gamma function for the factorial the loss
    remains proper for the mean.

    References
    ----------
    McCullagh and Nelder, Generalized Linear Models (1989), chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> Poisson().nll(np.log([2.0, 2.0]), [0, 3]).round(6)
    array([2.      , 1.712318])
    """

    @property
    def n_outputs(self) -> int:
        """One log rate a row."""
        return 1

    @property
    def target_kind(self) -> str:
        """Counts, 0 and up."""
        return "count"

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return finite targets of shape (n,), none negative."""
        return count_column(y, n_rows, z)

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return exp(z) - y z + log(y!)."""
        from scipy.special import gammaln

        xp, z = a.xp, z[:, 0]
        y = xp.astype(y, z.dtype)
        log_factorial = like(xp, gammaln(to_numpy(y) + 1.0), z)
        # 0 * inf and inf - inf have their limits: no count costs exp(z), an infinite rate costs
        # infinity.
        product = xp.where((y == 0) | (xp.isinf(z) & (z > 0)), a.zero(z), y * z)
        return (xp.exp(z) - product) + log_factorial

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return exp(z) - y."""
        return a.xp.exp(z) - a.xp.astype(y, z.dtype)[:, None]

    def mean(self, z: AnyArray) -> AnyArray:
        """Return the rate exp(z), of shape (n,)."""
        return self._derive(lambda a, z: a.xp.exp(z[:, 0]), z)

    def mode(self, z: AnyArray) -> AnyArray:
        """Return the largest whole number below or at the rate, of shape (n,)."""
        rate = self.mean(z)
        return namespace_of(rate).floor(rate)

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return one count a row, as floats.

        Raises
        ------
        XentError
            If a rate is too large to draw from.
        """
        rate = self.mean(z)
        rates = to_numpy(rate)
        if not (rates < _LARGEST_DRAWN_RATE).all():
            raise XentError(f"z must be below 43.6 to draw counts, got a rate of {rates.max():g}.")
        xp = namespace_of(rate)
        return xp.astype(like(xp, rng.poisson(rates), rate), rate.dtype)
