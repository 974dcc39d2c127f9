"""The validation part of an estimator: distinct rows held out, chosen by their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.data.duplicates import row_groups
from xent.data.splits import hold_out
from xent.data.strata import label_set_strata, quantile_strata

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["SMALLEST", "hold_out_distinct"]

# With fewer distinct rows a fifth of them says too little about the loss to be worth its absence.
SMALLEST = 200


def hold_out_distinct(
    X: Array, y: Array, fraction: float, seed: int, *, task: str, weight: FloatArray | None = None
) -> Array | None:
    """Return the mask of the rows held out for validation, or None when there are too few.

    The choice depends on which rows there are, not on how often each occurs or in which order: a
    weight of 2 and a repetition give the same parts, and copies are never torn apart.

    Parameters
    ----------
    X : ndarray of shape (n, d) or (n, channels, height, width)
        Features, of which NaN is missing; or images.
    y : ndarray
        Class codes (n,), labels (n, L) or numbers (n,).
    fraction : float
        The share of the distinct rows to hold out, from 0 to below 1.
    seed : int
        Decides the choice.
    task : {"binary", "multiclass", "multilabel", "regression"}
        Classes, sets of labels and the target's quantiles are dealt out in proportion.
    weight : ndarray of shape (n,), optional
        All above 0.

    Examples
    --------
    >>> X = np.repeat(np.arange(200.0), 2)[:, None]
    >>> held = hold_out_distinct(X, X[:, 0] > 99, 0.2, 0, task="binary")
    >>> int(held.sum()), bool(np.all(held[::2] == held[1::2]))
    (80, True)
    >>> hold_out_distinct(X[:398], X[:398, 0] > 99, 0.2, 0, task="binary") is None
    True
    """
    if fraction == 0 or len(X) < SMALLEST:
        return None
    X = X.reshape(len(X), -1)
    groups = row_groups(X)
    n_groups = int(groups.max()) + 1
    if n_groups < SMALLEST:
        return None
    first = np.empty(n_groups, dtype=np.int64)
    first[groups[::-1]] = np.arange(len(X))[::-1]
    order = _content_order(X[first])
    rank = np.empty(n_groups, dtype=np.int64)
    rank[order] = np.arange(n_groups)
    place = rank[groups]
    _, held = hold_out(
        n_groups, fraction, random_state=seed, stratify=_strata(place, n_groups, y, weight, task)
    )
    is_held = np.zeros(n_groups, dtype=bool)
    is_held[held] = True
    return np.asarray(is_held[place])


def _content_order(rows: Array) -> Array:
    """Return the order of different rows by their bytes: any order serves that they alone decide."""
    rows = np.ascontiguousarray(rows + rows.dtype.type(0))  # -0.0 + 0.0 is 0.0
    if rows.dtype.kind == "f":
        rows[np.isnan(rows)] = np.nan  # there are many bit patterns of NaN
    keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
    return np.asarray(np.argsort(keys[:, 0], kind="stable"))


def _strata(
    place: IntArray, n_groups: int, y: Array, weight: FloatArray | None, task: str
) -> IntArray:
    """Return a stratum for each distinct row, from what its copies have as target."""
    if task == "regression":
        largest = np.full(n_groups, -np.inf)
        np.maximum.at(largest, place, y)
        return quantile_strata(largest)
    if task == "multilabel":
        union = np.zeros((n_groups, y.shape[1]))
        np.maximum.at(union, place, y)
        return label_set_strata(union)
    n_classes = int(y.max()) + 1
    pairs = place * n_classes + y.astype(np.int64)
    mass = np.bincount(pairs, weights=weight, minlength=n_groups * n_classes)
    return np.asarray(np.argmax(mass.reshape(n_groups, n_classes), axis=1))
