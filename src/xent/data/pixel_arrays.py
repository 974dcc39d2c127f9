"""Arrays of pixels: where they lie, which images are the same, what identifies them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.cores import n_cores
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from xent.arrays import IntArray

__all__ = ["gathered", "identical_images", "image_digests", "in_workers", "pixel_array"]

LARGEST_IN_MEMORY: Final = 1 << 30  # bytes; a larger array is a temporary file mapped into memory
_CHUNK: Final = 32  # images that a worker takes at once


def pixel_array(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return an uninitialized uint8 array; a big one lies in a temporary file without a name.

    Raises
    ------
    XentError
        When the disk has no room for it.

    Examples
    --------
    >>> pixel_array((2, 1, 8, 8)).shape
    (2, 1, 8, 8)
    """
    n_bytes = int(np.prod(shape, dtype=object))
    if n_bytes <= LARGEST_IN_MEMORY:
        return np.empty(shape, dtype=np.uint8)
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    cure = "Give a smaller image_size, or set TMPDIR to a folder on a larger disk."
    if n_bytes > free:
        raise XentError(
            f"the images need {n_bytes / 1e9:,.1f} GB, and {folder} has {free / 1e9:,.1f} GB free. {cure}"
        )
    try:
        with tempfile.TemporaryFile() as file:
            if hasattr(os, "posix_fallocate"):  # a disk that fills up later would kill the process
                os.posix_fallocate(file.fileno(), 0, n_bytes)
            return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
    except OSError as error:
        raise XentError(
            f"the images need {n_bytes / 1e9:,.1f} GB in {folder}: {error.strerror or error}. {cure}"
        ) from error


def gathered(pixels: NDArray[np.uint8], rows: IntArray | None) -> NDArray[np.uint8]:
    """Return some images: a view where they lie side by side, else one copy.

    Examples
    --------
    >>> pixels = np.zeros((5, 1, 2, 2), np.uint8)
    >>> gathered(pixels, np.array([1, 2, 3])).base is pixels, gathered(pixels, np.array([0, 4])).shape
    (True, (2, 1, 2, 2))
    """
    if rows is None:
        return pixels
    if rows.size and rows[-1] - rows[0] == rows.size - 1 and (np.diff(rows) == 1).all():
        return pixels[int(rows[0]) : int(rows[-1]) + 1]
    out = pixel_array((rows.size, *pixels.shape[1:]))
    np.take(pixels, rows, axis=0, out=out, mode="clip")  # "raise" would buffer a second copy
    return out


def in_workers(work: Callable[[int], object], places: Sequence[int]) -> None:
    """Do a piece of work for every place, on all cores; it must let go of the interpreter to gain."""
    chunks = [places[start : start + _CHUNK] for start in range(0, len(places), _CHUNK)]

    def do(chunk: Sequence[int]) -> None:
        for place in chunk:
            work(place)

    if len(chunks) < 2 or n_cores() < 2:
        for chunk in chunks:
            do(chunk)
        return
    pool = ThreadPoolExecutor(n_cores())
    try:
        list(pool.map(do, chunks))
    finally:
        pool.shutdown(
            cancel_futures=True
        )  # an error, or an interruption, need not wait for the rest


def image_digests(pixels: NDArray[np.uint8]) -> list[bytes]:
    """Return a digest of each image (BLAKE2b, 16 bytes): equal pixels, equal digests, and only they."""
    found = [b""] * len(pixels)

    def digest(place: int) -> None:
        image = np.ascontiguousarray(pixels[place])
        found[place] = hashlib.blake2b(image.data, digest_size=16).digest()

    in_workers(digest, range(len(pixels)))
    return found


def identical_images(pixels: NDArray[np.uint8]) -> IntArray:
    """Return a code for every image, in the order of first appearance; equal pixels share one.

    Examples
    --------
    >>> pixels = np.zeros((3, 1, 2, 2), np.uint8)
    >>> pixels[1] += 1
    >>> identical_images(pixels)
    array([0, 1, 0])
    """
    codes: dict[bytes, int] = {}
    return np.array(
        [codes.setdefault(digest, len(codes)) for digest in image_digests(pixels)], dtype=np.int64
    )
