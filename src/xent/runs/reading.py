"""Reading the files of a run: whatever they hold, the answer is a checked value or one clear line."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from xent.errors import XentError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "check_format",
    "checked_field",
    "damaged",
    "fingerprint",
    "parse_json_object",
    "read_bytes",
    "read_text",
]

T = TypeVar("T")


def damaged(path: Path, what: str) -> XentError:
    """Return the error for a file that does not hold what it should."""
    return XentError(f"{path} is damaged: {what}.")


def fingerprint(content: bytes) -> str:
    """Return the SHA-256 of a file's content, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_bytes(path: Path, expected: str | None = None) -> bytes:
    """Return the content of a file of a run.

    Parameters
    ----------
    path : Path
    expected : str, optional
        The fingerprint that was noted when the file was written.

    Raises
    ------
    XentError
        When the file is absent, cannot be read, or is not as it was written.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise XentError(f"{path} is missing: the run is not whole.") from None
    except OSError as error:
        raise XentError(f"{path} cannot be read: {error.strerror or error}.") from error
    if expected is not None and fingerprint(content) != expected:
        raise damaged(path, "its content is no longer what was written (the fingerprint differs)")
    return content


def read_text(path: Path, expected: str | None = None) -> str:
    """Return the UTF-8 text of a file of a run; like `read_bytes` otherwise."""
    content = read_bytes(path, expected)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"byte {error.start} is not UTF-8 text") from None


def parse_json_object(text: str, path: Path) -> dict[str, Any]:
    """Return the JSON object that `text` is; `path` is named when it is none.

    Examples
    --------
    >>> from pathlib import Path
    >>> parse_json_object('{"seed": 1}', Path("run.json"))
    {'seed': 1}
    """
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise damaged(path, f"not JSON (line {error.lineno}: {error.msg})") from None
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"not JSON ({error})") from None
    if not isinstance(values, dict):
        raise damaged(path, f"it must hold a JSON object, not {type(values).__name__}")
    return values


def check_format(values: dict[str, Any], kind: str, version: int, path: Path) -> None:
    """Refuse a JSON object of another kind, or from a newer xent.

    Raises
    ------
    XentError
        When ``format`` is not `kind`, or ``version`` is above `version`.
    """
    if values.get("format") != kind:
        raise damaged(path, f"'format' must be {kind!r}, got {values.get('format')!r:.40}")
    found = checked_field(values, "version", int, path)
    if found > version:
        raise XentError(
            f"{path} was written by a newer xent (format {found}, this one reads {version}). "
            "Upgrade with: pip install --upgrade xent"
        )


def checked_field(values: dict[str, Any], name: str, kind: type[T], path: Path) -> T:
    """Return one value of a JSON object, which must be there and of its kind (True is no number)."""
    value = values.get(name)
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        got = f"{value!r:.40}" if name in values else "nothing"
        raise damaged(path, f"{name!r} must be of type {kind.__name__}, got {got}")
    return value  # type: ignore[return-value]  # an int is a float here


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
