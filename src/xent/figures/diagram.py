"""A network drawn from its description: layers as columns, units as dots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

import altair as alt

from xent.errors import XentError
from xent.figures.theme import theme_named, themed
from xent.network import (
    Activate,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    MaxPool2d,
    ModuleNetwork,
    Pixels,
    Residual,
    Scale,
    parameter_layout,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.figures.theme import Theme
    from xent.network import Layer, Network
    from xent.network.shapes import Shape

__all__ = ["network_diagram"]

Records = list[dict[str, Any]]

# A layer of more units shows its first and last ones, with an ellipsis between them
MOST_UNITS: Final = 12
UNITS_AT_EACH_END: Final = 4
# Of more columns the middle ones become one
MOST_COLUMNS: Final = 13
COLUMNS_AT_EACH_END: Final = 6
# What the text of a column needs to stand side by side with others; with less it stands upright
ROOM: Final = 115  # pixels
# Where the dots end and the text begins, of a height of 1
FLOOR: Final = 0.3

# Layers that get a column of their own; the others stand in the text of the one before
_WEIGHTED: Final = (Dense, Conv2d, Residual, Embedding)
_FOLLOWERS: Final[dict[type, str]] = {
    BatchNorm: "batch norm",
    LayerNorm: "layer norm",
    Scale: "scale",
    Pixels: "standardized",
    Flatten: "flattened",
    MaxPool2d: "max-pooling",
    AvgPool2d: "mean-pooling",
    GlobalAvgPool: "mean of each channel",
}


@dataclass(frozen=True)
class _Column:
    """The input, a layer of weights with what follows it, or the layers that are left out."""

    kind: str
    lines: tuple[str, ...]
    n_units: int


def network_diagram(
    network: Network | ModuleNetwork,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    title: str | None = None,
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw a network: inputs, Dense layers with activation and parameters, what lies between them.

    A layer of more than 12 units shows its first and last four; of more than 13 columns the middle
    ones are one. Dropout, batch normalization and scaling stand under the layer that they follow.

    Parameters
    ----------
    network : Network or ModuleNetwork
        Of an own module: its parts that have parameters.
    inputs, outputs : sequence of str, optional
        Names of the features and of the outputs, written beside their dots.
    title : str, optional
        By default how many parameters there are.
    theme : Theme or str
    width, height : int
        Of the drawing without its title, in pixels.

    Returns
    -------
    altair.LayerChart
        Lines between the dots, the dots, their names if there are any, the text of the columns.

    Raises
    ------
    XentError
        When inputs or outputs do not name every feature or every output.

    Examples
    --------
    >>> from xent.network import mlp
    >>> chart = network_diagram(mlp(2, (80,), 1, activation="sigmoid"))
    >>> [column["text"] for column in chart.layer[-1].data.values][1]
    ['hidden', '80 units', 'sigmoid', '240 parameters']
    """
    for argument, names, count in (
        ("inputs", inputs, network.n_inputs),
        ("outputs", outputs, network.n_outputs),
    ):
        if names is not None and len(names) != count:
            raise XentError(f"{argument} must hold {count} names, got {len(names)}.")
    columns = _elided(_columns(network))
    dots = [_dots(place, column) for place, column in enumerate(columns)]
    look = theme_named(theme)
    layers: list[Any] = [
        _drawn_links(_links(dots), len(columns), look),
        _drawn_dots([dot for column in dots for dot in column], len(columns), look),
    ]
    named = [*_named(dots[0], inputs, "input"), *_named(dots[-1], outputs, "output")]
    if named:
        layers += _drawn_names(named, len(columns), look)
    layers.append(_drawn_texts(columns, width, look))
    text = f"{network.n_parameters:,} parameters" if title is None else title
    return themed(alt.LayerChart(layer=layers), look, title=text, width=width, height=height)


def _columns(network: Network | ModuleNetwork) -> list[_Column]:
    """Return the input and every layer of weights, each with what follows it before the next."""
    if isinstance(network, ModuleNetwork):
        return _module_columns(network)
    counts = [0] * len(network.layers)
    for slot in parameter_layout(network):
        counts[int(slot.name.split(".")[1])] += math.prod(slot.shape)
    weighted = [place for place, layer in enumerate(network.layers) if isinstance(layer, _WEIGHTED)]
    columns = []
    for start, end in zip([-1, *weighted], [*weighted, len(network.layers)], strict=True):
        layer = None if start < 0 else network.layers[start]
        kind = "input" if layer is None else "hidden" if end < len(network.layers) else "output"
        n_parameters = sum(counts[max(start, 0) : end])
        after = [_follower(layer) for layer in network.layers[start + 1 : end]]
        total = [_counted(n_parameters, "parameter")] if n_parameters else []
        shape = network.shapes[start + 1]
        lines = (_name(layer, kind), _size(layer, shape), *_activation(layer), *after, *total)
        columns.append(_Column(kind, lines, shape[0]))
    return columns


def _name(layer: Layer | None, kind: str) -> str:
    names = {Conv2d: "convolution", Residual: "residual", Embedding: "embedding"}
    return kind if layer is None else names.get(type(layer), kind)


def _size(layer: Layer | None, shape: Shape) -> str:
    if len(shape) == 3:
        n_channels, height, width = shape
        return f"{_counted(n_channels, 'channel')}, {height}x{width}"
    return _counted(math.prod(shape), "feature" if layer is None else "unit")


def _activation(layer: Layer | None) -> list[str]:
    name = getattr(layer, "activation", "identity")
    return [] if name == "identity" else [name]


