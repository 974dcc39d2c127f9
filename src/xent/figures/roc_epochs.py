"""ROC curves as training goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt

from xent.errors import XentError
from xent.evaluation import thin
from xent.figures.roc import FPR, RECALL
from xent.figures.shares import curve_line, dashed_line, point_rows, share_axes
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation import RocCurve
    from xent.figures.theme import Theme

__all__ = ["roc_by_epoch"]

POINTS_A_CURVE: Final = 500
MOST_CURVES: Final = 12


def roc_by_epoch(
    curves: Mapping[int, RocCurve],
    *,
    title: str = "ROC curve by epoch",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 440,
) -> alt.LayerChart:
    """Draw the ROC curve of several epochs, paler ones earlier.

    Parameters
    ----------
    curves : mapping of int to RocCurve
        By epoch, such as `{epoch: run.curves(epoch)[name][0] for epoch in run.curve_epochs}`. Of more
        than 12 epochs 12 are drawn, the first and the last among them.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When there is no curve.

    Examples
    --------
    >>> from xent.evaluation import roc_curve
    >>> early, late = roc_curve([0, 1, 1], [2, 1, 3]), roc_curve([0, 1, 1], [1, 2, 3])
    >>> chart = roc_by_epoch({1: early, 20: late})
    >>> sorted({row["epoch"] for row in chart.layer[1].data.values})
    ['1 (AUC 0.500)', '20 (AUC 1.000)']
    """
    if not curves:
        raise XentError("curves must hold at least one epoch, got none.")
    look, axes = theme_named(theme), share_axes(FPR, RECALL)
    epochs = sorted(curves)
    if len(epochs) > MOST_CURVES:
        step = (len(epochs) - 1) / (MOST_CURVES - 1)
        epochs = [epochs[round(step * k)] for k in range(MOST_CURVES)]
    labels = {epoch: f"{epoch} (AUC {curves[epoch].area:.3f})" for epoch in epochs}
    rows = []
    for epoch in epochs:
        curve = thin(curves[epoch], POINTS_A_CURVE)
        rows += point_rows(curve.fpr, curve.tpr, epoch=labels[epoch])
    color = alt.Color(
        "epoch:N",
        title="epoch",
        sort=None,
        scale=alt.Scale(domain=list(labels.values()), range=look.steps(len(labels))),
        legend=alt.Legend(orient="bottom", columns=3),
    )
    chart = alt.layer(
        dashed_line([(0, 0), (1, 1)], axes, look),
        curve_line(rows, axes, {"color": color}, strokeWidth=1.6),
    )
    return themed(chart, look, title=title, width=width, height=height)
