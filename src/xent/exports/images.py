"""Images as the input of an exported model: raw pixels, from 0 to 255."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from xent.data import Table
from xent.exports.features import Features

if TYPE_CHECKING:
    from xent.data import ImageEncoder
    from xent.exports.graph import Graph

__all__ = ["add_pixel_input", "drawn_images", "table_images"]

PIXELS = "pixels"
_BRIGHTNESS = 80.0  # spread of the mean pixel from image to image


def add_pixel_input(graph: Graph, encoder: ImageEncoder) -> Features:
    """Add the one input of a model of images, uint8 of shape (n, channels, height, width).

    Examples
    --------
    >>> from xent.data import ImageEncoder
    >>> from xent.exports.graph import Graph
    >>> add_pixel_input(Graph(), ImageEncoder(1, 8, 8, (0.5,), (0.2,))).name
    'pixels'
    """
    return Features(graph.input(PIXELS, np.uint8, ("n", *encoder.shape)), (), None)


def drawn_images(encoder: ImageEncoder, n_rows: int, rng: np.random.Generator) -> Table:
    """Return images drawn from what the encoder knows: noise around the mean, smooth ones, and flat ones.

    Examples
    --------
    >>> from xent.data import ImageEncoder
    >>> encoder = ImageEncoder(1, 8, 8, (0.5,), (0.2,))
    >>> drawn_images(encoder, 3, np.random.default_rng(0)).pixels.shape
    (3, 1, 8, 8)
    """
    mean, sd = (255 * np.reshape(part, (1, -1, 1, 1)) for part in (encoder.mean, encoder.sd))
    pixels = rng.normal(mean, sd, (n_rows, *encoder.shape))
    pixels += rng.normal(0, _BRIGHTNESS, (n_rows, 1, 1, 1))
    slopes = rng.normal(0, 1, (2, n_rows, 1, 1, 1))
    down, across = (np.linspace(-1, 1, side) for side in (encoder.height, encoder.width))
    pixels += sd * (slopes[0] * down[:, None] + slopes[1] * across)
    pixels[: n_rows // 20] = rng.choice([0, 128, 255], (n_rows // 20, 1, 1, 1))
    return _as_table(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def table_images(pixels: np.ndarray, n_rows: int, rng: np.random.Generator) -> Table:
    """Return images of a table, half of them blended with another one: what lies between decisions."""
    chosen = pixels[rng.integers(0, len(pixels), n_rows)].astype(np.float64)
    share = np.where(rng.random(n_rows) < 0.5, rng.random(n_rows), 0.0)[:, None, None, None]
    chosen += share * (pixels[rng.integers(0, len(pixels), n_rows)] - chosen)
    return _as_table(np.rint(chosen).astype(np.uint8))


def _as_table(pixels: np.ndarray) -> Table:
    names = pl.Series("file", [f"image {place}" for place in range(len(pixels))])
    return Table(names.to_frame(), "images", "", pixels)
