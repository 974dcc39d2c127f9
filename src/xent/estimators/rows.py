"""Rows on their way into a network: features, targets, weights, and how they are prepared."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.data import NumericEncoder
from xent.training import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.training.fitting import TargetScale

__all__ = ["Preparation", "Rows"]


@dataclass(frozen=True)
class Rows:
    """Checked rows of positive weight, with targets in the form of their distribution.

    Attributes
    ----------
    X : ndarray of shape (n, n_features), float32 or float64
        As given; NaN is missing.
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
        y = rows.y
        if y.dtype.kind == "f":
            y = self.scale.to_trained(y).astype(self.dtype)
        return Part(self.features(rows.X), y, rows.loss_weight)
