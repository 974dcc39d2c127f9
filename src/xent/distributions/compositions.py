"""Sums and multiples of losses over the same outputs."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xent.distributions.distribution import Distribution
from xent.distributions.parameters import checked_number
from xent.errors import XentError

if TYPE_CHECKING:
    import numpy as np

    from xent.distributions.exact import Arithmetic
    from xent.distributions.namespaces import AnyArray

__all__ = ["Derived", "Multiple", "Sum"]


class Derived(Distribution):
    """A loss made of another distribution's: the outcome of a row is still that distribution's."""

    @property
    @abstractmethod
    def origin(self) -> Distribution:
        """The distribution that predicts."""

    @property
    def n_outputs(self) -> int:
        """As many as the distribution that predicts has."""
        return self.origin.n_outputs

    @property
    def target_kind(self) -> str:
        """As the distribution that predicts."""
        return self.origin.target_kind

    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return the targets of the distribution that predicts."""
        return self.origin.targets_like(y, n_rows, z)

    def mean(self, z: AnyArray) -> AnyArray:
        """Return the mean of the distribution that predicts."""
        return self.origin.mean(z)

    def mode(self, z: AnyArray) -> AnyArray:
        """Return the mode of the distribution that predicts."""
        return self.origin.mode(z)

    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return a draw from the distribution that predicts."""
        return self.origin.sample(z, rng)


@dataclass(frozen=True)
class Multiple(Derived):
    """A loss times a positive factor: ``0.5 * SoftDice()``.

    Parameters
    ----------
    term : Distribution
        The loss.
    factor : float
        Greater than 0.

    Examples
    --------
    >>> from xent.distributions import Bernoulli
    >>> (2 * Bernoulli()).nll([0.0], [1]).round(6)
    array([1.386294])
    """

    term: Distribution
    factor: float

    def __post_init__(self) -> None:
        checked_distribution("term", self.term)
        object.__setattr__(self, "factor", checked_number("factor", self.factor, above=0))

    @property
    def origin(self) -> Distribution:
        """The term."""
        return self.term

    @property
    def predicts(self) -> bool:
        """As the term."""
        return self.term.predicts

    def bound_to(self, origin: Distribution) -> Multiple:
        """Return the multiple of the bound term."""
        return Multiple(self.term.bound_to(origin), self.factor)

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the factor times the term's loss."""
        return self.factor * self.term.rows_value(a, z, y)

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the factor times the term's gradient."""
        return self.factor * self.term.rows_grad(a, z, y)

    def rows_value_and_grad(
        self, a: Arithmetic, z: AnyArray, y: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return both, times the factor."""
        value, grad = self.term.rows_value_and_grad(a, z, y)
        return self.factor * value, self.factor * grad


@dataclass(frozen=True)
class Sum(Derived):
    """The sum of losses over the same outputs: ``Bernoulli() + 0.5 * SoftDice()``.

    The first term that has outputs of its own predicts; a SoftDice without a distribution takes
    that one's.

    Parameters
    ----------
    terms : tuple of Distribution
        At least one; sums among them are opened.

    Examples
    --------
    >>> from xent.distributions import Bernoulli, SoftDice
    >>> (Bernoulli() + 0.5 * SoftDice()).nll([0.0], [1]).round(6)
    array([0.793147])
    """

    terms: tuple[Distribution, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.terms, (tuple, list)):
            raise XentError(f"terms must be a tuple of distributions, got {self.terms!r}.")
        terms: list[Distribution] = []
        for term in self.terms:
            checked_distribution("terms", term)
            terms.extend(term.terms if isinstance(term, Sum) else (term,))
        origins = [term for term in terms if term.predicts]
        if not origins:
            raise XentError(
                "terms must hold a distribution that predicts: Bernoulli() + SoftDice()."
            )
        bound = tuple(term.bound_to(origins[0]) for term in terms)
        for term in bound:
            self._check_fits(term, origins[0])
        object.__setattr__(self, "terms", bound)

    @staticmethod
    def _check_fits(term: Distribution, origin: Distribution) -> None:
        if (term.n_outputs, term.target_kind) != (origin.n_outputs, origin.target_kind):
            raise XentError(
                "terms must share outputs and targets, got "
                f"{origin!r} with {origin.n_outputs} outputs and {origin.target_kind} targets, and "
                f"{term!r} with {term.n_outputs} and {term.target_kind}."
            )

    @property
    def origin(self) -> Distribution:
        """The first term."""
        return self.terms[0]

    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the sum of the terms' losses."""
        first, *rest = (term.rows_value(a, z, y) for term in self.terms)
        return sum(rest, start=first)

    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the sum of the terms' gradients."""
        first, *rest = (term.rows_grad(a, z, y) for term in self.terms)
        return sum(rest, start=first)

    def rows_value_and_grad(
        self, a: Arithmetic, z: AnyArray, y: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return both sums."""
        parts = [term.rows_value_and_grad(a, z, y) for term in self.terms]
        values, grads = zip(*parts, strict=True)
        return sum(values[1:], start=values[0]), sum(grads[1:], start=grads[0])


def checked_distribution(name: str, value: object) -> None:
    """Refuse what is not a distribution.

    Raises
    ------
    XentError
        If `value` is not a Distribution instance.
    """
    if not isinstance(value, Distribution):
        hint = " Call it: Bernoulli()." if isinstance(value, type) else ""
        raise XentError(f"{name} must be a distribution, got {value!r}.{hint}")
