"""Class labels: text, whole numbers, numbers and booleans, compared by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from xent.arrays import Array, IntArray

__all__ = [
    "Label",
    "as_column",
    "checked_labels",
    "class_positions",
    "find_label",
    "one_vs_rest",
    "python_label",
]

Label: TypeAlias = str | int | float | bool


def as_column(values: ArrayLike, names: Sequence[str]) -> Array:
    """Return targets as an array of shape (n,) or (n, L); (n, 1) becomes (n,).

    Raises
    ------
    XentError
        When there are no rows, or more than two axes.
    """
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in {1, 2} or not array.size:
        raise XentError(
            f"target {names[0]!r} must have shape (n,) or (n, n_labels) with n > 0, got "
            f"{array.shape}."
        )
    return array


def checked_labels(column: Array, name: str) -> Array:
    """Return one column of labels in its plain dtype (text, int64, float64, bool), none missing.

    Raises
    ------
    XentError
        When values are missing (how many, and the first row), or of mixed or other types.

    Examples
    --------
    >>> checked_labels(np.array(["a", "b"], dtype=object), "y")
    array(['a', 'b'], dtype='<U1')
    """
    missing = _missing(column)
    if missing.any():
        raise XentError(
            f"target {name!r} has {int(missing.sum())} missing values (NaN or empty), the first in "
            f"data row {int(np.flatnonzero(missing)[0]) + 1}. Leave such rows out."
        )
    if column.dtype.kind == "O":
        kinds = {_kind(value) for value in column.tolist()}
        if len(kinds - {"int", "float"}) > (0 if kinds & {"int", "float"} else 1):
            raise XentError(f"target {name!r} mixes {', '.join(sorted(kinds))}. Use one type.")
        column = np.array(column.tolist())
    kind = column.dtype.kind
    if kind not in "biufU":
        raise XentError(f"target {name!r} must hold text, numbers or booleans, got {column.dtype}.")
    if kind == "u" and column.size and column.max() > np.iinfo(np.int64).max:
        raise XentError(f"target {name!r} must hold whole numbers below 2**63, got {column.max()}.")
    if kind in "iu":
        return column.astype(np.int64)
    return column.astype(np.float64) if kind == "f" else column


def _missing(column: Array) -> Array:
    if column.dtype.kind == "f":
        return np.isnan(column)
    if column.dtype.kind != "O":
        return np.zeros(column.shape, dtype=bool)
    values = column.tolist()
    return np.array([value is None or _is_nan(value) for value in values], dtype=bool)


def _is_nan(value: object) -> bool:
    # Only a missing value differs from itself; pandas' NA gives no answer at all.
    return type(value).__name__ == "NAType" or bool(value != value)  # noqa: PLR0124 - see above


def _kind(value: object) -> str:
    for name, kinds in (
        ("bool", bool | np.bool_),
        ("int", int | np.integer),
        ("float", float | np.floating),
        ("str", str),
    ):
        if isinstance(value, kinds):
            return name
    return type(value).__name__


def python_label(value: object) -> Label:
    """Return a NumPy scalar as the plain Python value that JSON keeps.

    Examples
    --------
    >>> python_label(np.int64(3)), python_label(np.str_("a"))
    (3, 'a')
    """
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, Label):
        raise XentError(f"a label must be text, a number or a boolean, got {plain!r}.")
    return plain


def find_label(wanted: Label, classes: Sequence[Label]) -> Label | None:
    """Return the class that is meant, also by its text: ``"-1"`` means -1, ``"true"`` means True.

    Examples
    --------
    >>> find_label("-1", (-1, 1)), find_label("yes", ("no", "Yes")), find_label("1", (0.0, 1.0))
    (-1, None, 1.0)
    """
    for label in classes:
        if type(label) is type(wanted) and label == wanted:
            return label
    text = str(wanted)
    for label in classes:
        if isinstance(label, bool):
            if text.casefold() in ({"true", "1"} if label else {"false", "0"}):
                return label
        elif isinstance(label, str):
            if label == text:
                return label
        else:
            try:
                equal = float(wanted) == label
            except ValueError:
                continue
            if equal:
                return label
    return None


def class_positions(labels: Array, classes: Sequence[Label], name: str) -> IntArray:
    """Return the position of each label among the classes.

    Raises
    ------
    XentError
        When a label is none of the classes; the first such row is named.

    Examples
    --------
    >>> class_positions(np.array([1, -1, 1]), (1, -1), "y")
    array([0, 1, 0])
    """
    distinct, inverse = np.unique(labels, return_inverse=True)
    codes = np.full(distinct.size, -1, dtype=np.int64)
    for place, value in enumerate(distinct.tolist()):
        found = find_label(value, classes)
        if found is not None:
            codes[place] = list(classes).index(found)
    positions = codes[inverse]
    unknown = np.flatnonzero(positions < 0)
    if unknown.size:
        got = python_label(labels[unknown[0]])
        shown = ", ".join(map(repr, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise XentError(
            f"target {name!r} has the class {got!r} in data row {unknown[0] + 1}, unknown in "
            f"training ({shown}).{nearest_hint(str(got), [str(label) for label in classes])}"
        )
    return positions


def one_vs_rest(codes: IntArray, n_classes: int) -> IntArray:
    """Return the one-hot coding of class codes; column k is the one-against-the-rest target of k.

    Parameters
    ----------
    codes : ndarray of shape (n,), int
        0 to n_classes - 1.
    n_classes : int

    Returns
    -------
    ndarray of shape (n, n_classes), int64

    Raises
    ------
    XentError
        When a code is out of range.

    Examples
    --------
    >>> one_vs_rest(np.array([0, 2]), 3)
    array([[1, 0, 0],
           [0, 0, 1]])
    """
    codes = np.asarray(codes)
    if codes.ndim != 1 or codes.dtype.kind not in "iu":
        raise XentError(f"codes must be integers of shape (n,), got {codes.shape} {codes.dtype}.")
    if codes.size and (codes.min() < 0 or codes.max() >= n_classes):
        raise XentError(
            f"codes must be from 0 to {n_classes - 1}, got {codes.min()} to {codes.max()}."
        )
    return np.asarray(codes[:, None] == np.arange(n_classes), dtype=np.int64)
