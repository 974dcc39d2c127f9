"""The door of the evaluation room: arrays are checked here once, then trusted.

Every figure takes the truth `y`, one declared prediction and an optional weight a row. The doors
below give them back as NumPy arrays of one length, without the rows of weight zero: such rows are
absent, whatever they hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray, IntArray

__all__ = [
    "binary_rows",
    "check_probabilities",
    "check_row_sums",
    "check_scores",
    "class_rows",
    "codes",
    "label_rows",
    "positives",
    "real_rows",
    "row_pair",
    "row_weights",
    "vector",
    "weighted_mean",
    "weighted_median",
]

ROW_SUM_TOLERANCE = (
    0.01  # probabilities printed with two digits still pass, logits and sigmoids do not
)

SMALLEST_WEIGHT, LARGEST_WEIGHT = 1e-140, 1e140


def row_pair(
    y: object, name: str, values: object, weight: object = None
) -> tuple[Array, Array, FloatArray | None]:
    """Check that truth and one number a row have the same rows: (y, values, weight)."""
    truth, given = vector(y, "y"), vector(values, name)
    return _matched(y, truth, name, values, given, weight)


def binary_rows(
    y: object, name: str, values: object, weight: object = None
) -> tuple[Array, Array, FloatArray | None]:
    """Check a binary truth against one number a row: (positive rows as bool, values, weight)."""
    truth, given, kept = row_pair(y, name, values, weight)
    return positives(truth, "y"), given, kept


def real_rows(
    y: object, name: str, values: object, weight: object = None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Check a numeric truth against one number a row, both finite: float64 (y, values, weight)."""
    truth, given, kept = row_pair(y, name, values, weight)
    return _finite(truth, "y"), _finite(given, name), kept


def class_rows(
    y: object, name: str, values: object, weight: object = None
) -> tuple[IntArray, Array, FloatArray | None]:
    """Check class codes against one column a class: (codes, (n, K) values, weight)."""
    truth, given = vector(y, "y"), _matrix(values, name)
    if given.shape[1] < 2:
        raise XentError(
            f"{name} must have shape (n, K) with one column a class, got {given.shape}. "
            "With one number a row the task is binary."
        )
    truth, given, kept = _matched(y, truth, name, values, given, weight)
    return codes(truth, "y", given.shape[1]), check_scores(given, name), kept


def label_rows(
    y: object, name: str, values: object, weight: object = None
) -> tuple[Array, Array, FloatArray | None]:
    """Check a 0/1 label matrix against one of the same shape: (bool truth, values, weight)."""
    truth, given = _matrix(y, "y"), _matrix(values, name)
    if truth.shape[1] != given.shape[1]:
        raise XentError(
            f"{name} must have one column a label, {truth.shape[1]} as y has, got {given.shape[1]}."
        )
    truth, given, kept = _matched(y, truth, name, values, given, weight)
    return positives(truth, "y"), given, kept


def vector(values: object, name: str) -> Array:
    """Return numeric `values` of shape (n,), from (n,) or (n, 1), with at least one row."""
    array = _numeric(values, name)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = (
            " For a column a class or a label use the multiclass_ and multilabel_ figures."
            if array.ndim == 2
            else ""
        )
        raise XentError(f"{name} must have shape (n,) or (n, 1), got {array.shape}.{hint}")
    if array.size == 0:
        raise XentError(f"{name} must have at least one row, got none.")
    return array


def positives(values: Array, name: str) -> Array:
    """Return where `values`, all 0 or 1, are 1."""
    if values.dtype.kind == "b":
        return values
    positive: Array = values == 1
    if np.count_nonzero(positive) + np.count_nonzero(values == 0) != values.size:
        wrong = values[~positive & (values != 0)].flat[0]
        raise XentError(
            f"{name} must hold 0 and 1 only, got {wrong}. "
            "Code the positive class as 1 and the other as 0."
        )
    return positive


def codes(values: Array, name: str, n_classes: int | None) -> IntArray:
    """Return class codes as int64 after checking that they lie in 0..n_classes-1."""
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (values == np.floor(values))
        if not whole.all():
            raise XentError(
                f"{name} must hold class codes 0..K-1, got {values[~whole][0]}. "
                "Give probabilities as probabilities=."
            )
    if np.min(values) < 0:
        raise XentError(f"{name} must hold class codes 0..K-1, got {np.min(values)}.")
    if n_classes is not None and np.max(values) >= n_classes:
        raise XentError(
            f"{name} must hold class codes 0..{n_classes - 1} for {n_classes} classes, "
            f"got {np.max(values)}."
        )
    return values.astype(np.int64)


def check_scores(values: Array, name: str) -> Array:
    """Refuse NaN: it has no place in any order. Infinite scores have one."""
    if values.dtype.kind == "f" and np.isnan(values).any():
        row = int(np.argwhere(np.isnan(values))[0][0])
        raise XentError(
            f"{name} must not hold NaN, got NaN in row {row}. "
            "Leave such rows out, or give them weight 0."
        )
    return values


