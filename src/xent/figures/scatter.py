"""Rows as points of one feature and the target, with the line that a model fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import real_rows
from xent.figures.point_cloud import padded, point_cloud
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["fitted_line"]

N_LINE_POINTS = 201


def fitted_line(
    x: object,
    y: object,
    predict: Callable[[FloatArray], object] | None = None,
    *,
    x_title: str = "x",
    y_title: str = "y",
    title: str = "",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 360,
) -> alt.LayerChart:
    """Draw y against one feature, and what a model predicts over the feature's range.

    Up to 5,000 rows are dots; more are counted in 50 x 50 cells, so that none is left out.

    Parameters
    ----------
    x, y : array of shape (n,)
    predict : callable, optional
        From values of the feature, shape (m,), to predictions (m,).
    x_title, y_title : str
        Of the axes, with their units.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        The rows, and the line where there is a model.

    Raises
    ------
    XentError
        When the arrays do not fit or are not finite, or the model does not give a finite number
        for each value.

    Examples
    --------
    >>> chart = fitted_line([1.0, 2.0], [3.0, 5.0], lambda x: 2 * x + 1)
    >>> all(row["y"] == 2 * row["x"] + 1 for row in chart.layer[1].data.values)
    True
    """
    # the door names what it is given: truth y, and one number a row
    targets, feature, _ = real_rows(y, "x", x)
    look = theme_named(theme)
    ends = padded(feature)
    places = np.linspace(*ends, N_LINE_POINTS)
    line = None if predict is None else _predicted(predict, places)
    heights = padded(targets) if line is None else padded(targets, line)
    rows = point_cloud(
        feature, targets, None, titles=(x_title, y_title), domains=(ends, heights), look=look
    )
    if line is None:
        chart = alt.LayerChart(layer=[rows])
    else:
        pairs = zip(places.tolist(), line.tolist(), strict=True)
        fitted = (
            alt.Chart(alt.Data(values=[{"x": a, "y": b} for a, b in pairs]))
            .mark_line(color=look.hues[1], strokeWidth=2.5)
            .encode(x="x:Q", y="y:Q")
        )
        chart = alt.LayerChart(layer=[rows, fitted])
    return themed(chart, look, title=title, width=width, height=height)


def _predicted(predict: Callable[[FloatArray], object], places: FloatArray) -> FloatArray:
    line = np.asarray(predict(places))
    if line.shape != places.shape or line.dtype.kind not in "fiu" or not np.isfinite(line).all():
        raise XentError(
            f"predict must give a finite number for each of {len(places)} values, got {line.dtype} {line.shape}."
        )
    return line.astype(np.float64)
