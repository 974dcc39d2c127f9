"""Augmentation: how each image of a training batch is changed, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray

__all__ = ["Changes", "draw_changes"]

# the largest part of an image's width or height by which it is shifted
SHIFT: Final = 0.1
# a crop keeps at least this part of width and height, and is enlarged again
CROP: Final = 0.75
# brightness, contrast and saturation are multiplied by at most 1 + this, at least 1 - this
COLOR: Final = 0.25


@dataclass(frozen=True, eq=False)
class Changes:
    """How each of n images is changed.

    Attributes
    ----------
    flipped : ndarray of bool, shape (n,), optional
        Which are mirrored, left to right.
    view : ndarray, shape (n, 3), optional
        The window that is seen: its size, and the place of its center (x, y), as parts of half an image.
    color : ndarray, shape (n, 3), optional
        Factors of brightness, contrast and saturation.
    """

    flipped: Array | None = None
    view: FloatArray | None = None
    color: FloatArray | None = None

    def of(self, rows: slice) -> Changes:
        """Return the changes of some of the images."""
        return Changes(
            *(None if own is None else own[rows] for own in (self.flipped, self.view, self.color))
        )


def draw_changes(names: Sequence[str], n: int, generator: np.random.Generator) -> Changes:
    """Draw how n images are changed.

    Parameters
    ----------
    names : sequence of {"flip", "shift", "crop", "color"}
        flip: left to right, every second image. shift: by up to a tenth of the image. crop: a window of 75 to 100%
        of the width and height, enlarged. color: brightness, contrast and saturation times 0.75 to 1.25.
    n : int
    generator : numpy.random.Generator

    Examples
    --------
    >>> draw_changes(("flip",), 4, np.random.default_rng(0)).flipped
    array([False,  True,  True,  True])
    """
    flipped = generator.random(n) < 0.5 if "flip" in names else None
    view = None
    if "shift" in names or "crop" in names:
        view = np.ones((n, 3))
        view[:, 1:] = 0.0
    if view is not None and "crop" in names:
        view[:, 0] = generator.uniform(CROP, 1, n)
        # the window stays inside the image
        view[:, 1:] = generator.uniform(-1, 1, (n, 2)) * (1 - view[:, :1])
    if view is not None and "shift" in names:
        view[:, 1:] += generator.uniform(-2 * SHIFT, 2 * SHIFT, (n, 2))
    color = generator.uniform(1 - COLOR, 1 + COLOR, (n, 3)) if "color" in names else None
    return Changes(flipped, view, color)
