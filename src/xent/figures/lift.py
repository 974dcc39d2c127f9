"""What the highest scores hold: gain and lift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from xent.errors import XentError
from xent.evaluation import thin
from xent.figures.shares import (
    MOST_POINTS,
    curve_line,
    dashed_line,
    point_rows,
    ranked,
    share_axes,
)
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["gain_curve", "lift_curve"]

CHOSEN = "share of rows chosen, highest scores first"


def gain_curve(
    evaluation: BinaryEvaluation,
    *,
    title: str = "Gain",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.LayerChart:
    """Draw the share of the positives that the highest scores hold, beside choosing at random and knowing.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When there is no order, or no positive row.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], row["y"]) for row in gain_curve(e).layer[2].data.values][1:3]
    [(0.25, 0.5), (0.5, 0.5)]
    """
    evaluation = _checked(evaluation, "gain_curve")
    look, axes = theme_named(theme), share_axes(CHOSEN, "recall (share of positives)")
    curve = thin(evaluation.gain, MOST_POINTS)
    rows = point_rows(curve.share, curve.recall, threshold=curve.thresholds)
    share = evaluation.prevalence.value
    chart = alt.layer(
        dashed_line([(0, 0), (1, 1)], axes, look),
        dashed_line([(0, 0), (share, 1), (1, 1)], axes, look),
        curve_line(rows, axes, look.hues[0]),
    )
    subtitle = f"dashed: rows chosen at random, and the positives ({share:.3g} of the rows) first"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def lift_curve(
    evaluation: BinaryEvaluation,
    *,
    title: str = "Lift",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 360,
) -> alt.LayerChart:
    """Draw how many times more positives the highest scores hold than rows chosen at random.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When there is no order, or no positive row.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], row["y"]) for row in lift_curve(e).layer[1].data.values][:2]
    [(0.25, 2.0), (0.5, 1.0)]
    """
    evaluation = _checked(evaluation, "lift_curve")
    look = theme_named(theme)
    curve = thin(evaluation.lift, MOST_POINTS)
    rows = point_rows(curve.share, curve.lift, threshold=curve.thresholds)
    axes = {
        "x": alt.X("x:Q", title=CHOSEN, scale=alt.Scale(domain=[0, 1], nice=False)),
        "y": alt.Y("y:Q", title="lift (precision / prevalence)", scale=alt.Scale(zero=True)),
    }
    chart = alt.layer(
        dashed_line([(0, 1), (1, 1)], axes, look), curve_line(rows, axes, look.hues[0])
    )
    subtitle = f"dashed: rows chosen at random; prevalence {evaluation.prevalence.value:.3g}"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def _checked(given: BinaryEvaluation | tuple[object, object], figure: str) -> BinaryEvaluation:
    evaluation = ranked(given, figure)
    if evaluation.counts.n_positive == 0:
        raise XentError(f"{figure} needs positive rows, got none.")
    return evaluation
