"""Images averaged down to a few numbers: what a linear model can make something of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["ImageAverages"]

_MOST_BLOCKS: Final = 16  # a side
_BLOCK: Final = 1 << 22  # pixels averaged at once


@dataclass(frozen=True, eq=False)
class ImageAverages:
    """The means of blocks of pixels on a scale from 0 to 1, centered over the training images.

    All have one unit, so none is divided by its own spread: a corner that is nearly always empty stays unimportant.

    Attributes
    ----------
    top, left : ndarray of int64
        Where the blocks begin.
    mean : ndarray of float64
        Of each over the training images.
    """

    top: IntArray
    left: IntArray
    mean: FloatArray

    @classmethod
    def fit(cls, images: Array) -> ImageAverages:
        """Return the averages of images.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, channels, height, width)

        Examples
        --------
        >>> averages = ImageAverages.fit(np.zeros((2, 1, 28, 40), np.uint8))
        >>> averages.rows_of(np.zeros((5, 1, 28, 40), np.uint8)).shape
        (5, 256)
        """
        top, left = (_starts(side) for side in images.shape[2:])
        n_features = images.shape[1] * top.size * left.size
        raw = cls(top, left, np.zeros(n_features)).rows_of(images)
        return cls(top, left, raw.mean(axis=0))

    def rows_of(self, images: Array) -> FloatArray:
        """Return a row for each image, shape (n, channels * blocks), float64."""
        n, height, width = len(images), *images.shape[2:]
        out = np.empty((n, self.mean.size))
        sizes = np.outer(np.diff(self.top, append=height), np.diff(self.left, append=width))
        step = max(1, _BLOCK // int(np.prod(images.shape[1:])))
        for start in range(0, n, step):
            block = images[start : start + step]
            lines = np.add.reduceat(block, self.top, axis=2, dtype=np.uint32)
            sums = np.add.reduceat(lines, self.left, axis=3)
            out[start : start + step] = (sums / (255 * sizes)).reshape(len(block), -1)
        out -= self.mean
        return out


def _starts(side: int) -> IntArray:
    """Return where at most 16 blocks begin that share a side as evenly as whole pixels allow."""
    n_blocks = min(side, _MOST_BLOCKS)
    return np.arange(n_blocks, dtype=np.int64) * side // n_blocks
