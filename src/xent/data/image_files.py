"""Image files of a source: those of a folder or a zip, by natural names, each checked before it is read."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "IMAGE_SUFFIXES",
    "LARGEST_RATIO",
    "ZIP_ERRORS",
    "ImageFiles",
    "bytes_of",
    "list_folder",
    "list_zip",
    "natural_key",
    "one_file",
    "reader_of",
]

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg")
_LARGEST_FILE: Final = 1 << 28  # bytes; a larger PNG or JPEG is an attack or a mistake
LARGEST_RATIO: Final = 1032  # deflate cannot pack better than this
# what zipfile raises on damaged files; anything else is a fault of ours
ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    LookupError,
    NotImplementedError,
)


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """The images of a source, in the natural order of their names.

    Attributes
    ----------
    name : str
        Of the source.
    names : tuple of str
        Inside the source, with slashes.
    n_bytes : int
        Of all of them together.
    read : callable
        The content of one, by its name.
    folders : frozenset of str
        All folders, those without images as well.
    ignored : mapping of str to int
        How many other files there are, by the end of their names.
    close : callable
        Lets go of an open archive.
    """

    name: str
    names: tuple[str, ...]
    n_bytes: int
    read: Callable[[str], bytes]
    folders: frozenset[str] = frozenset()
    ignored: Counter[str] = field(default_factory=Counter)
    close: Callable[[], None] = lambda: None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left aside, in a line, or nothing."""
        if not self.ignored:
            return ()
        total = sum(self.ignored.values())
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.ignored.most_common(5))
        files = "file that is no" if total == 1 else "files that are no"
        return (f"{self.name}: {total:,} {files} PNG or JPEG ignored ({kinds})",)


def natural_key(name: str) -> tuple[object, ...]:
    """Return a key that sorts names as people count: cat.2 before cat.10, folder by folder.

    Examples
    --------
    >>> sorted(["b/cat.10.png", "b/cat.2.png", "a/x.png"], key=natural_key)
    ['a/x.png', 'b/cat.2.png', 'b/cat.10.png']
    """
    parts = (enumerate(_pieces(part)) for part in name.split("/"))
    return tuple(tuple(map(_piece_key, pieces)) for pieces in parts), name


def _pieces(part: str) -> list[str]:
    return re.split(r"([0-9]+)", part.casefold())  # texts and numbers take turns


def _piece_key(piece: tuple[int, str]) -> tuple[int, str]:
    place, text = piece
    digits = text.lstrip("0")
    return (len(digits), digits) if place % 2 else (0, text)


def list_folder(path: Path) -> ImageFiles:
    """Return the images below a folder.

    Raises
    ------
    XentError
        When the folder cannot be read, or a link leads out of it.
    """
    root, found, folders = path.resolve(), [], set()
    ignored: Counter[str] = Counter()
    n_bytes = 0

    def refuse(error: OSError) -> None:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error

    for folder, inner, files in os.walk(root, onerror=refuse):
        inner[:] = [name for name in inner if not _is_hidden(name)]
        here = Path(folder).relative_to(root)
        for name in inner:
            _check_text(name)
            folders.add((here / name).as_posix())
            _check_link(Path(folder) / name, root, is_folder=True)
        for name in files:
            if _counted_aside(name, ignored):
                continue
            _check_text(name)
            file = Path(folder) / name
            _check_link(file, root, is_folder=False)
            n_bytes += file.stat().st_size
            found.append((here / name).as_posix())
    names = tuple(sorted(found, key=natural_key))
    label = path.name or root.name
    return ImageFiles(label, names, n_bytes, reader_of(root), frozenset(folders), ignored)


def one_file(path: Path) -> ImageFiles:
    """Return a single image as a source."""
    try:
        n_bytes = path.stat().st_size
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    return ImageFiles(path.name, (path.name,), n_bytes, reader_of(path.parent))


def list_zip(path: Path) -> ImageFiles:
    """Return the images of a zip; nothing is unpacked to the disk.

    Raises
    ------
    XentError
        When it is no zip, is encrypted, has a name that leads out of it, or an entry that promises more than
        its packed bytes can hold.
    """
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_ERRORS as error:
        raise XentError(f"{path.name} is not a readable zip file ({error}).") from error
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    try:
        entries, folders, ignored = _entries_of(archive, path.name)
    except XentError:
        archive.close()
        raise
    names = tuple(sorted(entries, key=natural_key))
    n_bytes = sum(entry.file_size for entry in entries.values())
    read = _zip_reader(archive, entries)
    return ImageFiles(path.name, names, n_bytes, read, frozenset(folders), ignored, archive.close)


