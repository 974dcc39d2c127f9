"""Occlusion maps: exact for predictions that are sums, and the deciding patch found for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation.occlusion import occlusion_map

Arrays = np.ndarray[Any, Any]


def linear(weight: Arrays) -> Any:
    return lambda x: np.einsum("nchw,chwk->nk", x.astype(np.float64), weight)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(2, 9), st.integers(2, 9)),
    patch=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 2**16),
)
def test_of_a_sum_each_tile_has_its_own_terms(
    shape: tuple[int, ...], patch: tuple[int, int], batch_size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    weight = rng.integers(-3, 4, (*shape[1:], 2)).astype(float)
    outcome = rng.integers(0, 2, shape[0])
    fill = rng.integers(0, 256, shape[1]).tolist()
    found = occlusion_map(
        linear(weight), images, outcome, patch=patch, fill=fill, batch_size=batch_size
    )
    # what a place adds: its weight times how far it is from the patch's color; whole numbers, so exact
    above = images.astype(float) - np.array(fill, dtype=float)[:, None, None]
    terms = np.einsum("nchw,chwn->nhw", above, weight[..., outcome])
    for top in range(0, shape[2], patch[0]):
        for left in range(0, shape[3], patch[1]):
            tile = (slice(None), slice(top, top + patch[0]), slice(left, left + patch[1]))
            expected = terms[tile].sum((1, 2))[:, None, None]
            np.testing.assert_array_equal(found[tile], np.broadcast_to(expected, found[tile].shape))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    patch=st.integers(1, 5),
    stride=st.integers(1, 5),
    seed=st.integers(0, 2**16),
)
def test_overlapping_patches_are_averaged_over_those_that_cover_a_place(
    size: tuple[int, int], patch: int, stride: int, seed: int
) -> None:
    stride = min(stride, patch)
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(1, 1, *size))
    weight = rng.normal(size=(1, *size))

    def predict(x: Arrays) -> Arrays:
        return np.tanh(np.einsum("nchw,chw->n", x, weight))

    found = occlusion_map(predict, image, patch=patch, stride=stride, fill=0.5)
    drops: dict[tuple[int, int], list[float]] = {}
    for top in range(0, size[0], stride):
        for left in range(0, size[1], stride):
            covered = image.copy()
            covered[:, :, top : top + patch, left : left + patch] = 0.5
            drop = float((predict(image) - predict(covered))[0])
            for row in range(top, min(top + patch, size[0])):
                for column in range(left, min(left + patch, size[1])):
                    drops.setdefault((row, column), []).append(drop)
    expected = [
        [np.mean(drops[row, column]) for column in range(size[1])] for row in range(size[0])
    ]
    np.testing.assert_allclose(found[0], expected, rtol=1e-12, atol=1e-14)


def test_the_patch_that_decides_is_found_with_and_without_a_batch() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (5, 3, 32, 24), dtype=np.uint8)
    at = [(0, 0), (28, 21), (4, 3), (12, 9), (16, 15)]
    for image, (row, column) in zip(images, at, strict=True):
        image[:, row : row + 4, column : column + 3] = 250

    def predict(x: Arrays) -> Arrays:
        # how sure it is that there is a light: that of the brightest place
        z = (x.max((1, 2, 3)).astype(np.float64) - 150) / 20
        return np.stack([-z, z], axis=1)

    for batch_size in (1, 3, 7, 1000):
        found = occlusion_map(predict, images, 1, batch_size=batch_size)
        for own, (row, column) in zip(found, at, strict=True):
            inside = np.zeros((32, 24), bool)
            inside[row : row + 4, column : column + 3] = True
            # by default the patches are 4 by 3 here: exactly the light has it all
            assert own[inside].min() > 5
            np.testing.assert_array_equal(own[~inside], 0)
    against = occlusion_map(predict, images, 0)
    np.testing.assert_array_equal(against, -found)


def test_no_more_than_a_batch_is_predicted_at_once_and_the_images_stay() -> None:
    images = np.random.default_rng(1).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)
    before, seen = images.copy(), []

    def predict(x: Arrays) -> Arrays:
        seen.append((len(x), x.dtype))
        return x.mean((1, 2, 3))

    occlusion_map(predict, images, patch=4, batch_size=12)
    assert max(n for n, _ in seen) <= 12
    assert {dtype for _, dtype in seen} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(images, before)
    assert occlusion_map(lambda x: np.zeros(len(x)), images[:0]).shape == (0, 8, 8)


def test_by_default_the_patch_has_the_mean_color() -> None:
    images = np.zeros((2, 2, 4, 4), np.uint8)
    images[:, 0], images[0, 1] = 10, 201
    colors = []

    def predict(x: Arrays) -> Arrays:
        colors.append(x[-1, :, 0, 0].tolist())
        return np.zeros(len(x))

    occlusion_map(predict, images, patch=4, batch_size=2)
    # 100.5 is between two whole numbers, the even one is taken
    assert colors[-1] == [10, 100]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((4, 4))}, r"shape \(n, channels, height, width\).*images\[None\]"),
        ({"images": np.zeros((1, 1, 4, 4), complex)}, "got complex128"),
        ({"patch": 0}, "patch must be pixels"),
        ({"patch": (2, 2.5)}, "patch must be pixels"),
        ({"patch": (2, 2, 2)}, "patch must be pixels"),
        ({"patch": 2, "stride": 3}, r"stride must be at most patch, \(2, 2\)"),
        ({"fill": [1, 2]}, "one for each of 1 channels"),
        ({"fill": np.nan}, "one for each of 1 channels"),
        ({"fill": 300}, "between 0 and 255"),
        ({"outcome": -1}, "outcome must be a column"),
        ({"outcome": [0, 0, 0]}, "one for each of 2 images"),
        ({"outcome": 2}, r"below 2.*got 2"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"batch_size": 2.5}, "batch_size must be an integer"),
        ({"predict": lambda x: np.zeros(len(x) + 1)}, "for as many images"),
        ({"predict": lambda x: np.full(len(x), np.nan)}, "finite"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    asked: dict[str, Any] = {
        "predict": lambda x: np.zeros((len(x), 2)),
        "images": np.zeros((2, 1, 4, 4), np.uint8),
        **change,
    }
    with pytest.raises(XentError, match=message):
        occlusion_map(**asked)
