"""Whether a process still trains a run, found without touching the lock that the process holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xent.runs import RunFolder

__all__ = ["is_trained_now"]

_LOCKS: Final = Path("/proc/locks")
# seconds without a write after which a training that holds no visible lock is taken for dead
_SILENCE: Final = 20.0


def is_trained_now(folder: RunFolder) -> bool:
    """Return whether the run's training is alive.

    The kernel lists the locks on folders; trying the lock instead could turn away a training that begins now. Where
    there is no such list, or another container holds the lock, recent writes tell.
    """
    return _is_locked(folder.path) or _last_write(folder) > time.time() - _SILENCE


def _is_locked(path: Path) -> bool:
    try:
        inode = path.stat().st_ino
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    # "1: FLOCK  ADVISORY  WRITE 812 08:01:131 0 EOF"; devices are written otherwise than stat has them on some systems
    return any(" FLOCK " in line and f":{inode} " in line for line in lines)


def _last_write(folder: RunFolder) -> float:
    newest = 0.0
    for path in (folder.path, folder.history, folder.record, folder.checkpoints):
        try:
            newest = max(newest, path.stat().st_mtime)
        except OSError:
            continue
    return newest
