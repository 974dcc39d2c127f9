"""Identical rows: which rows of a matrix are copies of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array, IntArray

__all__ = ["n_duplicates", "row_groups"]

_CHUNK = 1 << 17  # numbers looked at together, so that they stay in the cache
# the odd constant of splitmix64 (Steele, Lea and Flood 2014)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)


def row_groups(X: Array) -> IntArray:
    """Return a code for every row; identical rows, and only they, share one.

    Rows are hashed (a sum of products with fixed odd 64-bit factors, modulo 2^64) and those with
    equal hashes compared number by number, so the answer is exact. -0.0 equals 0.0, NaN equals NaN.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        Real numbers; what follows the first axis belongs to the row.

    Returns
    -------
    ndarray of shape (n,), int64
        0, 1, 2, ... in the order of first appearance.

    Raises
    ------
    XentError
        When X does not hold real numbers.

    Examples
    --------
    >>> row_groups(np.array([[1.0, 0.0], [2.0, np.nan], [1.0, -0.0], [2.0, np.nan]]))
    array([0, 1, 0, 1])
    """
    X = np.asarray(X)
    if X.ndim == 0 or X.dtype.kind not in "fiub":
        raise XentError(f"X must be rows of real numbers, got shape {X.shape} of {X.dtype}.")
    if X.dtype.kind == "f" and X.dtype.itemsize not in {4, 8}:
        X = X.astype(np.float64 if X.dtype.itemsize > 8 else np.float32)
    rows = X.reshape(len(X), -1)
    hashes = _row_hashes(rows)
    order = np.argsort(hashes, kind="stable")
    same_hash = np.flatnonzero(hashes[order[1:]] == hashes[order[:-1]])
    codes: Array = hashes
    if not _all_equal(rows, order[same_hash], order[same_hash + 1]):
        codes = _exact_codes(rows)
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[inverse]


def n_duplicates(groups: IntArray) -> int:
    """Return how many rows are copies of an earlier one.

    Examples
    --------
    >>> n_duplicates(np.array([0, 1, 0, 0]))
    2
    """
    return int(groups.size - np.unique(groups).size)


def _canonical(rows: Array) -> Array:
    """Return the rows such that equal numbers have equal bits, as unsigned integers."""
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0.0 + 0.0 is 0.0
        missing = np.isnan(rows)
        if missing.any():
            rows[missing] = np.nan  # there are many bit patterns of NaN
    rows = np.ascontiguousarray(rows)
    return rows.view(f"u{rows.dtype.itemsize}")


def _row_hashes(rows: Array) -> Array:
    """Return a 64-bit hash for every row, the same on every machine."""
    n_rows, n_columns = rows.shape
    factors = np.random.PCG64(20_240_229).random_raw(n_columns) | np.uint64(1)
    hashes = np.empty(n_rows, dtype=np.uint64)
    step = max(1, _CHUNK // max(1, n_columns))
    for start in range(0, n_rows, step):
        bits = _canonical(rows[start : start + step]).astype(np.uint64)
        # Small whole numbers have no low bits: fold the high ones down, or most of the hash stays empty.
        bits ^= bits >> np.uint64(32)
        bits *= _MIX
        bits ^= bits >> np.uint64(29)
        # Whole numbers add up alike in any order: equal rows, equal hashes. BLAS promises no such.
        hashes[start : start + step] = bits @ factors
    return hashes


def _all_equal(rows: Array, left: IntArray, right: IntArray) -> bool:
    """Return whether the rows `left` equal the rows `right`, pair by pair."""
    step = max(1, _CHUNK // max(1, rows.shape[1]))
    for start in range(0, left.size, step):
        one = rows[left[start : start + step]]
        other = rows[right[start : start + step]]
        if not np.array_equal(one, other, equal_nan=rows.dtype.kind == "f"):
            return False
    return True


def _exact_codes(rows: Array) -> IntArray:
    """Return codes from the bytes of the rows; needed when different rows share a hash."""
    codes: dict[bytes, int] = {}
    keys = (_canonical(rows[i : i + 1]).tobytes() for i in range(len(rows)))
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
