"""How images are to be read: their size, their channels, what to do about damaged files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xent.errors import XentError

__all__ = ["ImageReading", "parse_image_size"]

_SIZE: Final = re.compile(r"([0-9]{1,5})(?:\s*[x×]\s*([0-9]{1,5}))?")
_LARGEST_SIDE: Final = 16_384


@dataclass(frozen=True)
class ImageReading:
    """What the readers of images are told.

    Attributes
    ----------
    size : tuple of int, optional
        (height, width) that every image is brought to; without it all must have one size.
    n_channels : int, optional
        1 (gray) or 3 (red, green, blue); without it gray when all images are.
    skip_corrupt : bool
        Leave damaged files out instead of refusing them.
    column : str, optional
        A table's column of image files.
    needs_labels : bool
        Whether every image must lie in a class folder, as in training.
    """

    size: tuple[int, int] | None = None
    n_channels: int | None = None
    skip_corrupt: bool = False
    column: str | None = None
    needs_labels: bool = False


def parse_image_size(text: str) -> tuple[int, int]:
    """Return (height, width) of a size as people write it: one side of a square, or width x height.

    Raises
    ------
    XentError
        When it is no size.

    Examples
    --------
    >>> parse_image_size("128"), parse_image_size("128x96")
    ((128, 128), (96, 128))
    """
    found = _SIZE.fullmatch(text.strip().lower())
    sides = [int(side) for side in found.groups() if side] if found else []
    if not sides or not all(1 <= side <= _LARGEST_SIDE for side in sides):
        raise XentError(
            f"image_size must be a side such as 128, or width x height such as 128x96, got {text!r}."
        )
    return sides[-1], sides[0]
