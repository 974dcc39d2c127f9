"""A target of several labels: figures of each label, how often it occurs, which go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import ConfusionCounts, MultilabelEvaluation, kish
from xent.figures.figure_bars import check_names, figure_bars, figure_rows
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array
    from xent.figures.theme import Theme

__all__ = ["label_cooccurrence", "label_figures"]

# beyond these cells have no room for their number
MOST_WITH_NUMBERS: Final = 12


def label_figures(
    evaluation: MultilabelEvaluation | object,
    *,
    names: Sequence[object] | None = None,
    figures: Sequence[str] = ("precision", "recall", "f1"),
    level: float = 0.95,
    title: str = "Figures by label",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw figures of each label with their intervals.

    Parameters
    ----------
    evaluation : MultilabelEvaluation, or array of shape (L, 2, 2)
        An evaluation of decided labels, or [[TN, FP], [FN, TP]] of each, as
        `multilabel_confusion` returns it.
    names : sequence, optional
        Of the labels; by default their numbers.
    figures : sequence of str
        Of `DECISION_FIGURES`.
    level : float, default 0.95
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        In pixels; without it by the number of labels.

    Returns
    -------
    altair.LayerChart
        Of more than 26 labels the 26 with the lowest figures.

    Raises
    ------
    XentError
        When nothing was decided, the array is no counts, the names are not one a label, or a figure
        is unknown.

    Examples
    --------
    >>> counts = [[[90, 2], [4, 4]], [[50, 10], [10, 30]]]
    >>> chart = label_figures(counts, names=["rain", "snow"], figures=["recall"])
    >>> [(row["name"], row["value"]) for row in chart.layer[0].data.values]
    [('rain', 0.5), ('snow', 0.75)]
    """
    n_effective = math.nan
    if isinstance(evaluation, MultilabelEvaluation):
        if evaluation.decided is None:
            raise XentError(
                "figures of labels need decisions, and scores have no threshold. Give probabilities, "
                "logits or labels."
            )
        cells = evaluation.confusion
        if evaluation.rows.weight is not None:
            n_effective = kish(evaluation.rows.weight)
    else:
        cells = np.asarray(evaluation)
    if cells.ndim != 3 or cells.shape[1:] != (2, 2) or len(cells) == 0:
        raise XentError(
            f"the counts of labels must have shape (L, 2, 2), got {cells.shape}. Use multilabel_confusion."
        )
    if cells.dtype.kind not in "fiu" or not np.isfinite(cells).all() or (cells < 0).any():
        raise XentError("the counts of labels must be counts, got something else.")
    counts = ConfusionCounts(
        tp=cells[:, 1, 1], fn=cells[:, 1, 0], fp=cells[:, 0, 1], tn=cells[:, 0, 0]
    )
    rows = figure_rows(
        counts,
        check_names(names, len(cells), "labels"),
        figures,
        level=level,
        n_effective=n_effective,
    )
    return figure_bars(
        rows, noun="label", level=level, title=title, theme=theme, width=width, height=height
    )


def label_cooccurrence(
    y: MultilabelEvaluation | object,
    *,
    names: Sequence[object] | None = None,
    title: str = "Labels that occur together",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.LayerChart:
    """Draw, of the rows with one label, the share that have another too.

    Parameters
    ----------
    y : MultilabelEvaluation, or array of shape (n, L)
        0 or 1 for each label.
    names : sequence, optional
        Of the labels; by default their numbers.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Cells, and up to 12 labels their numbers. Beside its name each label has its count of rows.

    Raises
    ------
    XentError
        When it holds something else than 0 and 1, or the names are not one a label.

    Examples
    --------
    >>> chart = label_cooccurrence([[1, 1], [1, 0], [0, 0]], names=["rain", "snow"])
    >>> [(c["given"], c["other"], c["share"]) for c in chart.data.values][1:3]
    [('rain (2)', 'snow', 0.5), ('snow (1)', 'rain', 1.0)]
    """
    truth = y.truth if isinstance(y, MultilabelEvaluation) else np.asarray(y)
    if truth.ndim != 2 or truth.size == 0 or not np.isin(truth, (0, 1)).all():
        raise XentError(
            f"y must have shape (n, L) and hold 0 and 1, got {truth.dtype} {truth.shape}."
        )
    texts = check_names(names, truth.shape[1], "labels")
    cells = _cooccurrences(truth, texts)
    look = theme_named(theme)
    given = [
        f"{name} ({int(count):,})" for name, count in zip(texts, truth.sum(axis=0), strict=True)
    ]
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X("other:N", title="also has", sort=texts, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("given:N", title="of the rows with (rows)", sort=given),
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            title="share of rows",
            scale=alt.Scale(domain=[0, 1], range=list(look.ramp)),
            legend=alt.Legend(format="%", gradientLength=200, values=[0, 0.25, 0.5, 0.75, 1]),
        ),
        tooltip=["given:N", "other:N", "share:Q", "rows:Q"],
    )
    layers = [squares]
    if len(texts) <= MOST_WITH_NUMBERS:
        full = alt.when("datum.share > 0.55").then(alt.value(look.background))
        layers.append(
            base.mark_text(fontSize=11).encode(
                text=alt.Text("share:Q", format=".0%"), color=full.otherwise(alt.value(look.ink))
            )
        )
    return themed(alt.LayerChart(layer=layers), look, title=title, width=width, height=height)


def _cooccurrences(truth: Array, names: list[str]) -> list[dict[str, object]]:
    together = truth.astype(np.float64).T @ truth
    cells: list[dict[str, object]] = []
    for i, name in enumerate(names):
        n_rows = together[i, i]
        for j, other in enumerate(names):
            cells.append(
                {
                    "given": f"{name} ({int(n_rows):,})",
                    "other": other,
                    "share": float(together[i, j] / n_rows) if n_rows else None,
                    "rows": int(together[i, j]),
                }
            )
    return cells
