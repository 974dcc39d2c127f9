"""Charts of two shares: axes from 0 to 1, lines through many points, marks on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation.evaluations import BinaryEvaluation, evaluate
from xent.figures.threshold_axis import label_texts

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.evaluation.intervals import Estimate
    from xent.figures.theme import Theme

__all__ = [
    "MOST_POINTS",
    "curve_line",
    "dashed_line",
    "estimate_text",
    "named_sources",
    "operating_marks",
    "point_rows",
    "ranked",
    "series_channels",
    "share_axes",
]

# of a longer curve the first and last point of each stretch are kept (`xent.evaluation.thin`):
# four stretches a pixel, so what is drawn is the same
MOST_POINTS: Final = 2000
# beside the hue, so that lines can be told apart in gray
DASHES: Final = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (4, 4), (12, 4), (1, 4))
SIDES: Final[dict[str, dict[str, Any]]] = {
    "datum.x < 0.6": {"align": "left", "dx": 8},
    "datum.x >= 0.6": {"align": "right", "dx": -8},
}


def share_axes(x_title: str, y_title: str) -> dict[str, Any]:
    """Return the encoding of two shares, both from 0 to 1."""
    scale = alt.Scale(domain=[0, 1], nice=False)
    return {
        "x": alt.X("x:Q", title=x_title, scale=scale),
        "y": alt.Y("y:Q", title=y_title, scale=scale),
    }


def point_rows(x: FloatArray, y: FloatArray, **more: Any) -> list[dict[str, Any]]:
    """Return one record a point; what is no finite number is null, which is JSON and a gap.

    More columns are arrays of the same length, or one value for all points.
    """
    columns = {"x": x, "y": y, **{name: v for name, v in more.items() if isinstance(v, np.ndarray)}}
    same = {name: v for name, v in more.items() if name not in columns}
    lists = {name: [_plain(v) for v in column.tolist()] for name, column in columns.items()}
    return [
        {"i": place, **dict(zip(lists, values, strict=True)), **same}
        for place, values in enumerate(zip(*lists.values(), strict=True))
    ]


def curve_line(
    rows: list[dict[str, Any]],
    axes: Mapping[str, Any],
    color: str | Mapping[str, Any],
    **mark: Any,
) -> alt.Chart:
    """Return a line through points in their order, of one color or with the channels of `series_channels`."""
    shown: dict[str, Any] = {"strokeWidth": 2, "clip": True, **mark}
    lines: alt.Chart = alt.Chart(alt.Data(values=rows)).mark_line(**shown)
    channels = {"color": alt.value(color)} if isinstance(color, str) else color
    return lines.encode(**axes, order=alt.Order("i:Q"), **channels)


def dashed_line(ends: list[tuple[float, float]], axes: Mapping[str, Any], look: Theme) -> alt.Chart:
    """Return a thin dashed line, of what is compared with."""
    rows = [{"i": place, "x": x, "y": y} for place, (x, y) in enumerate(ends)]
    return curve_line(rows, axes, look.muted, strokeWidth=1, strokeDash=[4, 4])


def operating_marks(
    rows: list[dict[str, Any]], axes: Mapping[str, Any], look: Theme
) -> list[alt.Chart]:
    """Return points with their names beside them; rows have x, y and text."""
    base = alt.Chart(alt.Data(values=rows))
    dots = base.mark_point(filled=True, size=70, color=look.ink, opacity=1).encode(
        **axes, tooltip=[alt.Tooltip("text:N", title="operating point")]
    )
    # beside the point where there is room: names of points at the right run to the left
    texts = [
        text.encode(**axes, text="text:N")
        for test, side in SIDES.items()
        for text in label_texts(base.transform_filter(test), look, dy=9, **side)
    ]
    return [dots, *texts]


def named_sources(source: Any) -> dict[str, Any]:
    """Return sources by their names: one alone has none.

    Raises
    ------
    XentError
        When there is none, or more than can be told apart.
    """
    if not isinstance(source, Mapping):
        return {"": source}
    if not 1 <= len(source) <= len(DASHES):
        raise XentError(
            f"a chart holds 1 to {len(DASHES)} curves, got {len(source)}: more cannot be told apart."
        )
    return {str(name): value for name, value in source.items()}


def series_channels(field: str, names: list[str], look: Theme) -> dict[str, Any]:
    """Return color and dashes of lines by name: dashes tell them apart in gray."""
    if len(names) > len(DASHES):
        raise XentError(f"a chart holds at most {len(DASHES)} lines, got {len(names)}.")
    legend = alt.Legend(columns=1 if max(map(len, names)) > 24 else 3, symbolType="stroke")
    ranges: dict[str, list[Any]] = {
        "color": list(look.hues),
        "strokeDash": [list(dash) for dash in DASHES],
    }
    kinds: dict[str, Any] = {"color": alt.Color, "strokeDash": alt.StrokeDash}
    return {
        channel: kinds[channel](
            f"{field}:N",
            title=None,
            sort=None,
            legend=legend,
            scale=alt.Scale(domain=names, range=values[: len(names)]),
        )
        for channel, values in ranges.items()
    }


def ranked(given: Any, figure: str) -> BinaryEvaluation:
    """Return the evaluation to draw; a pair (y, scores) of arrays is evaluated.

    Raises
    ------
    XentError
        When it is not of a binary target, or has no scores to rank by.

    Examples
    --------
    >>> ranked(([0, 1], [0.2, 0.7]), "roc_curve").auc.value
    1.0
    """
    if isinstance(given, tuple) and len(given) == 2:
        y, scores = given
        given = evaluate(y, scores=scores)
    if not isinstance(given, BinaryEvaluation):
        got = getattr(given, "task", type(given).__name__)
        raise XentError(
            f"{figure} needs the evaluation of a binary target or a pair (y, scores), got {got}."
        )
    if given.rows.declared == "labels":
        raise XentError(f"{figure} needs probabilities, logits or scores; labels have no order.")
    return given


def estimate_text(name: str, estimate: Estimate) -> str:
    """Return a figure with its interval, for a subtitle.

    Examples
    --------
    >>> from xent.evaluation.intervals import Estimate
    >>> estimate_text("AUC", Estimate(0.91, 0.88, 0.94, method="DeLong"))
    'AUC 0.910 (0.880 to 0.940)'
    """
    if math.isnan(estimate.value):
        return f"{name} undefined ({estimate.why})"
    text = f"{name} {estimate.value:.3f}"
    return f"{text} ({estimate.low:.3f} to {estimate.high:.3f})" if estimate.has_interval else text


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
