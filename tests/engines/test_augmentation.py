"""Augmentation: what is drawn, and what it does to images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xent.distributions import Bernoulli
from xent.engines import make_engine
from xent.engines.augmentation import Changes, draw_changes
from xent.engines.torch_augmentation import changed_images
from xent.engines.torch_engine import TorchEngine
from xent.errors import XentError
from xent.network import Dense, Flatten, Network, mlp

NAMES = ("flip", "shift", "crop", "color")


@pytest.fixture
def images():
    values = np.random.default_rng(0).integers(0, 256, (5, 3, 12, 16)).astype(np.float64)
    return torch.from_numpy(values)


def test_nothing_drawn_changes_nothing(images):
    changes = draw_changes((), len(images), np.random.default_rng(0))
    assert changed_images(images, changes) is images


def test_a_flip_mirrors_only_the_drawn_images(images):
    flipped = np.array([True, False, False, True, False])
    changed = changed_images(images, Changes(flipped=flipped)).numpy()
    for before, after, is_flipped in zip(images.numpy(), changed, flipped, strict=True):
        np.testing.assert_array_equal(after, before[:, :, ::-1] if is_flipped else before)


def test_the_whole_window_is_the_image(images):
    view = np.tile([1.0, 0.0, 0.0], (len(images), 1))
    torch.testing.assert_close(changed_images(images, Changes(view=view)), images)


def test_a_shifted_window_shows_the_image_shifted(images):
    # 2 of 16 pixels to the right: the center lies at 2/8 of half the width
    view = np.tile([1.0, 2 / 8, 0.0], (len(images), 1))
    shifted = changed_images(images, Changes(view=view))
    torch.testing.assert_close(shifted[..., :-2], images[..., 2:])


def test_a_crop_of_half_the_image_shows_its_middle():
    ramp = torch.arange(16, dtype=torch.float64).expand(1, 1, 16, 16)
    seen = changed_images(ramp, Changes(view=np.array([[0.5, 0.0, 0.0]])))
    # pixel centers of the middle half, every half pixel
    torch.testing.assert_close(seen[0, 0, 0], torch.arange(3.75, 11.5, 0.5, dtype=torch.float64))


def test_color_factors_of_one_change_nothing_and_no_saturation_is_gray(images):
    same = changed_images(images, Changes(color=np.ones((5, 3))))
    torch.testing.assert_close(same, images)
    gray = changed_images(images, Changes(color=np.tile([1.0, 1.0, 0.0], (5, 1))))
    torch.testing.assert_close(gray[:, 0], gray[:, 2])
    dark = changed_images(images, Changes(color=np.tile([0.5, 1.0, 1.0], (5, 1))))
    torch.testing.assert_close(dark, images / 2)


def test_colors_of_gray_images_stay_pixels():
    image = torch.full((2, 1, 4, 4), 250.0)
    changed = changed_images(image, Changes(color=np.array([[1.2, 1.2, 0.5], [0.5, 0.5, 2.0]])))
    assert float(changed.max()) == 255
    assert float(changed.min()) == 125


def test_what_is_drawn_lies_in_its_range():
    changes = draw_changes(NAMES, 4_000, np.random.default_rng(1))
    assert 0.45 < changes.flipped.mean() < 0.55
    size, center = changes.view[:, 0], changes.view[:, 1:]
    assert size.min() >= 0.75
    assert size.max() <= 1
    # the cropped window may be shifted by a tenth of the image, which is two tenths of its half
    assert np.all(np.abs(center) <= (1 - size[:, None]) + 0.2)
    assert 0.75 <= changes.color.min() < changes.color.max() <= 1.25


def test_some_rows_of_the_changes_change_their_images_alike(images):
    changes = draw_changes(NAMES, len(images), np.random.default_rng(2))
    whole = changed_images(images, changes)
    rows = slice(2, 5)
    torch.testing.assert_close(changed_images(images[rows], changes.of(rows)), whole[rows])


def test_training_sees_changed_images_and_prediction_does_not():
    network = Network((1, 4, 4), (Flatten(), Dense(1)))
    X = np.random.default_rng(3).integers(0, 256, (8, 1, 4, 4), dtype=np.uint8)
    y = np.tile([0.0, 1.0], 4)
    losses = []
    for augment in ((), ("flip", "shift")):
        engine = TorchEngine(network, Bernoulli(), "float64", augment=augment)
        engine.init(np.random.default_rng(4))
        plain = engine.predict(X)
        losses.append(engine.loss_and_grad(X, y))
        np.testing.assert_array_equal(engine.predict(X), plain)
    assert losses[0] != losses[1]


def test_augmentation_of_rows_of_features_is_refused():
    with pytest.raises(XentError, match="augment changes images, and the rows have shape"):
        TorchEngine(mlp(3, (), 1), Bernoulli(), augment=("flip",))
    with pytest.raises(XentError, match="augment changes images, which engine='torch' computes"):
        make_engine("numpy", mlp(3, (), 1), Bernoulli(), augment=("flip",))
