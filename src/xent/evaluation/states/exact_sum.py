"""Sums of float64 without any rounding: the order and the grouping of the terms do not matter.

The total is one whole number of 2^-1074, the spacing of the smallest floats, of which every finite
float64 is a multiple. Chunks of terms are cut into leading parts whose float sum is exact (Rump,
Ogita & Oishi 2008, "Accurate floating-point summation part I", algorithm 3.2), so that NumPy adds
the terms and Python's integers add the chunks.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.states.batches import check_same_kind
from xent.evaluation.states.documents import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray

__all__ = ["ExactSum", "exact_products", "rounded_quotient"]

CHUNK = 1 << 14
HEAD_BITS = 15  # 2^15 >= CHUNK + 2: the parts of a chunk never carry beyond 53 bits
LOWEST = -1022  # at 2^-1022 the spacing of floats is 2^-1074, and every term is its own part
UNIT_BITS = 1074
SPLITTER = 134217729.0  # 2^27 + 1 (Dekker 1971)
HUGE_SHIFT = 500
UNITS = re.compile(r"-?0x[0-9a-f]{1,700}")  # 2^2100 units and 2^700 terms at most


class ExactSum:
    """A sum of float64 values that is rounded once, when it is read.

    Parameters
    ----------
    values : array of float, optional
        The first terms.

    Examples
    --------
    >>> total = ExactSum([1e100, 1.0])
    >>> total.add([-1e100])
    >>> total.value
    1.0
    >>> ExactSum([0.1] * 10) == ExactSum([0.1] * 4).merge(ExactSum([0.1] * 6))
    True
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, values: object = ()) -> None:
        self._units = 0
        # What is not finite, summed by IEEE rules: 0.0, inf, -inf or NaN, in any order the same.
        self._beyond = 0.0
        self.add(values)

    def __eq__(self, other: object) -> bool:
        """Whether both totals are the same number, every bit of it."""
        if not isinstance(other, ExactSum):
            return NotImplemented
        return self._units == other._units and (
            self._beyond == other._beyond or self._beyond != self._beyond != other._beyond
        )

    def __repr__(self) -> str:
        return f"ExactSum({self.value!r})"

    @property
    def value(self) -> float:
        """The sum, correctly rounded; NaN where inf met -inf or a term was NaN, inf on overflow."""
        if self._beyond != 0:
            return self._beyond
        return rounded_quotient(self._units, 1 << UNIT_BITS)

    @property
    def units(self) -> int:
        """The finite terms' sum as a whole number of 2^-1074."""
        return self._units

    def add(self, values: object) -> None:
        """Add every element of `values`, read as float64.

        Parameters
        ----------
        values : array of float
            Of any shape; infinite and NaN terms count as in IEEE arithmetic.
        """
        terms = np.asarray(values).ravel()
        rest, part = np.empty(min(CHUNK, terms.size)), np.empty(min(CHUNK, terms.size))
        for start in range(0, terms.size, CHUNK):
            chunk = terms[start : start + CHUNK]
            rest[: chunk.size] = chunk
            self._add_chunk(rest[: chunk.size], part[: chunk.size])

    def add_products(self, left: FloatArray, right: FloatArray) -> None:
        """Add every product of two arrays without rounding it.

        A product is split into its float and its rounding error, a float as well (Dekker 1971);
        below 1e-290 or where an operand exceeds 1e300 it is rounded like any other.

        Parameters
        ----------
        left, right : float64 array of shape (n,)
            The factors.
        """
        for product in exact_products(left, right):
            self.add(product)

    def merge(self, other: ExactSum) -> ExactSum:
        """Add the terms of another sum, leaving that as it is; returns self."""
        check_same_kind(self, other)
        self._units += other._units
        self._beyond += other._beyond
        return self

    def over(self, divisor: ExactSum | int) -> float:
        """Return the quotient of two exact sums, rounded once; NaN over zero.

        Parameters
        ----------
        divisor : ExactSum or int
            A finite sum, or a number of rows.

        Examples
        --------
        >>> ExactSum([0.1, 0.2, 0.3]).over(3)
        0.2
        """
        units = divisor << UNIT_BITS if isinstance(divisor, int) else divisor.units
        if units == 0:
            return math.nan
        return self._beyond if self._beyond != 0 else rounded_quotient(self._units, units)

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold, without any loss."""
        return {"units": hex(self._units), "beyond": str(self._beyond)}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> ExactSum:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is anything else.
        """
        fields = description if isinstance(description, dict) else {}
        units, beyond = fields.get("units"), fields.get("beyond")
        if not isinstance(units, str) or not UNITS.fullmatch(units):
            raise XentError(f"an exact sum must hold units in hexadecimal, got {shown(units)}.")
        if not isinstance(beyond, str) or beyond not in {"0.0", "inf", "-inf", "nan"}:
            raise XentError(
                f"an exact sum's beyond must be 0.0, inf, -inf or nan, got {shown(beyond)}."
            )
        total = cls()
        total._units, total._beyond = int(units, 16), float(beyond)
        return total

    def _add_chunk(self, rest: FloatArray, part: FloatArray) -> None:
        largest = _largest(rest)
        is_bound = False
        while largest != 0:
            if not largest < math.inf:
                rest = self._without_beyond(rest)
                part = part[: rest.size]
                largest = _largest(rest)
                continue
            exponent = math.frexp(largest)[1] + HEAD_BITS
            if exponent > 1023:
                rest = self._without_huge(rest, part)
                largest = _largest(rest)
                continue
            head = math.ldexp(1.0, max(exponent, LOWEST))
            # (term + head) - head is the term rounded to head's grid; what is left is exact.
            np.add(rest, head, out=part)
            part -= head
            rest -= part
            self._units += _whole_units(float(part.sum()))
            # What is left is at most half of head's spacing: once, that saves looking for the
            # largest, and two heads take all 53 bits of most terms.
            is_bound = not is_bound and bool(rest.any())
            largest = math.ldexp(head, -53) if is_bound else _largest(rest)

    def _without_beyond(self, rest: FloatArray) -> FloatArray:
        finite = np.isfinite(rest)
        with np.errstate(invalid="ignore"):
            self._beyond += float(np.sum(rest[~finite]))
        return rest[finite]

    def _without_huge(self, rest: FloatArray, part: FloatArray) -> FloatArray:
        huge = np.abs(rest) >= 2.0**600
        scaled = ExactSum()
        scaled._add_chunk(rest[huge] * 2.0**-HUGE_SHIFT, part[: np.count_nonzero(huge)].copy())
        self._units += scaled._units << HUGE_SHIFT
        rest[huge] = 0.0
        return rest


def exact_products(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the products of two arrays and their rounding errors: the two sum to the product."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        product = left * right
        left_high, left_low = _halves(left)
        right_high, right_low = _halves(right)
        error = left_high * right_high - product
        error += left_high * right_low
        error += left_low * right_high
        error += left_low * right_low
    error[~np.isfinite(error)] = 0.0
    return product, error


def _halves(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    wide = SPLITTER * values
    high = wide - (wide - values)
    return high, values - high


def _largest(values: Array) -> float:
    # fmax and max differ on NaN: max must let it through, it is looked for.
    return max(float(values.max()), -float(values.min())) if values.size else 0.0


def _whole_units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator << (UNIT_BITS + 1 - denominator.bit_length())


def rounded_quotient(numerator: int, denominator: int) -> float:
    """Return the quotient of two whole numbers, rounded once; infinite beyond the floats."""
    try:
        return numerator / denominator  # Python rounds the quotient of two integers correctly
    except OverflowError:
        return math.inf if (numerator > 0) == (denominator > 0) else -math.inf
