"""Augmentation, as drawn, on the images of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

if TYPE_CHECKING:
    from xent.arrays import Array
    from xent.engines.augmentation import Changes

__all__ = ["changed_images"]

# how the eye weighs red, green and blue (ITU-R BT.601)
LUMA = (0.299, 0.587, 0.114)


def changed_images(images: torch.Tensor, changes: Changes) -> torch.Tensor:
    """Return images changed as drawn.

    Parameters
    ----------
    images : Tensor, shape (n, channels, height, width)
        Pixels of 0 to 255.
    changes : Changes

    Examples
    --------
    >>> from xent.engines.augmentation import Changes
    >>> image = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    >>> changed_images(image, Changes(flipped=np.array([True]))).tolist()
    [[[[3.0, 2.0, 1.0]]]]
    """
    if changes.flipped is not None:
        mirrored = torch.from_numpy(changes.flipped).to(images.device)
        images = torch.where(mirrored[:, None, None, None], images.flip(3), images)
    if changes.view is not None:
        images = _seen(images, changes.view)
    if changes.color is not None:
        images = _colored(images, torch.from_numpy(changes.color).to(images))
    return images


def _seen(images: torch.Tensor, view: Array) -> torch.Tensor:
    """Return the window of each image, enlarged to its size; beyond the edge the image is mirrored."""
    affine = np.zeros((len(view), 2, 3))
    affine[:, 0, 0] = affine[:, 1, 1] = view[:, 0]
    affine[:, :, 2] = view[:, 1:]
    windows = torch.from_numpy(affine).to(images)
    grid = functional.affine_grid(windows, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _colored(images: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    brightness, contrast, saturation = factors.T[:, :, None, None, None]
    images = images * brightness
    if images.shape[1] == 3:
        weights = torch.tensor(LUMA, dtype=images.dtype, device=images.device)[:, None, None]
        gray = (images * weights).sum(1, keepdim=True)
        images = gray + saturation * (images - gray)
    mean = images.mean((1, 2, 3), keepdim=True)
    contrasted: torch.Tensor = mean + contrast * (images - mean)
    return contrasted.clamp(0, 255)
