"""One bootstrap replicate of the rank figures: drawn counts and their running sums.

The rows stand by falling score. They are worked on in chunks that end where a score ends, so that
equal scores are never torn apart and the sums of a chunk stay in the cache.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, check_scores, vector
from xent.evaluation.intervals.spread import cluster_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["RunningSums", "SortedRows", "draw_counts", "sorted_rows"]

CHUNK_ROWS = 1 << 16  # the sums of a chunk stay in the cache
TINY = 5e-324  # under a share 0 / 0 of rows that were not drawn, whose numerator counts for nothing


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows first..end-1, whole groups of equal scores; places are counted within the chunk.

    `positive` are the places of the positive rows. A group is a distinct score that positive rows
    have: `last` is its last positive row, counted among the positive ones (None where no two rows
    are tied), `group_first` and `group_end` are its first row and the one after its last.
    """

    first: int
    end: int
    positive: IntArray
    last: IntArray | None
    group_first: IntArray
    group_end: IntArray


@dataclass(frozen=True, eq=False)
class SortedRows:
    """Rows by falling score, cut into chunks; `codes` where clusters are drawn, not rows."""

    n_rows: int
    n_positive: float
    n_negative: float
    n_decided: int
    chunks: tuple[Chunk, ...]
    weight: FloatArray | None
    codes: IntArray | None
    values: tuple[FloatArray, ...]


def sorted_rows(
    y: object,
    scores: object,
    weight: object,
    cluster: object,
    threshold: float | None,
    values: Mapping[str, object],
) -> SortedRows:
    """Check and sort the rows once; a chunk ends at `threshold` as well."""
    truth, given, kept = binary_rows(y, "scores", scores, weight)
    check_scores(given, "scores")
    codes = cluster_codes(cluster, weight, truth.size)
    order = np.argsort(given)[::-1]
    positive, ordered = truth[order], given[order]
    n_decided = truth.size
    if threshold is not None:  # a float compares in the precision of the scores (NEP 50)
        n_decided = int(np.count_nonzero(given >= float(threshold)))
    heavy = np.ones(truth.size) if kept is None else kept
    return SortedRows(
        truth.size,
        float(heavy[truth].sum()),
        float(heavy[~truth].sum()),
        n_decided,
        tuple(_chunks(positive, ordered, n_decided)),
        None if kept is None else kept[order],
        None if codes is None else codes[order],
        tuple(_row_values(name, held, weight, order) for name, held in values.items()),
    )


class RunningSums:
    """The buffers of one thread, allocated once for all its replicates."""

    def __init__(self, rows: SortedRows) -> None:
        self.rows = rows
        longest = max(chunk.end - chunk.first for chunk in rows.chunks)
        # Counts are summed in integers, weights in float64; the sum before the first row is 0.
        self.total = np.zeros(longest + 1, np.int64 if rows.weight is None else np.float64)
        self.n_clusters = 0 if rows.codes is None else int(rows.codes.max()) + 1

    def replicate(self, seed: np.random.SeedSequence, *, stratified: bool) -> list[float]:
        """Return AUC, AP, TP, FN, FP, TN and the means of the values of one replicate."""
        own_scale, other_scale = self._class_scales(seed) if stratified else (1.0, 1.0)
        tp = fp = decided_tp = decided_fp = lost = gained = 0.0
        sums = [0.0] * len(self.rows.values)
        for chunk, counts in self._drawn(seed):
            own, hits, found, passed, after = self._groups(chunk, counts)
            held = float(self.total[counts.size])
            n_own = float(found[-1]) if found.size else 0.0
            lost += own_scale * (other_scale * float(np.dot(hits, passed)) + n_own * fp)
            if stratified:
                found *= own_scale
                after *= other_scale
            found += tp
            predicted = after + (found + fp)
            np.maximum(predicted, TINY, out=predicted)
            gained += own_scale * float(np.dot(hits, np.divide(found, predicted, out=predicted)))
            for place, values in enumerate(self.rows.values):
                here = values[chunk.first : chunk.end]
                sums[place] += other_scale * float(np.dot(counts, here))
                if stratified:
                    own_sum = float(np.dot(own, here[chunk.positive]))
                    sums[place] += (own_scale - other_scale) * own_sum
            tp, fp = tp + n_own * own_scale, fp + (held - n_own) * other_scale
            if chunk.end <= self.rows.n_decided:
                decided_tp, decided_fp = tp, fp
        auc = min(max(1 - lost / (tp * fp), 0.0), 1.0) if tp > 0 and fp > 0 else math.nan
        ap = min(gained / tp, 1.0) if tp > 0 else math.nan
        means = [total / (tp + fp) if tp + fp > 0 else math.nan for total in sums]
        return [auc, ap, decided_tp, tp - decided_tp, decided_fp, fp - decided_fp, *means]

    def _groups(self, chunk: Chunk, counts: Array) -> tuple[Array, Array, Array, Array, Array]:
        # Counts of the positive rows; then per group of equal scores: the positives in it, those up
        # to its end, the negatives above it plus half of those in it, and those up to its end.
        total = self.total[: counts.size + 1]
        np.cumsum(counts, dtype=total.dtype, out=total[1:])
        own = counts.take(chunk.positive)
        found = np.cumsum(own, dtype=np.float64)
        if chunk.last is None:
            after = total.take(chunk.group_end) - found
            return own, own.astype(np.float64), found, after, after
        found = found.take(chunk.last)
        earlier = np.concatenate([[0.0], found[:-1]])[: found.size]
        after = total.take(chunk.group_end) - found
        before = total.take(chunk.group_first) - earlier
        return own, found - earlier, found, (before + after) / 2, after

    def _drawn(self, seed: np.random.SeedSequence) -> Iterator[tuple[Chunk, Array]]:
        rows, generator = self.rows, np.random.Generator(np.random.SFC64(seed))
        drawn = None if rows.codes is None else draw_counts(generator, self.n_clusters)
        for chunk in rows.chunks:
            here = slice(chunk.first, chunk.end)
            if drawn is None or rows.codes is None:
                counts = draw_counts(generator, chunk.end - chunk.first)
            else:
                counts = drawn.take(rows.codes[here])
            yield chunk, counts if rows.weight is None else counts * rows.weight[here]

    def _class_scales(self, seed: np.random.SeedSequence) -> tuple[float, float]:
        # What brings the drawn weight of each class back to its size; the same seed, the same draws.
        own = other = 0.0
        for chunk, counts in self._drawn(seed):
            drawn = float(counts.take(chunk.positive).sum(dtype=np.float64))
            own += drawn
            other += float(counts.sum(dtype=np.float64)) - drawn
        rows = self.rows
        return (
            rows.n_positive / own if own > 0 else 1.0,
            rows.n_negative / other if other > 0 else 1.0,
        )


