"""IDX files, the format of MNIST: a header of big-endian sizes, then the values."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from xent.data.image_files import LARGEST_RATIO
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from xent.arrays import Array, FloatArray

__all__ = ["read_idx", "unit_scale"]

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_AXES: Final = 64  # of a NumPy array; a header can name 255


def read_idx(path: Path | str) -> Array:
    """Read one IDX file, packed with gzip or not.

    Parameters
    ----------
    path : path
        Such as ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    ndarray
        uint8 for MNIST, of the shape in the header: (60000, 28, 28) images, (60000,) labels.

    Raises
    ------
    XentError
        When there is no such file, or header and size do not agree.

    References
    ----------
    LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section "File formats".
    """
    path = Path(path)
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES:
        raise XentError(
            f"{path.name} is not an IDX file: its first four bytes are {content[:4]!r}."
        )
    dtype = np.dtype(_DTYPES[content[2]])
    n_axes = content[3]
    begin = 4 + 4 * n_axes
    if len(content) < begin or not n_axes:
        raise XentError(f"{path.name} is cut off: its header names {n_axes} sizes.")
    shape = struct.unpack(f">{n_axes}I", content[4:begin])
    expected = math.prod(shape) * dtype.itemsize
    if len(content) - begin != expected:
        raise XentError(
            f"{path.name} must hold {expected} bytes after its header, for the shape {shape}, "
            f"got {len(content) - begin}. Is it cut off?"
        )
    if n_axes > _MOST_AXES:
        raise XentError(f"{path.name} has {n_axes} axes; an array has at most {_MOST_AXES}.")
    values = np.frombuffer(content, dtype=dtype, offset=begin).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def unit_scale(pixels: Array, dtype: DTypeLike = np.float32) -> FloatArray:
    """Return uint8 pixels 0..255 as fractions 0..1.

    Raises
    ------
    XentError
        When the pixels are not uint8: other values have no known range.

    Examples
    --------
    >>> unit_scale(np.array([0, 51, 255], dtype=np.uint8))
    array([0. , 0.2, 1. ], dtype=float32)
    """
    if pixels.dtype != np.uint8:
        raise XentError(f"pixels must be uint8 (0 to 255), got {pixels.dtype}.")
    scaled = np.empty(pixels.shape, dtype=dtype)
    np.divide(pixels, 255, out=scaled, casting="unsafe")
    return scaled


def _content(path: Path) -> bytes:
    """Return the unpacked bytes; never more than the header promises."""
    try:
        packed = path.read_bytes()
        if packed[:2] != b"\x1f\x8b":
            return packed
        with gzip.open(path) as file:
            head = file.read(4 + 4 * 255)
            n_axes = head[3] if len(head) > 3 else 0
            sizes = struct.unpack(f">{n_axes}I", head[4 : 4 + 4 * n_axes].ljust(4 * n_axes, b"\0"))
            # At most 8 bytes a value; one byte more shows that the file is too long.
            promised = min(8 * math.prod(sizes), LARGEST_RATIO * len(packed)) + 1
            return head + file.read(promised)
    except (FileNotFoundError, NotADirectoryError) as error:
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        raise XentError(f"there is no file {path}.{nearest_hint(path.name, near)}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise XentError(f"{path.name} is not a whole gzip file ({error}).") from error
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
