"""Bootstrap replicates of any figure of the score counts, from counts in bins of thresholds.

A replicate draws how many rows of each class fall into each bin, so its cost does not grow with the
number of rows. The bins hold equal numbers of rows, and every distinct score is its own bin where
there are few. What the bins blur is the figure's value, hardly how much it varies: the caller
shifts the replicates by the difference between the figure of all scores and that of the bins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.counts import ScoreCounts
from xent.evaluation.intervals.running_sums import draw_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["binned_replicates"]

N_BINS = 1024


def binned_replicates(
    figure: Callable[[ScoreCounts], float],
    counts: ScoreCounts,
    rows: tuple[Array, Array, FloatArray | None, IntArray | None],
    *,
    n_bootstrap: int,
    random_state: int,
) -> tuple[float, FloatArray]:
    """Return a figure of the binned counts, and the same of bootstrap replicates.

    Parameters
    ----------
    figure : callable
        Counts in, number out.
    counts : ScoreCounts
    rows : tuple
        Truth (bool), scores, weights or None, codes of clusters or None, each of shape (n,). They
        are read only where there are weights or clusters; without, the counts say all.
    n_bootstrap, random_state : int

    Returns
    -------
    float
        The figure of the binned counts.
    float64 array of shape (n_bootstrap,)
        NaN where the figure is undefined.
    """
    starts = _bin_starts(counts)
    last = np.append(starts[1:], counts.thresholds.size) - 1
    thresholds = counts.thresholds[last]
    whole = ScoreCounts(
        thresholds,
        np.add.reduceat(counts.positives, starts, dtype=np.float64),
        np.add.reduceat(counts.negatives, starts, dtype=np.float64),
    )
    if rows[2] is None and rows[3] is None:
        drawn = _drawn_counts(whole, n_bootstrap, random_state)
    else:
        drawn = _drawn_rows(thresholds, rows, n_bootstrap, random_state)
    replicates = [figure(_without_empty(thresholds, *classes)) for classes in drawn]
    return figure(whole), np.array(replicates)


def _bin_starts(counts: ScoreCounts) -> IntArray:
    """Return the first threshold of each bin: bins of about equal numbers of rows."""
    if counts.thresholds.size <= N_BINS:
        return np.arange(counts.thresholds.size)
    rows = np.cumsum(counts.positives, dtype=np.float64)
    rows += np.cumsum(counts.negatives, dtype=np.float64)
    wanted = rows[-1] * np.arange(1, N_BINS) / N_BINS
    starts = np.searchsorted(rows, wanted, side="right")
    return np.unique(np.append(0, starts[starts < rows.size]))


def _drawn_counts(
    whole: ScoreCounts, n_bootstrap: int, random_state: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    # Each row is drawn Poisson(1) times, so a bin of k rows Poisson(k) times.
    for seed in np.random.SeedSequence(random_state).spawn(n_bootstrap):
        generator = np.random.default_rng(seed)
        yield (
            generator.poisson(whole.positives).astype(np.float64),
            generator.poisson(whole.negatives).astype(np.float64),
        )


def _drawn_rows(
    thresholds: Array,
    rows: tuple[Array, Array, FloatArray | None, IntArray | None],
    n_bootstrap: int,
    random_state: int,
) -> Iterator[tuple[FloatArray, FloatArray]]:
    truth, scores, weight, codes = rows
    # A bin holds the scores from its threshold up to the one of the bin before it.
    place = thresholds.size - np.searchsorted(thresholds[::-1], scores, side="right")
    cell = 2 * place + truth
    n_units = truth.size if codes is None else int(codes.max()) + 1
    for seed in np.random.SeedSequence(random_state).spawn(n_bootstrap):
        drawn = draw_counts(np.random.default_rng(seed), n_units).astype(np.float64)
        heavy = drawn if codes is None else drawn[codes]
        if weight is not None:
            heavy = heavy * weight
        sums = np.bincount(cell, weights=heavy, minlength=2 * thresholds.size)
        positives: FloatArray = sums[1::2].astype(np.float64)
        negatives: FloatArray = sums[::2].astype(np.float64)
        yield positives, negatives


def _without_empty(thresholds: Array, positives: FloatArray, negatives: FloatArray) -> ScoreCounts:
    kept = positives + negatives > 0
    return ScoreCounts(thresholds[kept], positives[kept], negatives[kept])
