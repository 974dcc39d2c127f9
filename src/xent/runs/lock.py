"""The lock of a run: one process at a time trains it, and a process that dies leaves it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.runs.folder import RunFolder

__all__ = ["RunLock"]


class RunLock:
    """Holds a run folder for this process until `release`; where the system has no such locks it holds nothing.

    Parameters
    ----------
    folder : RunFolder

    Raises
    ------
    XentError
        When another process trains the run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._descriptor = -1
        try:
            import fcntl
        except ImportError:  # pragma: no cover - Windows
            return
        self._descriptor = os.open(folder.path, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise XentError(
                f"{folder.path} is being trained by another process. Wait for its end, or stop it first."
            ) from None
        except OSError:  # a file system without locks
            self.release()

    def release(self) -> None:
        """Let the run go; a second time does nothing."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = -1
