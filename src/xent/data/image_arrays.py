"""Images that are arrays already: in memory, in an .npz file, in IDX files."""

from __future__ import annotations

import hashlib
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from xent.data.idx import read_idx
from xent.data.image_files import LARGEST_RATIO, ZIP_ERRORS
from xent.data.pixel_arrays import image_digests
from xent.data.splits import part_named
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from xent.arrays import Array

__all__ = [
    "array_columns",
    "arrays_of_npz",
    "idx_files",
    "pixels_fingerprint",
    "pixels_of_array",
    "read_idx_images",
]

_KEYS: Final = ("images", "labels", "split", "weight", "group")
_IDX_IMAGES: Final = re.compile(r"images[-.]idx3-ubyte(\.gz)?$", re.IGNORECASE)
# what zipfile and NumPy, which reads a header as Python, raise on damaged files
_NPZ_ERRORS: Final = (
    *ZIP_ERRORS,
    EOFError,
    SyntaxError,
    TypeError,
    AttributeError,
    RuntimeError,
    MemoryError,
)


def pixels_of_array(images: object, *, argument: str = "images") -> NDArray[np.uint8]:
    """Return an array of images as (n, channels, height, width), a view.

    Parameters
    ----------
    images : ndarray of uint8
        (n, H, W), (n, H, W, 1 or 3) or (n, 1 or 3, H, W).

    Raises
    ------
    XentError
        When the values are no uint8, or the shape is another.

    Examples
    --------
    >>> pixels_of_array(np.zeros((5, 28, 28), np.uint8)).shape
    (5, 1, 28, 28)
    """
    pixels: Array = np.asarray(images)
    if pixels.dtype != np.uint8:
        cure = (
            "Fractions from 0 to 1 become such by (images * 255).round().astype(np.uint8)."
            if pixels.dtype.kind == "f"
            else "Use images.astype(np.uint8) when all are from 0 to 255."
        )
        raise XentError(f"{argument} must be uint8, from 0 to 255, got {pixels.dtype}. {cure}")
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    if pixels.ndim != 4:
        raise XentError(
            f"{argument} must have shape (n, H, W), (n, H, W, C) or (n, C, H, W), got {pixels.shape}."
        )
    is_first, is_last = pixels.shape[1] in {1, 3}, pixels.shape[3] in {1, 3}
    if is_first == is_last:
        why = "both fit" if is_first else "neither axis 1 nor axis 3 is 1 or 3"
        cure = " Leave an alpha channel out." if 4 in {pixels.shape[1], pixels.shape[3]} else ""
        raise XentError(
            f"{argument} must have 1 or 3 channels, (n, C, H, W) or (n, H, W, C), got {pixels.shape}: {why}.{cure}"
        )
    if is_last:
        pixels = pixels.transpose(0, 3, 1, 2)
    if not pixels.size:
        raise XentError(f"{argument} holds no pixel: its shape is {pixels.shape}.")
    return pixels


def array_columns(arrays: Mapping[str, Any]) -> tuple[NDArray[np.uint8], pl.DataFrame]:
    """Return the pixels and the columns of a mapping with images, and perhaps labels, split, weight and group.

    Several labels, an array (n, L) of 0 and 1, become the columns label_0, label_1, ...

    Raises
    ------
    XentError
        When a name is unknown, or an array has another length.
    """
    unknown = [name for name in arrays if name not in _KEYS]
    if unknown or "images" not in arrays:
        wrong = (
            f"got {unknown[0]!r}.{nearest_hint(str(unknown[0]), _KEYS)}"
            if unknown
            else "got no images."
        )
        raise XentError(f"images as arrays are called {', '.join(_KEYS)}; {wrong}")
    pixels = pixels_of_array(arrays["images"])
    columns: dict[str, Any] = {"file": [f"image {row}" for row in range(len(pixels))]}
    for name in _KEYS[1:]:
        if arrays.get(name) is None:
            continue
        values = np.asarray(arrays[name])
        if len(values.shape) not in {1, 2} or len(values) != len(pixels):
            raise XentError(
                f"{name} must have {len(pixels):,} values, one for each image, got shape {values.shape}."
            )
        called = "label" if name == "labels" else name
        if values.ndim == 1 or values.shape[1] == 1:
            columns[called] = _plain_values(values.reshape(-1), name)
        elif name == "labels":
            columns |= {
                f"label_{k}": _plain_values(values[:, k], name) for k in range(values.shape[1])
            }
        else:
            raise XentError(f"{name} must have shape ({len(pixels)},), got {values.shape}.")
    return pixels, pl.DataFrame(columns)


def _plain_values(values: Array, name: str) -> Any:
    if values.dtype.kind in "biuf":
        return np.ascontiguousarray(values)
    if values.dtype.kind == "U":
        return values.tolist()
    texts = values.tolist()
    if values.dtype.kind == "O" and all(isinstance(text, str) for text in texts):
        return texts
    raise XentError(f"{name} must hold numbers or texts, got {values.dtype}.")