def _entries_of(
    archive: zipfile.ZipFile, archive_name: str
) -> tuple[dict[str, zipfile.ZipInfo], set[str], Counter[str]]:
    """Return the images by their names, all folders, and what else there is."""
    entries: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()
    ignored: Counter[str] = Counter()
    for entry in archive.infolist():
        name = _checked_name(entry.filename, archive_name)
        is_folder = entry.filename.endswith("/")  # is_dir() breaks on a name of no letter
        parts = name.split("/")
        if any(map(_is_hidden, parts)):
            ignored["hidden"] += not is_folder
            continue
        inside = parts if is_folder else parts[:-1]
        folders |= {"/".join(inside[: n + 1]) for n in range(len(inside))}
        if is_folder or _counted_aside(parts[-1], ignored):
            continue
        if name in entries:
            raise XentError(f"{archive_name} holds {name!r} twice. Pack the folder again.")
        _check_entry(entry, archive_name)
        entries[name] = entry
    return entries, folders, ignored


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _counted_aside(name: str, ignored: Counter[str]) -> bool:
    """Count a file that is no image, and say that it is none."""
    suffix = Path(name).suffix.lower()
    if _is_hidden(name):
        ignored["hidden"] += 1
    elif suffix not in IMAGE_SUFFIXES:
        ignored[suffix or "without a suffix"] += 1
    else:
        return False
    return True


def _check_text(name: str) -> None:
    """Refuse a name that is no text: it could not stand in a table."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise XentError(f"the name {name!r:.100} is not UTF-8. Rename the file.") from error


def _check_link(path: Path, root: Path, *, is_folder: bool) -> None:
    if not path.is_symlink():
        return
    where = path.relative_to(root)
    if is_folder:
        raise XentError(
            f"{where} is a link to a folder, which is not followed. Put the folder itself there."
        )
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise XentError(f"{where} is a link that leads nowhere. Remove it.") from error
    if not target.is_relative_to(root):
        raise XentError(f"{where} is a link that leaves the folder. Put the file itself there.")


def bytes_of(root: Path, names: Iterable[str]) -> int:
    """Return how many bytes some files have; those that cannot be looked at have none."""
    return sum(_n_bytes(root / name) for name in names)


def _n_bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except (OSError, ValueError):  # absent, or a name that no file can have: said when it is read
        return 0


def reader_of(root: Path) -> Callable[[str], bytes]:
    """Return what reads a file below a folder, by its name; an enormous one is refused."""

    def read(name: str) -> bytes:
        file = root / name
        if file.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"larger than {_LARGEST_FILE >> 20} MiB")
        if not file.is_file():
            raise ValueError("no ordinary file")
        return file.read_bytes()

    return read


def _checked_name(name: str, archive: str) -> str:
    """Return the name of an entry with slashes, or refuse one that leads out of the archive."""
    plain = name.replace("\\", "/")
    parts = plain.rstrip("/").split("/")
    if plain.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in plain:
        raise XentError(f"{archive} holds the name {name!r:.100}, which leads out of it.")
    return "/".join(part for part in parts if part not in {"", "."})


def _check_entry(entry: zipfile.ZipInfo, archive: str) -> None:
    if entry.flag_bits & 0x1:
        raise XentError(
            f"{archive} is encrypted ({entry.filename!r:.100}). Pack it without a password."
        )
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise XentError(
            f"{archive} packs {entry.filename!r:.100} by a method other than store and deflate. Pack it again."
        )
    most = LARGEST_RATIO * entry.compress_size
    if entry.file_size > min(most, _LARGEST_FILE):
        raise XentError(
            f"{archive} is refused: {entry.filename!r:.100} would unpack to {entry.file_size:,} bytes from "
            f"{entry.compress_size:,}."
        )


def _zip_reader(
    archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]
) -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        try:
            return archive.read(entries[name])
        except zipfile.BadZipFile as error:
            raise ValueError(str(error)) from error

    return read
