"""Precision, recall, F1 of each class of a target of several classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError
from xent.evaluation import ConfusionCounts, MulticlassEvaluation, kish
from xent.figures.figure_bars import check_names, figure_bars, figure_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from xent.figures.theme import Theme

__all__ = ["class_figures"]


def class_figures(
    evaluation: MulticlassEvaluation | object,
    *,
    names: Sequence[object] | None = None,
    figures: Sequence[str] = ("precision", "recall", "f1"),
    level: float = 0.95,
    title: str = "Figures by class",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw figures of each class against the rest, with their intervals.

    Wilson's intervals for shares, by way of the Jaccard share for F1 (`decision_interval`).

    Parameters
    ----------
    evaluation : MulticlassEvaluation, or array of shape (K, K)
        An evaluation, or a confusion matrix of counts: rows truth, columns decision.
    names : sequence, optional
        Of the classes; by default their codes.
    figures : sequence of str
        Of `DECISION_FIGURES`.
    level : float, default 0.95
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        In pixels; without it by the number of classes.

    Returns
    -------
    altair.LayerChart
        Of more than 26 classes the 26 with the lowest figures.

    Raises
    ------
    XentError
        When it is no square matrix of counts, the names are not one a class, or a figure is unknown.

    Examples
    --------
    >>> chart = class_figures([[1, 1, 1], [2, 1, 0], [2, 0, 2]], figures=["recall"])
    >>> [round(row["value"], 4) for row in chart.layer[0].data.values]
    [0.3333, 0.3333, 0.5]
    """
    n_effective = math.nan
    if isinstance(evaluation, MulticlassEvaluation):
        matrix = evaluation.confusion_matrix
        if evaluation.rows.weight is not None:
            n_effective = kish(evaluation.rows.weight)
    else:
        matrix = np.asarray(evaluation)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < 2:
        raise XentError(
            f"a confusion matrix must have shape (K, K), K at least 2, got {matrix.shape}."
        )
    if matrix.dtype.kind not in "fiu" or not np.isfinite(matrix).all() or (matrix < 0).any():
        raise XentError("a confusion matrix must hold counts, got something else.")
    tp = np.diag(matrix)
    fn, fp = matrix.sum(axis=1) - tp, matrix.sum(axis=0) - tp
    counts = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=matrix.sum() - tp - fn - fp)
    rows = figure_rows(
        counts,
        check_names(names, len(matrix), "classes"),
        figures,
        level=level,
        n_effective=n_effective,
    )
    return figure_bars(
        rows, noun="class", level=level, title=title, theme=theme, width=width, height=height
    )
