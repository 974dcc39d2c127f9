"""Error-free transformations: sums and quotients that know what rounding took from them.

The values are pairs (rounded, remainder) whose exact sum is meant. Where the result is rounded to
a narrower dtype afterwards (float32 computed in float64), nothing needs carrying: the remainder is
None and the same lines are plain arithmetic. The transformations are differentiable: the
derivative of every remainder is exactly 0.

Sources: Knuth, The Art of Computer Programming 2, 4.2.2 (two-sum); Dekker, Numerische Mathematik
18 (1971) (fast two-sum, two-product, quotient).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from xent.distributions.namespaces import AnyArray, scalar

__all__ = ["SCALE", "Arithmetic", "Pair", "two_sum"]

Pair: TypeAlias = tuple[AnyArray, AnyArray | None]

#: Terms that may underflow are multiplied by this power of two before they are added.
SCALE = 2.0**64
# log(SCALE) in two parts, by bits of the working dtype: the first part is exact in that dtype.
_LOG_SCALE = {
    64: (64 * float.fromhex("0x1.62e42fefa39efp-1"), 64 * 2.3190468138462996e-17),
    32: (64 * float.fromhex("0x1.62e430p-1"), 64 * -1.904654299957767e-9),
}
# Below exp(_DEEP) the remainders of products would themselves underflow.
_DEEP = {64: -600.0, 32: -60.0}
# Veltkamp's splitter, 2^ceil(bits of the mantissa / 2) + 1.
_SPLITTER = {64: 134217729.0, 32: 4097.0}


def two_sum(a: AnyArray, b: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return the rounded sum of two arrays and its rounding error; their sum is exactly a + b."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


@dataclass(frozen=True)
class Arithmetic:
    """The operations that the formulas use, in one namespace.

    Parameters
    ----------
    xp : namespace
        Array API namespace of all operands.
    bits : int
        Width of the working dtype, 64 or 32.
    carries : bool
        Whether rounding errors are carried: True where the working dtype is the result's own.
    """

    xp: Any
    bits: int
    carries: bool

    @property
    def deep(self) -> float:
        """Logarithm below which terms are scaled before they are summed."""
        return _DEEP[self.bits]

    def difference(self, a: AnyArray, b: AnyArray) -> Pair:
        """Return a - b."""
        return two_sum(a, -b) if self.carries else (a - b, None)

    def raised(
        self, exponent: AnyArray, error: AnyArray, rows: AnyArray
    ) -> tuple[AnyArray, AnyArray]:
        """Return `exponent` + log(SCALE) where `rows` is True, unchanged elsewhere."""
        high, low = _LOG_SCALE[self.bits]
        where = self.xp.astype(rows, exponent.dtype)
        raised, lost = two_sum(exponent, high * where)
        lost = self.xp.where(self.xp.isfinite(raised), lost, self.zero(raised))
        return raised, (error + lost) + low * where

    def plus(self, a: Pair, b: Pair) -> Pair:
        """Return a + b."""
        if not self.carries:
            return a[0] + b[0], None
        total, lost = two_sum(a[0], b[0])
        return _normalized(total, (lost + a[1]) + b[1])

    def product(self, a: Pair, b: Pair) -> Pair:
        """Return a * b, but for the product of the remainders."""
        if not self.carries:
            return a[0] * b[0], None
        product, lost = self._two_product(a[0], b[0])
        return product, lost + (a[0] * b[1] + a[1] * b[0])

    def total(self, terms: Pair) -> Pair:
        """Return the sum of non-negative terms along the first axis, by a tree of two-sums."""
        xp, (values, errors) = self.xp, terms
        if not self.carries:
            return xp.sum(values, axis=0), None
        lost = xp.zeros_like(values[0, ...]) if errors is None else xp.sum(errors, axis=0)
        while values.shape[0] > 1:
            half = values.shape[0] // 2
            pairs, pair_errors = two_sum(values[:half, ...], values[half : 2 * half, ...])
            lost = lost + xp.sum(pair_errors, axis=0)
            odd = values[2 * half :, ...]
            values = xp.concat([pairs, odd], axis=0) if odd.shape[0] else pairs
        return _normalized(values[0, ...], lost)

    def sum(self, values: AnyArray) -> AnyArray:
        """Return the sum along the first axis, rounded once where errors are carried."""
        return self.total((values, None))[0]

    def ratio(self, numerator: Pair, denominator: Pair) -> AnyArray:
        """Return numerator / denominator; the remainder of the division corrects the quotient."""
        quotient = numerator[0] / denominator[0]
        if not self.carries:
            return quotient
        product, lost = self._two_product(quotient, denominator[0])
        rest = ((numerator[0] - product) - lost) + (numerator[1] - quotient * denominator[1])
        return quotient + rest / denominator[0]

    def _two_product(self, a: AnyArray, b: AnyArray) -> tuple[AnyArray, AnyArray]:
        product = a * b
        (a_high, a_low), (b_high, b_low) = self._split(a), self._split(b)
        lost = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
        return product, lost

    def _split(self, a: AnyArray) -> tuple[AnyArray, AnyArray]:
        large = _SPLITTER[self.bits] * a
        high = large - (large - a)
        return high, a - high

    def zero(self, array: AnyArray) -> AnyArray:
        """Return a 0-d zero: the minimum with it halves the derivative at a tie, as it must."""
        return scalar(self.xp, 0.0, array)


def _normalized(value: AnyArray, error: AnyArray) -> Pair:
    total = value + error
    return total, error - (total - value)
