"""What all recalibrators share: logits in, logits out, and saved as JSON that is checked on reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.inputs import binary_rows, check_scores, class_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray

__all__ = ["Recalibrator", "binary_or_class_logits", "checked_logits", "recalibrator_from_json"]


class Recalibrator(Protocol):
    """What was fitted on the validation part and turns logits into better ones."""

    def apply(self, logits: object) -> FloatArray:
        """Return the recalibrated logits."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `recalibrator_from_json` reads."""
        ...


def recalibrator_from_json(description: Mapping[str, Any]) -> Recalibrator:
    """Read what the `to_json` of a recalibrator wrote, checking it.

    Raises
    ------
    XentError
        When the kind is unknown, a key is missing or unknown, or a value is out of range.

    Examples
    --------
    >>> recalibrator_from_json({"kind": "temperature", "temperature": 2.0})
    Temperature(temperature=2.0)
    """
    from xent.evaluation.calibration.isotonic import Isotonic, IsotonicMap
    from xent.evaluation.calibration.platt import Platt
    from xent.evaluation.calibration.prior_shift import PriorShift
    from xent.evaluation.calibration.temperature import Temperature

    kinds = ("isotonic", "platt", "prior_shift", "temperature")
    kind = description.get("kind") if isinstance(description, dict) else None
    if kind == "temperature":
        (value,) = _fields(description, ("temperature",))
        return Temperature(_number(value, "temperature"))
    if kind == "platt":
        intercept, slope = _fields(description, ("intercept", "slope"))
        return Platt(_number(intercept, "intercept"), _number(slope, "slope"))
    if kind == "prior_shift":
        (values,) = _fields(description, ("offsets",))
        return PriorShift(_numbers(values, "offsets"))
    if kind == "isotonic":
        (maps,) = _fields(description, ("maps",))
        if not isinstance(maps, list) or not all(isinstance(one, dict) for one in maps):
            raise XentError("maps of an isotonic recalibrator must be a list of objects.")
        pairs = [_fields({"kind": kind, **one}, ("probability", "recalibrated")) for one in maps]
        return Isotonic(
            tuple(
                IsotonicMap(_numbers(p, "probability"), _numbers(q, "recalibrated"))
                for p, q in pairs
            )
        )
    raise XentError(
        f"kind of a recalibrator must be one of {', '.join(kinds)}, got {kind!r}."
        f"{nearest_hint(str(kind), kinds)}"
    )


def binary_or_class_logits(
    y: object, logits: object, weight: object
) -> tuple[Array, FloatArray, FloatArray | None]:
    """Check truth and logits: (bool truth, (n,) logits) or (codes, (n, K) logits), and weight."""
    array = np.asarray(logits) if not isinstance(logits, list) else checked_logits(logits)
    if array.ndim == 2 and array.shape[1] > 1:
        codes, z, kept = class_rows(y, "logits", logits, weight)
        return codes, z.astype(np.float64), kept
    truth, z, kept = binary_rows(y, "logits", logits, weight)
    return truth, check_scores(z, "logits").astype(np.float64), kept


def checked_logits(logits: object, n_columns: int | None = None) -> FloatArray:
    """Return logits as float64: (n,), or (n, K) with K > 1; NaN is refused.

    With `n_columns` their number of columns is checked, 1 standing for (n,) and (n, 1).
    """
    try:
        array = np.asarray(logits)
    except ValueError as error:
        raise XentError(
            "logits must be an array of numbers, got rows of unequal length."
        ) from error
    if array.dtype.kind not in "biuf":
        raise XentError(f"logits must be an array of numbers, got {array.dtype}.")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    given = array.shape[1] if array.ndim == 2 else 1
    if array.ndim not in {1, 2} or given == 0 or (n_columns is not None and given != n_columns):
        expected = "(n,) or (n, K)"
        if n_columns is not None:
            expected = "(n,)" if n_columns == 1 else f"(n, {n_columns})"
        raise XentError(f"logits must have shape {expected}, got {array.shape}.")
    return check_scores(array, "logits").astype(np.float64)


def _fields(description: Mapping[str, Any], names: tuple[str, ...]) -> list[Any]:
    unknown = [key for key in description if key not in (*names, "kind")]
    if unknown:
        raise XentError(
            f"a recalibrator of kind {description['kind']} has no key {unknown[0]!r}."
            f"{nearest_hint(str(unknown[0]), names)}"
        )
    missing = [name for name in names if name not in description]
    if missing:
        raise XentError(f"a recalibrator of kind {description['kind']} needs {missing[0]!r}.")
    return [description[name] for name in names]


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise XentError(f"{name} of a recalibrator must be a number, got {value!r}.")
    try:
        return float(value)
    except OverflowError:
        raise XentError(f"{name} of a recalibrator must be a finite number.") from None


def _numbers(values: object, name: str) -> tuple[float, ...]:
    if not isinstance(values, list):
        raise XentError(f"{name} of a recalibrator must be a list of numbers, got {values!r}.")
    return tuple(_number(value, name) for value in values)
