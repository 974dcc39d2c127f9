"""Early stopping: the best weights so far, and how long nothing better has come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array

__all__ = ["BestWeights"]


class BestWeights:
    """Keeps a copy of the engine's state at the epoch with the lowest validation loss.

    Parameters
    ----------
    state : callable
        Returns the engine's state as it is now, a dictionary of arrays; copied when an epoch is the
        best.
    patience : int or None
        Epochs without improvement before `is_over`; None: never.

    Examples
    --------
    >>> weights = np.zeros(2)
    >>> best = BestWeights(lambda: {"parameters": weights}, patience=1)
    >>> best.update(1, 0.5); weights += 1; best.update(2, 0.6)
    >>> best.epoch, best.is_over, best.copy["parameters"]
    (1, True, array([0., 0.]))
    """

    def __init__(self, state: Callable[[], dict[str, Array]], patience: int | None) -> None:
        self.live, self.patience = state, patience
        self.copy = {name: array.copy() for name, array in state().items()}
        self.epoch, self.loss, self.n_stale = 0, math.inf, 0

    def update(self, epoch: int, loss: float) -> None:
        """Take note of an epoch's validation loss; NaN is never better."""
        if loss < self.loss:
            self.epoch, self.loss, self.n_stale = epoch, loss, 0
            for name, array in self.live().items():
                np.copyto(self.copy[name], array)
        else:
            self.n_stale += 1

    @property
    def is_over(self) -> bool:
        """Whether patience has run out."""
        return self.patience is not None and self.n_stale >= self.patience

    def state(self) -> dict[str, Any]:
        """Return the numbers; the copied arrays are saved beside them."""
        loss = None if math.isinf(self.loss) else self.loss
        return {"epoch": self.epoch, "loss": loss, "n_stale": self.n_stale}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.epoch, self.n_stale = int(state["epoch"]), int(state["n_stale"])
        self.loss = math.inf if state["loss"] is None else float(state["loss"])
