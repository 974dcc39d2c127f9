"""How states are written as JSON, and read back as if whoever wrote it were hostile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_ROWS", "VERSION", "document", "fields_of", "item", "number", "shown", "whole"]

VERSION: Final = 1
MOST_ROWS: Final = (1 << 62) - 1  # two states of as many rows still merge within int64
FLOAT: Final = re.compile(r"-?(0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}|inf)|nan")


def document(kind: str, **fields: Any) -> dict[str, Any]:
    """Return what a state writes: its kind, the version of its form, and its fields."""
    return {"state": kind, "version": VERSION, **fields}


def fields_of(description: object, kind: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a state's document after checking its kind, version and names.

    Raises
    ------
    XentError
        When it is no such document, or of another version, or fields are absent or unknown.

    Examples
    --------
    >>> fields_of({"state": "coin", "version": 1, "n": 3}, "coin", ("n",))["n"]
    3
    >>> fields_of({"state": "coin", "version": 2, "n": 3}, "coin", ("n",))
    Traceback (most recent call last):
    xent.errors.XentError: version of a coin state must be 1, got 2. Another xent wrote it.
    """
    if not isinstance(description, dict):
        raise XentError(f"a {kind} state must be an object, got {shown(description)}.")
    if description.get("state") != kind:
        raise XentError(
            f"state must be {kind!r}, got {shown(description.get('state'))}. "
            "Read it with the class that wrote it."
        )
    version = description.get("version")
    if type(version) is not int or version != VERSION:
        raise XentError(
            f"version of a {kind} state must be {VERSION}, got {shown(version)}. "
            "Another xent wrote it."
        )
    if set(description) != {"state", "version", *names}:
        raise XentError(f"a {kind} state must have the fields {', '.join(names)} and no other.")
    return description


def item(fields: Mapping[str, Any], name: str, known: tuple[Any, ...]) -> Any:
    """Return a field that must be one of some plain values, of the same type."""
    value = fields.get(name)
    if not any(type(value) is type(one) and value == one for one in known):
        raise XentError(f"{name} must be one of {', '.join(map(repr, known))}, got {shown(value)}.")
    return value


def whole(fields: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """Return a field that must be a whole number from low to high."""
    value = fields.get(name)
    if type(value) is not int or not low <= value <= high:
        raise XentError(f"{name} must be a whole number from {low} to {high}, got {shown(value)}.")
    return value


def number(fields: Mapping[str, Any], name: str) -> float:
    """Return a field that `float.hex` wrote: any float, without any loss."""
    value = fields.get(name)
    if not isinstance(value, str) or not FLOAT.fullmatch(value):
        raise XentError(f"{name} must be a number in hexadecimal, got {shown(value)}.")
    try:
        return float.fromhex(value)
    except OverflowError:
        raise XentError(f"{name} must be a float64, got {value}.") from None


def shown(value: object) -> str:
    """Return a few characters of a value, whatever it is: a huge integer has no text in Python."""
    try:
        return repr(value)[:40]
    except (ValueError, RecursionError):
        return f"a huge {type(value).__name__}"