def draw_counts(generator: np.random.Generator, n: int) -> Array:
    """Draw how often each of n rows is taken: uint8, Poisson with mean 1.

    Sixteen random bits choose from a table of 65,536 counts whose mean and variance are 1 exactly;
    the probabilities are those of Poisson(1) but for 2.3e-4 at most.

    Examples
    --------
    >>> import numpy as np
    >>> draw_counts(np.random.default_rng(0), 5).dtype
    dtype('uint8')
    """
    words = generator.integers(0, 1 << 64, size=-(-n // 4), dtype=np.uint64)
    drawn: Array = POISSON_TABLE.take(words.view(np.uint16)[:n])
    return drawn


def _poisson_table() -> Array:
    # Numbers of the counts 0, 1, 2, ... among 2^16, rounded; those of 0, 1 and 2 are then such that
    # the mean and the mean of k (k - 1) are 1, as for Poisson(1).
    size, count = 1 << 16, np.arange(9)
    number = np.array([round(size * math.exp(-1) / math.factorial(k)) for k in range(9)])
    number[2] = (size - int(np.dot(count[3:] * (count[3:] - 1), number[3:]))) // 2
    number[1] = size - int(np.dot(count[2:], number[2:]))
    number[0] = size - int(number[1:].sum())
    return np.repeat(count, number).astype(np.uint8)


POISSON_TABLE = _poisson_table()


def _chunks(positive: Array, ordered: Array, n_decided: int) -> Iterator[Chunk]:
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, ordered.size)
    wanted = np.append(np.arange(CHUNK_ROWS, ordered.size, CHUNK_ROWS), ordered.size)
    cuts = set(ends[ends.searchsorted(wanted)].tolist()) | {n_decided, ordered.size}
    first = 0
    for end in sorted(cuts - {0}):
        low, high = ends.searchsorted([first, end], side="right")
        own_ends = ends[low:high] - first
        places = np.flatnonzero(positive[first:end])
        if own_ends.size == end - first:  # no two rows are tied
            yield Chunk(first, end, places, None, places, places + 1)
        else:
            groups, n_each = np.unique(own_ends.searchsorted(places, "right"), return_counts=True)
            starts = np.concatenate([[0], own_ends[:-1]])
            yield Chunk(first, end, places, np.cumsum(n_each) - 1, starts[groups], own_ends[groups])
        first = end


def _row_values(name: str, held: object, weight: object, order: IntArray) -> FloatArray:
    given = vector(held, f"values[{name!r}]").astype(np.float64)
    if weight is not None and given.size != order.size:
        given = given[np.asarray(weight, dtype=np.float64).reshape(-1) > 0]
    if given.size != order.size:
        raise XentError(f"values[{name!r}] must have {order.size} rows as y has, got {given.size}.")
    return given[order]
