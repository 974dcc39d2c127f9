"""Images as small PNG pictures that stand inside a page or a chart, with heat laid over them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from xent.arrays import Array, FloatArray

__all__ = ["Picture", "checked_heat", "checked_images", "picture", "pictures_within"]

LONGEST_SIDE: Final = 96  # pixels
# Vermilion of Okabe and Ito over a picture in gray: the only hue there, so no one can mistake it
HEAT_COLOR: Final = (213, 94, 0)
MOST_COVERED: Final = 0.72  # of a place with the most heat: what lies beneath is still seen
RING: Final = 0.5  # of the most heat: its line survives a print in gray
# Pixels of the longest side, and colors (None: all): each smaller than the one before
QUALITIES: Final = (
    (LONGEST_SIDE, None),
    (LONGEST_SIDE, 96),
    (LONGEST_SIDE, 32),
    (72, 32),
    (48, 24),
    (32, 16),
)


@dataclass(frozen=True)
class Picture:
    """A PNG as text.

    Attributes
    ----------
    uri : str
        ``data:image/png;base64,...``
    width, height : int
        In pixels.
    """

    uri: str
    width: int
    height: int


def picture(
    image: Array,
    heat: FloatArray | None = None,
    *,
    longest: int = LONGEST_SIDE,
    n_colors: int | None = None,
) -> Picture:
    """Return an image as a picture, small ones enlarged by a whole number of times.

    Parameters
    ----------
    image : uint8 array of shape (channels, height, width)
        Three channels are red, green, blue; of any other number the mean is shown in gray.
    heat : array of shape (height, width), optional
        Laid over the image in one hue, more where it is more, with a line at half of the most;
        the image is gray then. Places of 0 or less get none.
    longest : int, default 96
        Of width and height.
    n_colors : int, optional
        At most so many; by default all that there are.

    Examples
    --------
    >>> shown = picture(np.zeros((1, 8, 8), np.uint8))
    >>> shown.width, shown.uri[:22]
    (96, 'data:image/png;base64,')
    """
    drawn = _sized(_pixels(image), longest)
    if heat is not None:
        drawn = _heated(drawn, heat)
    if n_colors is not None:
        drawn = drawn.convert("RGB").quantize(n_colors)
    content = io.BytesIO()
    drawn.save(content, "PNG", optimize=True)
    text = base64.b64encode(content.getvalue()).decode("ascii")
    return Picture(f"data:image/png;base64,{text}", drawn.width, drawn.height)


def pictures_within(
    images: Array, heats: FloatArray | None = None, *, budget: int
) -> list[list[Picture]]:
    """Return the pictures of images, and of their heat, that are together at most so many characters.

    Where they would be more, they get fewer colors, then fewer pixels.

    Parameters
    ----------
    images : uint8 array of shape (n, channels, height, width)
    heats : array of shape (n, height, width), optional
    budget : int
        Characters of all together. What is smallest is returned where even that is more.

    Returns
    -------
    list of list of Picture
        Of each image: the picture, and the one with the heat where there is any.
    """
    given = checked_images(images)
    maps = None if heats is None else checked_heat(heats, given)
    found: list[list[Picture]] = []
    for longest, n_colors in QUALITIES:
        found = []
        for row, image in enumerate(given):
            both = [picture(image, longest=longest, n_colors=n_colors)]
            if maps is not None:
                both.append(picture(image, maps[row], longest=longest, n_colors=n_colors))
            found.append(both)
        if sum(len(one.uri) for both in found for one in both) <= budget:
            break
    return found


def checked_images(images: object) -> Array:
    """Return images of shape (n, channels, height, width), uint8.

    Raises
    ------
    XentError
        When they are not that.
    """
    given = np.asarray(images)
    if given.ndim != 4 or given.dtype != np.uint8 or not all(given.shape[1:]):
        cure = " Multiply shares by 255 and round." if given.dtype.kind == "f" else ""
        raise XentError(
            "images must be uint8, 0 to 255, of shape (n, channels, height, width), got "
            f"{given.dtype} of shape {given.shape}.{cure}"
        )
    return given


def checked_heat(heats: object, images: Array) -> FloatArray:
    """Return a heat map for each image.

    Raises
    ------
    XentError
        When they do not fit, or are not finite.
    """
    maps = np.asarray(heats, dtype=np.float64)
    expected = (len(images), *images.shape[2:])
    if maps.shape != expected or not np.isfinite(maps).all():
        raise XentError(
            f"heat must be finite and of shape {expected} for these images, got shape {maps.shape}."
        )
    return maps


def _pixels(image: Array) -> Image:
    from PIL import Image

    if len(image) == 3:
        return Image.fromarray(np.ascontiguousarray(np.moveaxis(image, 0, -1)))
    gray = image[0] if len(image) == 1 else np.rint(image.mean(0)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(gray))


def _sized(drawn: Image, longest: int) -> Image:
    """Return a picture whose longer side is at most so many pixels, and more than half of them."""
    from PIL.Image import Resampling

    side = max(drawn.size)
    if side > longest:
        width, height = (max(1, round(own * longest / side)) for own in drawn.size)
        return drawn.resize((width, height), Resampling.LANCZOS)
    times = longest // side
    return drawn.resize((drawn.width * times, drawn.height * times), Resampling.NEAREST)


def _heated(drawn: Image, heat: FloatArray) -> Image:
    from PIL import Image
    from PIL.Image import Resampling

    most = float(heat.max())
    share = np.clip(heat / most, 0, 1) if most > 0 else np.zeros_like(heat)
    stretched = Image.fromarray(share.astype(np.float32)).resize(drawn.size, Resampling.BILINEAR)
    cover = np.asarray(stretched, dtype=np.float64)[:, :, None]
    gray = np.asarray(drawn.convert("L"), dtype=np.float64)[:, :, None]
    mixed = gray + MOST_COVERED * cover * (np.array(HEAT_COLOR) - gray)
    ring = _edge(cover[:, :, 0] >= RING)
    # white on dark and black on light places
    mixed[ring] = np.where(gray[ring] < 128, 255.0, 0.0)
    return Image.fromarray(np.rint(mixed).astype(np.uint8))


def _edge(inside: Any) -> Any:
    """Return the places inside that have a neighbor outside."""
    framed = np.pad(inside, 1, mode="edge")
    steps: Sequence[Any] = (
        framed[:-2, 1:-1],
        framed[2:, 1:-1],
        framed[1:-1, :-2],
        framed[1:-1, 2:],
    )
    return inside & ~np.logical_and.reduce(steps)
