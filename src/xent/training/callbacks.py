"""Callbacks: what a user runs at the beginning and the end of training, epochs and batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.engines import Engine
    from xent.training.history import EpochRecord, History

__all__ = ["Callback", "Moment"]


@dataclass
class Moment:
    """Where training stands, as callbacks see it.

    Attributes
    ----------
    epoch : int
        The epoch under way, counted from 1.
    batch : int
        The batch just done, counted from 1; 0 at the beginning of an epoch.
    step : int
        Steps done since the beginning of training.
    loss : float
        Loss of the last batch in nats, NaN before the first.
    record : dict or None
        At the end of an epoch: its line of the history.
    history : History
        All epochs so far.
    engine : Engine
        The network at work; `engine.predict(X)` gives its logits now.
    n_epochs, n_batches : int
        Epochs at most, batches an epoch.
    """

    engine: Engine
    history: History
    n_epochs: int
    n_batches: int
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = float("nan")
    record: EpochRecord | None = None
    stopping: str | None = None

    def stop(self, reason: str = "a callback asked for it") -> None:
        """End training after this batch; the best weights are kept."""
        self.stopping = reason


class Callback:
    """Base class of callbacks: override what you need; the rest costs nothing.

    What `state` returns goes into the checkpoints, and `load_state` gets it back on resume: plain
    JSON values.

    Examples
    --------
    >>> class LastLoss(Callback):
    ...     def epoch_end(self, moment):
    ...         self.loss = moment.record["loss"]
    """

    def train_begin(self, moment: Moment) -> None:
        """Before the first batch, also after a resume."""

    def epoch_begin(self, moment: Moment) -> None:
        """Before the first batch of an epoch."""

    def batch_begin(self, moment: Moment) -> None:
        """Before a batch."""

    def batch_end(self, moment: Moment) -> None:
        """After a batch's step."""

    def epoch_end(self, moment: Moment) -> None:
        """After an epoch; ``moment.record`` is its line of the history."""

    def train_end(self, moment: Moment) -> None:
        """After the last batch, when the best weights are back."""

    def state(self) -> dict[str, Any]:
        """Return what must survive an interruption, as plain JSON values."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""


def listeners(callbacks: Sequence[Callback], event: str) -> tuple[Any, ...]:
    """Return the bound methods for `event` of those callbacks that override it."""
    own = [c for c in callbacks if getattr(type(c), event, None) is not getattr(Callback, event)]
    return tuple(getattr(callback, event) for callback in own)