def _module_columns(network: ModuleNetwork) -> list[_Column]:
    """Return the input, every part of an own module that has parameters, and its outputs."""
    columns = [_Column("input", ("input", _counted(network.n_inputs, "feature")), network.n_inputs)]
    for layer in network.layers[:-1]:
        if layer.arrays:
            n_units, n_parameters = math.prod(layer.shape), sum(own.size for own in layer.arrays)
            texts = (_counted(n_units, "unit"), layer.kind, _counted(n_parameters, "parameter"))
            columns.append(_Column("hidden", ("hidden", *texts), n_units))
    last = network.layers[-1]
    lines = ("output", _counted(network.n_outputs, "unit"), last.kind)
    return [*columns, _Column("output", lines, network.n_outputs)]


def _follower(layer: Layer) -> str:
    if isinstance(layer, Dropout):
        return f"dropout {layer.rate:g}"
    if isinstance(layer, Activate):
        return layer.activation
    return _FOLLOWERS[type(layer)]


def _elided(columns: list[_Column]) -> list[_Column]:
    n_left_out = len(columns) - 2 * COLUMNS_AT_EACH_END
    if len(columns) <= MOST_COLUMNS:
        return columns
    between = _Column("left out", (f"{n_left_out} more layers",), 0)
    return [*columns[:COLUMNS_AT_EACH_END], between, *columns[-COLUMNS_AT_EACH_END:]]


def _dots(place: int, column: _Column) -> Records:
    """Return the dots of a column from top to bottom; an ellipsis is three small ones."""
    n_units = column.n_units
    if n_units > MOST_UNITS:
        ends = (range(UNITS_AT_EACH_END), range(n_units - UNITS_AT_EACH_END, n_units))
        shown: list[int | None] = [*ends[0], None, None, None, *ends[1]]
    else:
        shown = list(range(n_units)) if n_units else [None, None, None]
    step = min((1 - FLOOR) / max(len(shown), 6), 0.1)
    top = FLOOR + (1 - FLOOR + (len(shown) - 1) * step) / 2
    return [
        {
            "column": place,
            "height": round(top - row * step, 6),
            "kind": "ellipsis" if unit is None else column.kind,
            "unit": "" if unit is None else f"{column.kind} {unit + 1} of {n_units}",
            "index": -1 if unit is None else unit,
        }
        for row, unit in enumerate(shown)
    ]


def _links(dots: list[Records]) -> Records:
    """Return a line between every two dots of neighboring columns."""
    return [
        {
            "column": a["column"],
            "height": a["height"],
            "to_column": b["column"],
            "to_height": b["height"],
        }
        for left, right in pairwise(dots)
        for a in left
        for b in right
        if a["index"] >= 0 and b["index"] >= 0
    ]


def _named(dots: Records, names: Sequence[str] | None, side: str) -> Records:
    if names is None:
        return []
    return [
        {**dot, "name": str(names[dot["index"]]), "side": side} for dot in dots if dot["index"] >= 0
    ]


def _x(field: str, n_columns: int) -> alt.X:
    scale = alt.Scale(domain=[-0.6, n_columns - 0.4], nice=False)
    return alt.X(f"{field}:Q", scale=scale, axis=None)


def _y(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _drawn_links(links: Records, n_columns: int, look: Theme) -> alt.Chart:
    opacity = max(0.12, min(0.6, 60 / max(len(links), 1)))
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=links))
        .mark_rule(color=look.muted, strokeWidth=1, opacity=opacity)
        .encode(x=_x("column", n_columns), x2="to_column:Q", y=_y("height"), y2="to_height:Q")
    )
    return chart


def _drawn_dots(dots: Records, n_columns: int, look: Theme) -> alt.Chart:
    kinds = ["input", "hidden", "output", "ellipsis"]
    colors = [look.hues[1], look.hues[0], look.hues[2], look.muted]
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=dots))
        .mark_circle(opacity=1)
        .encode(
            x=_x("column", n_columns),
            y=_y("height"),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colors), legend=None),
            size=alt.when("datum.index < 0").then(alt.value(12)).otherwise(alt.value(130)),
            tooltip=["unit:N"],
        )
    )
    return chart


def _drawn_names(named: Records, n_columns: int, look: Theme) -> list[alt.Chart]:
    """Return the names of inputs on the left of their dots, those of outputs on the right."""
    marks = []
    sides: list[tuple[str, Literal["left", "right"], int]] = [
        ("input", "right", -10),
        ("output", "left", 10),
    ]
    for side, align, shift in sides:
        values = [dot for dot in named if dot["side"] == side]
        if values:
            marks.append(
                alt.Chart(alt.Data(values=values))
                .mark_text(align=align, dx=shift, fontSize=11, limit=90, color=look.ink)
                .encode(x=_x("column", n_columns), y=_y("height"), text="name:N")
            )
    return marks


def _drawn_texts(columns: list[_Column], width: int, look: Theme) -> alt.Chart:
    """Return the text of each column: lines side by side, or one upright line where there is no room."""
    is_upright = len(columns) * ROOM > width
    values = [
        {
            "column": place,
            "height": FLOOR - 0.05,
            "text": _upright(column.lines) if is_upright else list(column.lines),
        }
        for place, column in enumerate(columns)
    ]
    turned: dict[str, Any] = {"angle": 270, "align": "right", "baseline": "middle", "dy": -6}
    level: dict[str, Any] = {"align": "center", "baseline": "top", "lineHeight": 15}
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_text(fontSize=11, color=look.ink, **(turned if is_upright else level))
        .encode(x=_x("column", len(columns)), y=_y("height"), text="text:N")
    )
    return chart


def _upright(lines: tuple[str, ...]) -> list[str]:
    """Return two lines: what the layer is, and what it has."""
    return [" \u00b7 ".join(part) for part in (lines[:3], lines[3:])]
