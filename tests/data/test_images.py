"""Images read: every kind of source gives the same table, every mode its stated pixels, damage a clear error."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from tests.data.image_sources import (
    digit_files,
    digits,
    drawn,
    encoded,
    write_files,
    write_idx,
    write_zip,
)

from xent.data import (
    ImageReading,
    image_loading,
    is_image_source,
    parse_image_size,
    pixel_arrays,
    read_images,
    read_table,
)
from xent.data.image_decoding import decoded, fitted, open_image
from xent.data.image_files import list_folder
from xent.data.images import read_image_column
from xent.errors import XentError

if TYPE_CHECKING:
    from pathlib import Path

TRAINING = ImageReading(needs_labels=True)


def pixels_of(
    content: bytes, n_channels: int = 3, size: tuple[int, int] | None = None
) -> np.ndarray:
    opened = open_image(content)
    return decoded(opened, n_channels, size or opened.size)


def planes(image: np.ndarray) -> np.ndarray:
    return image[None] if image.ndim == 2 else image.transpose(2, 0, 1)


def test_folder_zip_idx_and_arrays_of_the_same_images_are_the_same_rows(tmp_path: Path) -> None:
    files = digit_files()
    folder = read_images(write_files(tmp_path / "d", files), TRAINING)
    zipped = read_images(write_zip(tmp_path / "d.zip", files), TRAINING)
    assert folder.frame.equals(zipped.frame)
    assert np.array_equal(folder.pixels, zipped.pixels)
    assert folder.fingerprint == zipped.fingerprint
    images, labels = digits()
    places = [int(name.split("/")[1].split(".")[0]) for name in folder.frame["file"]]
    assert np.array_equal(folder.pixels[:, 0], images[places])
    array = read_images({"images": images, "labels": labels})
    assert np.array_equal(array.pixels[:, 0], images)
    np.savez_compressed(tmp_path / "d.npz", images=images, labels=labels)
    saved = read_images(tmp_path / "d.npz")
    assert saved.frame.equals(array.frame)
    assert saved.fingerprint == array.fingerprint
    for packed in (True, False):
        where = tmp_path / f"idx{packed}"
        write_idx(where, "train", images[:80], labels[:80], packed=packed)
        write_idx(where, "t10k", images[80:], labels[80:], packed=packed)
        idx = read_images(where, TRAINING)
        assert np.array_equal(idx.pixels, array.pixels)
        assert idx.frame["label"].to_list() == labels.tolist()
        assert idx.frame["split"].to_list() == ["train"] * 80 + ["test"] * 40
        assert idx.frame["file"][80] == "t10k 0"
        suffix = ".gz" if packed else ""
        alone = read_images(where / f"t10k-images-idx3-ubyte{suffix}", TRAINING)
        assert alone.frame.columns == ["file", "label"]
        assert np.array_equal(alone.pixels, array.pixels[80:])


@settings(max_examples=10)
@given(st.permutations(range(12)))
def test_the_order_of_files_on_the_disk_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    files = list(digit_files(12).items())
    table = read_images(
        write_zip(tmp_path_factory.mktemp("z") / "d.zip", dict(files[k] for k in order))
    )
    first = read_images(write_zip(tmp_path_factory.mktemp("z") / "d.zip", dict(files)))
    assert table.frame.equals(first.frame)
    assert np.array_equal(table.pixels, first.pixels)
    assert table.fingerprint == first.fingerprint


def test_the_fingerprint_is_that_of_contents_and_names(tmp_path: Path) -> None:
    files = digit_files(10)
    root = write_files(tmp_path / "d", files)
    before = read_images(root).fingerprint
    (root / "notes.txt").write_bytes(b"an ignored file")
    assert read_images(root).fingerprint == before
    name = next(iter(files))
    (root / name).write_bytes(encoded(drawn(1, (8, 8))))
    assert read_images(root).fingerprint != before
    (root / name).write_bytes(files[name])
    assert read_images(root).fingerprint == before
    (root / name).rename(root / "zero" / "another.png")
    assert read_images(root).fingerprint != before
    images, labels = digits(5)
    print_of = lambda **more: read_images({"images": images, "labels": labels, **more}).fingerprint  # noqa: E731
    assert print_of() == print_of()
    assert len({print_of(), print_of(labels=labels[::-1]), print_of(images=images[::-1]),
                print_of(images=images[:, :, ::-1])}) == 4  # fmt: skip


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16", "I", "CMYK"])
def test_every_mode_becomes_gray_or_color_by_the_stated_rule(mode: str) -> None:
    color = drawn(3)
    image = Image.fromarray(color)
    gray = np.asarray(image.convert("L"))
    alpha = np.repeat(np.linspace(0, 255, color.shape[1]).astype(np.uint8)[None], color.shape[0], 0)

    def over_white(values: np.ndarray) -> np.ndarray:
        a = (alpha / 255.0)[..., None] if values.ndim == 3 else alpha / 255.0
        return values * a + 255 * (1 - a)

    kind = "JPEG" if mode == "CMYK" else "PNG"
    if mode in {"I;16", "I"}:
        made, wanted = Image.fromarray(gray.astype(np.uint16) * 256 + 255), gray.astype(float)
    elif mode in {"LA", "RGBA", "PA"}:
        base = gray if mode == "LA" else color
        made = Image.fromarray(np.dstack([base, alpha]))
        wanted = over_white(base.astype(float))
        if mode == "PA":  # a palette with transparent entries
            made, kind = Image.fromarray(color).quantize(8), "PNG"
            made.info["transparency"] = 0
            entries = np.asarray(made)
            wanted = np.asarray(made.convert("RGB")).astype(float)
            wanted[entries == 0] = 255
    else:
        made = image.convert(mode)
        wanted = np.asarray(made.convert("L" if mode in {"1", "L"} else "RGB")).astype(float)
    buffer = io.BytesIO()
    made.save(buffer, kind, **({"quality": 100} if kind == "JPEG" else {}))
    opened = open_image(buffer.getvalue())
    is_gray = mode in {"1", "L", "LA", "I;16", "I"}
    assert opened.is_gray == is_gray
    assert opened.size == (12, 10)
    found = decoded(opened, 1 if is_gray else 3, opened.size).astype(float)
    tolerance = 12 if mode == "CMYK" else 1.01  # JPEG is lossy, and Pillow's blending rounds
    assert np.abs(found - planes(wanted)).max() <= tolerance
    other = pixels_of(buffer.getvalue(), 3 if is_gray else 1)
    assert other.shape == (3 if is_gray else 1, 12, 10)
    if is_gray:
        assert (other == found).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_orientation_of_the_camera_is_applied(orientation: int, kind: str) -> None:
    image = Image.fromarray(drawn(5, (16, 8, 3)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, kind, exif=exif)
    opened = open_image(buffer.getvalue())
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(buffer.getvalue())))
    assert opened.size == upright.size[::-1]
    assert np.array_equal(decoded(opened, 3, opened.size), planes(np.asarray(upright)))


def test_one_mode_for_all_images_gray_only_if_all_are(tmp_path: Path) -> None:
    gray, color = drawn(1, (8, 8)), drawn(2, (8, 8, 3))
    root = write_files(tmp_path, {"a/1.png": encoded(gray), "b/2.png": encoded(gray)})
    assert read_images(root).pixels.shape == (2, 1, 8, 8)
    write_files(tmp_path, {"b/2.png": encoded(color)})
    table = read_images(root)
    assert table.pixels.shape == (2, 3, 8, 8)
    assert (table.pixels[0] == gray).all()
    assert np.array_equal(table.pixels[1], planes(color))
    told = read_images(root, ImageReading(n_channels=1))
    assert told.pixels.shape == (2, 1, 8, 8)
    assert np.array_equal(told.pixels[1, 0], np.asarray(Image.fromarray(color).convert("L")))


def test_png_and_array_are_resized_alike_as_pillow_crops_and_resizes(tmp_path: Path) -> None:
    image = drawn(4, (37, 90, 3))
    root = write_files(tmp_path, {"a/1.png": encoded(image), "b/2.png": encoded(image[:, :37])})
    table = read_images(root, ImageReading(size=(16, 24)))
    assert table.pixels.shape == (2, 3, 16, 24)
    wanted = ImageOps.fit(Image.fromarray(image), (24, 16), Image.Resampling.BICUBIC)
    assert np.abs(table.pixels[0].astype(int) - planes(np.asarray(wanted))).max() <= 2
    array = read_images({"images": image[None]}, ImageReading(size=(16, 24)))
    assert np.array_equal(array.pixels[0], table.pixels[0])
    assert np.array_equal(fitted(planes(image), 3, (16, 24)), table.pixels[0])
    gray = read_images({"images": image[None]}, ImageReading(size=(16, 24), n_channels=1))
    assert gray.pixels.shape == (1, 1, 16, 24)
    # a JPEG is decoded smaller, and then resized: the same picture
    smooth = np.linspace(0, 255, 512).astype(np.uint8)
    big = np.dstack([np.add.outer(smooth // 2, smooth // 2)] * 3).astype(np.uint8)
    small = pixels_of(encoded(big, "JPEG", quality=95), 3, (32, 32)).astype(int)
    plain = planes(np.asarray(Image.fromarray(big).resize((32, 32), Image.Resampling.BICUBIC)))
    assert np.abs(small - plain).max() <= 4


def test_images_of_several_sizes_need_one_and_the_commonest_is_named(tmp_path: Path) -> None:
    sizes = [(8, 12)] * 3 + [(20, 10), (9, 9), (30, 30)]
    files = {f"a/{k}.png": encoded(drawn(k, size)) for k, size in enumerate(sizes)}
    root = write_files(tmp_path, files)
    with pytest.raises(
        XentError, match=r"have 4 sizes \(12x8: 3, .*\.\.\.\). Give one, such as image_size='12x8'"
    ):
        read_images(root)
    table = read_images(root, ImageReading(size=(8, 12), n_channels=1))
    assert table.pixels.shape == (6, 1, 8, 12)
    assert table.notes == (
        f"{tmp_path.name}: 3 of 6 images have another size and were resized and cropped to 12x8",
    )


@pytest.mark.parametrize(
    ("text", "size"), [("128", (128, 128)), (" 96X128 ", (128, 96)), ("7x9", (9, 7))]
)
def test_a_size_is_width_by_height(text: str, size: tuple[int, int]) -> None:
    assert parse_image_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "0", "12x0", "1.5", "12x", "-3", "99999", "1x2x3", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(XentError, match="image_size must be a side"):
        parse_image_size(text)


def test_damaged_images_are_all_named_and_skipped_only_when_told(tmp_path: Path) -> None:
    files = digit_files(40)
    names = list(files)
    bad = {
        names[3]: files[names[3]][:40],
        names[5]: b"",
        names[7]: b"no image",
        names[9]: files[names[9]][:60],
        names[11]: encoded(drawn(0, (8, 8)))[:-30],
        names[13]: Image.new("L", (2, 2)).tobytes(),
    }
    root = write_files(tmp_path / "d", {**files, **bad})
    with pytest.raises(
        XentError, match=r"d: \d of 40 images cannot be read: .*, and 1 more. Repair or remove"
    ) as caught:
        read_images(root)
    assert sum(name in str(caught.value) for name in bad) == 5
    with pytest.warns(UserWarning, match="images cannot be read: .*; skipped"):
        table = read_images(root, ImageReading(skip_corrupt=True))
    kept = [name for name in files if name not in bad]
    assert sorted(table.frame["file"]) == sorted(kept)
    whole = read_images(write_files(tmp_path / "whole", {name: files[name] for name in kept}))
    assert np.array_equal(table.pixels, whole.pixels)
    assert "skipped" in table.notes[-1]
    only = write_files(tmp_path / "only", {"a/1.png": b"no image"})
    with pytest.raises(XentError, match=r"no image can be read: .*1.png \(it is no PNG or JPEG\)"):
        read_images(only, ImageReading(skip_corrupt=True))


def test_a_class_of_which_damage_left_nothing_is_refused_in_training_only(tmp_path: Path) -> None:
    images = digit_files(12)
    root = write_files(tmp_path, {**images, "gone/1.png": b"no image"})
    with pytest.warns(UserWarning, match="skipped"):
        assert read_images(root, ImageReading(skip_corrupt=True)).n_rows == 12
    with (
        pytest.warns(UserWarning, match="skipped"),
        pytest.raises(XentError, match="no image of class 'gone' can be read"),
    ):
        read_images(root, ImageReading(skip_corrupt=True, needs_labels=True))


def test_a_file_that_goes_away_between_header_and_pixels_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_loading, "_KEPT", 0)
    files = list_folder(write_files(tmp_path / "d", digit_files(3)))
    seen: set[str] = set()

    def read(name: str) -> bytes:
        if name == files.names[1] and name in seen:
            raise EOFError  # as zipfile does, without a word
        seen.add(name)
        return files.read(name)

    with pytest.raises(XentError, match=r"1 of 3 images cannot be read: .* \(EOFError\)"):
        image_loading.load_images(replace(files, read=read), ImageReading())


def test_an_enormous_image_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    for side in (11_000, 20_000, 60_000):
        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        content = (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", head)
            + chunk(b"IDAT", zlib.compress(b""))
            + chunk(b"IEND", b"")
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of it as well
            with pytest.raises(XentError, match="pixels"):
                open_image(content)
        with pytest.raises(XentError, match=r"can(not)? be read"):
            read_images(write_files(tmp_path / str(side), {"a/1.png": content}))


def test_many_packed_bytes_are_not_kept_and_big_arrays_lie_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = digit_files(70)
    names = list(files)
    files[names[2]] = files[names[2]][:-30]
    root = write_files(tmp_path, files)
    reading = ImageReading(skip_corrupt=True)
    with pytest.warns(UserWarning, match="skipped"):
        plain = read_images(root, reading)
    monkeypatch.setattr(image_loading, "_KEPT", 0)
    monkeypatch.setattr(pixel_arrays, "LARGEST_IN_MEMORY", 100)
    with pytest.warns(UserWarning, match="skipped"):
        table = read_images(root, reading)
    assert isinstance(table.pixels, np.memmap)
    assert np.array_equal(table.pixels, plain.pixels)
    assert table.fingerprint == plain.fingerprint
    some = pixel_arrays.gathered(table.pixels, np.array([5, 1]))
    assert isinstance(some, np.memmap)
    assert np.array_equal(some, plain.pixels[[5, 1]])
    with pytest.raises(XentError, match=r"the images need .* GB free. Give a smaller image_size"):
        pixel_arrays.pixel_array((10**9, 3, 1000, 1000))


def test_one_core_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_files(tmp_path, digit_files(70))
    several = read_images(root)
    monkeypatch.setattr(pixel_arrays, "n_cores", lambda: 1)
    assert np.array_equal(read_images(root).pixels, several.pixels)


def test_a_table_with_a_column_of_files_reads_them_from_where_it_lies(tmp_path: Path) -> None:
    files = digit_files(20)
    write_files(tmp_path / "scans", files)
    names = [f"scans/{name}" for name in files]
    frame = pl.DataFrame({"scan": names, "age": range(20), "sick": [0, 1] * 10})
    table = read_table(frame, name="people")
    read = read_image_column(table, tmp_path, ImageReading(column="scan"))
    assert read.pixels.shape == (20, 1, 8, 8)
    assert read.frame.equals(frame)
    folder = read_images(tmp_path / "scans")
    order = [folder.frame["file"].to_list().index(name) for name in files]
    assert np.array_equal(read.pixels, folder.pixels[order])
    assert read.fingerprint != table.fingerprint
    broken = read_table(
        frame.with_columns(scan=pl.Series(["scans/absent.png", *names[1:]])), name="people"
    )
    with pytest.raises(
        XentError, match=r"people: 1 of 20 images cannot be read: scans/absent.png \(No such file"
    ):
        read_image_column(broken, tmp_path, ImageReading(column="scan"))
    with pytest.warns(UserWarning, match="skipped"):
        rest = read_image_column(broken, tmp_path, ImageReading(column="scan", skip_corrupt=True))
    assert rest.frame["age"].to_list() == list(range(1, 20))
    for column, text in (("age", "must hold file names"), ("scam", "Did you mean 'scan'")):
        with pytest.raises(XentError, match=text):
            read_image_column(table, tmp_path, ImageReading(column=column))
    gap = read_table(frame.with_columns(scan=pl.Series([None, *names[1:]])), name="people")
    with pytest.raises(XentError, match="'scan' is empty in data row 1"):
        read_image_column(gap, tmp_path, ImageReading(column="scan"))
    for text in ("word " * 1000, "a\0b"):  # no name of any file
        odd = read_table(frame.with_columns(scan=pl.Series([text, *names[1:]])), name="people")
        with pytest.raises(XentError, match="1 of 20 images cannot be read") as caught:
            read_image_column(odd, tmp_path, ImageReading(column="scan"))
        assert len(str(caught.value)) < 300


def test_what_holds_no_image_says_what_it_holds(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"t/a.csv": b"a,b\n1,2\n", "t/b.txt": b"", "w/a/1.webp": b"x", "e/x": b""}
    )
    for name, text in (
        ("t", r"holds no PNG or JPEG image. Name a table in it, such as .*a.csv"),
        ("w", r"Convert its .webp files to PNG"),
        ("e", "holds no PNG or JPEG image"),
        ("absent.png", "there is no file"),
    ):
        with pytest.raises(XentError, match=text):
            read_images(tmp_path / name)
    write_zip(tmp_path / "z.zip", {"a.gif": b"x"})
    with pytest.raises(XentError, match=r"It has .gif files"):
        read_images(tmp_path / "z.zip")


def test_a_source_is_recognized_by_its_kind(tmp_path: Path) -> None:
    images, labels = digits(3)
    write_idx(tmp_path / "idx", "train", images, labels, packed=False)
    for source in (tmp_path, "a.zip", "a.npz", "A.PNG", "b.jpeg", {"images": images}, images,
                   tmp_path / "idx" / "train-images-idx3-ubyte"):  # fmt: skip
        assert is_image_source(source)
    for source in (
        "a.csv",
        "a.parquet",
        images[0],
        pl.DataFrame({"images": [1]}),
        {"x": images},
        "a" * 5000,
        3,
        None,
    ):
        assert not is_image_source(source)


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes cut off, flipped, or with a piece in the wrong place."""
    values = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        if not values:
            break
        place = int(rng.integers(len(values)))
        kind = rng.integers(4)
        if kind == 0:
            del values[place:]
        elif kind == 1:
            values[place] ^= 1 << int(rng.integers(8))
        elif kind == 2:
            values[place : place + 4] = rng.bytes(4)
        else:
            del values[place : place + int(rng.integers(1, 9))]
    return bytes(values)


