"""Occlusion maps: how much a prediction falls when a part of the image is covered.

Zeiler & Fergus (2014), "Visualizing and understanding convolutional networks", ECCV, section 4.2.
They ask nothing of a model but its predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from xent.distributions.parameters import checked_count
from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["occlusion_map"]

PATCHES_A_SIDE: Final = 8  # by default: 64 predictions an image


def occlusion_map(
    predict: Callable[[Array], Array],
    images: Array,
    outcome: int | Sequence[int] | IntArray = 0,
    *,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: float | Sequence[float] | None = None,
    batch_size: int = 256,
) -> FloatArray:
    """Return for every place of every image how much its patch adds to the prediction.

    A patch of one color is laid on the image and slid over it; a place has the mean of
    ``predict(image) - predict(covered)`` over the patches that cover it. Where patches tile the image
    (``stride`` as large as ``patch``) every place has that of the one patch that covers it.

    Parameters
    ----------
    predict : callable
        Images, shape (m, channels, height, width), to numbers, shape (m,) or (m, n_outcomes):
        probabilities, log odds or means. Log odds still tell where probabilities are 1 by rounding.
    images : array of shape (n, channels, height, width)
        Left as they are; one working batch is made, of their dtype.
    outcome : int or array of shape (n,)
        Which column of the predictions, of all images or of each.
    patch : int or (int, int), optional
        Height and width of the patch in pixels; by default an eighth of the image's, rounded up.
        Those at the right and lower edge are cut off there.
    stride : int or (int, int), optional
        Pixels from one patch to the next, at most as large as it; by default its size.
    fill : float, or one a channel, optional
        The color of the patch, in the units of the images; by default the mean of each channel over
        the images.
    batch_size : int, default 256
        Images given to `predict` at once.

    Returns
    -------
    ndarray of shape (n, height, width)
        In units of the prediction. Positive where the patch speaks for the outcome, negative where
        it speaks against it.

    Raises
    ------
    XentError
        When images or sizes do not fit, or `predict` returns another number of rows or something not finite.

    Examples
    --------
    The lower right quarter is all that this prediction looks at:

    >>> images = np.ones((1, 1, 4, 4))
    >>> found = occlusion_map(lambda x: x[:, 0, 2:, 2:].mean((1, 2)), images, patch=2, fill=0)
    >>> found[0]
    array([[0., 0., 0., 0.],
           [0., 0., 0., 0.],
           [0., 0., 1., 1.],
           [0., 0., 1., 1.]])
    """
    given = _checked_images(images)
    n, _, *size = given.shape
    batch_size = checked_count("batch_size", batch_size, 1)
    patches = _patches(size, patch, stride)
    color = _color(given, fill)
    outcomes = _outcomes(outcome, n)
    drops, covered = np.zeros((n, *size)), np.zeros(size)
    for own in patches:
        covered[own] += 1
    for start in range(0, n, batch_size):
        block = slice(start, min(start + batch_size, n))
        whole = _predicted(predict, given[block], outcomes[block])
        n_at_once = max(1, batch_size // len(whole))
        for first in range(0, len(patches), n_at_once):
            some = patches[first : first + n_at_once]
            left = _without(given[block], some, color)
            outcome_of_each = np.tile(outcomes[block], len(some))
            p = _predicted(predict, left, outcome_of_each).reshape(len(some), -1)
            for own, remaining in zip(some, p, strict=True):
                drops[(block, *own)] += (whole - remaining)[:, None, None]
    drops /= covered
    return drops


def _checked_images(images: Any) -> Array:
    given = np.asarray(images)
    if given.ndim != 4 or given.dtype.kind not in "uif" or not all(given.shape[1:]):
        raise XentError(
            f"images must be numbers of shape (n, channels, height, width), got {given.dtype} of shape "
            f"{given.shape}. A single image is images[None]."
        )
    return given


def _pair(name: str, given: Any) -> tuple[int, int]:
    pair = (given, given) if isinstance(given, int | np.integer) else given
    whole = isinstance(pair, tuple | list) and all(isinstance(v, int | np.integer) for v in pair)
    if not whole or len(pair) != 2 or min(pair) < 1:
        raise XentError(
            f"{name} must be pixels, at least 1, or (height, width) of them, got {given!r}."
        )
    return int(pair[0]), int(pair[1])


def _patches(size: list[int], patch: Any, stride: Any) -> list[tuple[slice, slice]]:
    """Return where the patches lie; together they cover every place."""
    default = (-(-size[0] // PATCHES_A_SIDE), -(-size[1] // PATCHES_A_SIDE))
    extent = default if patch is None else _pair("patch", patch)
    steps = extent if stride is None else _pair("stride", stride)
    if steps[0] > extent[0] or steps[1] > extent[1]:
        raise XentError(
            f"stride must be at most patch, {extent}, or places are never covered; got {steps}."
        )
    rows, columns = (
        [slice(at, min(at + own, length)) for at in range(0, length, step)]
        for own, step, length in zip(extent, steps, size, strict=True)
    )
    return [(row, column) for row in rows for column in columns]


def _color(images: Array, fill: Any) -> Array:
    """Return the color of the patch, shape (channels, 1, 1), in the images' dtype."""
    n, n_channels = images.shape[:2]
    if fill is None:
        color = images.mean((0, 2, 3), dtype=np.float64) if n else np.zeros(n_channels)
    else:
        color = np.asarray(fill, dtype=np.float64)
    if color.shape not in {(), (n_channels,)} or not np.isfinite(color).all():
        raise XentError(f"fill must be a number, or one for each of {n_channels} channels.")
    if images.dtype.kind in "ui":
        limits = np.iinfo(images.dtype)
        color = np.rint(color)
        if color.min() < limits.min or color.max() > limits.max:
            raise XentError(
                f"fill must lie between {limits.min} and {limits.max} for images of {images.dtype}, got {fill}."
            )
    return np.broadcast_to(color, (n_channels,)).astype(images.dtype)[:, None, None]


