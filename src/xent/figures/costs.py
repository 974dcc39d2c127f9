"""What mistakes cost: by the threshold, and the least for every mix of costs and prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import thin
from xent.evaluation.threshold_figures import cost_at_thresholds_of
from xent.figures.shares import MOST_POINTS, curve_line, dashed_line, needs_order, point_rows
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["cost_by_threshold", "cost_curve"]


def cost_by_threshold(
    evaluation: BinaryEvaluation,
    *,
    cost_fn: float,
    cost_fp: float,
    points: Mapping[str, float] | None = None,
    title: str = "Cost by threshold",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw the mean cost of a row against the threshold; the cheapest threshold is marked.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    cost_fn, cost_fp : float
        Cost of a miss and of a false alarm.
    points : mapping of str to float, optional
        Further thresholds to mark, by name.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When there is no order, or a class is absent.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> chart = cost_by_threshold(e, cost_fn=4, cost_fp=1)
    >>> [row["y"] for row in chart.layer[0].data.values]
    [0.5, 0.25, 1.25, 1.0]
    """
    _check(evaluation, "cost_by_threshold")
    look = theme_named(theme)
    whole = cost_at_thresholds_of(evaluation.counts, cost_fn=cost_fn, cost_fp=cost_fp)
    finite = np.isfinite(whole.thresholds)
    curve = thin(
        type(whole)(whole.values[finite][::-1], whole.thresholds[finite][::-1]), MOST_POINTS
    )
    rows = point_rows(curve.thresholds, curve.values)
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", title=_threshold_title(evaluation), scale=alt.Scale(nice=False)),
        "y": alt.Y("y:Q", title="mean cost of a row", scale=alt.Scale(zero=True)),
    }
    best = int(np.argmin(curve.values))
    marked = {"cheapest": float(curve.thresholds[best]), **(points or {})}
    marks = []
    for name, threshold in marked.items():
        place = min(int(np.searchsorted(curve.thresholds, threshold)), curve.thresholds.size - 1)
        cost = float(curve.values[place])
        marks.append({"x": float(threshold), "y": cost, "text": f"{name}: {threshold:.3g}"})
    base = alt.Chart(alt.Data(values=marks))
    chart = alt.layer(
        curve_line(rows, axes, alt.value(look.hues[0]), interpolate="step-before"),
        base.mark_rule(color=look.muted, strokeDash=[4, 4]).encode(x=axes["x"]),
        base.mark_point(filled=True, size=70, color=look.ink, opacity=1).encode(**axes),
        base.mark_text(align="left", dx=7, dy=-9, color=look.ink).encode(**axes, text="text:N"),
    )
    subtitle = f"a miss costs {cost_fn:g}, a false alarm {cost_fp:g}"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def cost_curve(
    evaluation: BinaryEvaluation,
    *,
    title: str = "Cost curve",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw the least expected cost for every mix of costs and prevalence (Drummond & Holte 2006).

    Parameters
    ----------
    evaluation : BinaryEvaluation
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Dashed: always or never predicting positive, whichever is cheaper.

    Raises
    ------
    XentError
        When there is no order, or a class is absent.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], row["y"]) for row in cost_curve(e).layer[1].data.values][2]
    (0.5, 0.25)
    """
    _check(evaluation, "cost_curve")
    look = theme_named(theme)
    curve = thin(evaluation.cost_curve, MOST_POINTS)
    axes = {
        "x": alt.X(
            "x:Q",
            title="share of the cost that misses could cause",
            scale=alt.Scale(domain=[0, 1], nice=False),
        ),
        "y": alt.Y(
            "y:Q",
            title="least expected cost (share of the largest)",
            scale=alt.Scale(domain=[0, 0.5], nice=False),
        ),
    }
    chart = alt.layer(
        dashed_line([(0, 0), (0.5, 0.5), (1, 0)], axes, look),
        curve_line(
            point_rows(curve.probability_cost, curve.cost, threshold=curve.thresholds),
            axes,
            alt.value(look.hues[0]),
        ),
    )
    subtitle = "dashed: always or never predicting positive"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def _check(evaluation: BinaryEvaluation, figure: str) -> None:
    needs_order(evaluation, figure)
    if not (evaluation.counts.n_positive and evaluation.counts.n_negative):
        raise XentError(f"{figure} needs both classes, got one.")


def _threshold_title(evaluation: BinaryEvaluation) -> str:
    units = {"probabilities": "probability", "logits": "logit", "scores": "score"}
    return f"threshold ({units[evaluation.rows.declared]})"
