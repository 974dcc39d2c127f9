"""A part of the data: rows, targets, weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """Rows to train or validate on.

    Parameters
    ----------
    X : ndarray, shape (n, n_inputs), of the engine's dtype
    y : ndarray
        Targets in the form of ``distribution.check_targets``.
    weight : ndarray of float64, shape (n,), optional
        Rows of weight 0 are left out, as if they were not there.
    """

    X: Array
    y: Array
    weight: Array | None = None

    def __post_init__(self) -> None:
        if self.weight is not None and not np.all(self.weight > 0):
            present = self.weight > 0
            for name in ("X", "y", "weight"):
                object.__setattr__(self, name, getattr(self, name)[present])

    def __len__(self) -> int:
        return len(self.X)

    @property
    def mean_weight(self) -> float:
        """Mean weight of the rows."""
        return 1.0 if self.weight is None else float(np.mean(self.weight, dtype=np.float64))
