"""What was relevant and what was retrieved: precision and recall as a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.evaluation import ConfusionCounts
    from xent.figures.theme import Theme

__all__ = ["retrieval_picture"]

# dots that can still be told apart
MOST_DOTS: Final = 600
N_LINES: Final = 12
# from left to right, so that what is relevant and what is retrieved are each one block
CELLS: Final = ("fn", "tp", "fp", "tn")
MEANINGS: Final = {
    "fn": "missed (relevant)",
    "tp": "retrieved and relevant",
    "fp": "retrieved in vain",
    "tn": "rightly left out",
}
PAD: Final = 0.5


def retrieval_picture(
    counts: ConfusionCounts[Any],
    *,
    title: str = "Relevant and retrieved",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 240,
) -> alt.VConcatChart:
    """Draw every row as a dot: relevant ones on the left, retrieved ones in the frame; precision and recall beneath.

    Precision is the share of dots in the frame that are relevant, recall the share of relevant dots that are in the
    frame (van Rijsbergen 1979, chapter 7).

    Parameters
    ----------
    counts : ConfusionCounts
        Of one decision, such as `evaluation.at(0.5).counts`.
    title : str
    theme : Theme or str
    width, height : int
        In pixels; the height is that of the dots.

    Returns
    -------
    altair.VConcatChart
        Of more than 600 rows a dot stands for several; the subtitle says for how many.

    Raises
    ------
    XentError
        When the counts are not of one decision, or there is no row.

    Examples
    --------
    >>> from xent.evaluation import ConfusionCounts
    >>> chart = retrieval_picture(ConfusionCounts(tp=20, fn=40, fp=10, tn=30))
    >>> [bar["text"] for bar in chart.vconcat[1].data.values]
    ['20 of 30 retrieved are relevant: 66.7%', '20 of 60 relevant are retrieved: 33.3%']
    """
    cells = _checked(counts)
    look = theme_named(theme)
    rows_a_dot = max(1, math.ceil(sum(cells.values()) / MOST_DOTS))
    dots = {name: math.ceil(count / rows_a_dot) for name, count in cells.items()}
    chart = alt.vconcat(_dots(dots, look, width, height), _bars(cells, look, width), spacing=14)
    note = "" if rows_a_dot == 1 else f"a dot is {rows_a_dot:,} rows, or the rest of them"
    return themed(chart, look, title=title, subtitle=note)


def _checked(counts: ConfusionCounts[Any]) -> dict[str, int]:
    whole = {}
    for name in CELLS:
        count: Any = getattr(counts, name, None)
        if (
            np.ndim(count)
            or not isinstance(count, int | float | np.integer | np.floating)
            or count % 1
        ):
            raise XentError(
                f"counts must hold whole numbers of one decision, got {name} = {count!r:.40}. "
                "Give evaluation.at(threshold).counts of rows without weights."
            )
        whole[name] = int(count)
    if not sum(whole.values()):
        raise XentError("counts must hold at least one row, got none.")
    return whole


def _dots(dots: dict[str, int], look: Theme, width: int, height: int) -> alt.LayerChart:
    n_lines = max(1, min(N_LINES, math.isqrt(sum(dots.values()))))
    rows, begins, column = [], {}, 0
    for name in CELLS:
        begins[name] = column
        rows += [
            {"x": column + k // n_lines, "y": k % n_lines, "cell": MEANINGS[name]}
            for k in range(dots[name])
        ]
        column += math.ceil(dots[name] / n_lines)
    shown = [MEANINGS[name] for name in CELLS if dots[name]]
    hues = {"fn": look.hues[0], "tp": look.hues[0], "fp": look.hues[1], "tn": look.hues[1]}
    fills = {"fn": look.background, "tp": look.hues[0], "fp": look.hues[1], "tn": look.background}
    named = [name for name in CELLS if dots[name]]
    frame_ends = (begins["tp"] - PAD, begins["tn"] - PAD)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1, column], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[n_lines, -1], nice=False))
    room = min(width / (column + 1), height / (n_lines + 1))
    base = alt.Chart(alt.Data(values=rows)).mark_point(
        shape="circle", filled=False, opacity=1, strokeWidth=1.5, size=max(4.0, (0.6 * room) ** 2)
    )
    circles = base.encode(
        x=x,
        y=y,
        stroke=alt.Stroke(
            "cell:N",
            title=None,
            sort=shown,
            scale=alt.Scale(domain=shown, range=[hues[name] for name in named]),
            legend=alt.Legend(columns=2),
        ),
        fill=alt.Fill(
            "cell:N",
            title=None,
            sort=shown,
            scale=alt.Scale(domain=shown, range=[fills[name] for name in named]),
        ),
        tooltip=["cell:N"],
    )
    layers = [_frame(frame_ends, n_lines, (x, y), look)] if frame_ends[0] < frame_ends[1] else []
    return alt.LayerChart(layer=[*layers, circles]).properties(width=width, height=height)


def _frame(
    ends: tuple[float, float], n_lines: int, axes: tuple[alt.X, alt.Y], look: Theme
) -> alt.Chart:
    row = {"x": ends[0], "x_end": ends[1], "y": -PAD, "y_end": n_lines - PAD, "cell": "retrieved"}
    frame: alt.Chart = (
        alt.Chart(alt.Data(values=[row]))
        .mark_rect(fill=look.grid, stroke=look.muted, strokeWidth=1.5, cornerRadius=6)
        .encode(x=axes[0], x2="x_end:Q", y=axes[1], y2="y_end:Q", tooltip=["cell:N"])
    )
    return frame


def _bars(cells: dict[str, int], look: Theme, width: int) -> alt.LayerChart:
    """Return precision and recall as bars from 0 to 1, with the counts that they are made of."""
    tp = cells["tp"]
    wholes = {
        "precision": (tp + cells["fp"], "retrieved are relevant"),
        "recall": (tp + cells["fn"], "relevant are retrieved"),
    }
    rows = [
        {
            "figure": figure,
            "value": tp / whole if whole else None,
            "text": f"{tp:,} of {whole:,} {what}: "
            + (f"{tp / whole:.1%}" if whole else "undefined"),
        }
        for figure, (whole, what) in wholes.items()
    ]
    base = alt.Chart(alt.Data(values=rows))
    y = alt.Y("figure:N", title=None, sort=list(wholes))
    x = alt.X(
        "value:Q",
        title="share of rows",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format=".0%", tickCount=5),
    )
    bars = base.mark_bar(color=look.hues[0], opacity=0.45, height=alt.RelativeBandSize(0.8)).encode(
        x=x, y=y
    )
    texts = base.mark_text(align="left", dx=6, color=look.ink).encode(
        x=alt.value(0), y=y, text="text:N"
    )
    return alt.LayerChart(layer=[bars, texts]).properties(width=width, height=60)
