"""Figures against the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xent.evaluation import thin
from xent.evaluation.evaluations.figures import label_of
from xent.figures.shares import curve_line, needs_order, point_rows
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["figures_by_threshold"]

POINTS_A_FIGURE = 1200


def figures_by_threshold(
    evaluation: BinaryEvaluation,
    *,
    figures: Sequence[str] = ("precision", "recall", "f1"),
    points: Mapping[str, float] | None = None,
    title: str = "Figures by threshold",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw any figures of the four counts against the threshold.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    figures : sequence of str
        Names as in `evaluation.at(t)`: precision, recall, specificity, f1, mcc, ...
    points : mapping of str to float, optional
        Thresholds to mark, by name.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Of more than 1,200 thresholds first, last, lowest and highest of each stretch are drawn. A
        figure that is undefined leaves a gap.

    Raises
    ------
    XentError
        When there is no order, or a figure is unknown.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> chart = figures_by_threshold(e, figures=["recall"])
    >>> [(row["x"], row["y"]) for row in chart.layer[0].data.values]
    [(0.1, 1.0), (0.35, 1.0), (0.4, 0.5), (0.8, 0.5)]
    """
    needs_order(evaluation, "figures_by_threshold")
    look = theme_named(theme)
    rows = []
    for name in figures:
        curve = thin(evaluation.at_thresholds(name), POINTS_A_FIGURE)
        finite = np.isfinite(curve.thresholds)
        rows += point_rows(
            curve.thresholds[finite][::-1],
            curve.values[finite][::-1],
            figure=label_of(name).text,
        )
    units = {"probabilities": "probability", "logits": "logit", "scores": "score"}
    axes: dict[str, Any] = {
        "x": alt.X(
            "x:Q",
            title=f"threshold ({units[evaluation.rows.declared]})",
            scale=alt.Scale(nice=False),
        ),
        "y": alt.Y("y:Q", title="figure"),
    }
    labels = [label_of(name).text for name in figures]
    color = alt.Color("figure:N", title=None, scale=alt.Scale(domain=labels, range=list(look.hues)))
    layers: list[Any] = [curve_line(rows, axes, color, interpolate="step-before")]
    if points:
        marks = [{"x": float(v), "text": f"{k}: {float(v):.3g}"} for k, v in points.items()]
        base = alt.Chart(alt.Data(values=marks))
        layers += [
            base.mark_rule(color=look.ink, strokeDash=[4, 3]).encode(x="x:Q"),
            base.mark_text(align="left", dx=5, dy=8, color=look.ink).encode(
                x="x:Q", y=alt.value(0), text="text:N"
            ),
        ]
    return themed(alt.layer(*layers), look, title=title, width=width, height=height)
