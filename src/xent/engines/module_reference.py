"""Where the code of an own module is: ``file.py:build``, a function or class in a Python file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from xent.errors import XentError

__all__ = ["ModuleReference", "module_version", "parse_reference"]


@dataclass(frozen=True)
class ModuleReference:
    """A function or class in a Python file.

    Attributes
    ----------
    path : Path
    name : str
    """

    path: Path
    name: str

    @property
    def short(self) -> str:
        """The reference without the folder, as a model file keeps it."""
        return f"{self.path.name}:{self.name}"

    def absolute(self, folder: Path | None = None) -> str:
        """Return the reference with the whole path; a relative one is meant from a folder."""
        return f"{(folder or Path.cwd()) / self.path}:{self.name}"

    def source(self) -> bytes:
        """Return the content of the file.

        Raises
        ------
        XentError
            When the file cannot be read.
        """
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise XentError(
                f"module: there is no file {self.path}. Give path/to/file.py:build."
            ) from None
        except OSError as error:
            raise XentError(
                f"module: {self.path} cannot be read: {error.strerror or error}."
            ) from error

    def sha256(self) -> str:
        """Return the fingerprint of the file."""
        return hashlib.sha256(self.source()).hexdigest()


def parse_reference(text: str) -> ModuleReference:
    """Return the file and the name of ``file.py:build``.

    Raises
    ------
    XentError
        When it is none.

    Examples
    --------
    >>> parse_reference("nets/mine.py:build").name
    'build'
    >>> parse_reference("nets/mine.py")
    Traceback (most recent call last):
    xent.errors.XentError: module must be 'path/to/file.py:build', a function or class in a Python file, got \
'nets/mine.py'.
    """
    path, colon, name = text.rpartition(":")
    if not colon or not name.isidentifier() or not path.endswith(".py"):
        raise XentError(
            f"module must be 'path/to/file.py:build', a function or class in a Python file, got {text!r}."
        )
    return ModuleReference(Path(path), name)


def module_version(reference: str | None) -> dict[str, str]:
    """Return what a run records of the file of an own module: its fingerprint, as a version of code.

    Examples
    --------
    >>> module_version(None)
    {}
    """
    return {} if reference is None else {"module": parse_reference(reference).sha256()}
