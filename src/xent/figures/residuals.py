"""Residuals of predicted numbers: against the prediction, and how they are distributed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.evaluation.inputs import weighted_mean
from xent.figures.point_cloud import padded, point_cloud
from xent.figures.regression_rows import regression_rows
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["residual_histogram", "residuals_against_predicted"]

MOST_BINS: Final = 60
N_CURVE_POINTS: Final = 121
# residuals beyond this many robust standard deviations are counted in the outermost bins
FAR: Final = 8.0


def residuals_against_predicted(
    y: object,
    predictions: object = None,
    *,
    weight: object = None,
    unit: str = "units of the target",
    title: str = "Residuals against predicted",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw true minus predicted by what was predicted, and their running mean.

    A good model leaves a cloud around 0 without a shape. Up to 5,000 rows are dots; more are
    counted in cells. The line joins the means of up to 20 groups of rows of neighboring
    predictions, of one size each.

    Parameters
    ----------
    y : RegressionEvaluation, or array of shape (n,)
        An evaluation, or the truth.
    predictions : array of shape (n,), optional
        With the truth as an array.
    weight : array of shape (n,), optional
    unit : str
        Of the target, on both axes.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        The rows, the line at 0, and the means where there are 40 rows or more.

    Raises
    ------
    XentError
        When truth and predictions do not fit, or are not finite.

    Examples
    --------
    >>> chart = residuals_against_predicted([1.0, 2.0, 3.0], [1.5, 1.5, 3.0])
    >>> [(row["x"], row["y"]) for row in chart.layer[0].data.values]
    [(1.5, -0.5), (1.5, 0.5), (3.0, 0.0)]
    """
    truth, predicted, kept = regression_rows(y, predictions, weight)
    residuals = truth - predicted
    look = theme_named(theme)
    ends = padded(predicted)
    rows = point_cloud(
        predicted,
        residuals,
        kept,
        titles=(f"predicted ({unit})", f"residual: true - predicted ({unit})"),
        domains=(ends, padded(residuals, np.zeros(1))),
        look=look,
    )
    zero = (
        alt.Chart(alt.Data(values=[{"x": end, "y": 0.0} for end in ends]))
        .mark_line(color=look.ink, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="x:Q", y="y:Q")
    )
    layers = [rows, zero]
    means = _running_means(predicted, residuals, kept)
    if means:
        layers.append(
            alt.Chart(alt.Data(values=means))
            .mark_line(
                color=look.hues[1],
                strokeWidth=2.5,
                point=alt.OverlayMarkDef(color=look.hues[1], filled=True, size=26),
            )
            .encode(x="x:Q", y="y:Q")
        )
    return themed(alt.LayerChart(layer=layers), look, title=title, width=width, height=height)


