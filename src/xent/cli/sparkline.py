"""A series of numbers as one line of blocks, for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["loss_line", "sparkline"]

BLOCKS: Final = "▁▂▃▄▅▆▇█"
WIDTH: Final = 40


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Return at most `width` blocks whose heights are the values; a longer series is averaged.

    What is no finite number is a space.

    Examples
    --------
    >>> sparkline([4, 2, 1, 1])
    '█▃▁▁'
    """
    n = min(width, len(values))
    cells = [values[len(values) * k // n : len(values) * (k + 1) // n] for k in range(n)]
    means = [math.fsum(cell) / len(cell) for cell in cells]
    finite = [mean for mean in means if math.isfinite(mean)]
    if not finite:
        return ""
    low, span = min(finite), max(finite) - min(finite)
    top = len(BLOCKS) - 1
    return "".join(
        BLOCKS[round(top * (mean - low) / span) if span else 0] if math.isfinite(mean) else " "
        for mean in means
    )


def loss_line(records: Sequence[Mapping[str, Any]], encoding: str) -> str:
    """Return how the loss went, in a line; empty where there is too little or no way to show it."""
    name = "validation_loss" if records and "validation_loss" in records[0] else "loss"
    losses = [
        float(record[name]) for record in records if isinstance(record.get(name), int | float)
    ]
    if len(losses) < 2:
        return ""
    line = f"{name.replace('_', ' ')} {sparkline(losses)} {losses[0]:.4g} to {losses[-1]:.4g}"
    try:
        line.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ""
    return line
