"""Progress of a training: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from xent.training import Callback

if TYPE_CHECKING:
    from xent.training import Moment

__all__ = ["ProgressBar", "progress_callbacks"]

SECONDS_BETWEEN: Final = 0.1


def progress_callbacks() -> list[ProgressBar]:
    """Return the progress bar where a person watches, else nothing."""
    return [ProgressBar()] if sys.stderr.isatty() else []


class ProgressBar(Callback):
    """Draws epochs, losses and the time left on standard error, at most ten times a second, from this thread."""

    def __init__(self) -> None:
        self.progress: Any = None
        self.task: Any = None
        self.last = -math.inf

    def train_begin(self, moment: Moment) -> None:
        """Show the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("epoch {task.fields[epoch]} of {task.fields[n_epochs]}"),
            BarColumn(),
            TextColumn("{task.fields[losses]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self.progress.start()
        total = moment.n_epochs * moment.n_batches
        fields = {"epoch": moment.epoch, "n_epochs": moment.n_epochs, "losses": ""}
        self.task = self.progress.add_task("", total=total, completed=moment.step, **fields)

    def batch_end(self, moment: Moment) -> None:
        """Move on within a long epoch."""
        if time.monotonic() - self.last >= SECONDS_BETWEEN:
            self._draw(moment)

    def epoch_end(self, moment: Moment) -> None:
        """Show the losses of the epoch."""
        record = moment.record or {}
        losses = f"loss {record['loss']:.4f}"
        if "validation_loss" in record:
            losses += f", validation {record['validation_loss']:.4f}"
        self.progress.update(self.task, losses=losses)
        if time.monotonic() - self.last >= SECONDS_BETWEEN:
            self._draw(moment)

    def close(self) -> None:
        """Take the bar away; before it was shown this does nothing."""
        if self.progress is not None:
            self.progress.stop()

    def _draw(self, moment: Moment) -> None:
        self.last = time.monotonic()
        self.progress.update(self.task, completed=moment.step, epoch=moment.epoch, refresh=True)
