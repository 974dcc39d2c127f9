"""Stop from elsewhere: a small file in the run's folder that ends its training as Ctrl-C would, but for good."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from xent.files import write_atomically
from xent.training import Callback

if TYPE_CHECKING:
    from pathlib import Path

    from xent.runs import RunFolder
    from xent.training import Moment

__all__ = ["StopRequest", "request_stop"]

_NAME: Final = "stop"
# seconds between two looks: a stat costs a microsecond or two, a batch may cost ten
_INTERVAL: Final = 0.2


def request_stop(folder: RunFolder) -> None:
    """Ask the training of a run to end after its present batch, and to keep its best weights.

    Raises
    ------
    XentError
        When the folder cannot be written to.
    """
    write_atomically(_path(folder), "stop after this batch\n")


class StopRequest(Callback):
    """Looks for the request, at most five times a second.

    A training is stopped after its first epoch at the earliest: before, there is nothing to keep.

    Parameters
    ----------
    folder : RunFolder
    """

    def __init__(self, folder: RunFolder) -> None:
        self._path = _path(folder)
        self._next = 0.0

    def train_begin(self, moment: Moment) -> None:  # noqa: ARG002 - the protocol of callbacks
        """Drop a request that an earlier process did not live to see."""
        self._path.unlink(missing_ok=True)

    def batch_end(self, moment: Moment) -> None:
        """Look, when it is time."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _INTERVAL
            if len(moment.history) and self._path.exists():
                self._path.unlink(missing_ok=True)
                moment.stop("a stop was asked for")


def _path(folder: RunFolder) -> Path:
    return folder.path / _NAME
