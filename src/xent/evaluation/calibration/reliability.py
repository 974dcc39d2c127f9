"""Reliability: the observed share of positives beside the probability that was said, bin by bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.calibration.pooling import bin_sums, probability_rows, rank_groups
from xent.evaluation.intervals.proportions import wilson_bounds

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.evaluation.calibration.pooling import Pools

__all__ = ["BINS", "Reliability", "binned_pools", "reliability"]

BINS = ("equal_width", "equal_mass")


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram in numbers: one entry a bin, also for empty bins.

    Parameters
    ----------
    edges : float64 array of shape (m + 1,)
        Bin k holds edges[k] < p <= edges[k + 1]; the first also p = 0.
    probability : float64 array of shape (m,)
        Mean probability of the bin's rows; NaN in an empty bin.
    share : float64 array of shape (m,)
        Observed share of positives; NaN in an empty bin.
    low, high : float64 array of shape (m,)
        Wilson's interval of the share, with the effective number of rows where rows are weighted.
    count : float64 array of shape (m,)
        Rows in the bin, or the sum of their weights.
    level : float
        Confidence level of the intervals.
    bins : str
        "equal_width" or "equal_mass".
    """

    edges: FloatArray
    probability: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray
    count: FloatArray
    level: float
    bins: str

    def to_json(self) -> dict[str, Any]:
        """Return lists that JSON can hold; NaN is None.

        Examples
        --------
        >>> reliability([1, 0], probabilities=[0.9, 0.8], n_bins=2).to_json()["share"]
        [None, 0.5]
        """
        names = ("edges", "probability", "share", "low", "high", "count")
        lists = {name: plain_list(getattr(self, name)) for name in names}
        return {**lists, "level": self.level, "bins": self.bins}


def reliability(
    y: object,
    *,
    probabilities: object,
    n_bins: int = 15,
    bins: str = "equal_width",
    weight: object = None,
    level: float = 0.95,
) -> Reliability:
    """Observed share of positives in bins of the predicted probability, with Wilson intervals.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    n_bins : int
        How many bins. Of equal mass there are fewer where probabilities are tied.
    bins : {"equal_width", "equal_mass"}
        Bins of one width, or with about the same number of rows.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    level : float
        Confidence level.

    Raises
    ------
    XentError
        When the arrays do not fit, or n_bins, bins or level is out of range.

    References
    ----------
    Murphy & Winkler, Reliability of subjective probability forecasts, 1977.

    Examples
    --------
    >>> diagram = reliability([0, 1, 1, 1], probabilities=[0.2, 0.4, 0.9, 1.0], n_bins=2)
    >>> diagram.share, diagram.probability, diagram.count
    (array([0.5, 1. ]), array([0.3 , 0.95]), array([2., 2.]))
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    edges, place = bin_places(p, kept, n_bins, bins)
    sums = bin_sums(truth, p, kept, place, edges.size - 1)
    low, high = wilson_bounds(
        np.where(sums.weight > 0, sums.share, 0.0) * sums.n_effective, sums.n_effective, level
    )
    return Reliability(edges, sums.probability, sums.share, low, high, sums.weight, level, bins)


def binned_pools(
    truth: Array, p: FloatArray, weight: FloatArray | None, n_bins: int, bins: str
) -> tuple[Pools, Array]:
    """Return the sums of all bins, empty ones included, and the bin of each row."""
    edges, place = bin_places(p, weight, n_bins, bins)
    return bin_sums(truth, p, weight, place, edges.size - 1), place


def bin_places(
    p: FloatArray, weight: FloatArray | None, n_bins: int, bins: str
) -> tuple[FloatArray, Array]:
    """Return the edges of the bins and the bin of each row; a bin is closed on the right."""
    if n_bins < 1 or n_bins != int(n_bins):
        raise XentError(f"n_bins must be a whole number of at least 1, got {n_bins!r}.")
    if bins not in BINS:
        raise XentError(
            f"bins must be one of {', '.join(BINS)}, got {bins!r}.{nearest_hint(str(bins), BINS)}"
        )
    n_bins = int(n_bins)
    by_mass = bins == "equal_mass"
    edges = _mass_edges(p, weight, n_bins) if by_mass else np.linspace(0.0, 1.0, n_bins + 1)
    # Only the inner edges are searched: a probability of 0 or 1 has a bin like any other.
    return edges, np.searchsorted(edges[1:-1], p, side="left")


def plain_list(values: Array) -> list[float | str | None]:
    """Return a list that JSON can hold: NaN is None, an infinite number is "inf" or "-inf"."""
    return [
        None if value != value else value if abs(value) < np.inf else str(value)  # noqa: PLR0124 (NaN)
        for value in np.asarray(values, dtype=np.float64).tolist()
    ]


def _mass_edges(p: FloatArray, weight: FloatArray | None, n_bins: int) -> FloatArray:
    distinct, place = np.unique(p, return_inverse=True)
    groups = rank_groups(np.bincount(place.reshape(-1), weights=weight), n_bins)
    inner = distinct[np.flatnonzero(np.diff(groups))]
    return np.concatenate([[0.0], inner, [1.0]])
