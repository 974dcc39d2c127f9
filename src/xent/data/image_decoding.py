"""One image at a time: PNG and JPEG decoded by Pillow, brought to one mode and one size."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from xent.errors import XentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DECODING_ERRORS", "OpenedImage", "decoded", "fitted", "open_image", "reason_of"]

# what Pillow raises on damaged files; anything else is a fault of ours
DECODING_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_MOST_PIXELS: Final = 100_000_000  # looked at before anything is decoded
_ORIENTATION: Final = 0x0112
_TURNED: Final = (5, 6, 7, 8)  # orientations that exchange width and height
_GRAY: Final = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"}


@dataclass(frozen=True, eq=False)
class OpenedImage:
    """An image whose header was read; its pixels are not decoded yet.

    Attributes
    ----------
    image : PIL.Image.Image
    size : tuple of int
        (height, width), as it is looked at: the camera's orientation is applied.
    is_gray : bool
        Whether its mode has no colors.
    """

    image: Image.Image
    size: tuple[int, int]
    is_gray: bool


def open_image(content: bytes) -> OpenedImage:
    """Read the header of a PNG or JPEG.

    Raises
    ------
    XentError
        When it is neither, or larger than 100 million pixels.

    Examples
    --------
    >>> buffer = io.BytesIO()
    >>> Image.new("L", (4, 2)).save(buffer, "PNG")
    >>> open_image(buffer.getvalue()).size
    (2, 4)
    """
    if not content:
        raise XentError("it is empty")
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
        width, height = image.size
        is_turned = "exif" in image.info and image.getexif().get(_ORIENTATION) in _TURNED
    except UnidentifiedImageError as error:
        raise XentError("it is no PNG or JPEG") from error
    except DECODING_ERRORS as error:
        raise XentError(reason_of(error)) from error
    if width * height > _MOST_PIXELS:
        raise XentError(f"{width} x {height} are more than {_MOST_PIXELS:,} pixels")
    if not width or not height:
        raise XentError("it has no pixels")
    return OpenedImage(
        image, (width, height) if is_turned else (height, width), image.mode in _GRAY
    )


def decoded(opened: OpenedImage, n_channels: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the pixels, shape (n_channels, height, width).

    The camera's orientation is applied, 16 bits are cut to the upper 8, transparent places show white, palettes and
    CMYK become red, green and blue, and colors become gray (ITU-R 601-2 luma) where one channel is wanted.

    Raises
    ------
    XentError
        When the data are cut off or damaged.
    """
    try:
        image = opened.image
        if size != opened.size:
            # a JPEG can be decoded at half, a quarter or an eighth of its size; twice the wanted one loses nothing
            image.draft(None, (2 * max(size), 2 * max(size)))
        if "exif" in image.info:
            image = ImageOps.exif_transpose(image)
        pixels = np.asarray(_resized(_plain(image, n_channels), size))
    except DECODING_ERRORS as error:
        raise XentError(reason_of(error)) from error
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def fitted(pixels: NDArray[np.uint8], n_channels: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the pixels of an image, shape (channels, height, width), in another mode and size, as `decoded` would.

    Examples
    --------
    >>> fitted(np.full((1, 4, 8), 7, np.uint8), 3, (2, 2)).tolist()[0]
    [[7, 7], [7, 7]]
    """
    channels = pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
    image = Image.fromarray(np.ascontiguousarray(channels))
    array = np.asarray(_resized(_plain(image, n_channels), size))
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


def _plain(image: Image.Image, n_channels: int) -> Image.Image:
    """Return an image of mode L or RGB."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        upper = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255)
        image = Image.fromarray(upper.astype(np.uint8))
    if image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        colors = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", colors.size, "white"), colors)
    wanted = "L" if n_channels == 1 else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the largest part of the wanted shape around the middle, brought to size (bicubic, antialiased)."""
    height, width = size
    if image.size == (width, height):
        return image
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    box = (
        max(left, 0.0),
        max(top, 0.0),
        min(left + width * scale, image.width),
        min(top + height * scale, image.height),
    )
    return image.resize((width, height), Image.Resampling.BICUBIC, box=box)


def reason_of(error: Exception) -> str:
    """Return why an image cannot be read, in a few words; never an empty text.

    Examples
    --------
    >>> reason_of(FileNotFoundError(2, "No such file or directory", "a.png")), reason_of(EOFError())
    ('No such file or directory', 'EOFError')
    """
    why = error.strerror if isinstance(error, OSError) else None
    text = " ".join((why or str(error)).split()) or type(error).__name__
    return text if len(text) <= 80 else f"{text[:77]}..."
