"""Epochs on an axis: their records, their place, and those that are drawn of very many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.thinning import drawn_places

__all__ = ["EpochRecord", "epoch_axis", "epoch_records", "kept_epochs"]

EpochRecord: TypeAlias = Mapping[str, Any]


def epoch_records(history: Iterable[EpochRecord]) -> list[EpochRecord]:
    """Return the records of the epochs, each with its number.

    Raises
    ------
    XentError
        When there is none, or one has no epoch.
    """
    records: list[Any] = list(history)
    if not records:
        raise XentError("history must have at least one epoch, got none.")
    for place, record in enumerate(records, start=1):
        if not isinstance(record, Mapping) or not isinstance(record.get("epoch"), int):
            raise XentError(
                f"history must hold one record an epoch with its number under 'epoch', got {record!r:.60} "
                f"in place {place}."
            )
    return records


def kept_epochs(pairs: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the epochs that decide what a line of many looks like (`drawn_places`); gaps stay gaps.

    Examples
    --------
    >>> pairs = [(epoch, 0.0 if epoch == 777 else 1.0) for epoch in range(1, 10_001)]
    >>> kept = kept_epochs(pairs)
    >>> len(kept) <= 2000, (777, 0.0) in kept
    (True, True)
    """
    epochs, values = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    known = np.flatnonzero(np.isfinite(values))
    gaps = np.flatnonzero(~np.isfinite(values))
    # one place stands for a gap of any length
    starts = gaps[np.diff(gaps, prepend=-2) > 1]
    drawn = known[drawn_places(epochs[known].astype(np.float64), values[known])]
    return [pairs[place] for place in np.union1d(drawn, starts).tolist()]


def epoch_axis(epochs: list[int], *, n_ticks: int = 8) -> alt.X:
    """Return the axis of epochs: whole numbers only."""
    low, high = min(epochs), max(epochs)
    if low == high:
        low, high = low - 1, high + 1
    return alt.X(
        "epoch:Q",
        title="epoch",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=n_ticks),
    )
