"""IDX files: MNIST as published, and headers that lie."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.data import read_idx, unit_scale
from xent.errors import XentError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array: np.ndarray, code: int = 0x08) -> bytes:
    header = struct.pack(">HBB", 0, code, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.checklist(
    row=101, call="read_idx(train-images-idx3-ubyte.gz)", figure="label 5; 0.012, 0.071, ..."
)
def test_the_first_training_image(shared_data):
    images = read_idx(shared_data / "mnist" / "train-images-idx3-ubyte.gz")
    labels = read_idx(shared_data / "mnist" / "train-labels-idx1-ubyte.gz")
    assert images.shape == (60_000, 28, 28)
    assert labels[0] == 5
    vector = unit_scale(images[0]).reshape(784).round(3)
    first = vector[vector > 0][:12].tolist()
    expected = [0.012, 0.071, 0.071, 0.071, 0.494, 0.533, 0.686, 0.102, 0.651, 1.0, 0.969, 0.498]
    assert first == pytest.approx(expected, abs=1e-7)


@pytest.mark.checklist(row=108, call="unit_scale(images)", figure="0 to 1; mean 0.1307, sd 0.3081")
def test_pixels_become_fractions(shared_data):
    images = read_idx(shared_data / "mnist" / "train-images-idx3-ubyte.gz")
    scaled = unit_scale(images)
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (0.0, 1.0)
    assert round(scaled.mean(dtype=np.float64), 4) == 0.1307
    assert round(scaled.std(dtype=np.float64), 4) == 0.3081


def test_class_counts_of_mnist(shared_data):
    train = read_idx(shared_data / "mnist" / "train-labels-idx1-ubyte.gz")
    test = read_idx(shared_data / "mnist" / "t10k-labels-idx1-ubyte.gz")
    assert np.bincount(train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@given(st.sampled_from(sorted(CODES)), st.booleans(), st.data())
def test_every_type_is_read_back(tmp_path_factory, dtype, packed, data):
    shape = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
    array = data.draw(hnp.arrays(dtype, shape))
    path = tmp_path_factory.mktemp("idx") / "a"
    content = idx_bytes(array, CODES[dtype])
    path.write_bytes(gzip.compress(content) if packed else content)
    np.testing.assert_array_equal(read_idx(path), array)


LABELS = idx_bytes(np.arange(100, dtype=np.uint8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\0\0\x08", "not an IDX file"),
        (b"PNG.....", "not an IDX file"),
        (b"\0\0\x07\x01" + b"\0" * 4, "not an IDX file"),
        (b"\0\0\x08\x00", "header names 0 sizes"),
        (b"\0\0\x08\x03\0\0\0\x01", "header names 3 sizes"),
        (LABELS[:-1], r"must hold 100 bytes after its header, for the shape \(100,\), got 99"),
        (LABELS + b"x", "got 101"),
        (gzip.compress(LABELS + b"x", mtime=0), "got 101"),
        (gzip.compress(LABELS, mtime=0)[:-9], "not a whole gzip file"),
        (b"\0\0\x0e\xff" + b"\xff" * 1020, "must hold"),
        (gzip.compress(b"\0\0\x08\x02" + b"\xff" * 8 + b"x" * 50, mtime=0), "must hold"),
        (gzip.compress(b"\0\0", mtime=0), "not an IDX file"),
        (b"\0\0\x08\x64" + b"\0\0\0\x01" * 100 + b"x", "has 100 axes; an array has at most 64"),
    ],
)
@pytest.mark.parametrize("name", ["a.gz", "a"])
def test_headers_that_lie_are_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(XentError, match=message):
        read_idx(path)


def test_a_packed_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(LABELS + b"\0" * 20_000_000))
    with pytest.raises(XentError, match=r"must hold 100 bytes .* got \d{3,4}\."):
        read_idx(path)


def test_absent_files_name_the_nearest(tmp_path):
    (tmp_path / "train-images.gz").write_bytes(LABELS)
    with pytest.raises(XentError, match=r"Did you mean 'train-images\.gz'"):
        read_idx(tmp_path / "train-image.gz")
    with pytest.raises(XentError, match="there is no file"):
        read_idx(tmp_path / "train-images.gz" / "x")
    with pytest.raises(XentError, match="cannot be read"):
        read_idx(tmp_path)


def test_only_bytes_are_pixels():
    with pytest.raises(XentError, match="pixels must be uint8"):
        unit_scale(np.zeros(3))
    assert unit_scale(np.array([[255]], dtype=np.uint8), np.float64).tolist() == [[1.0]]
