"""The log loss from logits beside that from clipped probabilities: where they part, and what a batch mean hides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.figures.theme import Theme

__all__ = ["clipped_losses", "loss_agreement"]

CLIP: Final = 1e-7  # Keras's, for every dtype
APART: Final = 0.01  # a share of the loss from logits
LEAST: Final = 1e-12  # what is smaller stands at the edge
PLACES: Final = 600  # a side: points nearer than that are one


def clipped_losses(z: Array, y: Array, *, clip: float = CLIP) -> FloatArray:
    """Return the log loss as libraries compute it that take probabilities: float32, clipped, then the logarithm.

    p = sigmoid(z) is kept in [clip, 1 - clip]; 1 - 1e-7 is 1 - 2^-23 in float32, so that the loss of
    a positive row is never below 1.19e-7 nor above 16.118.

    Parameters
    ----------
    z : array of shape (n,)
        Logits.
    y : array of shape (n,)
        0 or 1.
    clip : float, default 1e-7

    Examples
    --------
    >>> clipped_losses(np.array([40.0, -40.0]), np.array([1, 1])).round(4)
    array([ 0.    , 16.1181])
    """
    with np.errstate(over="ignore"):
        p = 1 / (1 + np.exp(-np.asarray(z, dtype=np.float32)))
    kept = np.clip(p, np.float32(clip), np.float32(1) - np.float32(clip))
    losses: FloatArray = -np.log(np.where(np.asarray(y) == 1, kept, 1 - kept)).astype(np.float64)
    return losses


def loss_agreement(
    z: object,
    y: object,
    *,
    batch_size: int = 1,
    clip: float = CLIP,
    title: str = "Log loss: from logits, and from clipped probabilities",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.LayerChart:
    """Draw the loss from clipped probabilities against the exact one from logits, row by row or batch by batch.

    Parameters
    ----------
    z : array of shape (n,)
        Logits of a binary target.
    y : array of shape (n,)
        0 or 1.
    batch_size : int, default 1
        Above 1 the means of so many rows after one another are drawn; rows that fill no batch are left out.
    clip : float, default 1e-7
        Probabilities are kept this far from 0 and 1, as Keras does.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Points and the line on which both are the same, both axes logarithmic; losses below 1e-12 stand
        at that edge. Points that fall on one place of 600 x 600 are drawn once, with their number. The
        subtitle counts those that are more than 1% apart.

    Raises
    ------
    XentError
        When logits are not finite, labels are not 0 and 1, or there is no whole batch.

    Examples
    --------
    >>> chart = loss_agreement([0.0, 20.0, -30.0], [1, 1, 1])
    >>> [(row["label"], round(row["y"], 9)) for row in chart.layer[0].data.values]
    [('positive', 0.693147182), ('positive', 1.19e-07), ('positive', 16.118095398)]
    """
    logits, labels = _checked(z, y)
    if not 1 <= batch_size <= len(logits):
        raise XentError(
            f"batch_size must be 1 to {len(logits)}, the number of rows, got {batch_size}."
        )
    if not 0 < clip < 0.5:
        raise XentError(f"clip must lie between 0 and 0.5, got {clip}. Keras has 1e-7.")
    exact = _means(np.asarray(Bernoulli().nll(logits, labels), dtype=np.float64), batch_size)
    clipped = _means(clipped_losses(logits, labels, clip=clip), batch_size)
    kinds = np.where(labels == 1, "positive", "negative")
    names = kinds if batch_size == 1 else np.full(len(exact), f"batch of {batch_size}")
    look = theme_named(theme)
    apart = np.abs(clipped - exact) > APART * exact
    rows = _places(exact, clipped, names)
    both = [row[axis] for row in rows for axis in "xy"]
    ends = [min(both) / 2, max(both) * 2]
    scale = alt.Scale(type="log", domain=ends, nice=False)
    axis = alt.Axis(format="~e", tickCount=6)
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", title="from logits (nats)", scale=scale, axis=axis),
        "y": alt.Y("y:Q", title="from clipped probabilities (nats)", scale=scale, axis=axis),
    }
    dots = _dots(rows, axes, look)
    line = (
        alt.Chart(alt.Data(values=[{"x": end, "y": end} for end in ends]))
        .mark_line(color=look.ink, strokeDash=[5, 4], strokeWidth=1.2)
        .encode(**axes)
    )
    what = "rows" if batch_size == 1 else f"means of {batch_size} rows"
    subtitle = f"{np.count_nonzero(apart):,} of {len(exact):,} {what} are more than 1% apart"
    return themed(
        alt.LayerChart(layer=[dots, line]),
        look,
        title=title,
        subtitle=subtitle,
        width=width,
        height=height,
    )


def _dots(rows: list[dict[str, Any]], axes: dict[str, Any], look: Theme) -> alt.Chart:
    shown = sorted({row["label"] for row in rows}, reverse=True)
    hues = alt.Scale(domain=shown, range=list(look.hues[: len(shown)]))
    losses = [alt.Tooltip(f"{axis}:Q", format=".4~g") for axis in "xy"]
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, size=26, opacity=0.7)
        .encode(
            **axes,
            color=alt.Color("label:N", title=None, scale=hues),
            shape=alt.Shape("label:N", title=None, scale=alt.Scale(domain=shown)),
            tooltip=["label:N", "rows:Q", *losses],
        )
    )
    return chart


def _checked(z: object, y: object) -> tuple[FloatArray, Array]:
    logits, labels = np.asarray(z, dtype=np.float64), np.asarray(y)
    if logits.ndim != 1 or labels.shape != logits.shape or not len(logits):
        raise XentError(f"z and y must have shape (n,), got {logits.shape} and {labels.shape}.")
    if not np.isfinite(logits).all():
        raise XentError("z must be finite logits, got NaN or infinity.")
    if not np.isin(labels, (0, 1)).all():
        raise XentError(f"y must be 0 or 1, got {np.unique(labels)[:5]}.")
    return logits, labels.astype(np.int64)


def _means(losses: FloatArray, batch_size: int) -> FloatArray:
    whole = len(losses) // batch_size * batch_size
    means: FloatArray = losses[:whole].reshape(-1, batch_size).mean(axis=1)
    return means


def _places(x: FloatArray, y: FloatArray, names: Array) -> list[dict[str, Any]]:
    """Return the points, those that would be drawn on one place once."""
    logs = np.log(np.maximum(np.stack([x, y]), LEAST))
    extent = max(float(np.ptp(logs)), 1e-9)
    cells = np.rint((logs - logs.min()) / extent * PLACES).astype(np.int64)
    codes = np.unique(names, return_inverse=True)[1]
    keys = np.stack([*cells, codes], axis=1)
    _, first, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
    return [
        {
            "x": max(float(x[k]), LEAST),
            "y": max(float(y[k]), LEAST),
            "label": str(names[k]),
            "rows": int(n),
        }
        for k, n in sorted(zip(first.tolist(), counts.tolist(), strict=True))
    ]
