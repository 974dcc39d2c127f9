"""Hidden activations: their distribution in every layer, and one layer unit by unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.figures.theme import Theme

__all__ = ["activation_distributions", "activation_map"]

QUANTILES: Final = {"p1": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
# quantiles are taken of at most so many outputs of a layer, from rows at equal distances
MOST_OUTPUTS: Final = 2_000_000
MOST_ROWS: Final = 100
MOST_UNITS: Final = 64


def activation_distributions(
    activations: Sequence[object],
    *,
    names: Sequence[str] | None = None,
    title: str = "Activations by layer",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw where the outputs of every layer lie: median, middle half, middle 98%, share of zeros.

    Parameters
    ----------
    activations : sequence of array, each of shape (n, n_units)
        The outputs of the layers, as `run.activations` returns them.
    names : sequence of str, optional
        Of the layers; by default ``layer 1`` and so on.
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        In pixels; without it 34 a layer.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    XentError
        When there is no layer, one is no matrix of finite numbers, or the names are not one a layer.

    Examples
    --------
    >>> chart = activation_distributions([[[0.0, 1.0], [0.0, 3.0]]])
    >>> row = chart.data.values[0]
    >>> row["layer"], row["p50"], row["zeros"]
    ('layer 1', 0.5, 0.5)
    """
    outputs = [_matrix(values, f"activations[{place}]") for place, values in enumerate(activations)]
    if not outputs:
        raise XentError("activations must hold the output of at least one layer, got none.")
    labels = [f"layer {k}" for k in range(1, len(outputs) + 1)] if names is None else list(names)
    if len(labels) != len(outputs) or len(set(labels)) != len(labels):
        raise XentError(
            f"names must name the {len(outputs)} layers, each differently, got {labels}."
        )
    values = [_quantiles(label, a) for label, a in zip(labels, outputs, strict=True)]
    look = theme_named(theme)
    base = alt.Chart(alt.Data(values=values))
    y = alt.Y("layer:N", title=None, sort=None)
    x_title = "output of a unit for a row (no unit)"
    whole = base.mark_rule(color=look.hues[0], strokeWidth=1.5).encode(
        x=alt.X("p1:Q", title=x_title, scale=alt.Scale(zero=False)), x2="p99:Q", y=y
    )
    half = base.mark_bar(color=look.hues[0], size=14, opacity=0.6).encode(
        x=alt.X("p25:Q", title=x_title), x2="p75:Q", y=y
    )
    median = base.mark_tick(color=look.ink, size=18, thickness=2).encode(
        x=alt.X("p50:Q", title=x_title), y=y
    )
    zeros = base.mark_text(align="left", dx=6, color=look.ink).encode(
        x=alt.X("p99:Q", title=x_title), y=y, text="text:N"
    )
    return themed(
        alt.LayerChart(layer=[whole, half, median, zeros]),
        look,
        title=title,
        subtitle="line: middle 98%; box: middle half; tick: median",
        width=width,
        height=height or 34 * len(values) + 10,
    )


def activation_map(
    activations: object,
    *,
    y: object = None,
    title: str = "Activations, unit by row",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.Chart:
    """Draw one layer: a cell is the output of a unit for a row.

    Of more than 100 rows those at equal distances are shown, of more than 64 units the 64 that vary
    most; the subtitle says so. Units are ordered by the row in which they are strongest on
    average, so that with rows in the order of their classes blocks appear.

    Parameters
    ----------
    activations : array of shape (n, n_units)
        The output of a layer.
    y : array of shape (n,), optional
        Class codes or labels: rows are put in their order.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.Chart
        Rows by their place from 0, units from 1. Colors diverge from 0 where there are outputs of
        both signs; they end at the middle 99% of the outputs shown.

    Raises
    ------
    XentError
        When it is no matrix of finite numbers, or y has other rows.

    Examples
    --------
    >>> chart = activation_map([[0.0, 1.0], [2.0, 3.0]], y=[1, 0])
    >>> [(cell["row"], cell["unit"], cell["output"]) for cell in chart.data.values]
    [(1, 1, 2.0), (1, 2, 3.0), (0, 1, 0.0), (0, 2, 1.0)]
    """
    outputs = _matrix(activations, "activations")
    order = _row_order(y, len(outputs))
    rows = order[_spaced(len(order), MOST_ROWS)]
    units = _telling_units(outputs, MOST_UNITS)
    shown = outputs[np.ix_(rows, units)]
    units = units[_unit_order(shown)]
    shown = outputs[np.ix_(rows, units)]
    look = theme_named(theme)
    cells = [
        {"row": row, "unit": unit + 1, "output": float(f"{output:.4g}")}
        for row, outputs_of_row in zip(rows.tolist(), shown.tolist(), strict=True)
        for unit, output in zip(units.tolist(), outputs_of_row, strict=True)
    ]
    # in the order of the data; so many names have no room
    bare = alt.Axis(labels=False, ticks=False)
    x_title, y_title = "unit, in the order of the rows that they answer to", "row"
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect()
        .encode(
            x=alt.X("unit:O", title=x_title, sort=None, axis=bare),
            y=alt.Y(
                "row:O",
                title=y_title if y is None else "row, in the order of the target",
                sort=None,
                axis=bare,
            ),
            color=alt.Color("output:Q", title="output (no unit)", scale=_color_scale(shown, look)),
            tooltip=["row:O", "unit:O", "output:Q"],
        )
    )
    return themed(
        chart,
        look,
        title=title,
        subtitle=_subtitle(outputs.shape, shown.shape),
        width=width,
        height=height,
    )


