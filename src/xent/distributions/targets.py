"""The targets that each kind of distribution accepts: refused with the cure, never broadcast.

(n,) and (n, 1) are the same target. Every function returns the target in the namespace and on the
device of the outputs it belongs to, unconverted where its dtype already says what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.distributions.namespaces import as_array, like, namespace_of, to_numpy, working_dtype
from xent.errors import XentError

if TYPE_CHECKING:
    from xent.distributions.namespaces import AnyArray

__all__ = ["binary_column", "binary_rows", "class_targets", "count_column", "real_column"]

_MISSING = "Rows without a target cannot be used: leave them out."
#: How far the sum of one row of soft labels may lie from 1.
_ROW_SUM_TOLERANCE = 1e-4


def binary_column(y: AnyArray, n_rows: int | None, outputs: AnyArray = None) -> AnyArray:
    """Return targets in [0, 1] of shape (n,).

    Raises
    ------
    XentError
        If the shape is not (n,) or (n, 1), or a value is NaN or outside [0, 1].
    """
    y = _column(_numbers(y, outputs), n_rows, "Did you pass one-hot labels? Use Categorical.")
    return _in_unit_interval(y)


def binary_rows(
    y: AnyArray, n_rows: int | None, n_labels: int, outputs: AnyArray = None
) -> AnyArray:
    """Return targets in [0, 1] of shape (n, n_labels).

    Raises
    ------
    XentError
        If the shape is not (n, n_labels), or a value is NaN or outside [0, 1].
    """
    y = _numbers(y, outputs)
    if n_labels == 1 and y.ndim == 1:
        y = y[:, None]
    cure = "Each label has a column of its own, 1 where the row carries it."
    return _in_unit_interval(_rows(y, n_rows, n_labels, cure))


def class_targets(
    y: AnyArray, n_rows: int | None, n_classes: int, outputs: AnyArray = None
) -> AnyArray:
    """Return int64 codes of shape (n,), or soft labels of shape (n, n_classes) whose rows sum to 1.

    Raises
    ------
    XentError
        If the shape is none of (n,), (n, 1), (n, n_classes); if a code is not a whole number in
        0..n_classes-1; if a soft label is negative or its row does not sum to 1.
    """
    y = _numbers(y, outputs)
    if y.ndim == 2 and y.shape[1] != 1:
        cure = "Give codes of shape (n,), or one column a class."
        return _summing_to_one(_in_unit_interval(_rows(y, n_rows, n_classes, cure)))
    cure = f"Give codes of shape (n,), or soft labels of shape (n, {n_classes})."
    return _codes(_column(y, n_rows, cure), n_classes)


def real_column(y: AnyArray, n_rows: int | None, outputs: AnyArray = None) -> AnyArray:
    """Return finite targets of shape (n,).

    Raises
    ------
    XentError
        If the shape is not (n,) or (n, 1), or a value is NaN or infinite.
    """
    y = _column(_numbers(y, outputs), n_rows, "One target a row.")
    xp = namespace_of(y)
    if xp.isdtype(y.dtype, "real floating"):
        _refuse_where(~xp.isfinite(y), y, "must be finite", _MISSING)
    return y


def count_column(y: AnyArray, n_rows: int | None, outputs: AnyArray = None) -> AnyArray:
    """Return finite targets of shape (n,) that are not negative.

    Raises
    ------
    XentError
        If the shape is not (n,) or (n, 1), or a value is NaN, infinite or negative.
    """
    y = real_column(y, n_rows, outputs)
    if not namespace_of(y).isdtype(y.dtype, "bool"):
        _refuse_where(y < 0, y, "must not be negative", "Poisson counts start at 0.")
    return y


def _numbers(y: AnyArray, outputs: AnyArray) -> AnyArray:
    array = as_array(y)
    if isinstance(array, np.ndarray) and array.dtype.kind not in "biuf":
        raise XentError(
            f"y must hold numbers, got dtype {array.dtype}. Encode class names as codes 0..K-1."
        )
    return array if outputs is None else like(namespace_of(outputs), array, outputs)


def _column(y: AnyArray, n_rows: int | None, cure: str) -> AnyArray:
    fits = y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1)
    if not fits or n_rows not in {None, y.shape[0]}:
        n = "n" if n_rows is None else n_rows
        got = tuple(y.shape)
        if fits:
            cure = "Outputs and targets must have the same rows."
        raise XentError(f"y must have shape ({n},) or ({n}, 1), got {got}. {cure}")
    return y if y.ndim == 1 else y[:, 0]


def _rows(y: AnyArray, n_rows: int | None, n_columns: int, cure: str) -> AnyArray:
    if y.ndim != 2 or y.shape[1] != n_columns or n_rows not in {None, y.shape[0]}:
        n = "n" if n_rows is None else n_rows
        raise XentError(f"y must have shape ({n}, {n_columns}), got {tuple(y.shape)}. {cure}")
    return y


def _in_unit_interval(y: AnyArray) -> AnyArray:
    xp = namespace_of(y)
    if xp.isdtype(y.dtype, "bool") or 0 in y.shape:
        return y
    # NaN passes through min and max, and through no comparison: two passes over y in the good case.
    if not (bool(xp.min(y) >= 0) and bool(xp.max(y) <= 1)):
        cure = "Labels are 0 and 1: for -1 and +1 use (y + 1) / 2."
        if xp.isdtype(y.dtype, "real floating"):
            _refuse_where(xp.isnan(y), y, "must not be NaN", _MISSING)
        _refuse_where((y < 0) | (y > 1), y, "must lie in [0, 1]", cure)
    return y


def _summing_to_one(y: AnyArray) -> AnyArray:
    xp = namespace_of(y)
    sums = xp.sum(xp.astype(y, working_dtype(xp, y)), axis=1)
    off = xp.abs(sums - 1) > _ROW_SUM_TOLERANCE
    cure = "Divide each row by its sum, or use MultiLabelSoftmax for several labels a row."
    _refuse_where(off, sums, "must have rows that sum to 1", cure)
    return y


def _codes(y: AnyArray, n_classes: int) -> AnyArray:
    xp = namespace_of(y)
    if xp.isdtype(y.dtype, "real floating"):
        _refuse_where(xp.isnan(y), y, "must not be NaN", _MISSING)
        cure = f"Soft labels have shape (n, {n_classes})."
        _refuse_where(xp.floor(y) != y, y, "must hold whole codes", cure)
    codes = y if xp.isdtype(y.dtype, "bool") else _in_range(y, n_classes)
    return xp.astype(codes, xp.int64)


def _in_range(y: AnyArray, n_classes: int) -> AnyArray:
    cure = f"Class labels are codes 0..{n_classes - 1}; is n_classes right?"
    _refuse_where((y < 0) | (y >= n_classes), y, f"must lie in 0..{n_classes - 1}", cure)
    return y


def _refuse_where(bad: AnyArray, y: AnyArray, expected: str, cure: str) -> None:
    xp = namespace_of(y)
    if not bool(xp.any(bad)):
        return
    rows = to_numpy(bad)
    first = tuple(int(i) for i in next(zip(*rows.nonzero(), strict=True)))
    place = f"row {first[0]}" if len(first) == 1 else f"row {first[0]}, column {first[1]}"
    raise XentError(f"y {expected}, got {float(y[first])!r} at {place}. {cure}")
