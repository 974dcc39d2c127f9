"""Files that are never torn: written beside the target, flushed to the disk, renamed into place."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from xent.errors import XentError

__all__ = ["check_output", "write_atomically", "write_cure"]

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


def check_output(path: Path) -> None:
    """Refuse a file that cannot be written for want of a folder, before the work for it is done.

    Raises
    ------
    XentError
        When it is a folder, or lies in none.
    """
    if path.is_dir():
        raise XentError(f"output must be a file, and {path} is a folder.")
    if not path.parent.is_dir():
        raise XentError(
            f"output: there is no folder {path.parent}. Make it first, or choose another."
        )


def write_atomically(path: Path | str, content: bytes | str) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Parameters
    ----------
    path : path
        The file; its folder must exist.
    content : bytes or str
        The whole content; text is written as UTF-8.

    Raises
    ------
    XentError
        When the file cannot be written (a full disk, no permission); nothing is left behind, and the cure is named.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_atomically(folder / "a.txt", "nats")
    >>> (folder / "a.txt").read_text()
    'nats'
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise XentError(
            f"cannot write {path}: {error.strerror or error}. {write_cure(error)}"
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def write_cure(error: OSError) -> str:
    """Return what helps against the cause of a write that failed, as a sentence.

    Examples
    --------
    >>> write_cure(PermissionError(13, "Permission denied"))
    'Choose a folder that you may write to.'
    """
    if error.errno in _FULL:
        return "Free some space or choose another folder."
    if error.errno in _REFUSED:
        return "Choose a folder that you may write to."
    if error.errno == errno.ENOENT:
        return "Make its folder first, or choose another."
    return "Choose another name or folder."
