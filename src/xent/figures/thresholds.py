"""Figures against the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from xent.errors import XentError
from xent.evaluation.evaluations.figures import label_of
from xent.figures.shares import curve_line, point_rows, ranked, series_channels
from xent.figures.theme import theme_named, themed
from xent.figures.threshold_axis import LINE_HEIGHT, finite_steps, threshold_rules, threshold_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["figures_by_threshold"]


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
        Of more than 1,200 thresholds first, last, lowest and highest of each of 300 columns are drawn.
        A figure that is undefined leaves a gap.

    Raises
    ------
    XentError
        When there is no order, or a figure is unknown.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> chart = figures_by_threshold(e, figures=["recall"], points={"chosen": 0.4})
    >>> [(row["x"], row["y"]) for row in chart.layer[0].data.values]
    [(0.1, 1.0), (0.35, 1.0), (0.4, 0.5), (0.8, 0.5)]
    """
    evaluation = ranked(evaluation, "figures_by_threshold")
    look = theme_named(theme)
    labels = {name: label_of(name).text for name in figures}
    rows: list[dict[str, Any]] = []
    for name, label in labels.items():
        thresholds, values = finite_steps(evaluation.at_thresholds(name))
        rows += point_rows(thresholds, values, figure=label)
    if all(row["y"] is None for row in rows):
        raise XentError(
            "figures_by_threshold needs a defined figure at a finite threshold, got none."
        )
    placed = [row["x"] for row in rows]
    ends = (min(placed), max(placed))
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", title=threshold_title(evaluation), scale=alt.Scale(zero=False)),
        "y": alt.Y("y:Q", title=", ".join(labels.values()) if len(labels) <= 4 else "figure"),
    }
    lines = curve_line(
        rows,
        axes,
        series_channels("figure", list(labels.values()), look),
        interpolate="step-before",
    )
    # good figures lie near the top
    top = height - LINE_HEIGHT * len(points or {})
    layers = [lines, *threshold_rules(points, "x", look, ends=ends, top=top)]
    return themed(alt.layer(*layers), look, title=title, width=width, height=height)
