"""Strata: codes of rows that a split should deal out evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.data.duplicates import row_groups

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["label_set_strata", "quantile_strata"]


def quantile_strata(y: FloatArray, n_bins: int = 10) -> IntArray:
    """Return the bin of each number, bins of nearly equal size, equal numbers together.

    Parameters
    ----------
    y : ndarray of shape (n,)
        A numeric target.
    n_bins : int
        At most; fewer where numbers repeat.

    Examples
    --------
    >>> quantile_strata(np.array([10.0, 40.0, 20.0, 30.0]), n_bins=2)
    array([0, 1, 0, 1])
    """
    edges = np.quantile(y, np.arange(1, n_bins) / n_bins)
    return np.searchsorted(np.unique(edges), y, side="right").astype(np.int64)


def label_set_strata(Y: Array, n_smallest: int = 10) -> IntArray:
    """Return a code for each row's set of labels, rare sets joined with similar ones.

    The sets are ordered by their rarest label first, then the next rarest, and neighbors are joined
    until a stratum has `n_smallest` rows. Rows with a rare label so stay together, and a split that
    deals out the strata evenly deals out the labels nearly so.

    Parameters
    ----------
    Y : ndarray of shape (n, n_labels)
        0 or 1.
    n_smallest : int
        Rows that a stratum should have at least.

    Examples
    --------
    >>> label_set_strata(np.array([[1, 0], [0, 1], [0, 1], [1, 0], [0, 1]]), n_smallest=2)
    array([1, 0, 0, 1, 0])
    """
    rarest_first = np.argsort(Y.sum(axis=0), kind="stable")
    codes = row_groups(Y)
    n_sets = int(codes.max()) + 1
    example = np.empty(n_sets, dtype=np.int64)
    example[codes] = np.arange(codes.size)
    sizes = np.bincount(codes)
    order = np.lexsort(Y[example][:, rarest_first[::-1]].T)  # lexsort's last key is its first
    stratum_of = np.empty(n_sets, dtype=np.int64)
    stratum, n_rows = 0, 0
    for label_set in order.tolist():
        if n_rows >= n_smallest:
            stratum, n_rows = stratum + 1, 0
        stratum_of[label_set] = stratum
        n_rows += sizes[label_set]
    if n_rows < n_smallest and stratum:  # the last one goes to its neighbor
        stratum_of[stratum_of == stratum] = stratum - 1
    return stratum_of[codes]
