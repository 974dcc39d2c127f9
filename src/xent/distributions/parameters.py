"""The numbers that a distribution is made with, checked: they may come from a file."""

from __future__ import annotations

import math

from xent.errors import XentError

__all__ = ["checked_count", "checked_number"]


def checked_count(name: str, value: object, minimum: int) -> int:
    """Return a whole number of at least `minimum`, or refuse it.

    Raises
    ------
    XentError
        If `value` is not an integer, or too small.

    Examples
    --------
    >>> checked_count("n_classes", 3, 2)
    3
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise XentError(f"{name} must be an integer, got {value!r}.")
    count = int(value)
    if count < minimum:
        raise XentError(f"{name} must be at least {minimum}, got {count}.")
    return count


def checked_number(
    name: str,
    value: object,
    *,
    minimum: float = -math.inf,
    above: float = -math.inf,
    maximum: float = math.inf,
) -> float:
    """Return a finite number within [minimum, maximum] and greater than `above`, or refuse it.

    Raises
    ------
    XentError
        If `value` is not a finite number, or out of range.

    Examples
    --------
    >>> checked_number("gamma", 2, minimum=0)
    2.0
    """
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise XentError(f"{name} must be a number, got {value!r}.")
    number = float(value)
    if not math.isfinite(number):
        raise XentError(f"{name} must be finite, got {number}.")
    if number < minimum or number <= above or number > maximum:
        lower = f"greater than {above:g}" if above > -math.inf else f"at least {minimum:g}"
        upper = f" and at most {maximum:g}" if maximum < math.inf else ""
        raise XentError(f"{name} must be {lower}{upper}, got {number:g}.")
    return number