def residual_histogram(
    y: object,
    predictions: object = None,
    *,
    weight: object = None,
    unit: str = "units of the target",
    title: str = "Distribution of residuals",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.LayerChart:
    """Draw how residuals are distributed, and the normal curve of their mean and spread.

    Bins by Freedman & Diaconis (1981), at most 60. Residuals more than 8 robust standard deviations
    from the median are counted in the outermost bins, so that a single one does not flatten the
    rest; the subtitle says how many.

    Parameters
    ----------
    y : RegressionEvaluation, or array of shape (n,)
        An evaluation, or the truth.
    predictions : array of shape (n,), optional
        With the truth as an array.
    weight : array of shape (n,), optional
        Bins hold sums of weights.
    unit : str
        Of the target.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Bars, the curve (where the residuals differ), the line at 0.

    Raises
    ------
    XentError
        When truth and predictions do not fit, or are not finite.

    Examples
    --------
    >>> chart = residual_histogram([0.0, 1.0, 2.0, 3.0], [0.5, 0.5, 2.5, 2.5])
    >>> sum(bar["rows"] for bar in chart.layer[0].data.values)
    4.0
    """
    truth, predicted, kept = regression_rows(y, predictions, weight)
    residuals = truth - predicted
    look = theme_named(theme)
    edges, n_far = _bin_edges(residuals)
    counts, _ = np.histogram(np.clip(residuals, edges[0], edges[-1]), edges, weights=kept)
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    bars = [{"low": low, "high": high, "rows": float(rows)} for low, high, rows in bins]
    x = alt.X(
        "low:Q",
        bin="binned",  # without it Vega-Lite draws ticks
        title=f"residual: true - predicted ({unit})",
        scale=alt.Scale(domain=[edges[0], edges[-1]], nice=False),
        axis=alt.Axis(tickCount=8),
    )
    noun = "rows" if kept is None else "weight"
    y_axis = alt.Y("rows:Q", title=f"{noun} a bin of {_rounded(edges[1] - edges[0])} {unit}")
    layers: list[Any] = [
        alt.Chart(alt.Data(values=bars))
        .mark_bar(color=look.hues[0], opacity=0.75, binSpacing=1)
        .encode(x=x, x2="high:Q", y=y_axis, tooltip=["low:Q", "high:Q", "rows:Q"])
    ]
    curve = _normal_curve(residuals, kept, edges)
    if curve:
        layers.append(
            alt.Chart(alt.Data(values=curve))
            .mark_line(color=look.hues[1], strokeWidth=2.5)
            .encode(x="x:Q", y="rows:Q")
        )
    zero = alt.Chart(alt.Data(values=[{"x": 0.0}]))
    layers.append(zero.mark_rule(color=look.ink, strokeDash=[5, 4]).encode(x="x:Q"))
    return themed(
        alt.LayerChart(layer=layers),
        look,
        title=title,
        subtitle=_subtitle(residuals, kept, n_far),
        width=width,
        height=height,
    )


def _running_means(
    predicted: FloatArray, residuals: FloatArray, weight: FloatArray | None
) -> list[dict[str, float]]:
    """Return mean prediction and residual of groups of neighboring predictions."""
    n_groups = min(20, len(predicted) // 20)
    if n_groups < 2:
        return []
    order = np.argsort(predicted, kind="stable")
    means = []
    for group in np.array_split(order, n_groups):
        heavy = None if weight is None else weight[group]
        means.append(
            {
                "x": weighted_mean(predicted[group], heavy),
                "y": weighted_mean(residuals[group], heavy),
            }
        )
    return means


def _bin_edges(residuals: FloatArray) -> tuple[FloatArray, int]:
    """Return the edges of the bins, and how many residuals lie beyond them."""
    q1, median, q3 = np.quantile(residuals, [0.25, 0.5, 0.75])
    spread = float(q3 - q1)
    low, high = float(residuals.min()), float(residuals.max())
    if spread > 0:
        # of a normal distribution the quartiles are 1.349 standard deviations apart
        low = max(low, float(median) - FAR * spread / 1.349)
        high = min(high, float(median) + FAR * spread / 1.349)
    n_far = int(np.sum((residuals < low) | (residuals > high)))
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        margin = abs(low) / 2 or 0.5
        return np.linspace(low - margin, high + margin, 4), n_far
    bin_width = 2 * spread / len(residuals) ** (1 / 3)
    n_bins = math.ceil((high - low) / bin_width) if bin_width > 0 else 20
    return np.linspace(low, high, max(5, min(n_bins, MOST_BINS)) + 1), n_far


def _moments(residuals: FloatArray, weight: FloatArray | None) -> tuple[float, float]:
    mean = weighted_mean(residuals, weight)
    return mean, math.sqrt(weighted_mean((residuals - mean) ** 2, weight))


def _normal_curve(
    residuals: FloatArray, weight: FloatArray | None, edges: FloatArray
) -> list[dict[str, float]]:
    """Return the counts that bins of this width would hold if residuals were normal."""
    mean, deviation = _moments(residuals, weight)
    if deviation <= 0:
        return []
    total = len(residuals) if weight is None else float(weight.sum())
    x = np.linspace(edges[0], edges[-1], N_CURVE_POINTS)
    density = np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))
    rows = total * (edges[1] - edges[0]) * density
    return [{"x": a, "rows": b} for a, b in zip(x.tolist(), rows.tolist(), strict=True)]


def _subtitle(residuals: FloatArray, weight: FloatArray | None, n_far: int) -> list[str]:
    mean, deviation = _moments(residuals, weight)
    text = f"mean {_rounded(mean)}, standard deviation {_rounded(deviation)}; the line is the normal curve of both"
    return [text, f"{n_far:,} of the rows lie beyond the ends"] if n_far else [text]


def _rounded(value: float) -> str:
    """Return a number to three digits, written out like those of the axes: 58,300."""
    return f"{float(f'{value:.3g}'):,.12g}"
