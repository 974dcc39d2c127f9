"""Binary predictions that arrive in batches: exact counts for every distinct score, mergeable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from xent.errors import XentError
from xent.evaluation.counts import ScoreCounts
from xent.evaluation.states.batches import binary_batch, check_same_kind, declared, is_empty
from xent.evaluation.states.binary_losses import BinaryLosses
from xent.evaluation.states.merging import (
    in_parts,
    merged_average_precision,
    merged_confusion,
    merged_counts,
    merged_roc_auc,
    merged_runs,
)
from xent.evaluation.states.runs import Run, combine, count_rows, sort_keys
from xent.evaluation.states.spill import SpilledRun, SpillFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xent.arrays import Array, FloatArray
    from xent.evaluation.confusion import ConfusionCounts

__all__ = ["BinaryState"]

MEMORY_ROWS = 1 << 22


class BinaryState:
    """Counts of positives and negatives at every distinct score, over any number of batches.

    The state of several batches, in any order and merged in any grouping, equals the state of all
    rows at once: counts are integers, and weights, log loss and Brier score are summed without
    rounding. Rows wait in a buffer, are sorted into a run, and runs of like size are merged: the
    cost of a row grows with the logarithm of their number.

    Parameters
    ----------
    spill : bool or path
        Keep sorted runs on disk, at most 12 bytes a row without weights (8 for float32 scores), in
        this folder, or with True in the system's folder for temporary files. The file has no name
        and is gone with the state, also after an error. False: in memory, about 20 bytes a distinct
        score.
    memory_rows : int
        Rows that wait in memory until they are sorted into a run.

    Examples
    --------
    >>> state = BinaryState()
    >>> state.update([0, 0], probabilities=[0.1, 0.4])
    >>> state.update([1, 1], probabilities=[0.35, 0.8])
    >>> state.auc, round(state.log_loss, 6), state.n_rows
    (0.75, 0.472288, 4)
    >>> with BinaryState(spill=True) as spilled:
    ...     spilled.merge(state).auc
    0.75
    """

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, *, spill: bool | str | Path = False, memory_rows: int = MEMORY_ROWS) -> None:
        if memory_rows < 1:
            raise XentError(f"memory_rows must be at least 1, got {memory_rows}.")
        self.memory_rows = memory_rows
        self._file = SpillFile(None if spill is True else spill) if spill is not False else None
        self._spilled: list[SpilledRun] = []
        self._runs: list[Run] = []
        self._waiting: list[tuple[Array, FloatArray, FloatArray | None]] = []
        self._n_waiting = 0
        self._losses = BinaryLosses()
        self._dtype: np.dtype[np.floating[Any]] = np.dtype(np.float32)
        self._weighted = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same rows: every count, weight and sum compared exactly.

        Both are read into memory for it.
        """
        if not isinstance(other, BinaryState):
            return NotImplemented
        if self._losses != other._losses:
            return False
        mine, theirs = self._whole(), other._whole()
        weighted = self._weighted or other._weighted
        mine, theirs = (run.widened(run.keys.dtype, weighted=weighted) for run in (mine, theirs))
        return all(
            np.array_equal(getattr(mine, name), getattr(theirs, name))
            for name in ("keys", "positives", "negatives", *(["weights"] if weighted else []))
        )

    @property
    def n_rows(self) -> int:
        """Number of rows taken so far, those of weight 0 left out."""
        return self._losses.n_rows

    @property
    def weight(self) -> float:
        """Total weight of the rows: their number where none had a weight."""
        return self._losses.weight.value

    @property
    def n_disk_bytes(self) -> int:
        """Bytes that the spilled runs take on disk."""
        return self._file.n_bytes if self._file is not None else 0

    def update(
        self,
        y: object,
        *,
        scores: object = None,
        probabilities: object = None,
        logits: object = None,
        weight: object = None,
    ) -> None:
        """Take the rows of one batch, which may be empty.

        Parameters
        ----------
        y : array of shape (n,) or (n, 1)
            Truth, 0 or 1.
        scores, probabilities, logits : array of shape (n,) or (n, 1)
            One of the three, the same in all batches; no NaN.
        weight : array of shape (n,), optional
            Weight a row; rows of weight 0 vanish.

        Raises
        ------
        XentError
            When the arrays do not fit each other or earlier batches, y holds anything but 0 and 1,
            a prediction is NaN or out of range (the batch is then left out as a whole), or the disk
            is full (the state is then closed).
        """
        self._check_open()
        name, values = declared(scores=scores, probabilities=probabilities, logits=logits)
        self._losses.check_declared(name)
        if is_empty(y, values, weight):
            return
        truth, given, kept = binary_batch(y, name, values, weight)
        keys = sort_keys(given, name)
        self._losses.add(truth, given, kept, name)
        for start in range(0, truth.size, self.memory_rows):
            rows = slice(start, start + self.memory_rows)
            # Copies: the caller may fill the same arrays again for the next batch.
            part = None if kept is None else kept[rows].copy()
            self._waiting.append((truth[rows].copy(), keys[rows], part))
            self._n_waiting += truth[rows].size
            if self._n_waiting >= self.memory_rows:
                self._sort_waiting()
        self._widen(keys.dtype, weighted=kept is not None)

    def merge(self, other: BinaryState) -> BinaryState:
        """Take the rows of another state, leaving that as it is; returns self.

        Raises
        ------
        XentError
            When the other state's batches gave another kind of prediction, or the disk is full.
        """
        check_same_kind(self, other)
        self._check_open()
        other._check_open()
        self._losses.check_declared(other._losses.declared)
        other._sort_waiting()
        for source in other._sources():
            if self._file is not None:
                self._spill(source)
            else:
                for run in source:
                    self._keep(run)
        self._losses.merge(other._losses)
        self._widen(other._dtype, weighted=other._weighted)
        return self

    @property
    def counts(self) -> ScoreCounts:
        """Counts at every distinct score, from which every figure derives; read into memory."""
        blocks = list(self.blocks())
        if not blocks:
            none = np.zeros(0, dtype=np.int64)
            return ScoreCounts(np.zeros(0, dtype=self._dtype), none, none)
        columns = ("thresholds", "positives", "negatives")
        return ScoreCounts(
            *(np.concatenate([getattr(b, name) for b in blocks]) for name in columns)
        )

    def blocks(self) -> Iterator[ScoreCounts]:
        """Yield the counts in chunks, from the highest score down, with flat memory."""
        self._check_open()
        self._sort_waiting()
        if self._file is None and len(self._runs) > 1:
            self._runs = [combine(self._runs)]
        return merged_counts(merged_runs(self._sources()))

    @property
    def auc(self) -> float:
        """Exact area under the ROC curve, ties counting half; NaN when a class is absent."""
        return merged_roc_auc(self.blocks())

    @property
    def average_precision(self) -> float:
        """Sum of precision times the gain in recall over the thresholds; NaN without positive rows."""
        return merged_average_precision(self.blocks())

    @property
    def log_loss(self) -> float:
        """Mean negative log-likelihood in nats; NaN from scores, which have none, or without rows."""
        return self._losses.log_loss

    @property
    def brier(self) -> float:
        """Mean of (p - y)^2; NaN from scores, which are no probabilities, or without rows."""
        return self._losses.brier

    def confusion(self, threshold: float) -> ConfusionCounts[float]:
        """Return the four counts when rows with a score of at least `threshold` are positive.

        The threshold is on the scale of what the batches gave: 0 for logits is 0.5 for
        probabilities.
        """
        return merged_confusion(self.blocks(), threshold)

    def close(self) -> None:
        """Give back the memory and the disk; figures can no longer be read."""
        self._closed = True
        self._runs, self._spilled, self._waiting = [], [], []
        if self._file is not None:
            self._file.close()

    def _check_open(self) -> None:
        if self._closed:
            raise XentError("the state is closed: its scores are gone. Read its figures before.")

    def _widen(self, dtype: np.dtype[np.floating[Any]], *, weighted: bool) -> None:
        self._dtype = np.promote_types(self._dtype, dtype)
        self._weighted |= weighted

    def _sources(self) -> list[Iterator[Run]]:
        spilled = [] if self._file is None else [self._file.read(run) for run in self._spilled]
        return [
            (chunk.widened(self._dtype, weighted=self._weighted) for chunk in source)
            for source in [*spilled, *map(in_parts, self._runs)]
        ]

    def _whole(self) -> Run:
        self._check_open()
        self._sort_waiting()
        return combine([chunk for source in self._sources() for chunk in source] or [_no_rows()])

    def _sort_waiting(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._n_waiting = self._waiting, [], 0
        truth = np.concatenate([batch[0] for batch in waiting])
        keys = np.concatenate([batch[1] for batch in waiting])
        weight = None
        if any(batch[2] is not None for batch in waiting):
            weight = np.concatenate(
                [np.ones(rows.size) if part is None else part for rows, _, part in waiting]
            )
        del waiting
        run = count_rows(truth, keys, weight)
        if self._file is not None:
            self._spill(in_parts(run))
        else:
            self._keep(run)

    def _keep(self, run: Run) -> None:
        # Runs at least halve in size from each to the next: every entry is merged log n times.
        self._runs.append(run)
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) > len(self._runs[-2]):
            self._runs[-2:] = [combine(self._runs[-2:])]

    def _spill(self, parts: Iterator[Run]) -> None:
        assert self._file is not None
        try:
            self._spilled.append(self._file.write(parts))
        except XentError:
            self.close()  # rows are lost: no figure may be read from the rest
            raise


def _no_rows() -> Run:
    none = np.zeros(0, dtype=np.int64)
    return Run(np.zeros(0, dtype=np.float32), None, none, none)
