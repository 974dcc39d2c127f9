"""The ROC curve."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import RocCurve, kish, thin
from xent.figures.shares import (
    MOST_POINTS,
    curve_line,
    dashed_line,
    estimate_text,
    named_sources,
    operating_marks,
    point_rows,
    ranked,
    series_channels,
    share_axes,
)
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray
    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["roc_band", "roc_curve"]

FPR: Final = "false positive rate (share of negatives)"
RECALL: Final = "recall (share of positives)"
BAND_POINTS: Final = 201


def roc_curve(
    source: BinaryEvaluation | RocCurve | Mapping[str, BinaryEvaluation | RocCurve],
    *,
    points: Mapping[str, float] | None = None,
    band: bool = False,
    title: str = "ROC curve",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 440,
) -> alt.LayerChart:
    """Draw the ROC curve, exact, beside the line of chance; or several, by name.

    Parameters
    ----------
    source : BinaryEvaluation, RocCurve, or a mapping of names to them
    points : mapping of str to float, optional
        Thresholds to mark, by name; with one source only.
    band : bool
        Whether to draw the simultaneous 95% band of Campbell (1994); with one evaluation only.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Of a curve of more than 2,000 points four a pixel are drawn, first and last of each stretch:
        the area changes by less than 1 / 1999.

    Raises
    ------
    XentError
        When a source has no order or lacks a class, or points or a band are asked of several.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], row["y"]) for row in roc_curve(e).layer[1].data.values]
    [(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)]
    """
    look, axes = theme_named(theme), share_axes(FPR, RECALL)
    sources = named_sources(source)
    if len(sources) > 1 and (points or band):
        raise XentError("points and band go with one curve, got several.")
    sources = {
        name: held if isinstance(held, RocCurve) else ranked(held, "roc_curve")
        for name, held in sources.items()
    }
    curves = {name: _curve(held) for name, held in sources.items()}
    rows = [
        record
        for name, curve in curves.items()
        for record in _rows(name, sources[name], thin(curve, MOST_POINTS))
    ]
    named = len(curves) > 1
    color: Any = look.hues[0]
    if named:
        names = list(dict.fromkeys(row["curve"] for row in rows))
        color = series_channels("curve", names, look)
    first = next(iter(sources.values()))
    layers = [dashed_line([(0, 0), (1, 1)], axes, look), curve_line(rows, axes, color)]
    if band:
        layers.insert(0, _band(first, look))
    if points:
        layers += operating_marks(_marked(next(iter(curves.values())), points), axes, look)
    subtitle = "" if named or isinstance(first, RocCurve) else estimate_text("AUC", first.auc)
    if band:
        subtitle += "; band: the whole curve, 95%"
    return themed(
        alt.layer(*layers), look, title=title, subtitle=subtitle, width=width, height=height
    )


def roc_band(
    curve: RocCurve, n_positive: float, n_negative: float, level: float = 0.95
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a band that holds the whole true curve with probability `level`: FPR, lower and upper recall.

    Each rate differs from its true one nowhere by more than sqrt(-log(alpha / 2) / (2 n)) with
    probability 1 - alpha (Dvoretzky, Kiefer & Wolfowitz 1956, Massart 1990); both together with
    level = (1 - alpha)^2. The curve is moved by the two (Campbell 1994): conservative.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> x, low, high = roc_band(e.roc, 100, 400)
    >>> bool(low[-1] <= high[-1]), round(float(high[0]), 3)
    (True, 0.722)
    """
    alpha = 1 - math.sqrt(level)
    up, aside = (math.sqrt(-math.log(alpha / 2) / 2 / n) for n in (n_positive, n_negative))
    x = np.linspace(0, 1, BAND_POINTS)
    # on a vertical stretch the upper band takes its top, the lower one its foot
    last = np.append(np.flatnonzero(np.diff(curve.fpr)), curve.fpr.size - 1)
    first = np.append(0, last[:-1] + 1)
    top = np.interp(x + aside, curve.fpr[last], curve.tpr[last])
    foot = np.interp(x - aside, curve.fpr[first], curve.tpr[first])
    low = np.where(x < aside, 0.0, foot - up)
    return x, np.clip(low, 0, 1), np.clip(top + up, 0, 1)


def _curve(source: BinaryEvaluation | RocCurve) -> RocCurve:
    curve = source if isinstance(source, RocCurve) else source.roc
    if np.isnan(curve.area):
        raise XentError("a ROC curve needs both classes, got one.")
    return curve


def _rows(name: str, source: BinaryEvaluation | RocCurve, curve: RocCurve) -> list[dict[str, Any]]:
    label = name
    if name:
        area = source.area if isinstance(source, RocCurve) else source.auc.value
        label = f"{name} (AUC {area:.3f})"
    return point_rows(curve.fpr, curve.tpr, threshold=curve.thresholds, curve=label)


def _band(evaluation: BinaryEvaluation | RocCurve, look: Theme) -> alt.Chart:
    if isinstance(evaluation, RocCurve):
        raise XentError("a band needs the numbers of rows: give an evaluation, not a curve.")
    x, low, high = roc_band(evaluation.roc, *_n_effective(evaluation))
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=point_rows(x, low, high=high)))
        .mark_area(color=look.hues[0], opacity=0.15, clip=True)
        .encode(x="x:Q", y="y:Q", y2="high:Q")
    )
    return chart


def _n_effective(evaluation: BinaryEvaluation) -> tuple[float, float]:
    """Return how many equally weighted positive and negative rows would be as sure."""
    weight, counts = evaluation.rows.weight, evaluation.counts
    if weight is None:
        return counts.n_positive, counts.n_negative
    positive = np.asarray(evaluation.truth) > 0
    return kish(weight[positive]), kish(weight[~positive])


def _marked(curve: RocCurve, points: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the points of thresholds: the last of the curve whose threshold is not below."""
    rows = []
    for name, threshold in points.items():
        place = int(np.searchsorted(-curve.thresholds, -float(threshold), side="right")) - 1
        place = max(place, 0)
        text = f"{name}: {float(threshold):.3g}"
        rows.append({"x": float(curve.fpr[place]), "y": float(curve.tpr[place]), "text": text})
    return rows
