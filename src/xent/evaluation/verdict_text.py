"""The verdict as a table in plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xent.evaluation.verdict_figures import FIGURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.verdict import Figure, PartFigures

__all__ = ["figure_text", "verdict_text"]

MISSING = "-"


def figure_text(value: float) -> str:
    """Return a number as the table shows it: four digits after the point, fewer where it is large.

    Examples
    --------
    >>> [figure_text(value) for value in (0.98765, 12.5, 68213.4, 2.5e-7, float("nan"))]
    ['0.9877', '12.50', '68,213', '2.50e-07', '-']
    """
    if math.isnan(value):
        return MISSING
    size = abs(value)
    if size == 0 or 0.00005 <= size < 10:
        return f"{value:.4f}"
    if size < 0.00005:
        return f"{value:.2e}"
    return f"{value:.2f}" if size < 1000 else f"{value:,.0f}"


def verdict_text(parts: Mapping[str, PartFigures]) -> str:
    """Return the table: two columns a part, model and constant predictor, then the notes."""
    names = list(dict.fromkeys(name for part in parts.values() for name in part.figures))
    columns = [["", "", *[FIGURES[name].label for name in names]]]
    for title, part in parts.items():
        figures = [part.figures.get(name) for name in names]
        columns.append([title, f"{part.n_rows:,} rows", *map(_value_text, figures)])
        columns.append(["const.", "", *map(_constant_text, figures)])
    widths = [max(10, 2 + max(map(len, column))) for column in columns]
    widths[0] = max(map(len, columns[0]))
    lines = []
    for cells in zip(*columns, strict=True):
        first, *rest = (
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        lines.append("".join([first, *rest]).rstrip())
    notes = _notes(parts)
    return "\n".join([*lines, "", *notes] if notes else lines)


def _value_text(figure: Figure | None) -> str:
    if figure is None:
        return MISSING
    text = figure_text(figure.value)
    if figure.low is None or figure.high is None:
        return text
    return f"{text} [{figure_text(figure.low)}, {figure_text(figure.high)}]"


def _constant_text(figure: Figure | None) -> str:
    return MISSING if figure is None else figure_text(figure.constant)


def _notes(parts: Mapping[str, PartFigures]) -> list[str]:
    # One line a figure and reason, with the parts that share it.
    titles: dict[tuple[str, str], list[str]] = {}
    for title, part in parts.items():
        for name, figure in part.figures.items():
            if figure.why:
                titles.setdefault((FIGURES[name].label, figure.why), []).append(title)
    return [f"{label} ({', '.join(where)}): {why}" for (label, why), where in titles.items()]
