"""What mistakes cost: by the threshold, and the least for every mix of costs and prevalence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import thin
from xent.evaluation.threshold_figures import cost_at_thresholds_of
from xent.figures.shares import MOST_POINTS, curve_line, dashed_line, point_rows, ranked
from xent.figures.theme import theme_named, themed
from xent.figures.threshold_axis import finite_steps, threshold_rules, threshold_title

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
    evaluation = _checked(evaluation, "cost_by_threshold")
    look = theme_named(theme)
    whole = cost_at_thresholds_of(evaluation.counts, cost_fn=cost_fn, cost_fp=cost_fp)
    thresholds, values = finite_steps(whole)
    if thresholds.size == 0:
        raise XentError("cost_by_threshold needs a finite score, got none.")
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", title=threshold_title(evaluation), scale=alt.Scale(zero=False)),
        "y": alt.Y("y:Q", title="mean cost of a row", scale=alt.Scale(zero=True)),
    }
    cheapest = float(thresholds[int(np.argmin(values))])
    marked = {"cheapest": cheapest, **(points or {})}
    marks = [
        {"x": float(threshold), "y": float(_cost(evaluation, threshold, cost_fn, cost_fp))}
        for threshold in marked.values()
    ]
    dots = alt.Chart(alt.Data(values=marks)).mark_point(
        filled=True, size=70, color=look.ink, opacity=1
    )
    chart = alt.layer(
        curve_line(
            point_rows(thresholds, values),
            axes,
            look.hues[0],
            interpolate="step-before",
        ),
        *threshold_rules(marked, "x", look, ends=(thresholds[0], thresholds[-1])),
        dots.encode(**axes),
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
    evaluation = _checked(evaluation, "cost_curve")
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
            look.hues[0],
        ),
    )
    subtitle = "dashed: always or never predicting positive"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def _checked(given: BinaryEvaluation | tuple[object, object], figure: str) -> BinaryEvaluation:
    evaluation = ranked(given, figure)
    if not (evaluation.counts.n_positive and evaluation.counts.n_negative):
        raise XentError(f"{figure} needs both classes, got one.")
    return evaluation


def _cost(evaluation: BinaryEvaluation, threshold: float, cost_fn: float, cost_fp: float) -> float:
    return evaluation.counts.at(float(threshold)).mean_cost(cost_fn=cost_fn, cost_fp=cost_fp)
