"""Checkpoints: the whole state of a training in files that anything can read, at hardly any cost.

Two slots, ``slot-0.safetensors`` and ``slot-1.safetensors``, are overwritten in turn by one system
call each, straight from the arrays: a process killed at any moment leaves at least one of them
whole, and a seal (a checksum written with it) tells which. Every half minute a third file,
``durable.safetensors``, is written, flushed to the disk and renamed into place: that one also
survives a loss of power.
"""

from __future__ import annotations

import json
import os
import statistics
import time
import zlib
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.files import write_atomically, write_cure

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array

__all__ = ["Checkpointer", "read_checkpoint"]

FORMAT = "xent-checkpoint/1"
SLOTS = ("slot-0.safetensors", "slot-1.safetensors")
DURABLE = "durable.safetensors"
# what checkpoints may cost, as a share of the training time
BUDGET = 0.025
TEXT_BLOCK = 4096
# a system call takes less than 2 GiB
MOST_AT_ONCE = 1 << 30
SECONDS_BETWEEN_LONG = 20.0
SECONDS_BETWEEN_DURABLE = 30.0

_DTYPES = {"float32": "F32", "float64": "F64", "int64": "I64", "uint64": "U64", "uint8": "U8"}


class Checkpointer:
    """Writes the state at the pace that the budget allows.

    Parameters
    ----------
    folder : path
        Created when absent.
    every : int, optional
        Epochs between checkpoints; by default every epoch where that costs at most 2.5% of the
        time, otherwise as often as that allows, and every 20 s within a long epoch.
    """

    def __init__(self, folder: Path | str, every: int | None = None) -> None:
        self.folder, self.every = Path(folder), every
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sequence = 0
        self.costs: deque[float] = deque(maxlen=9)
        self.last = self.last_durable = time.monotonic()
        self.n_written = 0
        self.seconds = 0.0
        self._descriptors: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._layout: tuple[Any, ...] = ()
        self._header = b""

    def continue_from(self, sequence: int) -> None:
        """Go on counting after a checkpoint that was read, so that the newer of two slots stays known."""
        self.sequence = sequence

    def at_epoch_end(
        self, epoch: int, snapshot: Callable[[], tuple[dict[str, Any], dict[str, Array]]]
    ) -> None:
        """Write a checkpoint if one is due; `snapshot` gives JSON values and arrays, and is called only then."""
        if self.every is not None:
            if epoch % self.every == 0:
                self.write(*snapshot())
            return
        if time.monotonic() - self.last >= self._pause():
            self.write(*snapshot())

    def within_epoch(self, snapshot: Callable[[], tuple[dict[str, Any], dict[str, Array]]]) -> None:
        """Write a checkpoint within a long epoch if one is due."""
        if self.every is None and time.monotonic() - self.last >= max(
            SECONDS_BETWEEN_LONG, self._pause()
        ):
            self.write(*snapshot())

    def _pause(self) -> float:
        """Return the seconds that a checkpoint of the usual cost must be apart to stay within the budget."""
        return statistics.median(self.costs) / BUDGET if self.costs else 0.0

    def write(self, values: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Write a checkpoint now, into the older slot."""
        begin, cpu_begin = time.monotonic(), time.thread_time()
        self.sequence += 1
        pieces = self._encode({**values, "format": FORMAT, "sequence": self.sequence}, arrays)
        self._overwrite(SLOTS[self.sequence % 2], pieces)
        # the processor's time, not the clock's: a disk that stalls once must not stretch the pace for long
        self.costs.append(time.thread_time() - cpu_begin)
        now = time.monotonic()
        if now - self.last_durable >= SECONDS_BETWEEN_DURABLE:
            write_atomically(self.folder / DURABLE, b"".join(bytes(piece) for piece in pieces))
            now = self.last_durable = time.monotonic()
        self.last = now
        self.n_written += 1
        self.seconds += now - begin

    def close(self) -> None:
        """Close the slots; a later write opens them again."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()

    def _encode(self, values: dict[str, Any], arrays: dict[str, Array]) -> list[Any]:
        """Return the pieces of a safetensors file: header, arrays as they lie in memory, JSON values, seal."""
        try:
            text = json.dumps(values, allow_nan=False).encode()
        except (TypeError, ValueError) as error:  # all else in it is xent's own, and plain
            raise XentError(
                f"the state of a callback cannot be saved: {error}. Its method state must return plain JSON values."
            ) from error
        # the seal comes last: in a file cut short, or half overwritten, it does not fit what stands before it
        seal = np.array([_checksum(arrays), zlib.crc32(text), values["sequence"]], np.uint64)
        # room to grow keeps the header, and with it the place of everything, the same from one checkpoint to the next
        text += b" " * (-len(text) % TEXT_BLOCK)
        layout = (
            len(text),
            *((name, array.dtype.name, array.shape) for name, array in arrays.items()),
        )
        if layout != self._layout:
            self._layout, self._header = layout, _header(arrays, len(text), len(seal))
        blocks = [_bytes_of(arrays[name]).data for name in _in_order(arrays) if arrays[name].nbytes]
        return [self._header, *blocks, text, seal.view(np.uint8).data]

    def _overwrite(self, name: str, pieces: list[Any]) -> None:
        path = self.folder / name
        size = sum(len(piece) for piece in pieces)
        try:
            if name not in self._descriptors:
                self._descriptors[name] = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
            descriptor = self._descriptors[name]
            for start in range(0, size, MOST_AT_ONCE):
                portion = _portion(pieces, slice(start, min(start + MOST_AT_ONCE, size)))
                if os.pwritev(descriptor, portion, start) != sum(map(len, portion)):
                    raise XentError(
                        f"cannot write {path}: no space left. Free some space and resume the run."
                    )
            if self._sizes.get(name) != size:
                os.ftruncate(descriptor, size)
                self._sizes[name] = size
        except OSError as error:
            raise XentError(
                f"cannot write {path}: {error.strerror}. {write_cure(error)} Then resume the run."
            ) from error


def read_checkpoint(folder: Path | str) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the newest whole checkpoint of a folder: JSON values and arrays.

    Raises
    ------
    XentError
        When no checkpoint in the folder is whole.
    """
    folder = Path(folder)
    found: list[tuple[dict[str, Any], dict[str, Array]]] = []
    problems = []
    for name in (*SLOTS, DURABLE):
        path = folder / name
        if path.is_file():
            try:
                found.append(_decode(path.read_bytes()))
            except (ValueError, OSError) as error:
                problems.append(f"{name}: {error}")
    if not found:
        detail = "; ".join(problems) if problems else "the folder holds none"
        raise XentError(
            f"there is no whole checkpoint in {folder} ({detail}). Train again from the start."
        )
    return max(found, key=lambda checkpoint: checkpoint[0]["sequence"])


def _portion(pieces: list[Any], where: slice) -> list[memoryview]:
    """Return that part of the bytes that the pieces make together."""
    portion, begin = [], 0
    for piece in pieces:
        own = slice(max(where.start - begin, 0), max(where.stop - begin, 0))
        portion.append(memoryview(piece)[own])
        begin += len(piece)
    return [part for part in portion if part]


def _in_order(arrays: dict[str, Array]) -> list[str]:
    """Return the names as they are laid out: wide items first keeps every array aligned."""
    return sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))


def _header(arrays: dict[str, Array], n_text: int, n_seal: int) -> bytes:
    tensors = {
        name: (_DTYPES[arrays[name].dtype.name], list(arrays[name].shape), arrays[name].nbytes)
        for name in _in_order(arrays)
    }
    tensors |= {"values.json": ("U8", [n_text], n_text), "seal": ("U64", [n_seal], 8 * n_seal)}
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT}}
    start = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, start + size]}
        start += size
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    return len(encoded).to_bytes(8, "little") + encoded


def _bytes_of(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _checksum(arrays: dict[str, Array]) -> int:
    """Return a sum over the arrays' 8-byte words: at memory speed, and different when a page is old."""
    total = 0
    for name in sorted(arrays):
        raw = _bytes_of(arrays[name])
        n_rest = len(raw) % 8
        total += int(np.add.reduce(raw[: len(raw) - n_rest].view(np.uint64)))
        if n_rest:
            total += int.from_bytes(raw[-n_rest:].tobytes(), "little")
    return total % 2**64


def _decode(content: bytes) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return values and arrays of a checkpoint file; ValueError when it is not whole."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(content)
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"damaged ({error})") from error
    if "seal" not in tensors or "values.json" not in tensors or tensors["seal"].shape != (3,):
        raise ValueError("not a checkpoint")
    seal, text = tensors.pop("seal"), tensors.pop("values.json").tobytes().rstrip(b" ")
    if zlib.crc32(text) != int(seal[1]) or _checksum(tensors) != int(seal[0]):
        raise ValueError("torn")
    values = json.loads(text)
    if values.get("format") != FORMAT:
        raise ValueError(f"format {values.get('format')!r}, expected {FORMAT!r}")
    return values, tensors
