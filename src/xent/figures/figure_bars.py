"""Bars of several figures for each of several classes or labels, with their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation import DECISION_FIGURES, ConfusionCounts, decision_interval
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray
    from xent.figures.theme import Theme

__all__ = ["check_names", "figure_bars", "figure_rows"]

MOST_GROUPS: Final = 26
PLURALS: Final = {"class": "classes", "label": "labels"}
SPOKEN: Final = {"f1": "F1", "mcc": "MCC", "npv": "NPV", "fpr": "FPR", "fnr": "FNR"}


def check_names(names: Sequence[object] | None, count: int, noun: str) -> list[str]:
    """Return one name each; without names their numbers.

    Raises
    ------
    XentError
        When there are more or fewer, or two are the same.
    """
    if names is None:
        return [str(number) for number in range(count)]
    texts = [str(name) for name in names]
    if len(texts) != count or len(set(texts)) != count:
        raise XentError(
            f"names must name the {count} {noun}, each differently, got {len(texts)} names."
        )
    return texts


def figure_rows(
    counts: ConfusionCounts[FloatArray],
    names: list[str],
    figures: Sequence[str],
    *,
    level: float,
    n_effective: float,
) -> list[dict[str, Any]]:
    """Return a record for each class and figure: value, interval, and on how many rows it rests.

    Raises
    ------
    XentError
        When a figure is none of `DECISION_FIGURES`.
    """
    for figure in figures:
        if figure not in DECISION_FIGURES:
            raise XentError(
                f"figures must be figures of a decision, got {figure!r}."
                f"{nearest_hint(figure, DECISION_FIGURES)}"
            )
    if not figures:
        raise XentError("figures must name at least one figure, got none.")
    cells = np.column_stack([getattr(counts, cell) for cell in ("tp", "fn", "fp", "tn")])
    rows = []
    for name, (tp, fn, fp, tn) in zip(names, cells.tolist(), strict=True):
        own = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)
        for figure in figures:
            estimate = decision_interval(own, figure, level=level, n_effective=n_effective)
            ends = (estimate.low, estimate.high)
            low, high = ends if estimate.has_interval else (None, None)
            rows.append(
                {
                    "name": name,
                    "figure": SPOKEN.get(figure, figure.replace("_", " ")),
                    "value": None if math.isnan(estimate.value) else estimate.value,
                    "low": low,
                    "high": high,
                    "support": tp + fn,
                    "why": estimate.why,
                }
            )
    return rows


def figure_bars(
    rows: list[dict[str, Any]],
    *,
    noun: str,
    level: float,
    title: str,
    theme: Theme | str,
    width: int,
    height: int | None,
) -> alt.LayerChart:
    """Draw the records of `figure_rows`: a group a class, a bar a figure, lines for the intervals.

    Of more than 26 classes those of the least mean value are shown; the subtitle says so.
    """
    look = theme_named(theme)
    names = list(dict.fromkeys(row["name"] for row in rows))
    figures = list(dict.fromkeys(row["figure"] for row in rows))
    worst = set(sorted(names, key=lambda name: _mean_value(rows, name))[:MOST_GROUPS])
    shown = [row for row in rows if row["name"] in worst]
    subtitle = f"lines: {level:.0%} intervals"
    if len(worst) < len(names):
        subtitle = f"the {len(worst)} lowest of {len(names)} {PLURALS[noun]}; {subtitle}"
    x = alt.X("value:Q", title=_axis_title(figures), scale=_scale(shown))
    y = alt.Y("name:N", title=noun, sort=None, axis=alt.Axis(labelLimit=150))
    offset = alt.YOffset("figure:N", sort=figures, scale=alt.Scale(paddingInner=0.15))
    color = alt.Color(
        "figure:N",
        title=None,
        sort=figures,
        scale=alt.Scale(domain=figures, range=_hues(look, len(figures))),
    )
    tooltip = ["name:N", "figure:N", "value:Q", "low:Q", "high:Q", "support:Q", "why:N"]
    bars = (
        alt.Chart(alt.Data(values=shown))
        .mark_bar()
        .encode(x=x, y=y, yOffset=offset, color=color, tooltip=tooltip)
    )
    intervals = (
        alt.Chart(alt.Data(values=[row for row in shown if row["low"] is not None]))
        .mark_rule(color=look.ink, strokeWidth=1.5)
        .encode(x=alt.X("low:Q"), x2="high:Q", y=y, yOffset=offset)
    )
    marks = [bars, intervals] if any(row["low"] is not None for row in shown) else [bars]
    tall = len(worst) * (8 * len(figures) + 8) + 10
    return themed(
        alt.LayerChart(layer=marks),
        look,
        title=title,
        subtitle=subtitle,
        width=width,
        height=height or tall,
    )


def _hues(look: Theme, count: int) -> list[str]:
    return list(look.hues[:count]) if count <= len(look.hues) else look.steps(count)


def _mean_value(rows: list[dict[str, Any]], name: str) -> float:
    values = [row["value"] for row in rows if row["name"] == name and row["value"] is not None]
    return sum(values) / len(values) if values else -math.inf


def _axis_title(figures: list[str]) -> str:
    return ", ".join(figures) if len(figures) <= 4 else "value"


def _scale(rows: list[dict[str, Any]]) -> alt.Scale:
    ends = [row[key] for row in rows for key in ("value", "low", "high") if row[key] is not None]
    ends = [end for end in ends if math.isfinite(end)]
    low, high = min([0.0, *ends]), max([1.0, *ends])
    return alt.Scale(domain=[low, high], nice=False)
