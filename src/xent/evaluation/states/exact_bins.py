"""Weights summed by bin without rounding: counts for whole rows, whole numbers for any weight."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["ExactBins"]

CHUNK = 1 << 16  # rows whose places and digits stay in the cache
DIGIT_BITS = (
    26  # digits below 2^26: a chunk's float sum of them is exact, and so is 2^37 rows' int64
)
LEVELS = range(-42, 40)  # 2^(26 * level) from the smallest to the largest float64
MAX_BINS = 1 << 24


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
                self._levels[0] += np.bincount(chunk, minlength=self.n_bins)
            else:
                self._add_digits(chunk, weight[start : start + CHUNK])
        self.weighted |= weight is not None

    def merge(self, other: ExactBins) -> None:
        """Add the totals of another one with as many bins, leaving that as it is."""
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
        n_bins, levels = fields.get("n_bins"), fields.get("levels")
        if type(n_bins) is not int or not 0 < n_bins <= MAX_BINS:
            raise XentError(f"n_bins must be a whole number up to {MAX_BINS}, got {n_bins!r:.40}.")
        if type(fields.get("weighted")) is not bool or not isinstance(levels, dict):
            raise XentError("bins must hold weighted (true or false) and levels (an object).")
        bins = cls(n_bins)
        bins.weighted = fields["weighted"]
        for name, filled in levels.items():
            if name not in map(str, LEVELS) or not isinstance(filled, dict):
                raise XentError(f"a level of bins must be one of -42..39, got {name!r:.40}.")
            places = _whole_numbers(filled.get("places"), "places", n_bins)
            digits = _whole_numbers(filled.get("digits"), "digits", 1 << 62)
            if places.size != digits.size or np.unique(places).size != places.size:
                raise XentError("places must be distinct, one for each of the digits.")
            bins._level(int(name))[places] = digits
        return bins

    def _level(self, level: int) -> IntArray:
        if level not in self._levels:
            self._levels[level] = np.zeros(self.n_bins, dtype=np.int64)
        return self._levels[level]

    def _add_digits(self, places: Array, weight: FloatArray) -> None:
        rest = weight.astype(np.float64)
        while rest.size and (largest := float(rest.max())) > 0:
            level = (math.frexp(largest)[1] - 1) // DIGIT_BITS
            digits = np.floor(np.ldexp(rest, -DIGIT_BITS * level))
            sums = np.bincount(places, weights=digits, minlength=self.n_bins)
            self._level(level)[:] += sums.astype(np.int64)
            rest -= np.ldexp(digits, DIGIT_BITS * level)


def _whole_numbers(values: object, name: str, stop: int) -> IntArray:
    if not isinstance(values, list) or any(type(value) is not int for value in values):
        raise XentError(f"{name} must be a list of whole numbers.")
    if any(not 0 <= value < stop for value in values):
        raise XentError(f"{name} must lie in 0..{stop - 1}.")
    return np.array(values, dtype=np.int64)
