"""The loss of every batch, as a callback has seen it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed
from xent.figures.thinning import drawn_places

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["batch_losses"]

KINDS: Final = ("a batch", "mean")
# a mean over this share of an epoch, or of all batches, follows the loss without its noise
SHARE_OF_MEAN: Final = 0.05
MOST_EPOCH_RULES: Final = 40


def batch_losses(
    losses: object,
    *,
    n_batches: int | None = None,
    title: str = "Loss by batch",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.LayerChart:
    """Draw the loss of every batch, and its mean over the batches before it.

    Parameters
    ----------
    losses : array of shape (m,)
        In nats, such as a `xent.training.Callback` keeps them: ``batch_end`` appends ``moment.loss``.
    n_batches : int, optional
        Of an epoch; the ends of epochs are then marked.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Of more batches than there are pixels those stay that decide what the line looks like. The mean is that of the
        last 5% of an epoch's batches (of all, where `n_batches` is not known), of fewer at the beginning. A loss that
        is not finite leaves a gap.

    Raises
    ------
    XentError
        When `losses` is no row of numbers, or none is finite.

    Examples
    --------
    >>> chart = batch_losses([2.3, 1.9, 2.0, 1.5], n_batches=2)
    >>> [(row["batch"], row["loss"]) for row in chart.layer[1].data.values if row["kind"] == "a batch"]
    [(1, 2.3), (2, 1.9), (3, 2.0), (4, 1.5)]
    """
    values = np.asarray(losses)
    if values.ndim != 1 or values.dtype.kind not in "fiu" or not np.isfinite(values).any():
        raise XentError(
            f"losses must be a row of numbers, one a batch, got {values.dtype} of shape {values.shape}."
        )
    if n_batches is not None and n_batches < 1:
        raise XentError(f"n_batches must be at least 1, got {n_batches}.")
    values = values.astype(np.float64)
    look = theme_named(theme)
    window = max(1, round(SHARE_OF_MEAN * min(n_batches or values.size, values.size)))
    lines = {KINDS[0]: values}
    if window > 1:
        lines[KINDS[1]] = _running_mean(values, window)
    x = alt.X(
        "batch:Q",
        title="batch",
        scale=alt.Scale(domain=[0, values.size], nice=False),
        axis=alt.Axis(format=",d", tickMinStep=1, tickCount=8),
    )
    layers = _epoch_rules(values.size, n_batches, x, look)
    layers.append(_lines(lines, window, x, look))
    return themed(alt.LayerChart(layer=layers), look, title=title, width=width, height=height)


def _running_mean(values: FloatArray, window: int) -> FloatArray:
    """Return the mean of the last `window` finite values at each place; NaN where there is none."""
    known = np.isfinite(values)
    totals = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    last = np.arange(1, values.size + 1)
    first = np.maximum(last - window, 0)
    n = counts[last] - counts[first]
    mean: FloatArray = np.divide(
        totals[last] - totals[first], n, out=np.full(values.size, np.nan), where=n > 0
    )
    return mean


def _lines(lines: dict[str, FloatArray], window: int, x: alt.X, look: Theme) -> alt.Chart:
    rows: list[dict[str, Any]] = []
    names = {KINDS[0]: KINDS[0], KINDS[1]: f"mean of {window:,} batches"}
    for kind, values in lines.items():
        known = np.flatnonzero(np.isfinite(values))
        gaps = np.flatnonzero(~np.isfinite(values))
        kept = known[drawn_places(known.astype(np.float64), values[known])]
        for place in np.union1d(kept, gaps[np.diff(gaps, prepend=-2) > 1]).tolist():
            loss = values[place].item()
            rows.append(
                {
                    "batch": place + 1,
                    "kind": names[kind],
                    "loss": loss if math.isfinite(loss) else None,
                }
            )
    shown = [names[kind] for kind in lines]
    thin = alt.Scale(domain=shown, range=[1.0, 2.5][: len(shown)])
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line()
        .encode(
            x=x,
            y=alt.Y("loss:Q", title="loss (nats)", scale=alt.Scale(zero=False, padding=6)),
            color=alt.Color(
                "kind:N",
                title=None,
                sort=shown,
                scale=alt.Scale(domain=shown, range=[look.hues[5], look.ink][: len(shown)]),
                legend=alt.Legend(symbolType="stroke", symbolSize=300),
            ),
            strokeWidth=alt.StrokeWidth("kind:N", scale=thin, legend=None),
            tooltip=["batch:Q", "kind:N", alt.Tooltip("loss:Q", format=".5~g")],
        )
    )
    return chart


def _epoch_rules(n: int, n_batches: int | None, x: alt.X, look: Theme) -> list[Any]:
    """Return rules at the ends of epochs, unless they would be a wall."""
    if n_batches is None or not 1 <= n // n_batches <= MOST_EPOCH_RULES:
        return []
    rows = [{"batch": end, "epoch": end // n_batches} for end in range(n_batches, n + 1, n_batches)]
    base = alt.Chart(alt.Data(values=rows))
    return [
        base.mark_rule(color=look.muted, strokeDash=[4, 3]).encode(
            x=x, tooltip=["epoch:Q", "batch:Q"]
        )
    ]
