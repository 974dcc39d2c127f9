"""Images as arrays: shapes, names, .npz and IDX files."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.data.image_sources import digits, idx_bytes, write_idx, write_zip

from xent.data import ImageReading, read_images
from xent.data.image_arrays import array_columns, arrays_of_npz, idx_files, pixels_of_array
from xent.errors import XentError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [((5, 8, 9), (5, 1, 8, 9)), ((5, 8, 9, 1), (5, 1, 8, 9)), ((5, 8, 9, 3), (5, 3, 8, 9)),
     ((5, 1, 8, 9), (5, 1, 8, 9)), ((5, 3, 8, 9), (5, 3, 8, 9))],
)  # fmt: skip
def test_channels_come_first_whatever_the_layout(
    given: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    images = np.arange(np.prod(given), dtype=np.uint8).reshape(given)
    pixels = pixels_of_array(images)
    assert pixels.shape == wanted
    assert np.shares_memory(pixels, images)
    last = pixels.transpose(0, 2, 3, 1)
    assert np.array_equal(
        last.reshape(given) if given[1] not in {1, 3} else last.transpose(0, 3, 1, 2), images
    )


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (
            np.zeros((2, 4, 4)),
            r"must be uint8, from 0 to 255, got float64. Fractions .*\.astype\(np.uint8\)",
        ),
        (np.zeros((2, 4, 4), np.int64), r"got int64. Use images.astype\(np.uint8\)"),
        (np.zeros((2, 4), np.uint8), r"got \(2, 4\)"),
        (np.zeros((2, 3, 4, 3), np.uint8), "both fit"),
        (np.zeros((2, 5, 5, 4), np.uint8), "neither .* Leave an alpha channel out"),
        (np.zeros((2, 5, 5, 7), np.uint8), "neither"),
        (np.zeros((0, 5, 5), np.uint8), "holds no pixel"),
    ],
)
def test_other_arrays_are_refused_with_the_cure(images: np.ndarray, text: str) -> None:
    with pytest.raises(XentError, match=text):
        pixels_of_array(images)


def test_columns_of_arrays() -> None:
    images, labels = digits(6)
    words = np.array(["a", "b", "a", "b", "a", "b"])
    _, frame = array_columns(
        {"images": images, "labels": words, "weight": np.ones(6), "split": None}
    )
    assert frame.columns == ["file", "label", "weight"]
    assert frame["label"].to_list() == words.tolist()
    _, frame = array_columns({"images": images, "labels": words.astype(object).reshape(-1, 1)})
    assert frame["label"].to_list() == words.tolist()
    _, frame = array_columns({"images": images, "labels": np.eye(6, 2, dtype=np.int8)})
    assert frame.columns == ["file", "label_0", "label_1"]
    for wrong, text in (
        ({"labels": labels}, "got no images"),
        ({"images": images, "label": labels}, "got 'label'. Did you mean 'labels'"),
        (
            {"images": images, "labels": labels[:3]},
            r"labels must have 6 values, .* got shape \(3,\)",
        ),
        ({"images": images, "split": np.ones((6, 2))}, r"split must have shape \(6,\)"),
        ({"images": images, "labels": np.array([None] * 6)}, "labels must hold numbers or texts"),
        ({"images": images, "labels": np.array([1j] * 6)}, "labels must hold numbers or texts"),
    ):
        with pytest.raises(XentError, match=text):
            array_columns(wrong)


def test_npz_files_hold_what_they_promise(tmp_path: Path) -> None:
    images, labels = digits(6)
    path = tmp_path / "d.npz"
    np.savez(path, images=images, labels=labels)
    assert np.array_equal(arrays_of_npz(path)["images"], images)
    np.savez(path, images=images, labels=np.array([{}] * 6))
    with pytest.raises(XentError, match="holds Python objects"):
        arrays_of_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        head = {"descr": "|u1", "fortran_order": False, "shape": (10**12, 8, 8)}
        with archive.open("images.npy", "w") as file:
            np.lib.format.write_array_header_1_0(file, head)
            file.write(b"\0" * 100)
    with pytest.raises(XentError, match="other sizes than its header says"):
        arrays_of_npz(path)
    content = bytearray(
        write_zip(path, {"images.npy": b"\x93NUMPY\x09\x00" + b"\0" * 80}).read_bytes()
    )
    with pytest.raises(XentError, match="version"):
        arrays_of_npz(path)
    place = content.index(b"PK\1\2") + 24
    content[place : place + 4] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(XentError, match="promises more than it can hold"):
        arrays_of_npz(path)
    path.write_bytes(b"")
    with pytest.raises(XentError, match=r"not a readable \.npz"):
        arrays_of_npz(path)
    with pytest.raises(XentError, match="cannot be read"):
        arrays_of_npz(tmp_path / "absent.npz")


def test_idx_pairs_must_belong_together(tmp_path: Path) -> None:
    images, labels = digits(6)
    training = ImageReading(needs_labels=True)
    write_idx(tmp_path, "train", images, labels, packed=True)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(images[::-1]))
    assert [path.name for path in idx_files(tmp_path)] == ["train-images-idx3-ubyte"]
    assert np.array_equal(read_images(tmp_path, training).pixels[:, 0], images[::-1])
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        XentError, match="has no labels beside it: there is no train-labels-idx1-ubyte"
    ):
        read_images(tmp_path, training)
    assert read_images(tmp_path).frame.columns == ["file"]
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels[:4]))
    with pytest.raises(XentError, match="must hold 6 whole numbers"):
        read_images(tmp_path, training)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    write_idx(tmp_path, "t10k", images[:, :4], labels, packed=False)
    with pytest.raises(XentError, match="t10k-images-idx3-ubyte has images of shape"):
        read_images(tmp_path, training)


def test_mnist_is_read_as_published(shared_data: Path) -> None:
    table = read_images(shared_data / "mnist", ImageReading(needs_labels=True))
    assert table.pixels.shape == (70_000, 1, 28, 28)
    train = table.frame["split"].to_numpy() == "train"
    assert np.bincount(table.frame["label"].to_numpy()[train]).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert train.sum() == 60_000
    assert table.pixels[:60_000].mean() / 255 == pytest.approx(0.1307, abs=5e-5)
