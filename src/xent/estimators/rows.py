"""Rows on their way into a network: features, targets, weights, and how they are prepared."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import NumericEncoder
from xent.network import Pixels
from xent.training import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.training.fitting import TargetScale

__all__ = ["ImagePreparation", "Preparation", "Rows"]

# pixels that are summed at once, in float64
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Rows:
    """Checked rows of positive weight, with targets in the form of their distribution.

    Attributes
    ----------
    X : ndarray of shape (n, n_features), float32 or float64, or of shape (n, channels, height, width)
        As given; in features NaN is missing.
    y : ndarray
        Class codes, labels or numbers.
    weight : ndarray of float64, shape (n,), or None
        Sample weights.
    factor : ndarray of float64, shape (n,), or None
        Class weights of the rows: they change the loss, not the standardization.
    """

    X: Array
    y: Array
    weight: FloatArray | None = None
    factor: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.X)

    def where(self, mask: Array) -> Rows:
        """Return the rows under a mask."""
        weight, factor = (None if w is None else w[mask] for w in (self.weight, self.factor))
        return Rows(self.X[mask], self.y[mask], weight, factor)

    @property
    def loss_weight(self) -> FloatArray | None:
        """The weight of each row in the loss: sample weight times class weight."""
        if self.weight is None or self.factor is None:
            return self.weight if self.factor is None else self.factor
        return self.weight * self.factor


@dataclass(frozen=True)
class Preparation:
    """How rows become numbers that a network trains on, fitted on training rows.

    Attributes
    ----------
    encoder : NumericEncoder
    scale : TargetScale
        The unit of a real target; without effect for classes.
    dtype : numpy.dtype
        Of the network.
    """

    encoder: NumericEncoder
    scale: TargetScale
    dtype: np.dtype[Any]

    @classmethod
    def fit(
        cls, rows: Rows, scale: TargetScale, dtype: str | None, names: Sequence[str] | None
    ) -> Preparation:
        """Return the preparation that fits these rows."""
        encoder = NumericEncoder.fit(rows.X, rows.weight, names=names)
        return cls(encoder, scale, np.dtype(dtype or rows.X.dtype))

    @property
    def pixels(self) -> None:
        """How images are standardized: these rows are none."""

    def for_more(self) -> Preparation:
        """Return it for rows to come that may differ where the first ones do not.

        A feature that was constant is only centered from then on, instead of left out.
        """
        scale = np.where(self.encoder.scale > 0, self.encoder.scale, 1.0)
        return dataclasses.replace(self, encoder=dataclasses.replace(self.encoder, scale=scale))

    def features(self, X: Array) -> FloatArray:
        """Return encoded features, in the dtype of the network."""
        out = np.empty((len(X), self.encoder.n_features), dtype=self.dtype)
        return self.encoder.transform(X, out=out)

    def part(self, rows: Rows) -> Part:
        """Return the rows as the trainer takes them."""
        return _part(self, rows)


@dataclass(frozen=True)
class ImagePreparation:
    """How images become numbers that a network trains on: the network itself standardizes them.

    Attributes
    ----------
    pixels : Pixels
        Mean and standard deviation of each channel.
    scale : TargetScale
    dtype : numpy.dtype
        Of the network.
    """

    pixels: Pixels
    scale: TargetScale
    dtype: np.dtype[Any]

    @classmethod
    def fit(cls, rows: Rows, scale: TargetScale, dtype: str | None) -> ImagePreparation:
        """Return the preparation that fits these images; a constant channel is only centered."""
        images, weight = rows.X, np.ones(len(rows)) if rows.weight is None else rows.weight
        step = max(1, _BLOCK // max(1, images[0].size))
        sums = np.zeros((3, images.shape[1]))
        # around a first guess, which keeps the digits of the variance
        guess = images[:step].mean((0, 2, 3), dtype=np.float64)
        for start in range(0, len(images), step):
            block = images[start : start + step] - guess[:, None, None]
            own = weight[start : start + step]
            sums[0] += own @ block.mean((2, 3))
            sums[1] += own @ np.square(block).mean((2, 3))
            sums[2] += own.sum()
        mean = sums[0] / sums[2]
        sd = np.sqrt(np.maximum(sums[1] / sums[2] - mean**2, 0.0))
        sd[sd <= np.finfo(np.float32).eps * np.abs(guess)] = 255.0
        own_dtype = dtype or (images.dtype.name if images.dtype.kind == "f" else "float32")
        pixels = Pixels(tuple(((guess + mean) / 255).tolist()), tuple((sd / 255).tolist()))
        return cls(pixels, scale, np.dtype(own_dtype))

    def for_more(self) -> ImagePreparation:
        """Return it for images to come."""
        return self

    def features(self, X: Array) -> Array:
        """Return the images as they are."""
        return X

    def part(self, rows: Rows) -> Part:
        """Return the rows as the trainer takes them."""
        return _part(self, rows)


def _part(preparation: Preparation | ImagePreparation, rows: Rows) -> Part:
    y = rows.y
    if y.dtype.kind == "f":
        y = preparation.scale.to_trained(y).astype(preparation.dtype)
    return Part(preparation.features(rows.X), y, rows.loss_weight)
