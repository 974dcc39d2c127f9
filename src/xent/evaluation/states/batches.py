"""The door of the states: batches as the plain figures take them, but which may be empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, check_scores

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["binary_batch", "check_declared", "check_same_kind", "declared", "is_empty"]


def declared(**given: object) -> tuple[str, object]:
    """Return the one prediction that is given, with its name.

    Raises
    ------
    XentError
        When none or several are.
    """
    named = [(name, values) for name, values in given.items() if values is not None]
    if len(named) != 1:
        got = " and ".join(name for name, _ in named) or "none"
        raise XentError(f"exactly one of {', '.join(given)} must be given, got {got}.")
    return named[0]


def check_declared(first: str | None, name: str | None) -> None:
    """Refuse to count one kind of prediction with another."""
    if name is not None and first not in {None, name}:
        raise XentError(f"all batches must give {first}=, as the first did, got {name}=.")


def is_empty(y: object, values: object, weight: object) -> bool:
    """Whether a batch has no row, or none with a weight: a stream may well hold such a batch."""
    n_rows = _n_rows(y)
    if n_rows == 0 and _n_rows(values) == 0:
        return True
    if weight is None or not n_rows == _n_rows(values) == _n_rows(weight):
        return False
    weights = np.asarray(weight)
    return weights.dtype.kind in "biuf" and not weights.any()


def binary_batch(
    y: object, name: str, values: object, weight: object
) -> tuple[Array, Array, FloatArray | None]:
    """Check one batch: (positive rows as bool, values without NaN and in range, weight)."""
    truth, given, kept = binary_rows(y, name, values, weight)
    check_scores(given, name)
    if name == "probabilities" and (given.min() < 0 or given.max() > 1):
        wrong = given.min() if given.min() < 0 else given.max()
        raise XentError(f"probabilities must lie in [0, 1], got {wrong:g}. Give logits as logits=.")
    return truth, given, kept


def _n_rows(values: Any) -> int:
    shape = np.shape(values)
    return shape[0] if shape else -1


def check_same_kind(state: object, other: object, *settings: str) -> None:
    """Refuse to merge a state with anything but another of its kind, made with the same settings.

    Examples
    --------
    >>> check_same_kind([], None)
    Traceback (most recent call last):
    xent.errors.XentError: a list merges with another list only, got NoneType.
    """
    if type(state) is not type(other):
        kind, got = type(state).__name__, type(other).__name__
        raise XentError(f"a {kind} merges with another {kind} only, got {got}.")
    for name in settings:
        own, theirs = getattr(state, name), getattr(other, name)
        if own != theirs:
            raise XentError(f"{name} must be the same, got {own} and {theirs}.")
