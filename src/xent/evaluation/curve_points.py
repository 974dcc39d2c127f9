"""What every curve shares: lists for JSON with a deliberate infinity, and which points thinning keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray

__all__ = ["cell_ends", "cell_extremes", "columns_from_json", "columns_to_json"]


def cell_ends(way: FloatArray, n_points: int) -> Array:
    """Return the first and last point of every cell of `way`, which rises from 0 to 1."""
    starts = _cell_starts(way, n_points // 2)
    return np.unique(np.concatenate([starts, starts[1:] - 1, [way.size - 1]]))


def cell_extremes(way: FloatArray, height: FloatArray, n_points: int) -> Array:
    """Return the first, last, lowest and highest point of every cell of `way`."""
    starts = _cell_starts(way, n_points // 4)
    stops = np.append(starts[1:], way.size)
    known = np.isfinite(height)
    low, high = np.where(known, height, np.inf), np.where(known, height, -np.inf)
    extremes = [
        start + pick(values[start:stop])
        for start, stop in zip(starts, stops, strict=True)
        for pick, values in ((np.argmin, low), (np.argmax, high))
    ]
    return np.unique(np.concatenate([starts, stops - 1, extremes]))


def columns_to_json(curve: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Return lists that JSON can hold: infinity is the string "inf", an undefined value is null."""
    return {name: _plain_numbers(getattr(curve, name)) for name in names}


def columns_from_json(description: Mapping[str, Any], names: tuple[str, ...]) -> list[FloatArray]:
    """Read what `columns_to_json` wrote, checking that the lists are there and of one length."""
    columns: list[FloatArray] = []
    for name in names:
        values = description.get(name) if hasattr(description, "get") else None
        if not isinstance(values, list):
            raise XentError(f"the curve must hold a list {name!r}, got {type(values).__name__}.")
        columns.append(np.array([_number(value, name) for value in values], dtype=np.float64))
    if len({column.size for column in columns}) != 1 or columns[0].size == 0:
        raise XentError(
            "the curve's lists must be of one length and not empty, "
            f"got {[column.size for column in columns]}."
        )
    return columns


def _cell_starts(way: FloatArray, n_cells: int) -> Array:
    # `way` rises from 0 to 1; cell k holds the points with k/n <= way < (k+1)/n, the last one also
    # way = 1.
    starts = np.searchsorted(way, np.arange(n_cells) / n_cells, side="left")
    return np.unique(np.minimum(starts, way.size - 1))


def _plain_numbers(values: FloatArray) -> list[float | str | None]:
    # JSON has neither infinity nor NaN; both are written on purpose, not by a writer's leniency.
    numbers: list[float | str | None] = values.tolist()
    for place in np.flatnonzero(~np.isfinite(values)).tolist():
        numbers[place] = None if np.isnan(values[place]) else f"{values[place]}"
    return numbers


def _number(value: object, name: str) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, str) and value in {"inf", "-inf"}:
        return float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise XentError(f"the curve's {name} holds an integer too large to be one.") from None
    raise XentError(f"the curve's {name} must be numbers, got {value!r}.")
