"""The confusion matrix: what was decided, by the true class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.figures.theme import Theme

__all__ = ["confusion_matrix"]

# with more classes the cells have no room for numbers, and the axes none for every name
MOST_WITH_NUMBERS: Final = 12
MOST_WITH_COUNTS: Final = 6
N_NAMED: Final = 3


def confusion_matrix(
    matrix: object,
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
    matrix : array of shape (K, K)
        Rows: truth; columns: decisions; counts or sums of weights, such as
        `evaluation.confusion_matrix` or `xent.evaluation.confusion_matrix(...)`.
    classes : sequence of str, optional
        Names in the order of the codes; by default the codes.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Returns
    -------
    altair.LayerChart
        Up to 6 classes each cell has its count and rate, up to 12 its rate; the largest confusions
        are named beneath the title.

    Raises
    ------
    XentError
        When the matrix is not square, holds a negative number, or has other than one name a class.

    Examples
    --------
    >>> chart = confusion_matrix([[8, 2], [1, 4]], classes=["no", "yes"])
    >>> [(c["truth"], c["decision"], c["rows"], c["rate"]) for c in chart.layer[0].data.values][1]
    ('no', 'yes', 2.0, 0.2)
    """
    counts, names = _checked(matrix, classes)
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
    ]
    step = max(1, -(-k // 40))
    axis = alt.Axis(labelAngle=-45 if k > 4 else 0, values=names[::step], labelLimit=110)
    side = alt.Axis(values=names[::step], labelLimit=110)
    x = alt.X("decision:N", title="decision", sort=None, scale=alt.Scale(domain=names), axis=axis)
    y = alt.Y("truth:N", title="true class", sort=None, scale=alt.Scale(domain=names), axis=side)
    scale = alt.Scale(domain=[0, 1], range=list(look.ramp))
    legend = alt.Legend(orient="right", format="%", gradientLength=160)
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
        alt.layer(*layers),
        look,
        title=title,
        subtitle=_largest(counts, rates, names),
        width=width,
        height=height,
    )


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
    return f"{count:,.6g}\n{100 * rate:.1f} %"


def _largest(counts: Any, rates: Any, names: list[str]) -> list[str]:
    """Return the share of right decisions, and the confusions of most rows."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    total = counts.sum()
    lines = [f"{np.trace(counts):,.6g} of {total:,.6g} rows right"]
    order = np.argsort(wrong, axis=None)[::-1][:N_NAMED]
    largest = [np.unravel_index(place, wrong.shape) for place in order]
    named = [
        f"{names[row]} as {names[column]} {wrong[row, column]:,.6g} ({100 * rates[row, column]:.0f} %)"
        for row, column in largest
        if wrong[row, column] > 0
    ]
    if named and len(names) > 2:
        lines.append("most confused: " + ", ".join(named))
    return lines
