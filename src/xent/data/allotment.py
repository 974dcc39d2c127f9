"""Allotment: choosing rows at random so that strata are met and groups stay whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array, IntArray

__all__ = ["allot"]


def allot(
    n_rows: int,
    n_held: int,
    random_state: int | np.random.Generator,
    strata: IntArray | None = None,
    groups: IntArray | None = None,
) -> Array:
    """Return the mask of `n_held` random rows, in proportion in every stratum, groups whole.

    Groups of several rows are dealt out first, in random order, each taken where it brings the
    counts nearer to their share; single rows then fill every stratum up. So the counts are met to
    one row as long as there are enough single rows, and to half a group otherwise.

    Parameters
    ----------
    n_rows, n_held : int
        The rows, and how many of them to take.
    random_state : int or numpy Generator
        The seed.
    strata, groups : ndarray of shape (n,), optional
        Codes from 0.

    Examples
    --------
    >>> allot(4, 2, 0, np.array([0, 0, 1, 1])).reshape(2, 2).sum(axis=1)
    array([1, 1])
    """
    if not isinstance(random_state, np.random.Generator):
        random_state = np.random.Generator(np.random.PCG64(random_state))
    # The raw stream of a bit generator is what NumPy promises to keep: ranks of it are an order.
    order = np.argsort(random_state.bit_generator.random_raw(n_rows), kind="stable")
    rotation = int(random_state.bit_generator.random_raw() % np.uint64(n_rows))
    codes = np.zeros(n_rows, dtype=np.int64) if strata is None else strata
    quota = _quotas(np.bincount(codes), n_held, rotation)
    is_held = np.zeros(n_rows, dtype=bool)
    is_single = np.ones(n_rows, dtype=bool)
    if groups is not None:
        is_single = np.bincount(groups)[groups] == 1
        several = order[~is_single[order]]
        n_several = np.bincount(codes[several], minlength=quota.size)
        share = quota * n_several / np.maximum(np.bincount(codes), 1)
        is_held[_whole_groups(several, groups, codes, share)] = True
        quota = quota - np.bincount(codes[is_held], minlength=quota.size)
    is_held[_first_of_each(order[is_single[order]], codes, quota)] = True
    if groups is not None and not is_held.any():
        sizes = np.bincount(groups)[groups[order]]
        is_held = groups == groups[order[np.argmin(sizes)]]  # too large, and still the nearest
    return is_held


def _quotas(sizes: IntArray, n_held: int, rotation: int) -> IntArray:
    """Return how many rows each stratum gives: its share rounded up or down, `n_held` in all.

    Rounding the cumulated sizes, shifted by a random rotation, keeps the total exact, every run of
    neighboring strata within one row of its share, and gives small strata their turn. Two
    exceptions, each by less than a row: the only row of a stratum is never held, since training
    must know every class; and a few rare strata give one row where their share is less, since
    without it nothing can be said about them.
    """
    n_rows = int(sizes.sum())
    cumulated = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    quota = np.diff((cumulated * n_held + rotation) // n_rows)
    left_out = (quota == 0) & (sizes > 1)
    if left_out.sum() <= max(1, n_held // 20):
        quota[left_out] = 1
    return np.minimum(quota, np.maximum(sizes - 1, 0))


def _first_of_each(order: IntArray, codes: IntArray, quota: IntArray) -> IntArray:
    """Return, from each stratum, as many rows as its quota wants, those that come first."""
    by_stratum = order[np.argsort(codes[order], kind="stable")]
    strata = codes[by_stratum]
    begin = np.searchsorted(strata, np.arange(quota.size))
    rank = np.arange(by_stratum.size) - begin[strata]
    return by_stratum[rank < quota[strata]]


def _whole_groups(order: IntArray, groups: IntArray, codes: IntArray, share: Array) -> IntArray:
    """Return the rows of the groups that are taken, walking through them in the given order.

    A group is taken when that lowers the sum of squared distances to the shares, each relative to
    its share: sum_k (left_k - c_k)^2 / s_k < sum_k left_k^2 / s_k, which is
    sum_k c_k (c_k - 2 left_k) / s_k < 0.
    """
    _, first, inverse = np.unique(groups[order], return_index=True, return_inverse=True)
    turn = np.argsort(np.argsort(first))[inverse]  # groups come when their first row does
    n_strata = share.size
    pairs, counts = np.unique(turn * n_strata + codes[order], return_counts=True)
    bounds = np.searchsorted(pairs, np.arange(first.size + 1) * n_strata).tolist()
    strata, numbers = (pairs % n_strata).tolist(), counts.tolist()
    left = share.tolist()
    scale = np.maximum(share, 0.5).tolist()
    taken = np.zeros(first.size, dtype=bool)
    for group in range(first.size):
        parts = range(bounds[group], bounds[group + 1])
        change = sum(
            numbers[i] * (numbers[i] - 2 * left[strata[i]]) / scale[strata[i]] for i in parts
        )
        if change < 0:
            taken[group] = True
            for i in parts:
                left[strata[i]] -= numbers[i]
    return order[taken[turn]]