def tried(source: Any, reading: ImageReading) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = read_images(source, reading)
        except XentError:
            return
    assert table.pixels.dtype == np.uint8
    assert table.pixels.ndim == 4
    assert len(table.pixels) == table.n_rows > 0


def test_damaged_sources_give_clear_errors_and_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    image = Image.fromarray(drawn(7))
    files = digit_files(4)
    exif = Image.Exif()
    exif[0x0112] = 6
    seeds = [
        encoded(drawn(7)),
        encoded(drawn(7), "JPEG"),
        encoded(drawn(7), "JPEG", exif=exif, progressive=True),
        encoded(np.asarray(image.convert("LA"))),
    ]
    buffer = io.BytesIO()
    image.quantize(8).save(buffer, "PNG", transparency=0)
    seeds.append(buffer.getvalue())
    (tmp_path / "a").mkdir()
    for place in range(300):
        (tmp_path / "a" / "1.png").write_bytes(damaged(seeds[place % len(seeds)], rng))
        tried(tmp_path / "a", ImageReading(size=(8, 8), skip_corrupt=bool(place % 2)))
    images, labels = digits(4)
    np.savez_compressed(tmp_path / "d.npz", images=images, labels=labels)
    write_idx(tmp_path / "idx", "train", images, labels, packed=True)
    write_zip(tmp_path / "d.zip", files)
    idx = tmp_path / "idx" / "train-images-idx3-ubyte.gz"
    for path in (
        tmp_path / "d.zip",
        tmp_path / "d.npz",
        idx,
        idx.with_name("train-labels-idx1-ubyte.gz"),
    ):
        whole = path.read_bytes()
        for place in range(120):
            path.write_bytes(damaged(whole, rng))
            tried(idx if path.suffix == ".gz" else path, ImageReading(skip_corrupt=bool(place % 2)))
        path.write_bytes(whole)
        tried(path, ImageReading())
