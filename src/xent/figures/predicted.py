"""Predicted numbers against the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from xent.figures.point_cloud import padded, point_cloud
from xent.figures.regression_rows import regression_rows
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.figures.theme import Theme

__all__ = ["predicted_against_true"]


def predicted_against_true(
    y: object,
    predictions: object = None,
    *,
    weight: object = None,
    unit: str = "units of the target",
    title: str = "Predicted against true",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.LayerChart:
    """Draw each row's prediction against its truth, and the line on which they are the same.

    Up to 5,000 rows are dots; more are counted in 50 x 50 cells, so that none is left out.

    Parameters
    ----------
    y : RegressionEvaluation, or array of shape (n,)
        An evaluation, or the truth.
    predictions : array of shape (n,), optional
        With the truth as an array.
    weight : array of shape (n,), optional
        Rows of weight 0 are left out; cells hold sums of weights.
    unit : str
        Of the target, on both axes.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        The rows and the line.

    Raises
    ------
    XentError
        When truth and predictions do not fit, or are not finite.

    Examples
    --------
    >>> chart = predicted_against_true([1.0, 2.0, 3.0], [1.1, 1.8, 3.2], unit="EUR")
    >>> [(row["x"], row["y"]) for row in chart.layer[0].data.values]
    [(1.0, 1.1), (2.0, 1.8), (3.0, 3.2)]
    """
    truth, predicted, kept = regression_rows(y, predictions, weight)
    look = theme_named(theme)
    # one domain for both axes: else the line would not be the diagonal
    ends = padded(truth, predicted)
    rows = point_cloud(
        truth,
        predicted,
        kept,
        titles=(f"true ({unit})", f"predicted ({unit})"),
        domains=(ends, ends),
        look=look,
    )
    line = (
        alt.Chart(alt.Data(values=[{"x": end, "y": end} for end in ends]))
        .mark_line(color=look.ink, strokeDash=[5, 4], strokeWidth=1.5)
        .encode(x="x:Q", y="y:Q")
    )
    return themed(alt.LayerChart(layer=[rows, line]), look, title=title, width=width, height=height)
