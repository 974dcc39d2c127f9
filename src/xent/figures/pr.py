"""The precision-recall curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import thin
from xent.figures.shares import (
    MOST_POINTS,
    curve_line,
    dashed_line,
    estimate_text,
    named_sources,
    operating_marks,
    point_rows,
    ranked,
    series_channels,
    share_axes,
)
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["precision_recall_curve"]

AXES: Final = ("recall (share of positives)", "precision (share of positive predictions)")


def precision_recall_curve(
    source: BinaryEvaluation | Mapping[str, BinaryEvaluation],
    *,
    points: Mapping[str, float] | None = None,
    title: str = "Precision and recall",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.LayerChart:
    """Draw precision against recall as steps, beside the prevalence, which is what chance has.

    Between two thresholds precision is not interpolated: a line would promise too much (Davis &
    Goadrich 2006). The area under the steps is the average precision.

    Parameters
    ----------
    source : BinaryEvaluation, or a mapping of names to them
    points : mapping of str to float, optional
        Thresholds to mark, by name; with one source only.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When a source has no order or no positive row, or points are asked of several.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], round(row["y"], 3)) for row in precision_recall_curve(e).layer[1].data.values]
    [(0.0, 1.0), (0.5, 1.0), (0.5, 0.5), (1.0, 0.667), (1.0, 0.5)]
    """
    look, axes = theme_named(theme), share_axes(*AXES)
    sources = {
        name: ranked(held, "precision_recall_curve") for name, held in named_sources(source).items()
    }
    if len(sources) > 1 and points:
        raise XentError("points go with one curve, got several.")
    rows: list[dict[str, Any]] = []
    for name, evaluation in sources.items():
        rows += _rows(name, evaluation)
    first = next(iter(sources.values()))
    color: Any = look.hues[0]
    if len(sources) > 1:
        names = list(dict.fromkeys(row["curve"] for row in rows))
        color = series_channels("curve", names, look)
    share = first.counts.n_positive / (first.counts.n_positive + first.counts.n_negative)
    layers = [
        dashed_line([(0, share), (1, share)], axes, look),
        curve_line(rows, axes, color, interpolate="step-before"),
    ]
    if points:
        layers += operating_marks(_marked(first, points), axes, look)
    subtitle = f"dashed: prevalence {share:.3g}"
    if len(sources) == 1:
        subtitle = f"{estimate_text('average precision', first.average_precision)}; {subtitle}"
    return themed(
        alt.layer(*layers), look, title=title, subtitle=subtitle, width=width, height=height
    )


def _rows(name: str, evaluation: BinaryEvaluation) -> list[dict[str, Any]]:
    if evaluation.counts.n_positive == 0:
        raise XentError("a precision-recall curve needs positive rows, got none.")
    curve = thin(evaluation.pr, MOST_POINTS)
    label = f"{name} (AP {evaluation.average_precision.value:.3f})" if name else ""
    return point_rows(
        np.append(0.0, curve.recall),
        np.append(curve.precision[:1], curve.precision),
        threshold=np.append(np.inf, curve.thresholds),
        curve=label,
    )


def _marked(evaluation: BinaryEvaluation, points: Mapping[str, float]) -> list[dict[str, Any]]:
    rows = []
    for name, threshold in points.items():
        counts = evaluation.counts.at(float(threshold))
        if counts.tp + counts.fp > 0:  # a precision of nothing has no place
            text = f"{name}: {float(threshold):.3g}"
            rows.append({"x": counts.recall, "y": counts.precision, "text": text})
    return rows
