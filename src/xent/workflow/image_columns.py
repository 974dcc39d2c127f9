"""Columns that describe images: what the doctor looks at in place of the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from xent.data import Table
from xent.data.pixel_arrays import image_digests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from xent.arrays import FloatArray

__all__ = ["images_described"]

_COLORS: Final = ("red", "green", "blue")
_BLOCK: Final = 1 << 22  # pixels looked at at once


def images_described(table: Table, kept: Sequence[str]) -> Table:
    """Return a table of numbers about each image, beside some of the table's own columns.

    ``brightness`` and ``contrast`` are mean and standard deviation of all values, ``border`` is the mean of the
    outermost pixels, ``red``, ``green`` and ``blue`` are the colors' means; ``pixels`` is one number for all of them
    (the head of a hash), so that rows are equal when the images are. A class that one of these tells is a leak: of the
    light, the frame or the camera.

    Parameters
    ----------
    table : Table
        With `pixels`.
    kept : sequence of str
        The columns that stay.

    Examples
    --------
    >>> from xent.data import read_images
    >>> table = read_images({"images": np.zeros((2, 8, 8), np.uint8), "labels": [0, 1]})
    >>> images_described(table, ["label"]).columns
    ('label', 'brightness', 'contrast', 'border', 'pixels')
    """
    pixels = table.pixels
    assert pixels is not None
    columns = _statistics(pixels)
    hashes = [int.from_bytes(digest[:6], "big") for digest in image_digests(pixels)]
    columns["pixels"] = np.array(hashes, dtype=np.float64)
    # a column of the user's own may be called so
    frame = pl.DataFrame(
        {name if name not in kept else f"image {name}": values for name, values in columns.items()}
    )
    described = pl.concat([table.frame.select(kept), frame], how="horizontal")
    return Table(described, table.name, table.fingerprint)


def _statistics(pixels: NDArray[np.uint8]) -> dict[str, FloatArray]:
    names = ["brightness", "contrast", "border", *(_COLORS if pixels.shape[1] == 3 else ())]
    found: dict[str, FloatArray] = {name: np.empty(len(pixels)) for name in names}
    step = max(1, _BLOCK // int(np.prod(pixels.shape[1:])))
    for start in range(0, len(pixels), step):
        where = slice(start, start + step)
        block = pixels[where]
        found["brightness"][where] = block.mean(axis=(1, 2, 3))
        found["contrast"][where] = block.std(axis=(1, 2, 3))
        sides = [block[:, :, 0], block[:, :, -1], block[:, :, :, 0], block[:, :, :, -1]]
        found["border"][where] = np.concatenate(sides, axis=2).mean(axis=(1, 2))
        for channel, name in enumerate(names[3:]):
            found[name][where] = block[:, channel].mean(axis=(1, 2))
    return found
