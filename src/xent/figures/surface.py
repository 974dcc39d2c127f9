"""A function of two parameters as a map, with the path of a descent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["surface_map"]

# cells a side that are drawn; more are thinned to every k-th
MOST_CELLS: Final = 64
LEGEND_LENGTH: Final = 200


def surface_map(
    x: object,
    y: object,
    values: object,
    *,
    path: object = None,
    x_title: str = "x",
    y_title: str = "y",
    value_title: str = "loss (nats)",
    title: str = "Surface",
    theme: Theme | str = "light",
    width: int = 420,
    height: int = 420,
) -> alt.LayerChart:
    """Draw a function on a grid as colors, its least value marked, and the points of a descent.

    Parameters
    ----------
    x : array of shape (n,)
    y : array of shape (m,)
        The places of the grid, rising.
    values : array of shape (m, n)
        ``values[i, j]`` belongs to ``(x[j], y[i])``, as from `numpy.meshgrid`.
    path : array of shape (k, 2), optional
        Points (x, y) in their order, such as the steps of gradient descent.
    x_title, y_title, value_title : str
        With their units.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Of more than 64 places a side every k-th is drawn, and that of the least value.

    Raises
    ------
    XentError
        When the arrays do not fit, do not rise, or are not finite.

    Examples
    --------
    >>> at = np.linspace(-1, 1, 5)
    >>> chart = surface_map(at, at, at**2 + at[:, None] ** 2, path=[(1, 1), (0.5, 0.5)])
    >>> chart.layer[-1].data.values[0]["text"]
    'least: 0 at (0, 0)'
    """
    places = {"x": _rising(x, "x"), "y": _rising(y, "y")}
    grid = np.asarray(values)
    shape = (places["y"].size, places["x"].size)
    if grid.shape != shape or grid.dtype.kind not in "fiu" or not np.isfinite(grid).all():
        raise XentError(
            f"values must be finite numbers of shape (y, x) = {shape}, got {grid.dtype} {grid.shape}."
        )
    least = np.unravel_index(int(np.argmin(grid)), shape)
    look = theme_named(theme)
    points = None if path is None else _points(path)
    ends = {name: _edges(own)[[0, -1]] for name, own in places.items()}
    if points is not None:
        for column, name in enumerate(("x", "y")):
            ends[name] = np.array(
                [
                    min(ends[name][0], points[:, column].min()),
                    max(ends[name][1], points[:, column].max()),
                ]
            )
    titles = {"x": x_title, "y": y_title}
    axes = {
        name: channel(
            f"{name}:Q",
            title=titles[name],
            scale=alt.Scale(domain=ends[name].tolist(), nice=False, zero=False),
            axis=alt.Axis(grid=False),
        )
        for name, channel in (("x", alt.X), ("y", alt.Y))
    }
    layers = [_cells(places, grid, (int(least[0]), int(least[1])), value_title, axes, look)]
    if points is not None:
        layers += _descent(points, axes, look)
    spot = (places["x"][least[1]].item(), places["y"][least[0]].item(), grid[least].item())
    layers += _least(spot, ends, axes, look)
    chart = alt.LayerChart(layer=layers)
    return themed(chart, look, title=title, width=width, height=height)


def _rising(given: object, name: str) -> FloatArray:
    places = np.asarray(given)
    is_row = places.ndim == 1 and places.size > 1 and places.dtype.kind in "fiu"
    if not is_row or not np.isfinite(places).all() or np.any(np.diff(places) <= 0):
        raise XentError(
            f"{name} must be at least 2 rising finite numbers, got {places.dtype} {places.shape}."
        )
    return places.astype(np.float64)


def _points(path: object) -> FloatArray:
    points = np.asarray(path)
    is_plane = points.ndim == 2 and points.shape[1:] == (2,) and points.dtype.kind in "fiu"
    if not is_plane or not points.size or not np.isfinite(points).all():
        raise XentError(
            f"path must be finite points of shape (k, 2), got {points.dtype} {points.shape}."
        )
    return points.astype(np.float64)


def _edges(places: FloatArray) -> FloatArray:
    """Return the ends of the cells around places: halfway between neighbors."""
    middles = (places[1:] + places[:-1]) / 2
    ends = (places[0] - (middles[0] - places[0]), places[-1] + (places[-1] - middles[-1]))
    edges: FloatArray = np.concatenate([[ends[0]], middles, [ends[1]]])
    return edges


def _kept(n: int, least: int) -> list[int]:
    """Return the places that are drawn, that of the least value among them."""
    step = -(-n // MOST_CELLS)
    return list(range(least % step, n, step))


def _cells(
    places: dict[str, FloatArray],
    grid: FloatArray,
    least: tuple[int, int],
    value_title: str,
    axes: dict[str, Any],
    look: Theme,
) -> alt.Chart:
    rows_kept, columns_kept = (_kept(n, own) for n, own in zip(grid.shape, least, strict=True))
    x, y = places["x"][columns_kept], places["y"][rows_kept]
    x_edges, y_edges = _edges(x).tolist(), _edges(y).tolist()
    rows = [
        {
            "x": x_edges[j],
            "x_end": x_edges[j + 1],
            "y": y_edges[i],
            "y_end": y_edges[i + 1],
            "value": grid[row, column].item(),
        }
        for i, row in enumerate(rows_kept)
        for j, column in enumerate(columns_kept)
    ]
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_rect(clip=True, strokeWidth=0.8)
        .encode(
            x=axes["x"],
            x2="x_end:Q",
            y=axes["y"],
            y2="y_end:Q",
            color=alt.Color(
                "value:Q",
                title=value_title,
                scale=alt.Scale(range=list(look.ramp)),
                legend=alt.Legend(gradientLength=LEGEND_LENGTH, titleLimit=LEGEND_LENGTH),
            ),
            # in the color of its cell: between bare cells the ground would shine through; its domain
            # is written out, or Vega-Lite would join both legends into one of symbols
            stroke=alt.Stroke(
                "value:Q",
                scale=alt.Scale(range=list(look.ramp), domain=_ends_of(rows)),
                legend=None,
            ),
            tooltip=[alt.Tooltip("value:Q", format=".5~g")],
        )
    )
    return chart


def _ends_of(rows: list[dict[str, Any]]) -> list[float]:
    values = [row["value"] for row in rows]
    return [min(values), max(values)]


def _descent(points: FloatArray, axes: dict[str, Any], look: Theme) -> list[Any]:
    rows = [{"step": step, "x": x, "y": y} for step, (x, y) in enumerate(points.tolist())]
    base = alt.Chart(alt.Data(values=rows)).encode(x=axes["x"], y=axes["y"])
    halo = base.mark_line(color=look.background, strokeWidth=4).encode(order="step:Q")
    line = base.mark_line(
        color=look.hues[1],
        strokeWidth=2,
        point=alt.OverlayMarkDef(filled=True, size=40, color=look.hues[1]),
    ).encode(order="step:Q", tooltip=["step:Q", "x:Q", "y:Q"])
    return [halo, line]


def _least(
    spot: tuple[float, float, float],
    ends: dict[str, FloatArray],
    axes: dict[str, Any],
    look: Theme,
) -> list[Any]:
    """Return a diamond where the least value is, and a text that says so on a ground that can be read."""
    x, y, value = spot
    text = f"least: {value:.6g} at ({x:.6g}, {y:.6g})"
    base = alt.Chart(alt.Data(values=[{"x": x, "y": y, "value": value, "text": text}])).encode(
        x=axes["x"], y=axes["y"]
    )
    is_left = 2 * x < ends["x"].sum()
    is_low = 10 * (y - ends["y"][0]) < ends["y"][1] - ends["y"][0]
    place: dict[str, Any] = {
        "align": "left" if is_left else "right",
        "dx": 9 if is_left else -9,
        "baseline": "bottom" if is_low else "top",
        "dy": -7 if is_low else 7,
    }
    halo = base.mark_text(stroke=look.background, strokeWidth=4, **place).encode(text="text:N")
    return [
        base.mark_point(
            shape="diamond",
            filled=True,
            opacity=1,
            size=110,
            color=look.ink,
            stroke=look.background,
        ),
        halo,
        base.mark_text(color=look.ink, **place).encode(text="text:N"),
    ]