def _outcomes(outcome: Any, n: int) -> IntArray:
    columns = np.asarray(outcome)
    if columns.shape not in {(), (n,)} or columns.dtype.kind not in "ui" or np.any(columns < 0):
        raise XentError(
            f"outcome must be a column of the predictions from 0, or one for each of {n} images, got {outcome!r}."
        )
    return np.broadcast_to(columns.astype(np.int64), (n,))


def _without(images: Array, patches: list[tuple[slice, slice]], color: Array) -> Array:
    """Return all images with the first patch covered, then all with the second, ..."""
    covered = np.repeat(images[None], len(patches), axis=0)
    for copy, (row, column) in zip(covered, patches, strict=True):
        copy[:, :, row, column] = color
    return covered.reshape(-1, *images.shape[1:])


def _predicted(predict: Callable[[Array], Array], images: Array, outcomes: IntArray) -> FloatArray:
    """Return the prediction of each image's outcome in float64."""
    found = np.asarray(predict(images), dtype=np.float64)
    table = found[:, None] if found.ndim == 1 else found
    if table.ndim != 2 or len(table) != len(images):
        raise XentError(
            f"predict must return shape ({len(images)},) or ({len(images)}, n_outcomes) for as many images, "
            f"got {found.shape}."
        )
    if outcomes.size and outcomes.max() >= table.shape[1]:
        raise XentError(
            f"outcome must be below {table.shape[1]}, the columns that predict returns, got {outcomes.max()}."
        )
    chosen = np.take_along_axis(table, outcomes[:, None], axis=1)[:, 0]
    if not np.isfinite(chosen).all():
        raise XentError(
            "predict must return finite numbers, got NaN or infinity. Predict log odds from logits, or probabilities."
        )
    return chosen
