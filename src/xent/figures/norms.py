"""Gradient and weight norms of the layers by epoch, and the units that no longer answer."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.epochs import epoch_axis, epoch_records, kept_epochs
from xent.figures.theme import theme_named, themed
from xent.network import Dense

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xent.arrays import Array
    from xent.figures.epochs import EpochRecord
    from xent.figures.theme import Theme
    from xent.network import ModuleNetwork, Network

__all__ = ["gradient_norms", "idle_units", "weight_norms"]

# the ends of what an activation can give
BOUNDS: Final = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
# activations that are 0 on one side: a unit that is 0 for every row learns nothing
RECTIFIERS: Final = ("relu",)
# what xent's own networks call the parameters of a layer
_LAYER: Final = re.compile(r"layers\.\d+\.")
# an output this near to an end, as a share of the range: the derivative is below 1% of its range
NEAR: Final = 0.01


def gradient_norms(
    history: Iterable[EpochRecord],
    *,
    title: str = "Gradient norm by layer",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.Chart:
    """Draw the Euclidean norm of the loss's gradient by every layer's weights, epoch by epoch.

    A logarithmic axis. First layers whose norm sinks far below the last one's stand for a
    vanishing gradient, norms that climb for an exploding one.

    Parameters
    ----------
    history : History, or iterable of mappings
        One record an epoch with `gradient_norms`, such as `run.history`.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.Chart
        A line a Dense layer. A norm of 0 has no place on the axis and leaves a gap.

    Raises
    ------
    XentError
        When no epoch has such norms.

    Examples
    --------
    >>> records = [{"epoch": 1, "gradient_norms": {"layers.0.weight": 0.5, "layers.0.bias": 0.1}}]
    >>> gradient_norms(records).data.values
    [{'epoch': 1, 'layer': 'layer 1', 'norm': 0.5}]
    """
    axis_title = "gradient norm (Euclidean, nats a unit of weight)"
    return _norms(history, "gradient_norms", axis_title, title, theme, width, height)


def weight_norms(
    history: Iterable[EpochRecord],
    *,
    title: str = "Weight norm by layer",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.Chart:
    """Draw the Euclidean norm of every layer's weights, epoch by epoch.

    Parameters
    ----------
    history : History, or iterable of mappings
        One record an epoch with `weight_norms`, such as `run.history`.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.Chart
        A line a Dense layer, on a logarithmic axis.

    Raises
    ------
    XentError
        When no epoch has such norms.

    Examples
    --------
    >>> records = [{"epoch": 1, "weight_norms": {"layers.0.weight": 5.0, "layers.2.weight": 3.0}}]
    >>> [row["layer"] for row in weight_norms(records).data.values]
    ['layer 1', 'layer 2']
    """
    return _norms(history, "weight_norms", "weight norm (Euclidean)", title, theme, width, height)


def idle_units(
    network: Network | ModuleNetwork,
    activations: Sequence[Array],
    *,
    title: str = "Units that no longer answer",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw, of every hidden layer, the share of dead units or of saturated outputs.

    Of ReLU layers: units that are 0 for every row given (dead: their gradient is 0). Of sigmoid
    and tanh layers: outputs within 1% of the range from either end, over rows and units
    (saturated: their derivative is nearly 0; Glorot & Bengio 2010). Other activations have no such
    state and are left out.

    Parameters
    ----------
    network : Network
    activations : sequence of ndarray, each of shape (n, n_units)
        The output of every layer of the network, as `run.activations` returns it.
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        In pixels; without it 26 a layer.

    Returns
    -------
    altair.LayerChart
        A bar a layer with its share in figures.

    Raises
    ------
    XentError
        When the activations are not those of the network, or no layer can be dead or saturated.

    Examples
    --------
    >>> from xent.network import mlp
    >>> outputs = [np.array([[0.0, 1.0], [0.0, 2.0]]), np.zeros((2, 1))]
    >>> idle_units(mlp(3, (2,), 1), outputs).data.values[0]["share"]
    0.5
    """
    if len(activations) != len(network.layers):
        raise XentError(
            f"activations must hold the output of each of the {len(network.layers)} layers, got "
            f"{len(activations)}."
        )
    values, number = [], 0
    for layer, output in zip(network.layers, activations, strict=True):
        if not isinstance(layer, Dense):
            continue
        number += 1
        share = _idle_share(layer.activation, np.asarray(output))
        if share is not None:
            kind = "saturated outputs" if layer.activation in BOUNDS else "dead units"
            name = f"layer {number} ({layer.activation})"
            values.append({"layer": name, "kind": kind, "share": share, "text": f"{share:.1%}"})
    if not values:
        raise XentError(
            "no layer has units that can be dead or saturated: that is defined for relu, sigmoid, tanh."
        )
    look = theme_named(theme)
    kinds = sorted({str(value["kind"]) for value in values})
    y = alt.Y("layer:N", title=None, sort=None)
    base = alt.Chart(alt.Data(values=values))
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("share:Q", title="share of units or outputs", scale=scale, axis=alt.Axis(format="%"))
    bars = base.mark_bar(size=14).encode(
        x=x,
        y=y,
        color=alt.Color(
            "kind:N", title=None, scale=alt.Scale(domain=kinds, range=list(look.hues[: len(kinds)]))
        ),
    )
    texts = base.mark_text(align="left", dx=5, color=look.ink).encode(x=x, y=y, text="text:N")
    return themed(
        alt.LayerChart(layer=[bars, texts]),
        look,
        title=title,
        width=width,
        height=height or 26 * len(values) + 10,
    )


