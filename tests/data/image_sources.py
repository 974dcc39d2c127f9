"""Images drawn by code, and scikit-learn's digits, as files of every kind."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@cache
def digits(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Return the first digits as uint8 images (n, 8, 8), and their labels."""
    loaded = load_digits()
    return (loaded.images[:n] * 15.9375).astype(np.uint8), loaded.target[:n].astype(np.int64)


def drawn(seed: int, shape: tuple[int, ...] = (12, 10, 3)) -> np.ndarray:
    """Return random pixels, smooth enough for JPEG."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (3, 3, *shape[2:]), dtype=np.uint8)
    rows = np.arange(shape[0]) * 3 // shape[0]
    return small[rows][:, np.arange(shape[1]) * 3 // shape[1]]


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def write_files(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def digit_files(n: int = 120, prefix: str = "") -> dict[str, bytes]:
    """Return digits as PNG files in class folders."""
    images, labels = digits(n)
    return {
        f"{prefix}{NAMES[label]}/{place}.png": encoded(image)
        for place, (image, label) in enumerate(zip(images, labels, strict=True))
    }


def idx_bytes(values: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return head + np.ascontiguousarray(values, dtype=np.uint8).tobytes()


def write_idx(
    folder: Path, stem: str, images: np.ndarray, labels: np.ndarray, *, packed: bool
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in (
        (f"{stem}-images-idx3-ubyte", images),
        (f"{stem}-labels-idx1-ubyte", labels),
    ):
        content = idx_bytes(values)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)
