"""The encoder of images: exact means and spreads, weights, JSON, what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.image_sources import digits, drawn

from xent.data import Encoder, ImageEncoder, encoder_from_json, find_roles, read_images, read_table
from xent.data.pixel_arrays import identical_images
from xent.errors import XentError

if TYPE_CHECKING:
    from pathlib import Path

COLOR = np.stack([drawn(seed, (6, 5, 3)) for seed in range(9)])


def test_means_and_spreads_are_those_of_the_training_rows() -> None:
    table, rows = read_images({"images": COLOR}), np.array([0, 2, 3, 8])
    encoder = ImageEncoder.fit(table, rows)
    share = COLOR[rows] / 255
    assert encoder.shape == (3, 6, 5)
    assert encoder.n_features == 90
    assert encoder.mean == pytest.approx(share.mean(axis=(0, 1, 2)), rel=1e-14)
    assert encoder.sd == pytest.approx(share.std(axis=(0, 1, 2)), rel=1e-12)
    weighted = ImageEncoder.fit(table, rows, np.array([1.0, 0.0, 2.0, 1.0]))
    repeated = ImageEncoder.fit(table, np.array([0, 3, 3, 8]))
    assert weighted.mean == pytest.approx(repeated.mean, rel=1e-14)
    assert weighted.sd == pytest.approx(repeated.sd, rel=1e-12)
    # no other row is looked at
    changed = COLOR.copy()
    changed[[1, 4, 5, 6, 7]] = 0
    assert ImageEncoder.fit(read_images({"images": changed}), rows).mean == encoder.mean


@given(st.integers(0, 255), st.integers(1, 40))
def test_a_channel_that_never_varies_has_the_spread_1(value: int, n: int) -> None:
    images = np.full((n, 4, 4), value, np.uint8)
    encoder = ImageEncoder.fit(read_images({"images": images}), np.arange(n))
    assert encoder.mean == pytest.approx((value / 255,))
    assert encoder.sd == (1.0,)
    images[0, 0, 0] = 255 - value
    assert ImageEncoder.fit(read_images({"images": images}), np.arange(n)).sd[0] < 1.0


def test_rows_side_by_side_are_a_view_and_pixels_stay_bytes() -> None:
    table = read_images({"images": COLOR})
    encoder = ImageEncoder.fit(table, np.arange(9))
    for rows, is_view in ((None, True), (np.arange(2, 7), True), (np.array([4, 1, 1]), False)):
        X = encoder.transform(table, rows, dtype=np.float32)
        assert X.dtype == np.uint8
        assert np.shares_memory(X, table.pixels) == is_view
        assert np.array_equal(X, table.pixels if rows is None else table.pixels[rows])
    assert encoder.transform(table, np.array([], dtype=np.int64)).shape == (0, 3, 6, 5)
    assert encoder.text_columns == ()
    assert encoder.novelties(table) == ()


def test_other_tables_are_refused() -> None:
    encoder = ImageEncoder.fit(read_images({"images": COLOR}), np.arange(9))
    with pytest.raises(
        XentError, match=r"images of shape .* \(3, 6, 5\), as in training, got \(1, 8, 8\)"
    ):
        encoder.transform(read_images({"images": digits(3)[0]}))
    with pytest.raises(XentError, match="has no images, which the model needs"):
        encoder.transform(read_table(np.eye(3)))


def test_json_keeps_every_bit_and_refuses_the_rest() -> None:
    encoder = ImageEncoder.fit(read_images({"images": COLOR}), np.arange(9))
    document = encoder.to_json()
    again = encoder_from_json(document)
    assert isinstance(again, ImageEncoder)
    assert (again.shape, again.mean, again.sd) == (encoder.shape, encoder.mean, encoder.sd)
    wrong: list[dict[str, Any]] = [
        {"kind": "sounds"}, {"channels": 2}, {"channels": 1}, {"height": 0}, {"width": 10**9}, {"height": "6"},
        {"mean": [0.5]}, {"mean": [2.0, 0.1, 0.1]}, {"sd": [0.0, 0.1, 0.1]}, {"sd": [-1, 1, 1]}, {"version": 9},
        {"sd": None}, {"mean": [float("nan")] * 3},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(XentError):
            encoder_from_json(document | change)
    with pytest.raises(XentError):
        encoder_from_json(None)
    table = read_table(np.eye(3))
    of_columns = Encoder.fit(table, np.arange(3), find_roles(table))
    assert isinstance(encoder_from_json(of_columns.to_json()), Encoder)
    with pytest.raises(XentError, match="'kind' must be 'images'"):
        ImageEncoder.from_json(of_columns.to_json())


def test_columns_beside_images_are_left_out_and_cannot_be_features() -> None:
    table = read_images({"images": COLOR, "labels": np.arange(9) % 2, "group": np.arange(9)})
    roles = find_roles(table, target="label", group="group")
    assert roles.features == ()
    assert roles.names("dropped") == ("file",)
    assert roles.columns[0].reason == "the images are learned from"
    with pytest.raises(
        XentError, match="numeric: column 'group' cannot be learned from beside images"
    ):
        find_roles(table, target="label", numeric=["group"])


def test_identical_images_share_a_code() -> None:
    images = COLOR[[3, 1, 3, 2, 1]].copy()
    assert identical_images(images.transpose(0, 3, 1, 2)).tolist() == [0, 1, 0, 2, 1]
    images[2, 0, 0, 0] ^= 1
    assert identical_images(images).tolist() == [0, 1, 2, 3, 1]


def test_the_real_photographs_are_all_different(shared_data: Path) -> None:
    table = read_images(shared_data / "cats_dogs_128.zip")
    assert table.pixels.shape == (4000, 3, 128, 128)
    assert table.frame["split"].value_counts(sort=True)["count"].to_list() == [2000, 2000]
    assert table.frame["file"][0] == "test/cats/cat.4001.jpg"
    assert identical_images(table.pixels).max() == 3999
