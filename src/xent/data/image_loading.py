"""Many images into one array: headers first, then every image decoded once, in workers, at its place."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.data.image_decoding import DECODING_ERRORS, decoded, fitted, open_image, reason_of
from xent.data.pixel_arrays import in_workers, pixel_array
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from xent.arrays import IntArray
    from xent.data.image_decoding import OpenedImage
    from xent.data.image_files import ImageFiles
    from xent.data.image_reading import ImageReading

__all__ = ["LoadedImages", "fitting_notes", "load_images", "refit"]

_KEPT: Final = 1 << 28  # bytes of packed images that stay in memory between headers and pixels
_SHOWN: Final = 5
_COMMON: Final = 3


@dataclass(frozen=True, eq=False)
class LoadedImages:
    """Images as one array.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (n, channels, height, width)
    kept : ndarray of int64
        The places of these images among the files.
    fingerprint : str
        SHA-256 of the names and contents of all files, in their order.
    notes : tuple of str
        What was done to some of them, a line each.
    """

    pixels: NDArray[np.uint8]
    kept: IntArray
    fingerprint: str
    notes: tuple[str, ...] = ()


class _Loading:
    """The images of a source while they are read: what is known of each so far."""

    def __init__(self, files: ImageFiles, reading: ImageReading) -> None:
        n = len(files.names)
        self.files, self.reading = files, reading
        self.opened: list[OpenedImage | None] = [None] * n
        self.digests, self.faults = [b""] * n, [""] * n
        self.keep_opened = files.n_bytes <= _KEPT

    def read_header(self, place: int) -> None:
        try:
            content = self.files.read(self.files.names[place])
            self.digests[place] = hashlib.sha256(content).digest()
            opened = open_image(content)
        except DECODING_ERRORS as error:  # a XentError is a ValueError
            self.faults[place] = reason_of(error)
            return
        self.opened[place] = opened
        if not self.keep_opened:
            opened.image.close()

    def decode(self, place: int, n_channels: int, out: NDArray[np.uint8]) -> None:
        opened = self.opened[place]
        if opened is None:
            return
        try:
            if not self.keep_opened:
                opened = open_image(self.files.read(self.files.names[place]))
            pixels = decoded(opened, n_channels, out.shape[2:])
            np.copyto(out[place], pixels)
        except DECODING_ERRORS as error:
            self.faults[place] = reason_of(error)
        self.opened[place] = None  # its decoded copy goes with it


def load_images(files: ImageFiles, reading: ImageReading) -> LoadedImages:
    """Decode the images of a source.

    Raises
    ------
    XentError
        When some cannot be read (the first are named) and are not to be skipped, or their sizes differ and no size
        is given (the commonest is named).
    """
    state = _Loading(files, reading)
    places = range(len(files.names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on metadata; what is wrong is raised
        in_workers(state.read_header, places)
        sound = [opened for opened in state.opened if opened is not None]
        if not sound:
            raise XentError(_faults_text(files, state.faults))
        if (
            len({image.size for image in sound}) > 1
            and len(sound) < len(places)
            and not reading.skip_corrupt
        ):
            raise XentError(_faults_text(files, state.faults))  # a wrong size may be damage, too
        size, n_fitted = _common_size(files.name, sound, reading)
        n_channels = reading.n_channels or (1 if all(image.is_gray for image in sound) else 3)
        pixels = pixel_array((len(places), n_channels, *size))
        in_workers(lambda place: state.decode(place, n_channels, pixels), places)
    kept = np.array([place for place in places if not state.faults[place]], dtype=np.int64)
    notes = [*files.notes, *fitting_notes(files.name, n_fitted, len(places), reading)]
    if kept.size < len(places):
        text = _faults_text(files, state.faults)
        if not reading.skip_corrupt or not kept.size:
            raise XentError(text)
        notes.append(_skipped_text(files, state.faults))
        warnings.warn(notes[-1], stacklevel=2)
        pixels = _compacted(pixels, kept)
    return LoadedImages(pixels, kept, _fingerprint(files, state.digests), tuple(notes))


def refit(
    pixels: NDArray[np.uint8], n_channels: int | None, size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """Return an array of images in another mode and size, as images from files would be brought to it."""
    wanted = (n_channels or pixels.shape[1], *(size or pixels.shape[2:]))
    if wanted == pixels.shape[1:]:
        return pixels
    out = pixel_array((len(pixels), *wanted))

    def fit(place: int) -> None:
        out[place] = fitted(pixels[place], wanted[0], (wanted[1], wanted[2]))

    in_workers(fit, range(len(pixels)))
    return out


def fitting_notes(
    name: str, n_fitted: int, n_images: int, reading: ImageReading
) -> tuple[str, ...]:
    """Return that images of a source had another size than their model's, in a line, or nothing.

    A size that was asked for, as in training, needs no line; only a model gives channels beside it.
    """
    if not n_fitted or reading.size is None or reading.n_channels is None:
        return ()
    height, width = reading.size
    done = f"have another size and were resized and cropped to {width}x{height}"
    return (f"{name}: {n_fitted:,} of {n_images:,} images {done}",)


def _common_size(
    name: str, images: Sequence[OpenedImage], reading: ImageReading
) -> tuple[tuple[int, int], int]:
    """Return the size to bring all images to, and how many have another."""
    sizes = Counter(image.size for image in images)
    if reading.size is None and len(sizes) > 1:
        shown = ", ".join(
            f"{width}x{height}: {count:,}" for (height, width), count in sizes.most_common(_COMMON)
        )
        (height, width), _ = sizes.most_common(1)[0]
        raise XentError(
            f"image_size is needed: the images of {name} have {len(sizes):,} sizes ({shown}"
            f"{', ...' if len(sizes) > _COMMON else ''}). Give one, such as image_size={f'{width}x{height}'!r} "
            "(width x height): every image is resized to cover it and cropped around its middle."
        )
    size = reading.size or next(iter(sizes))
    return size, len(images) - sizes[size]


def _faults_text(files: ImageFiles, faults: Sequence[str]) -> str:
    named = _named(files, faults)
    return (
        f"{files.name}: {named}. Repair or remove them; a training leaves them out with skip_corrupt."
        if any(not fault for fault in faults)
        else f"{files.name}: no image can be read: {named}."
    )


def _skipped_text(files: ImageFiles, faults: Sequence[str]) -> str:
    return f"{files.name}: {_named(files, faults)}; skipped"


def _named(files: ImageFiles, faults: Sequence[str]) -> str:
    bad = [f"{name:.100} ({why})" for name, why in zip(files.names, faults, strict=True) if why]
    more = f", and {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
    return f"{len(bad):,} of {len(files.names):,} images cannot be read: {', '.join(bad[:_SHOWN])}{more}"


def _compacted(pixels: NDArray[np.uint8], kept: IntArray) -> NDArray[np.uint8]:
    """Return the kept images, moved together in place."""
    for new, old in enumerate(kept.tolist()):
        if new != old:
            pixels[new] = pixels[old]
    return pixels[: kept.size]


def _fingerprint(files: ImageFiles, digests: Sequence[bytes]) -> str:
    whole = hashlib.sha256()
    for name, digest in zip(files.names, digests, strict=True):
        whole.update(hashlib.sha256(name.encode(errors="surrogatepass")).digest() + digest)
    return whole.hexdigest()
