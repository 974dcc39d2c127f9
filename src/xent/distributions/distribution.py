"""What every distribution answers: a row's loss, its gradient, and the expected outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions.exact import Arithmetic
from xent.distributions.namespaces import as_floats, is_numpy, namespace_of, to_numpy, working_dtype
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.distributions.compositions import Multiple, Sum
    from xent.distributions.namespaces import AnyArray

__all__ = ["Distribution"]

# Blocks of this many numbers keep a formula's scratch in the cache of one core.
_BLOCK = 32_768


class Distribution(ABC):
    """The distribution of a row's target, given the outputs of a network for that row.

    `z` is (n, n_outputs), and also (n,) where `n_outputs` is 1: a NumPy array or a tensor of a
    library that array-api-compat knows, on any device; results have its dtype. float16 and float32
    are computed in float64 and rounded once. Losses are in nats, one a row, neither averaged nor
    weighted. Distributions add up and take factors: ``Bernoulli() + 0.5 * SoftDice()``.

    A subclass gives `rows_value` and `rows_grad`: formulas in `Arithmetic`, without checks, which
    engines may also call directly with targets that went through `check_targets` once.
    """

    @property
    @abstractmethod
    def n_outputs(self) -> int:
        """How many numbers a network must put out for each row."""

    @property
    @abstractmethod
    def target_kind(self) -> str:
        """What the targets are: "binary", "classes", "labels", "real" or "count"."""

    @property
    def predicts(self) -> bool:
        """Whether it has outputs of its own; a SoftDice gets them from the sum it is in."""
        return True

    def bound_to(self, origin: Distribution) -> Distribution:  # noqa: ARG002 (a SoftDice needs it)
        """Return the loss with its outputs read as `origin` reads them."""
        return self

    @abstractmethod
    def targets_like(self, y: AnyArray, n_rows: int | None, z: AnyArray = None) -> AnyArray:
        """Return checked targets, in the namespace and on the device of `z` where it is given."""

    @abstractmethod
    def rows_value(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the losses (n,) of outputs (n, n_outputs) of the working dtype, without checks."""

    @abstractmethod
    def rows_grad(self, a: Arithmetic, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the gradient (n, n_outputs) of `rows_value`."""

    def rows_value_and_grad(
        self, a: Arithmetic, z: AnyArray, y: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return `rows_value` and `rows_grad`."""
        return self.rows_value(a, z, y), self.rows_grad(a, z, y)

    @abstractmethod
    def mean(self, z: AnyArray) -> AnyArray:
        """Return the expected target of each row."""

    @abstractmethod
    def mode(self, z: AnyArray) -> AnyArray:
        """Return the most probable target of each row."""

    @abstractmethod
    def sample(self, z: AnyArray, rng: np.random.Generator) -> AnyArray:
        """Return one random target for each row."""

    def check_targets(self, y: AnyArray, n_rows: int | None = None) -> Any:
        """Return the targets as the NumPy array that this distribution works with.

        Parameters
        ----------
        y : array
            The targets.
        n_rows : int, optional
            How many rows there must be.

        Raises
        ------
        XentError
            If the targets do not fit: what was expected, what came, and the cure.
        """
        targets = self.targets_like(to_numpy(y), n_rows)
        is_final = targets.dtype.kind == "f" or (self.target_kind, targets.ndim) == ("classes", 1)
        return targets if is_final else targets.astype(np.float64)

    def nll(self, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the negative log-likelihood of each row, in nats, of shape (n,).

        Raises
        ------
        XentError
            If outputs or targets do not fit.
        """
        return self._evaluate(z, y, value=True, grad=False)[0]

    def grad(self, z: AnyArray, y: AnyArray) -> AnyArray:
        """Return the gradient of each row's loss at its own outputs, of the shape of `z`.

        It is made of differentiable operations, so that a tensor library can differentiate it
        again.

        Raises
        ------
        XentError
            If outputs or targets do not fit.
        """
        return self._evaluate(z, y, value=False, grad=True)[1]

    def value_and_grad(self, z: AnyArray, y: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Return `nll` and `grad`, computed together.

        Raises
        ------
        XentError
            If outputs or targets do not fit.
        """
        return self._evaluate(z, y, value=True, grad=True)

    def __add__(self, other: object) -> Sum:
        from xent.distributions.compositions import Sum

        return Sum((self, other)) if isinstance(other, Distribution) else NotImplemented

    def __mul__(self, factor: object) -> Multiple:
        from xent.distributions.compositions import Multiple

        is_number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
        return Multiple(self, float(factor)) if is_number else NotImplemented  # type: ignore[arg-type]

    __rmul__ = __mul__

    def _outputs(self, z: AnyArray) -> AnyArray:
        """Return `z` as (n, n_outputs), or refuse it."""
        z = as_floats(z, "z")
        k = self.n_outputs
        if z.ndim == 1 and k == 1:
            return z[:, None]
        if z.ndim != 2 or z.shape[1] != k:
            expected = "(n,) or (n, 1)" if k == 1 else f"(n, {k})"
            raise XentError(
                f"z must have shape {expected} for {self!r}, got {tuple(z.shape)}. "
                "The network's last layer needs as many units as the distribution has outputs."
            )
        return z

    def _evaluate(
        self, z: AnyArray, y: AnyArray, *, value: bool, grad: bool
    ) -> tuple[AnyArray, AnyArray]:
        shape = tuple(as_floats(z, "z").shape)
        outputs = self._outputs(z)
        targets = self.targets_like(y, outputs.shape[0], outputs)

        def formulas(a: Arithmetic, rows: AnyArray, row_targets: AnyArray) -> list[AnyArray]:
            if value and grad:
                return list(self.rows_value_and_grad(a, rows, row_targets))
            return [(self.rows_value if value else self.rows_grad)(a, rows, row_targets)]

        results = run(formulas, outputs, targets)
        if grad:
            results[-1] = results[-1].reshape(shape)
        return results[0], results[-1]

    def _derive(self, formula: Callable[[Arithmetic, AnyArray], AnyArray], z: AnyArray) -> AnyArray:
        """Return a quantity of the outputs alone (a mean, a probability), rounded once."""
        outputs = self._outputs(z)
        return run(lambda a, rows, _: [formula(a, rows)], outputs, None)[0]


def run(
    formulas: Callable[[Arithmetic, AnyArray, AnyArray], list[AnyArray]],
    outputs: AnyArray,
    targets: AnyArray,
) -> list[AnyArray]:
    """Compute formulas in the working dtype and round to that of the outputs; NumPy in blocks."""
    xp = namespace_of(outputs)
    wide = working_dtype(xp, outputs)
    a = Arithmetic(xp, xp.finfo(wide).bits, wide == outputs.dtype)
    if not is_numpy(xp):
        results = formulas(a, xp.astype(outputs, wide), targets)
        return [xp.astype(result, outputs.dtype) for result in results]
    n = outputs.shape[0]
    step = max(1, _BLOCK // max(1, outputs.shape[1]))
    whole: list[AnyArray] = []
    # Infinite logits and underflow are part of the formulas, whatever the caller's settings.
    with np.errstate(all="ignore"):
        for start in range(0, max(n, 1), step):
            rows = slice(start, start + step)
            block = outputs[rows].astype(wide)
            results = formulas(a, block, None if targets is None else targets[rows])
            if not whole:
                whole = [np.empty((n, *r.shape[1:]), dtype=outputs.dtype) for r in results]
            for out, result in zip(whole, results, strict=True):
                out[rows] = result
    return whole
