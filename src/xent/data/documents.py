"""JSON documents of this room: every value read back is checked before it is used."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from xent.arrays import FloatArray, IntArray  # noqa: TC001 - mypy reads them in the signatures
from xent.errors import XentError

__all__ = ["flag_of", "numbers_of", "open_document", "positions_of", "texts_of", "whole_number_of"]

_MOST_VALUES = 10_000_000  # a list longer than that is an attack or a mistake


def open_document(document: object, *, kind: str, version: int) -> dict[str, Any]:
    """Return a document of one kind and version as a dictionary, or refuse it.

    Raises
    ------
    XentError
        When it is something else, or from a newer version.

    Examples
    --------
    >>> open_document({"format": "xent-x", "version": 1, "a": 2}, kind="xent-x", version=1)["a"]
    2
    """
    if not isinstance(document, dict) or document.get("format") != kind:
        raise XentError(f"a JSON object of format {kind!r} is expected, got another document.")
    found = document.get("version")
    if found != version or isinstance(found, bool):
        raise XentError(
            f"the {kind} document has version {found!r}, this xent reads {version}. "
            "Was it written by a newer xent?"
        )
    return document


def _list_of(document: dict[str, Any], key: str, size: int | None) -> list[Any]:
    values = document.get(key)
    if not isinstance(values, list) or len(values) > _MOST_VALUES:
        raise XentError(f"{key!r} must be a list of at most {_MOST_VALUES} entries.")
    if size is not None and len(values) != size:
        raise XentError(f"{key!r} must have {size} entries, got {len(values)}.")
    return values


def texts_of(document: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of different texts."""
    values = _list_of(document, key, None)
    if not all(isinstance(value, str) for value in values) or len(set(values)) < len(values):
        raise XentError(f"{key!r} must be a list of different texts.")
    return tuple(values)


def numbers_of(
    document: dict[str, Any], key: str, *, size: int | None = None, least: float = -np.inf
) -> FloatArray:
    """Return a list of finite numbers as float64, none below `least`."""
    values = _list_of(document, key, size)
    if not all(type(value) in {int, float} for value in values):
        raise XentError(f"{key!r} must be a list of numbers.")
    try:
        numbers = np.array(values, dtype=np.float64)
    except OverflowError as error:
        raise XentError(f"{key!r} must hold finite numbers.") from error
    if not np.isfinite(numbers).all() or (numbers < least).any():
        raise XentError(f"{key!r} must hold finite numbers of at least {least}.")
    return numbers


def positions_of(document: dict[str, Any], key: str, n_places: int) -> IntArray:
    """Return a list of ascending positions from 0 to ``n_places - 1``."""
    values = _list_of(document, key, None)
    ordered = all(type(value) is int for value in values) and all(
        low < high for low, high in pairwise(values)
    )
    if not ordered or (values and not 0 <= values[0] <= values[-1] < n_places):
        raise XentError(f"{key!r} must hold ascending positions from 0 to {n_places - 1}.")
    return np.array(values, dtype=np.int64)


def whole_number_of(document: dict[str, Any], key: str) -> int:
    """Return a whole number from 0."""
    value = document.get(key)
    if type(value) is not int or not 0 <= value < 2**48:
        raise XentError(f"{key!r} must be a whole number from 0, got {value!r}.")
    return value


def flag_of(document: dict[str, Any], key: str) -> bool:
    """Return true or false."""
    value = document.get(key)
    if not isinstance(value, bool):
        raise XentError(f"{key!r} must be true or false, got {value!r}.")
    return value
