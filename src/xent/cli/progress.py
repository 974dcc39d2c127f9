"""Progress of a training: a bar on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from xent.training import Callback

if TYPE_CHECKING:
    from xent.training import Moment

__all__ = ["ProgressBar", "ProgressLines", "progress_callbacks", "time_text"]

SECONDS_BETWEEN: Final = 0.1
SECONDS_BETWEEN_LINES: Final = 30.0


def progress_callbacks() -> list[ProgressBar | ProgressLines]:
    """Return the progress bar where a person watches, else the lines."""
    return [ProgressBar() if sys.stderr.isatty() else ProgressLines()]


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
        self.progress.update(self.task, losses=_losses(moment))
        if time.monotonic() - self.last >= SECONDS_BETWEEN:
            self._draw(moment)

    def close(self) -> None:
        """Take the bar away; before it was shown this does nothing."""
        if self.progress is not None:
            self.progress.stop()

    def _draw(self, moment: Moment) -> None:
        self.last = time.monotonic()
        self.progress.update(self.task, completed=moment.step, epoch=moment.epoch, refresh=True)


class ProgressLines(Callback):
    """Writes epoch, losses and time left on standard error, at most twice a minute: short trainings stay silent."""

    def __init__(self) -> None:
        self.first_step = 0
        self.start = self.last = 0.0

    def train_begin(self, moment: Moment) -> None:
        """Begin to count."""
        self.first_step = moment.step  # a resumed training did the steps before at another time
        self.start = self.last = time.monotonic()

    def epoch_end(self, moment: Moment) -> None:
        """Write a line where the last one is long ago."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        n_left = moment.n_epochs * moment.n_batches - moment.step
        left = (now - self.start) / (moment.step - self.first_step) * n_left
        print(
            f"epoch {moment.epoch} of {moment.n_epochs}: {_losses(moment)}; at most {time_text(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """Leave the lines where they are."""


def time_text(seconds: float) -> str:
    """Return a time in its largest fitting unit.

    Examples
    --------
    >>> [time_text(seconds) for seconds in (0.2, 89, 3500, 9000)]
    ['1 s', '89 s', '59 min', '2.5 h']
    """
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _losses(moment: Moment) -> str:
    record = moment.record or {}
    losses = f"loss {record['loss']:.4f}"
    if "validation_loss" in record:
        losses += f", validation {record['validation_loss']:.4f}"
    return losses