def _matrix(values: object, name: str) -> FloatArray:
    matrix = np.asarray(values)
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiub" or matrix.size == 0:
        raise XentError(
            f"{name} must be a matrix of numbers, shape (n, n_units), got {matrix.dtype} {matrix.shape}."
        )
    if not np.isfinite(matrix).all():
        raise XentError(f"{name} must hold finite numbers. The training has diverged.")
    return matrix


def _spaced(count: int, most: int) -> Array:
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).astype(np.int64)


def _quantiles(name: str, outputs: FloatArray) -> dict[str, Any]:
    rows = _spaced(len(outputs), max(2, MOST_OUTPUTS // outputs.shape[1]))
    part = outputs[rows].astype(np.float64)
    zeros = float(np.mean(part == 0))
    found = np.quantile(part, list(QUANTILES.values())).tolist()
    text = f"{zeros:.0%} are 0" if zeros else ""
    return {
        "layer": str(name),
        **dict(zip(QUANTILES, found, strict=True)),
        "zeros": zeros,
        "text": text,
    }


def _row_order(y: object, n_rows: int) -> Array:
    if y is None:
        return np.arange(n_rows)
    labels = np.asarray(y)
    if labels.shape != (n_rows,):
        raise XentError(f"y must have shape ({n_rows},), one label a row, got {labels.shape}.")
    return np.argsort(labels, kind="stable")


def _telling_units(outputs: FloatArray, most: int) -> Array:
    """Return the units that vary most, in their own order."""
    if outputs.shape[1] <= most:
        return np.arange(outputs.shape[1])
    spread = outputs[_spaced(len(outputs), 10_000)].astype(np.float64).std(axis=0)
    return np.sort(np.argsort(-spread, kind="stable")[:most])


def _unit_order(shown: FloatArray) -> Array:
    """Return units by the mean place of the rows that they answer to; a single order for few rows."""
    strength = shown.astype(np.float64) - shown.min(axis=0)
    total = strength.sum(axis=0)
    places = np.arange(len(shown)) @ strength / np.where(total > 0, total, 1)
    return np.argsort(np.where(total > 0, places, len(shown)), kind="stable")


def _color_scale(shown: FloatArray, look: Theme) -> alt.Scale:
    """Return colors for all but the outermost 1%: a single output would make the rest pale."""
    low, high = (float(end) for end in np.quantile(shown, [0.005, 0.995]))
    if low < 0 < high:
        end = max(-low, high)
        return alt.Scale(domain=[-end, 0, end], range=list(look.diverging), clamp=True)
    return alt.Scale(
        domain=[low, high if high > low else low + 1], range=list(look.ramp), clamp=True
    )


def _subtitle(whole: tuple[int, ...], shown: tuple[int, ...]) -> str:
    parts = []
    if shown[0] < whole[0]:
        parts.append(f"{shown[0]} of {whole[0]:,} rows, evenly spaced")
    if shown[1] < whole[1]:
        parts.append(f"the {shown[1]} of {whole[1]:,} units that vary most")
    return "; ".join(parts)
