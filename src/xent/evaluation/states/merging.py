"""Sorted runs merged chunk by chunk, and the figures that one pass over the merged scores gives.

Figures are the same float for any number of runs and any cut into chunks: counts are integers,
sums of weights run in the order of the scores, and everything else goes through `ExactSum`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.counts import ScoreCounts
from xent.evaluation.states.exact_sum import ExactSum
from xent.evaluation.states.runs import Run, combine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from xent.arrays import Array

__all__ = [
    "in_parts",
    "merged_average_precision",
    "merged_confusion",
    "merged_counts",
    "merged_roc_auc",
    "merged_runs",
]

PART = 1 << 17
INT64_SAFE = 1 << 62


def in_parts(run: Run) -> Iterator[Run]:
    """Yield a run in parts of a size that merging can hold."""
    for start in range(0, len(run), PART):
        yield run.part(start, start + PART)


def merged_runs(sources: Sequence[Iterator[Run]]) -> Iterator[Run]:
    """Merge sorted runs, each given in chunks: combined chunks that share no score.

    Parameters
    ----------
    sources : sequence of iterators of Run
        Each yields the chunks of one run in order; all keys of one dtype, all with weights or none.
    """
    heads = [(next(source, None), source) for source in sources]
    held: list[Run] = []  # the entries of the last score so far: more of them may follow
    while live := [(run, source) for run, source in heads if run is not None]:
        # Whatever lies up to the nearest end of a chunk cannot be preceded by anything unread.
        bound = min(run.keys[-1] for run, _ in live)
        taken, heads = held, []
        for run, source in live:
            cut = int(run.keys.searchsorted(bound, side="right"))
            taken = [*taken, run.part(0, cut)] if cut else taken
            heads.append(
                (run.part(cut, len(run)) if cut < len(run) else next(source, None), source)
            )
        joined = combine(taken)
        last = int(joined.keys.searchsorted(joined.keys[-1], side="left"))
        held = [joined.part(last, len(joined))]
        if last:
            yield joined.part(0, last)
    if held:
        yield combine(held)


def merged_counts(runs: Iterable[Run]) -> Iterator[ScoreCounts]:
    """Yield the counts a distinct score, in chunks from the highest score down."""
    for run in runs:
        if run.weights is None:
            yield ScoreCounts(0.0 - run.keys, run.positives, run.negatives)
            continue
        starts = np.concatenate([[0], np.flatnonzero(run.keys[1:] != run.keys[:-1]) + 1])
        columns = [
            np.add.reduceat(run.weights * counts, starts)
            for counts in (run.positives, run.negatives)
        ]
        yield ScoreCounts(0.0 - run.keys[starts], columns[0], columns[1])


def merged_roc_auc(blocks: Iterable[ScoreCounts]) -> float:
    """Exact area under the ROC curve, ties counting half; NaN when a class is absent."""
    above: int | float = 0  # positives with a higher score
    negatives_total: int | float = 0
    wins_twice, wins_exact = 0, ExactSum()
    weighted = False
    for block in blocks:
        tp = _running(above, block.positives)
        weighted = tp.dtype.kind == "f"
        if weighted:
            wins_exact.add(_tied_wins(block.negatives, tp))
        else:
            wins_twice += int(_tied_wins(block.negatives, tp).sum())
        above = tp[-1].item()
        negatives_total = _running(negatives_total, block.negatives)[-1].item()
    pairs_twice = 2 * above * negatives_total
    if pairs_twice == 0:
        return math.nan
    # Sums of weights may exceed the number of pairs by a rounding.
    return min((wins_exact.value if weighted else wins_twice) / pairs_twice, 1.0)


def merged_average_precision(blocks: Iterable[ScoreCounts]) -> float:
    """Sum of precision times the gain in recall over the thresholds; NaN without positive rows."""
    tp_above: int | float = 0
    fp_above: int | float = 0
    total = ExactSum()
    for block in blocks:
        tp = _running(tp_above, block.positives)
        fp = _running(fp_above, block.negatives)
        total.add(tp[1:] / (tp[1:] + fp[1:]) * block.positives)
        tp_above, fp_above = tp[-1].item(), fp[-1].item()
    return min(total.value / tp_above, 1.0) if tp_above > 0 else math.nan


def merged_confusion(blocks: Iterable[ScoreCounts], threshold: float) -> ConfusionCounts[float]:
    """Return the four counts when rows with `score >= threshold` are predicted positive."""
    running: dict[str, int | float] = {"tp": 0, "fn": 0, "fp": 0, "tn": 0}
    for block in blocks:
        with np.errstate(over="ignore"):
            # As in `scores >= 0.7`: the threshold is read in the precision of the scores.
            key = np.asarray(threshold).astype(block.thresholds.dtype)
        n_kept = int(np.count_nonzero(block.thresholds >= key))
        for name, counts in (
            ("tp", block.positives[:n_kept]),
            ("fn", block.positives[n_kept:]),
            ("fp", block.negatives[:n_kept]),
            ("tn", block.negatives[n_kept:]),
        ):
            running[name] = _running(running[name], counts)[-1].item()
    return ConfusionCounts(**running)


def _running(before: float, counts: Array) -> Array:
    # A cumulative sum adds one by one: the cut into chunks does not show in its floats.
    return np.cumsum(np.concatenate([np.array([before], dtype=counts.dtype), counts]))


def _tied_wins(negatives: Array, tp: Array) -> Array:
    # Each negative row loses twice to the positives above it, and once to those it ties with.
    if 2 * tp[-1].item() * negatives.sum().item() >= INT64_SAFE and tp.dtype.kind != "f":
        negatives = negatives.astype(object)
    wins: Array = negatives * (tp[:-1] + tp[1:])
    return wins
