"""The encoder of images: their shape, and the mean and spread of each channel in training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.data.documents import numbers_of, open_document, whole_number_of
from xent.data.encoder import Encoder
from xent.data.pixel_arrays import gathered
from xent.errors import XentError

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from xent.arrays import Array, FloatArray, IntArray
    from xent.data.tables import Table

__all__ = ["ImageEncoder", "encoder_from_json"]

_FORMAT: Final = "xent-encoder"
_KIND: Final = "images"
_VERSION: Final = 1
_LARGEST_SIDE: Final = 1 << 16
_BLOCK: Final = 1 << 22  # pixels summed at once


@dataclass(frozen=True, eq=False)
class ImageEncoder:
    """What the training images taught; goes with the model as JSON.

    Pixels stay the whole numbers that they are: the network itself begins by standardizing them
    with these means and spreads (`xent.network.Pixels`).

    Attributes
    ----------
    channels, height, width : int
    mean, sd : tuple of float
        Of each channel of pixel/255 over the training rows; the sd of a channel that never varies
        is 1.
    """

    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    sd: tuple[float, ...]

    @classmethod
    def fit(cls, table: Table, rows: IntArray, weight: FloatArray | None = None) -> ImageEncoder:
        """Return the encoder of the training rows of a table; no other row is looked at.

        Parameters
        ----------
        table : Table
            With `pixels`.
        rows : ndarray of int64
            The positions of the training rows.
        weight : ndarray of shape (len(rows),), optional
            The weights of those rows: 0 is absence, 2 is repetition.

        Raises
        ------
        XentError
            When the table has no images.

        Examples
        --------
        >>> from xent.data.images import read_images
        >>> pixels = np.zeros((2, 1, 4, 4), np.uint8)
        >>> pixels[1] = 255
        >>> encoder = ImageEncoder.fit(read_images({"images": pixels}), np.arange(2))
        >>> encoder.shape, encoder.mean, encoder.sd
        ((1, 4, 4), (0.5,), (0.5,))
        """
        pixels = _pixels_of(table)
        _, channels, height, width = pixels.shape
        sums, squares = _sums(pixels, rows)
        share = np.ones(rows.size) if weight is None else weight
        n_pixels = float(share.sum()) * height * width
        mean = share @ sums / n_pixels / 255
        variance = share @ squares / n_pixels / 255**2 - mean**2
        # one pixel of 255^2 n that differs by 1 has more than rounding leaves of a constant
        sd = np.where(variance > 1e-14, np.sqrt(np.maximum(variance, 0.0)), 1.0)
        return cls(channels, height, width, tuple(mean.tolist()), tuple(sd.tolist()))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of an image: (channels, height, width)."""
        return self.channels, self.height, self.width

    @property
    def n_features(self) -> int:
        """How many numbers an image has."""
        return math.prod(self.shape)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that were text in training: none is needed."""
        return ()

    def transform(
        self,
        table: Table,
        rows: IntArray | None = None,
        *,
        dtype: DTypeLike = np.uint8,  # noqa: ARG002 - whatever the network computes in, pixels are uint8
    ) -> NDArray[np.uint8]:
        """Return the pixels of some rows, (n, channels, height, width): a view or one copy.

        Parameters
        ----------
        table : Table
        rows : ndarray of int64, optional
            Row positions; all by default.
        dtype : dtype
            Of no effect: the network makes numbers of them, batch by batch.

        Raises
        ------
        XentError
            When the table has no images, or others than those of the training.
        """
        pixels = _pixels_of(table)
        if pixels.shape[1:] != self.shape:
            raise XentError(
                f"{table.name} must have images of shape (channels, height, width) {self.shape}, as in training, "
                f"got {pixels.shape[1:]}."
            )
        return gathered(pixels, rows)

    def novelties(self, table: Table, rows: IntArray | None = None) -> tuple[str, ...]:  # noqa: ARG002 - as Encoder
        """Return, a line each, what was done to the images of a table that were not as in training."""
        return table.notes

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as plain values; floats keep every bit."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "kind": _KIND,
            "channels": self.channels,
            "height": self.height,
            "width": self.width,
            "mean": list(self.mean),
            "sd": list(self.sd),
        }

    @classmethod
    def from_json(cls, document: object) -> ImageEncoder:
        """Return the encoder written by `to_json`.

        Raises
        ------
        XentError
            When the document is no encoder of images, is from a newer version, or is damaged.
        """
        checked = open_document(document, kind=_FORMAT, version=_VERSION)
        if checked.get("kind") != _KIND:
            raise XentError(f"'kind' must be {_KIND!r}, got {checked.get('kind')!r:.40}.")
        channels, height, width = (
            whole_number_of(checked, side) for side in ("channels", "height", "width")
        )
        if channels not in {1, 3} or not all(
            1 <= side <= _LARGEST_SIDE for side in (height, width)
        ):
            raise XentError(
                f"images must have 1 or 3 channels and a size, got {channels}x{height}x{width}."
            )
        mean = numbers_of(checked, "mean", size=channels, least=0.0)
        sd = numbers_of(checked, "sd", size=channels, least=0.0)
        if (mean > 1).any() or (sd > 1).any() or not sd.all():
            raise XentError("'mean' and 'sd' must be from 0 to 1, and no sd 0.")
        return cls(channels, height, width, tuple(mean.tolist()), tuple(sd.tolist()))


def encoder_from_json(document: object) -> Encoder | ImageEncoder:
    """Return the encoder of a table or of images, as the document says.

    Raises
    ------
    XentError
        When it is neither, or damaged.

    Examples
    --------
    >>> encoder = ImageEncoder(1, 28, 28, (0.1307,), (0.3081,))
    >>> encoder_from_json(encoder.to_json()).shape
    (1, 28, 28)
    """
    if isinstance(document, dict) and "kind" in document:
        return ImageEncoder.from_json(document)
    return Encoder.from_json(document)


def _pixels_of(table: Table) -> NDArray[np.uint8]:
    if table.pixels is None:
        raise XentError(
            f"{table.name} has no images, which the model needs. Give a folder, a zip or an array of images."
        )
    return table.pixels


def _sums(pixels: NDArray[np.uint8], rows: IntArray) -> tuple[Array, Array]:
    """Return the sums of values and of squares of each image's channels, (n, channels), exact."""
    sums = np.empty((rows.size, pixels.shape[1]), dtype=np.int64)
    squares = np.empty_like(sums)
    step = max(1, _BLOCK // math.prod(pixels.shape[1:]))
    for start in range(0, rows.size, step):
        where = slice(start, start + step)
        block = gathered(pixels, rows[where])
        sums[where] = block.sum(axis=(2, 3), dtype=np.int64)
        # 255^2 needs 16 bits
        squares[where] = np.square(block, dtype=np.uint16).sum(axis=(2, 3), dtype=np.int64)
    return sums, squares
