"""Images: damaged files of every kind give clear errors and nothing else; reading takes as long as Pillow itself."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from results import Row, report
from xent.data import ImageReading, read_images
from xent.errors import XentError

N_DAMAGED = 4000  # of each kind
LONGEST = 2.0  # CPU seconds for one damaged source


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes cut off, flipped, overwritten, or with a piece missing."""
    values = bytearray(content)
    for _ in range(int(rng.integers(1, 8))):
        if not values:
            break
        place, kind = int(rng.integers(len(values))), rng.integers(5)
        if kind == 0:
            del values[place:]
        elif kind == 1:
            values[place] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            values[place : place + 4] = rng.bytes(4)
        elif kind == 3:
            values[place : place + 4] = b"\xff\xff\xff\xff"
        else:
            del values[place : place + int(rng.integers(1, 9))]
    return bytes(values)


def image_seeds() -> list[bytes]:
    """Return small images of every mode and of both kinds."""
    pixels = np.random.default_rng(3).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    color = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    gray = np.asarray(color.convert("L"))
    return [
        encoded(color, "PNG"),
        encoded(color.convert("L"), "PNG"),
        encoded(color.convert("LA"), "PNG"),
        encoded(color.convert("RGBA"), "PNG"),
        encoded(color.convert("1"), "PNG"),
        encoded(color.quantize(16), "PNG", transparency=0),
        encoded(Image.fromarray(gray.astype(np.uint16) * 257), "PNG"),
        encoded(color, "PNG", exif=exif),
        encoded(color, "JPEG"),
        encoded(color, "JPEG", progressive=True, exif=exif),
        encoded(color.convert("CMYK"), "JPEG"),
        encoded(color.convert("L"), "JPEG"),
    ]


def containers(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Return sources of several images: the file to damage, and the one to read."""
    digits = load_digits()
    pixels, labels = (digits.images[:6] * 15).astype(np.uint8), digits.target[:6]
    packed = folder / "d.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, image in enumerate(pixels):
            archive.writestr(f"{labels[place]}/{place}.png", encoded(Image.fromarray(image), "PNG"))
    np.savez_compressed(folder / "d.npz", images=pixels, labels=labels)
    for stem, values in (("images-idx3", pixels), ("labels-idx1", labels.astype(np.uint8))):
        head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
        (folder / f"train-{stem}-ubyte").write_bytes(head + values.tobytes())
    images, of_labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    zipped = folder / "gz"
    zipped.mkdir()
    for path in (images, of_labels):
        (zipped / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    of_gz = zipped / f"{images.name}.gz"
    return {
        "zip": (packed, packed),
        "npz": (folder / "d.npz", folder / "d.npz"),
        "IDX images": (images, images),
        "IDX labels": (of_labels, images),
        "IDX images, gzip": (of_gz, of_gz),
    }


def tried(source: Path, reading: ImageReading) -> tuple[bool, float]:
    """Return whether it was read, and the CPU seconds; anything but an XentError is raised."""
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = read_images(source, reading)
        except XentError:
            return False, time.process_time() - begin
    assert table.pixels is not None
    assert table.pixels.dtype == np.uint8
    assert len(table.pixels) == table.n_rows > 0
    return True, time.process_time() - begin


def fuzzed(name: str, damage: Path, source: Path, seeds: list[bytes]) -> Row:
    """Return what became of many damaged versions of a file."""
    rng = np.random.default_rng(17)
    n_read, longest, others = 0, 0.0, []
    for place in range(N_DAMAGED):
        damage.write_bytes(damaged(seeds[place % len(seeds)], rng))
        reading = ImageReading((16, 12) if place % 3 else None, skip_corrupt=bool(place % 2))
        try:
            is_read, seconds = tried(source, reading)
        except Exception as error:  # noqa: BLE001 - what must not happen is counted
            others.append(repr(error)[:120])
            continue
        n_read += is_read
        longest = max(longest, seconds)
    damage.write_bytes(seeds[0])
    found = (
        f"{N_DAMAGED - n_read - len(others):,} refused, {n_read:,} read, longest {longest:.2f} s"
    )
    if others:
        found += f"; {len(others)} other errors, first {others[0]}"
    return Row(
        f"{N_DAMAGED:,} damaged: {name}",
        found,
        f"an XentError or images, within {LONGEST:g} s",
        not others and longest < LONGEST,
    )


def reading_row() -> Row:
    """Return the CPU time of reading 4,000 photographs beside Pillow's own, one after the other."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / "cats_dogs_128.zip"
    if not path.is_file():
        return Row(
            "reading 4,000 JPEG of 128x128",
            "not measured: the photographs are absent",
            "",
            holds=True,
        )
    ratios = []
    for _ in range(5):
        begin = time.process_time()
        out = np.empty((4000, 3, 128, 128), np.uint8)
        with zipfile.ZipFile(path) as archive:
            for place, name in enumerate(archive.namelist()):
                image = Image.open(io.BytesIO(archive.read(name)))
                out[place] = np.asarray(image).transpose(2, 0, 1)
        middle = time.process_time()
        read_images(path)
        ratios.append((time.process_time() - middle) / (middle - begin))
    low, ratio, high = np.percentile(ratios, [25, 50, 75])
    return Row(
        "CPU time of reading 4,000 JPEG of 128x128 (checked, hashed) / Pillow's decoding alone",
        f"{ratio:.2f}",
        "at most 1.6, on all cores",
        bool(ratio <= 1.6),
        f"{high - low:.2f}",
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images" / "a").mkdir(parents=True)
        image = folder / "images" / "a" / "1.png"
        rows = [fuzzed("PNG and JPEG of every mode", image, folder / "images", image_seeds())]
        for kind, (damage, source) in containers(folder).items():
            rows.append(fuzzed(kind, damage, source, [damage.read_bytes()]))
    return report("Images", [*rows, reading_row()])


if __name__ == "__main__":
    sys.exit(main())
