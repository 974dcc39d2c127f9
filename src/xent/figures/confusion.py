"""The confusion matrix: what was decided, by the true class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.evaluation import Evaluation, MulticlassEvaluation, OperatingPoint
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.figures.theme import Theme

__all__ = ["confusion_matrix"]

# with more classes the cells have no room for numbers, and the axes none for every name
MOST_WITH_NUMBERS: Final = 12
MOST_WITH_COUNTS: Final = 6
N_NAMED: Final = 3
LETTER_WIDTH: Final = 8  # pixels, with the space between two names
LONGEST_LINE: Final = 75  # letters of a subtitle that fit into the width


def confusion_matrix(
    source: MulticlassEvaluation | OperatingPoint | object,
    *,
    classes: Sequence[str] | None = None,
    title: str = "Confusion matrix",
    theme: Theme | str = "light",
    width: int = 420,
    height: int = 420,
) -> alt.LayerChart:
    """Draw what was decided (columns) by the true class (rows); the color is the share of the true class.

    Parameters
    ----------
    source : MulticlassEvaluation, OperatingPoint or array of shape (K, K)
        An evaluation of several classes; one of two at a threshold, `evaluation.at(0.3)`, of which the
        positive class stands first; or counts or sums of weights, rows truth, columns decisions.
    classes : sequence of str, optional
        Names in the order of the rows; by default the codes, or "positive" and "negative".
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Up to 6 classes each cell has its count and rate, up to 12 its rate in per cent; the largest
        confusions are named beneath the title. Of more classes the empty cells have no record.

    Raises
    ------
    XentError
        When the matrix is not square, holds a negative number, or has other than one name a class.

    Examples
    --------
    >>> chart = confusion_matrix([[8, 2], [1, 4]], classes=["no", "yes"])
    >>> [(c["truth"], c["decision"], c["rows"], c["rate"]) for c in chart.data.values][1]
    ('no', 'yes', 2.0, 0.2)
    """
    counts, names = _checked(*_counts(source, classes))
    look, k = theme_named(theme), len(names)
    totals = counts.sum(axis=1, keepdims=True)
    rates = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    cells = [
        {
            "truth": names[row],
            "decision": names[column],
            "rows": float(counts[row, column]),
            "rate": float(rates[row, column]),
            "text": _text(counts[row, column], rates[row, column], k),
        }
        for row in range(k)
        for column in range(k)
        if k <= MOST_WITH_NUMBERS or counts[row, column]
    ]
    step = max(1, -(-k // 40))
    fit_side_by_side = k * LETTER_WIDTH * max(map(len, names)) <= width
    angle = 0 if fit_side_by_side else -45 if k <= MOST_WITH_NUMBERS else -90
    axis = alt.Axis(labelAngle=angle, values=names[::step], labelLimit=110)
    side = alt.Axis(values=names[::step], labelLimit=110)
    x = alt.X("decision:N", title="decision", sort=None, scale=alt.Scale(domain=names), axis=axis)
    y = alt.Y("truth:N", title="true class", sort=None, scale=alt.Scale(domain=names), axis=side)
    scale = alt.Scale(domain=[0, 1], range=list(look.ramp))
    legend = alt.Legend(format="%", gradientLength=200, values=[0, 0.25, 0.5, 0.75, 1])
    color = alt.Color("rate:Q", title="of the true class", scale=scale, legend=legend)
    tooltip = [
        "truth:N",
        "decision:N",
        alt.Tooltip("rows:Q", format=","),
        alt.Tooltip("rate:Q", format=".2%"),
    ]
    base = alt.Chart(alt.Data(values=cells))
    layers: list[Any] = [base.mark_rect().encode(x=x, y=y, color=color, tooltip=tooltip)]
    if k <= MOST_WITH_NUMBERS:
        # the ramp's dark half wants light text, and the other way round
        dark_end = look.background if look.name == "light" else "#10202f"
        contrast = alt.condition("datum.rate > 0.5", alt.value(dark_end), alt.value(look.ink))
        numbers = base.mark_text(fontSize=13 if k <= MOST_WITH_COUNTS else 10, lineBreak="\n")
        layers.append(numbers.encode(x=x, y=y, text="text:N", color=contrast))
    return themed(
        alt.layer(*layers).properties(view=alt.ViewBackground(fill=look.ramp[0])),
        look,
        title=title,
        subtitle=_largest(counts, rates, names),
        width=width,
        height=height,
    )


def _counts(source: object, classes: Sequence[str] | None) -> tuple[object, Sequence[str] | None]:
    if isinstance(source, MulticlassEvaluation):
        return source.confusion_matrix, classes
    if isinstance(source, OperatingPoint):
        c = source.counts
        return [[c.tp, c.fn], [c.fp, c.tn]], classes or ("positive", "negative")
    if isinstance(source, Evaluation):
        raise XentError(
            f"a confusion matrix needs decisions, got the evaluation of a {source.task} target. Give "
            "evaluation.at(threshold), or the matrix."
        )
    return source, classes


def _checked(matrix: object, classes: Sequence[str] | None) -> tuple[Any, list[str]]:
    counts = np.asarray(matrix, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.shape[0] < 2:
        raise XentError(f"matrix must have shape (K, K), K at least 2, got {counts.shape}.")
    if not (np.isfinite(counts).all() and counts.min() >= 0):
        raise XentError("matrix must hold counts: finite and not negative.")
    names = [str(name) for name in (range(len(counts)) if classes is None else classes)]
    if len(names) != len(counts) or len(set(names)) != len(names):
        raise XentError(f"classes must be {len(counts)} different names, got {names[:10]}.")
    return counts, names


def _text(count: float, rate: float, k: int) -> str:
    if k > MOST_WITH_COUNTS:
        return f"{100 * rate:.0f}" if count else ""
    return f"{count:,.6g}\n{100 * rate:.1f}%"


def _largest(counts: Any, rates: Any, names: list[str]) -> list[str]:
    """Return the share of right decisions, and the confusions of most rows."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    total = counts.sum()
    lines = [f"{np.trace(counts):,.6g} of {total:,.6g} rows right"]
    order = np.argsort(wrong, axis=None)[::-1][:N_NAMED]
    largest = [np.unravel_index(place, wrong.shape) for place in order]
    named = [
        f"{names[row]} as {names[column]}: {wrong[row, column]:,.6g} ({100 * rates[row, column]:.0f}%)"
        for row, column in largest
        if wrong[row, column] > 0
    ]
    if len(names) > MOST_WITH_COUNTS and len(names) <= MOST_WITH_NUMBERS:
        lines[0] += "; numbers: % of the true class"
    if named and len(names) > 2:
        in_one = "most confused: " + "; ".join(named)
        lines += [in_one] if len(in_one) <= LONGEST_LINE else ["most confused:", *named]
    return lines
