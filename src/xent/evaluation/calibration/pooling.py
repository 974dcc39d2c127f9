"""Rows pooled by their probability, and the pool-adjacent-violators fit on the pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.inputs import binary_rows, check_probabilities

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["Pools", "bin_sums", "isotonic_shares", "probability_rows", "rank_groups", "row_pools"]


@dataclass(frozen=True, eq=False)
class Pools:
    """Rows of equal (or neighboring) probability taken together, by rising probability.

    Parameters
    ----------
    probability : float64 array of shape (m,)
        Weighted mean of the rows' probabilities.
    share : float64 array of shape (m,)
        Weighted share of positive rows.
    weight : float64 array of shape (m,)
        Sum of the rows' weights.
    n_effective : float64 array of shape (m,)
        sum(w)^2 / sum(w^2) (Kish 1965); the number of rows where none is weighted.
    """

    probability: FloatArray
    share: FloatArray
    weight: FloatArray
    n_effective: FloatArray


def probability_rows(
    y: object, probabilities: object, weight: object
) -> tuple[Array, FloatArray, FloatArray | None]:
    """Check a binary truth against probabilities: (bool truth, float64 in [0, 1], weight)."""
    truth, given, kept = binary_rows(y, "probabilities", probabilities, weight)
    return truth, check_probabilities(given), kept


def row_pools(
    truth: Array, p: FloatArray, weight: FloatArray | None, n_largest: int | None = None
) -> Pools:
    """Pool rows of the same probability; more than `n_largest` pools are joined with neighbors.

    Examples
    --------
    >>> row_pools(np.array([True, False, True]), np.array([0.5, 0.5, 0.1]), None).share
    array([1. , 0.5])
    """
    distinct, place = np.unique(p, return_inverse=True)
    place = place.reshape(-1)
    if n_largest is not None and distinct.size > n_largest:
        place = rank_groups(np.bincount(place, weights=weight), n_largest)[place]
    sums = bin_sums(truth, p, weight, place, int(place.max()) + 1)
    kept = sums.weight > 0
    return Pools(*(values[kept] for values in vars(sums).values()))


def rank_groups(weight: Array, n_groups: int) -> IntArray:
    """Return the group 0..n_groups-1 of each value in rank order, all of about the same weight.

    A group holds the values up to the smallest one at which the k/n_groups share of the weight is
    reached: the quantile by the inverted distribution function, for which a weight is repetition.
    """
    reached = np.cumsum(weight, dtype=np.float64)
    # A value belongs to the group that its predecessors have not filled.
    before = (reached - weight) / reached[-1] * n_groups
    # Shares such as 3/10 of 10 are met exactly in the field's arithmetic, not in the computer's.
    groups: IntArray = np.minimum(np.floor(before + 1e-9), n_groups - 1).astype(np.int64)
    return groups


def bin_sums(
    truth: Array, p: FloatArray, weight: FloatArray | None, place: Array, n_bins: int
) -> Pools:
    """Return the pools of given places; an empty one has NaN for its probability and share."""
    heavy = np.bincount(place, weights=weight, minlength=n_bins).astype(np.float64)
    w = 1.0 if weight is None else weight
    squares = heavy if weight is None else np.bincount(place, weight * weight, n_bins)
    with np.errstate(invalid="ignore"):
        probability = np.bincount(place, w * p, n_bins) / heavy
        share = np.bincount(place, w * truth, n_bins) / heavy
        n_effective = np.where(heavy > 0, heavy * heavy / squares, 0.0)
    return Pools(np.clip(probability, 0, 1), np.clip(share, 0, 1), heavy, n_effective)


def isotonic_shares(share: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the rising sequence nearest to `share` in weighted squares (pool adjacent violators).

    References
    ----------
    Ayer et al., An empirical distribution function for sampling with incomplete information, 1955.

    Examples
    --------
    >>> isotonic_shares(np.array([1.0, 0.0, 1.0]), np.array([1.0, 3.0, 1.0]))
    array([0.25, 0.25, 1.  ])
    """
    from scipy.optimize import isotonic_regression

    # Rounding in the means of blocks must not leave [0, 1].
    fitted: FloatArray = np.clip(isotonic_regression(share, weights=weight).x, 0.0, 1.0)
    return fitted