def check_probabilities(values: Array, name: str = "probabilities") -> FloatArray:
    """Return probabilities as float64 after checking that they lie in [0, 1]."""
    given = check_scores(values, name).astype(np.float64)
    low, high = given.min(), given.max()
    if low < 0 or high > 1:
        raise XentError(
            f"{name} must lie in [0, 1], got {low if low < 0 else high:g}. Give logits as logits=."
        )
    return given


def check_row_sums(probabilities: FloatArray) -> FloatArray:
    """Refuse class probabilities whose rows do not sum to 1."""
    sums = probabilities.sum(axis=1)
    worst = int(np.argmax(np.abs(sums - 1)))
    if abs(sums[worst] - 1) > ROW_SUM_TOLERANCE:
        raise XentError(
            f"probabilities must sum to 1 in every row, got {sums[worst]:g}. "
            "Columns that do not exclude each other are labels: use the multilabel_ figures."
        )
    return probabilities


def row_weights(weight: object, n_rows: int) -> FloatArray | None:
    """Return weights as float64 (n,), finite, not negative and not all zero; None stays None."""
    if weight is None:
        return None
    given = vector(weight, "weight").astype(np.float64)
    if given.shape[0] != n_rows:
        raise XentError(f"weight must have {n_rows} rows as y has, got {given.shape[0]}.")
    if not np.isfinite(given).all():
        raise XentError(f"weight must be finite, got {given[~np.isfinite(given)][0]}.")
    if given.min() < 0:
        raise XentError(f"weight must not be negative, got {given.min():g}.")
    if not given.any():
        raise XentError("weight must be positive in at least one row, got zeros only.")
    if not SMALLEST_WEIGHT < given.max() < LARGEST_WEIGHT:
        raise XentError(
            f"weight must have its largest value between {SMALLEST_WEIGHT:g} and {LARGEST_WEIGHT:g}, got "
            f"{given.max():g}: products of weights must be numbers. Only ratios of weights matter: divide by the mean."
        )
    return given


def weighted_mean(values: Array, weight: FloatArray | None) -> float:
    """Return sum(w * v) / sum(w) in float64."""
    if weight is None and values.dtype.kind == "b":
        return int(np.count_nonzero(values)) / values.size
    if weight is None:
        return float(np.mean(values, dtype=np.float64))
    return float(np.sum(weight * values, dtype=np.float64) / np.sum(weight))


def weighted_median(values: Array, weight: FloatArray | None) -> float:
    """Return the value with half of the weight on either side.

    Where the middle falls between two values, it is their mean, with and without weights.
    """
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    half = below[-1] / 2
    middle = values[order[np.searchsorted(below, half, side="left")]]
    after = values[order[np.searchsorted(below, half, side="right")]]
    return float((middle + after) / 2)


def _matched(
    y: object, truth: Array, name: str, values: object, given: Array, weight: object
) -> tuple[Array, Array, FloatArray | None]:
    if truth.shape[0] != given.shape[0]:
        raise XentError(f"{name} must have {truth.shape[0]} rows as y has, got {given.shape[0]}.")
    _check_same_index(y, name, values)
    kept = row_weights(weight, truth.shape[0])
    if kept is not None and (present := kept > 0).sum() < kept.size:
        return truth[present], given[present], kept[present]
    return truth, given, kept


def _check_same_index(y: object, name: str, values: object) -> None:
    # pandas objects carry row names; pairing them by position when the names differ is a silent
    # mix-up.
    ours: Any = getattr(y, "index", None)
    theirs: Any = getattr(values, "index", None)
    if hasattr(ours, "equals") and hasattr(theirs, "equals") and not ours.equals(theirs):
        raise XentError(
            f"{name} must have the same index as y, got another one. "
            "Align them, or pass .to_numpy() of both."
        )


def _numeric(values: object, name: str) -> Array:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise XentError(
            f"{name} must be an array of numbers, got rows of unequal length."
        ) from error
    except (TypeError, RuntimeError) as error:
        # a tensor on a GPU, or one that wants a gradient: its own message names the cure
        raise XentError(f"{name} must be an array that NumPy can read: {error}") from error
    if array.dtype.kind not in "biuf":
        raise XentError(
            f"{name} must be an array of numbers, got {array.dtype}. Code classes as 0..K-1 first."
        )
    return array


def _matrix(values: object, name: str) -> Array:
    array = _numeric(values, name)
    if array.ndim != 2:
        raise XentError(f"{name} must have shape (n, columns), got {array.shape}.")
    if array.size == 0:
        raise XentError(f"{name} must have at least one row and one column, got {array.shape}.")
    return array


def _finite(values: Array, name: str) -> FloatArray:
    if not np.isfinite(values).all():
        raise XentError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}.")
    return values.astype(np.float64)