def _idle_share(activation: str, output: Array) -> float | None:
    if activation in RECTIFIERS:
        return 1 - float(np.mean(np.any(output > 0, axis=0)))
    if activation in BOUNDS:
        low, high = BOUNDS[activation]
        near = NEAR * (high - low)
        return float(np.mean((output <= low + near) | (output >= high - near)))
    return None


def _norms(
    history: Iterable[EpochRecord],
    column: str,
    axis_title: str,
    title: str,
    theme: Theme | str,
    width: int,
    height: int,
) -> alt.Chart:
    series = _layer_series(epoch_records(history), column)
    look = theme_named(theme)
    values = [
        {"epoch": epoch, "layer": layer, "norm": norm if norm > 0 else None}
        for layer, pairs in series.items()
        for epoch, norm in kept_epochs(pairs)
    ]
    layers = list(series)
    # neighbors in depth are neighbors in color, so that any number of layers can be told apart
    lines: alt.Chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(strokeWidth=2, point={"size": 20, "filled": True})
        .encode(
            x=epoch_axis([epoch for pairs in series.values() for epoch, _ in pairs]),
            y=alt.Y("norm:Q", title=axis_title, scale=alt.Scale(type="log", nice=False)),
            color=alt.Color(
                "layer:N",
                title=None,
                sort=layers,
                scale=alt.Scale(domain=layers, range=look.steps(len(layers))),
            ),
            tooltip=["epoch:Q", "layer:N", alt.Tooltip("norm:Q", format=".4~g")],
        )
    )
    return themed(lines, look, title=title, width=width, height=height)


def _layer_series(records: list[EpochRecord], column: str) -> dict[str, list[tuple[int, float]]]:
    """Return epoch and norm of the weights of each Dense layer, from the first layer to the last.

    The parts of an own module keep their names and their order there.
    """
    held = {name: None for record in records for name in (record.get(column) or {})}
    if not held:
        raise XentError(f"the history has no {column!r}: it must be that of a training by xent.")
    weights = [name for name in held if name.endswith(".weight")] or [*held]
    if all(_LAYER.match(name) for name in held):
        ordered = sorted(weights, key=lambda name: int(name.split(".")[1]))
        labels = [f"layer {number}" for number in range(1, len(ordered) + 1)]
    else:
        ordered, labels = weights, [name.removesuffix(".weight") for name in weights]
    return {
        label: [
            (record["epoch"], _finite((record.get(column) or {}).get(name))) for record in records
        ]
        for label, name in zip(labels, ordered, strict=True)
    }


def _finite(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan
