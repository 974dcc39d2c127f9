"""Rows as points of two numbers: dots while they can be told apart, cells with counts beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["MOST_DOTS", "padded", "point_cloud"]

# Above this many rows dots hide each other and the page grows: counts in cells instead
MOST_DOTS: Final = 5000
N_CELLS: Final = 50

Ends = tuple[float, float]


def padded(*values: FloatArray) -> Ends:
    """Return the ends of an axis on which all values have some room.

    Examples
    --------
    >>> padded(np.array([0.0, 100.0]))
    (-3.0, 103.0)
    """
    low, high = min(float(v.min()) for v in values), max(float(v.max()) for v in values)
    margin = 0.03 * ((high - low) or max(abs(high), 1.0))
    return low - margin, high + margin


def point_cloud(
    x: FloatArray,
    y: FloatArray,
    weight: FloatArray | None,
    *,
    titles: tuple[str, str],
    domains: tuple[Ends, Ends],
    look: Theme,
) -> alt.Chart:
    """Draw rows as dots, or more than 5,000 as counts in 50 x 50 cells: no row is left out.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional
        Cells hold sums of weights.
    titles : (str, str)
        Of the axes.
    domains : ((float, float), (float, float))
        Ends of the axes.
    look : Theme
    """
    axes: dict[str, Any] = {
        channel: kind(f"{channel}:Q", title=title, scale=alt.Scale(domain=list(ends), nice=False))
        for channel, kind, title, ends in zip("xy", (alt.X, alt.Y), titles, domains, strict=True)
    }
    if len(x) > MOST_DOTS:
        counted: alt.Chart = _cells(x, y, weight, domains, look).encode(**axes)
        return counted
    tooltip = [
        alt.Tooltip(f"{channel}:Q", title=title, format=".4~g")
        for channel, title in zip("xy", titles, strict=True)
    ]
    rows = [{"x": a, "y": b} for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    opacity = max(0.3, min(0.85, 14 / len(x) ** 0.5))
    dots: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_circle(color=look.hues[0], size=24, opacity=opacity, clip=True)
        .encode(**axes, tooltip=tooltip)
    )
    return dots


def _cells(
    x: FloatArray, y: FloatArray, weight: FloatArray | None, domains: tuple[Ends, Ends], look: Theme
) -> alt.Chart:
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=N_CELLS, range=domains, weights=weight)
    cells = [
        {
            "x": x_edges[i],
            "x_end": x_edges[i + 1],
            "y": y_edges[j],
            "y_end": y_edges[j + 1],
            "rows": counts[i, j],
        }
        for i, j in np.argwhere(counts > 0).tolist()
    ]
    color = alt.Color(
        "rows:Q",
        title="rows in a cell" if weight is None else "weight in a cell",
        scale=alt.Scale(type="log", range=list(look.ramp[1:]), nice=False),
    )
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect(clip=True)
        .encode(x2="x_end:Q", y2="y_end:Q", color=color, tooltip=["rows:Q"])
    )
    return chart
