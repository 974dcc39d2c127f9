"""Runs kept on disk: 8 bytes an entry of float32 scores, in a file without a name.

The file is unlinked while it is open (on Windows: deleted on close), so nothing is left behind
however the process ends.
"""

from __future__ import annotations

import tempfile
import weakref
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation.states.runs import Run
from xent.files import write_cure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from xent.arrays import Array, IntArray

__all__ = ["SpillFile", "SpilledRun"]

CHUNK = 1 << 15  # entries read and checked at a time; merging holds one chunk of every run
MOST = (1 << 16) - 1  # rows of a class that one entry on disk can count


@dataclass(frozen=True)
class SpilledRun:
    """Where a run lies in the file: its record type, and offset, entries, checksum of each chunk."""

    dtype: np.dtype[np.void]
    chunks: tuple[tuple[int, int, int], ...]


class SpillFile:
    """A nameless temporary file that holds runs.

    Parameters
    ----------
    folder : path or None
        Where it lies; None: the system's folder for temporary files.

    Raises
    ------
    XentError
        When the folder does not exist or takes no file.
    """

    def __init__(self, folder: str | Path | None) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by the finalizer
        except OSError as error:
            raise XentError(
                f"spill must be a folder that takes files, got {folder}: {error.strerror or error}."
            ) from error
        # Holds the file, not self: it is closed when self is gone, whatever happened before.
        self.close = weakref.finalize(self, self._file.close)
        self.n_bytes = 0

    def write(self, parts: Iterable[Run]) -> SpilledRun:
        """Append one run, given in parts that follow each other, and say where it lies.

        Raises
        ------
        XentError
            When the disk is full or fails; the file is then closed and gone.
        """
        dtype = None
        chunks: list[tuple[int, int, int]] = []
        try:
            for run in parts:
                dtype = _record_type(run)
                records = _records(run, dtype)
                chunks += [
                    self._append(records[start : start + CHUNK])
                    for start in range(0, records.size, CHUNK)
                ]
            self._file.flush()
        except OSError as error:
            self.close()
            raise XentError(
                f"cannot write the spilled scores: {error.strerror or error}. {write_cure(error)} "
                "The state is closed."
            ) from error
        assert dtype is not None
        return SpilledRun(dtype, tuple(chunks))

    def read(self, spilled: SpilledRun) -> Iterator[Run]:
        """Yield a run in chunks, each checked against its checksum.

        Raises
        ------
        XentError
            When the file does not give back what was written.
        """
        for offset, n_entries, checksum in spilled.chunks:
            try:
                self._file.seek(offset)
                content = self._file.read(n_entries * spilled.dtype.itemsize)
            except (OSError, ValueError) as error:
                raise XentError(
                    f"cannot read the spilled scores back: {error}. Count again."
                ) from error
            if zlib.crc32(content) != checksum:
                raise XentError(
                    "the spilled scores changed on disk: a checksum differs. Count again."
                )
            yield _run(np.frombuffer(content, dtype=spilled.dtype))

    def _append(self, records: Array) -> tuple[int, int, int]:
        content = records.tobytes()
        offset = self.n_bytes
        self._file.seek(offset)
        self._file.write(content)
        self.n_bytes += len(content)
        return offset, records.size, zlib.crc32(content)


def _record_type(run: Run) -> np.dtype[np.void]:
    weight = [] if run.weights is None else [("weight", "<f8")]
    key = ("key", f"<f{run.keys.itemsize}")
    return np.dtype([key, *weight, ("positives", "<u2"), ("negatives", "<u2")])


def _records(run: Run, dtype: np.dtype[np.void]) -> Array:
    # An entry with more rows than a record can count is written as several of the same key.
    times = np.maximum(np.maximum(run.positives, run.negatives) + MOST - 1, MOST) // MOST
    split = int(times.sum()) > len(run)
    records = np.empty(int(times.sum()), dtype=dtype)
    records["key"] = np.repeat(run.keys, times) if split else run.keys
    if run.weights is not None:
        records["weight"] = np.repeat(run.weights, times) if split else run.weights
    records["positives"] = _split(run.positives, times) if split else run.positives
    records["negatives"] = _split(run.negatives, times) if split else run.negatives
    return records


def _split(counts: IntArray, times: IntArray) -> IntArray:
    nth = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    clipped: IntArray = np.clip(np.repeat(counts, times) - nth * MOST, 0, MOST)
    return clipped


def _run(records: Array) -> Run:
    names = records.dtype.names or ()
    return Run(
        np.ascontiguousarray(records["key"]),
        np.ascontiguousarray(records["weight"]) if "weight" in names else None,
        records["positives"].astype(np.int64),
        records["negatives"].astype(np.int64),
    )