def pixels_fingerprint(pixels: NDArray[np.uint8], columns: pl.DataFrame) -> str:
    """Return SHA-256 over all pixels and the columns beside them."""
    whole = hashlib.sha256(str(pixels.shape).encode())
    for digest in image_digests(pixels):
        whole.update(digest)
    for series in columns:
        texts = [str(value) for value in series.to_list()]
        head = "\0".join([series.name, str(series.dtype), *(str(len(text)) for text in texts)])
        whole.update(f"\0{head}\0{''.join(texts)}".encode())
    return whole.hexdigest()


def arrays_of_npz(path: Path) -> dict[str, Array]:
    """Return the arrays of an .npz file; each entry must hold what its header promises.

    Raises
    ------
    XentError
        When it is no such file, holds objects, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                _check_entry(archive, entry, path.name)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except XentError:
        raise
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    except _NPZ_ERRORS as error:
        reason = " ".join(str(error).split())[:120]
        raise XentError(f"{path.name} is not a readable .npz file ({reason}).") from error


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
    """Refuse an entry that would unpack to more than it holds: a header may promise anything."""
    if entry.file_size > LARGEST_RATIO * entry.compress_size:
        raise XentError(
            f"{name} is refused: {entry.filename!r:.100} promises more than it can hold."
        )
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read_header is None:
            raise XentError(f"{name}: {entry.filename!r:.100} is of an unknown version {version}.")
        shape, _, dtype = read_header(file)
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if dtype.hasobject or n_bytes != entry.file_size - file.tell():
            objects = "Python objects. Save texts by .astype(str)"
            what = objects if dtype.hasobject else "other sizes than its header says"
            raise XentError(f"{name}: {entry.filename!r:.100} holds {what}.")


def idx_files(path: Path) -> tuple[Path, ...]:
    """Return the IDX files of images that a path means: itself, or those of a folder.

    Examples
    --------
    >>> from pathlib import Path
    >>> [file.name for file in idx_files(Path("train-images-idx3-ubyte.gz"))], idx_files(Path("cats.png"))
    (['train-images-idx3-ubyte.gz'], ())
    """
    if _IDX_IMAGES.search(path.name):
        return (path,)
    if not path.is_dir():
        return ()
    found: dict[str, Path] = {}
    for entry in sorted(path.iterdir()):
        if _IDX_IMAGES.search(entry.name) and entry.is_file():
            found.setdefault(entry.name.removesuffix(".gz"), entry)  # the unpacked one comes first
    # train before test, whatever they are called
    return tuple(sorted(found.values(), key=lambda file: (_idx_part(file) or "train") != "train"))


def read_idx_images(
    files: tuple[Path, ...], *, needs_labels: bool
) -> tuple[NDArray[np.uint8], pl.DataFrame]:
    """Return the pixels and the columns file, label and split of IDX files, the labels from the files beside them.

    Raises
    ------
    XentError
        When a file is absent or damaged, or images and labels differ in number.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[Array] = []
    names: list[str] = []
    parts: list[str] = []
    for file in files:
        pixels = pixels_of_array(read_idx(file), argument=file.name)
        if images and pixels.shape[1:] != images[0].shape[1:]:
            raise XentError(
                f"{file.name} has images of shape {pixels.shape[1:]}, {files[0].name} of {images[0].shape[1:]}."
            )
        images.append(pixels)
        codes = _idx_labels(file, len(pixels), needs_labels=needs_labels)
        if codes is not None:
            labels.append(codes)
        stem = re.sub(r"[-.]?images[-.]idx3-ubyte(\.gz)?$", "", file.name, flags=re.IGNORECASE)
        names += [f"{stem or 'image'} {row}" for row in range(len(pixels))]
        parts += [_idx_part(file) or "train"] * len(pixels)
    columns: dict[str, Any] = {"file": names}
    if len(labels) == len(images):
        columns["label"] = np.concatenate(labels).astype(np.int64)
    if len(set(parts)) > 1:
        columns["split"] = parts
    return images[0] if len(images) == 1 else np.concatenate(images), pl.DataFrame(columns)


def _idx_labels(images: Path, n_rows: int, *, needs_labels: bool) -> Array | None:
    """Return the labels from the file beside that of the images."""
    stem = images.name.removesuffix(".gz")
    wanted = stem.replace("images", "labels").replace("idx3", "idx1")
    file = next(
        (
            images.with_name(name)
            for name in (wanted, f"{wanted}.gz")
            if images.with_name(name).is_file()
        ),
        None,
    )
    if file is None:
        if needs_labels:
            raise XentError(
                f"{images.name} has no labels beside it: there is no {wanted} or {wanted}.gz."
            )
        return None
    labels = read_idx(file)
    if labels.shape != (n_rows,) or labels.dtype.kind not in "iu":
        raise XentError(
            f"{file.name} must hold {n_rows:,} whole numbers, one for each image, got {labels.dtype} of shape "
            f"{labels.shape}."
        )
    return labels


def _idx_part(file: Path) -> str | None:
    """Return the part that the name of an IDX file says: t10k-images-idx3-ubyte tests."""
    words = re.split(r"[-._]", file.name.casefold())
    return next(
        (part for word in words if (part := "test" if word == "t10k" else part_named(word))), None
    )
