"""Weights summed by bin without rounding: counts for whole rows, whole numbers for any weight."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.states.documents import MOST_ROWS, item, shown, whole
from xent.evaluation.states.exact_sum import UNIT_BITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray
    from xent.evaluation.states.exact_sum import ExactSum

__all__ = ["ExactBins"]

CHUNK = 1 << 16  # rows whose places and digits stay in the cache
DIGIT_BITS = (
    26  # digits below 2^26: a chunk's float sum of them is exact, and so is 2^37 rows' int64
)
LEVELS = range(-42, 40)  # 2^(26 * level) from the smallest to the largest float64
MAX_BINS = 1 << 24
MAX_CELLS = 1 << 27  # a gibibyte: what a few bytes of JSON may make a reader allocate


class ExactBins:
    """Total weight of the rows in each of `n_bins` places, the same for any order and grouping.

    A row without a weight counts 1. Weights are cut into digits of 26 bits on a fixed grid, one
    array of int64 a digit, so that sums of weights are sums of integers.

    Parameters
    ----------
    n_bins : int
        Number of places.

    Examples
    --------
    >>> bins = ExactBins(2)
    >>> bins.add(np.array([0, 1, 1]), np.array([0.1, 0.2, 0.3]))
    >>> bins.totals
    array([0.1, 0.5])
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, n_bins: int) -> None:
        self.n_bins = n_bins
        self.weighted = False
        self._levels: dict[int, IntArray] = {0: np.zeros(n_bins, dtype=np.int64)}

    def __eq__(self, other: object) -> bool:
        """Whether the totals are the same in every bin, exactly."""
        if not isinstance(other, ExactBins):
            return NotImplemented
        mine, theirs = self.to_json()["levels"], other.to_json()["levels"]
        return self.n_bins == other.n_bins and mine == theirs

    @property
    def totals(self) -> Array:
        """Total of each bin: int64 counts, or float64 sums of weights."""
        if not self.weighted:
            return self._levels[0].copy()
        total = np.zeros(self.n_bins)
        for level in sorted(self._levels):  # the small ones first
            total += np.ldexp(self._levels[level].astype(np.float64), DIGIT_BITS * level)
        return total

    def add(self, places: Array, weight: FloatArray | None = None) -> None:
        """Add rows by their place, 0..n_bins-1, and weight, finite and positive."""
        for start in range(0, places.size, CHUNK):
            chunk = places[start : start + CHUNK]
            if weight is None:
                _count(self._levels[0], chunk)
            else:
                self._add_digits(chunk, weight[start : start + CHUNK])
        self.weighted |= weight is not None

    def merge(self, other: ExactBins) -> None:
        """Add the totals of another one with as many bins, leaving that as it is."""
        for level, digits in other._levels.items():
            # Batches never come near it; what a file claims may.
            if int(digits.max()) + int(self._level(level).max()) >= 1 << 63:
                raise XentError("states that merge must not count more than 2^63 rows in a bin.")
        for level, digits in other._levels.items():
            self._level(level)[:] += digits
        self.weighted |= other.weighted

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold: the places that are not empty, a list of digits a level."""
        filled = {}
        for level, digits in sorted(self._levels.items()):
            places = np.flatnonzero(digits)
            if places.size:
                filled[str(level)] = {"places": places.tolist(), "digits": digits[places].tolist()}
        return {"n_bins": self.n_bins, "weighted": self.weighted, "levels": filled}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> ExactBins:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When a number is missing, no whole number, or out of range.
        """
        fields = description if isinstance(description, dict) else {}
        if set(fields) != {"n_bins", "weighted", "levels"}:
            raise XentError(f"bins must hold n_bins, weighted, levels, got {shown(description)}.")
        n_bins, levels = whole(fields, "n_bins", 1, MAX_BINS), fields["levels"]
        weighted = item(fields, "weighted", (True, False))
        if not isinstance(levels, dict) or n_bins * len(levels) > MAX_CELLS:
            raise XentError("levels of bins must be an object, with fewer levels for so many bins.")
        bins = cls(n_bins)
        bins.weighted = weighted
        for name, filled in levels.items():
            if not isinstance(name, str) or name not in (map(str, LEVELS) if weighted else {"0"}):
                raise XentError(f"a level of bins must be one of -42..39, got {shown(name)}.")
            if not isinstance(filled, dict) or set(filled) != {"places", "digits"}:
                raise XentError(f"a level must hold places and digits, got {shown(filled)}.")
            places = _whole_numbers(filled["places"], "places", 0, n_bins)
            digits = _whole_numbers(filled["digits"], "digits", 1, MOST_ROWS + 1)
            if not 0 < places.size == digits.size == np.unique(places).size:
                raise XentError("places must be distinct, one for each of the digits.")
            bins._level(int(name))[places] = digits
        return bins

    def check_weight(self, weight: ExactSum, n_rows: int, times: int = 1) -> None:
        """Refuse bins that do not hold each row `times`, to the last bit of the rows' weight.

        Raises
        ------
        XentError
            When the total of all bins is another number.
        """
        finest = -DIGIT_BITS * LEVELS[0]
        total = sum(
            sum(digits[digits > 0].tolist()) << (DIGIT_BITS * level + finest)
            for level, digits in self._levels.items()
        )
        fits = total == times * weight.units << (finest - UNIT_BITS)
        if not fits or not (self.weighted or total == times * n_rows << finest):
            raise XentError("bins and weight of a state must be of the same rows.")

    def _level(self, level: int) -> IntArray:
        if level not in self._levels:
            self._levels[level] = np.zeros(self.n_bins, dtype=np.int64)
        return self._levels[level]

    def _add_digits(self, places: Array, weight: FloatArray) -> None:
        rest = weight.astype(np.float64)
        while rest.size and (largest := float(rest.max())) > 0:
            level = (math.frexp(largest)[1] - 1) // DIGIT_BITS
            digits = np.floor(np.ldexp(rest, -DIGIT_BITS * level))
            _count(self._level(level), places, digits)
            rest -= np.ldexp(digits, DIGIT_BITS * level)


def _count(totals: IntArray, places: Array, digits: FloatArray | None = None) -> None:
    if places.size < totals.size:  # a histogram of every bin would cost more than the rows
        np.add.at(totals, places, 1 if digits is None else digits.astype(np.int64))
    elif digits is None:
        totals += np.bincount(places, minlength=totals.size)
    else:
        totals += np.bincount(places, weights=digits, minlength=totals.size).astype(np.int64)


def _whole_numbers(values: object, name: str, low: int, stop: int) -> IntArray:
    if not isinstance(values, list) or any(type(value) is not int for value in values):
        raise XentError(f"{name} must be a list of whole numbers.")
    if any(not low <= value < stop for value in values):
        raise XentError(f"{name} must lie in {low}..{stop - 1}.")
    return np.array(values, dtype=np.int64)
