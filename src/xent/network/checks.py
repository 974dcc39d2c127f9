"""Checks of a layer's numbers and of the JSON that describes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_UNITS", "as_mapping", "check_count", "check_keys", "check_number"]

# A description from a damaged or hostile file must not ask for more memory than any machine has.
MAX_UNITS: Final = 2**24


def check_count(name: str, value: object, *, at_least: int = 1) -> None:
    """Refuse what is not a whole number from `at_least` to `MAX_UNITS`."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not at_least <= value <= MAX_UNITS:  # type: ignore[operator] # a whole number
        msg = f"{name} must be a whole number from {at_least} to {MAX_UNITS:,}, got {value!r}."
        raise XentError(msg)


def check_number(name: str, value: object) -> None:
    """Refuse what is not a finite number."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not -math.inf < value < math.inf  # compares whole numbers of any size, and refuses NaN
    ):
        msg = f"{name} must be a finite number, got {value!r}."
        raise XentError(msg)


def as_mapping(what: str, description: object) -> dict[str, Any]:
    """Return a copy of a JSON object, or refuse anything else."""
    if not isinstance(description, dict):
        msg = f"{what} must be a JSON object, got {type(description).__name__}."
        raise XentError(msg)
    return dict(description)


def check_keys(what: str, values: Mapping[str, Any], known: list[str]) -> None:
    """Refuse the first key that is not known, and name the nearest."""
    for key in values:
        if key not in known:
            expected = ", ".join(known) or "nothing but its kind"
            msg = f"{what} has {expected}; got {key!r}.{nearest_hint(str(key), known)}"
            raise XentError(msg)
