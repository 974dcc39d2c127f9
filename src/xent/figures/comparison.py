"""Figures of several runs side by side, each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt

from xent.errors import XentError, nearest_hint
from xent.evaluation import Estimate, Evaluation
from xent.evaluation.evaluations.figures import label_of
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.figures.theme import Theme

__all__ = ["run_comparison"]

# of errors of numbers; what else has a unit says so itself
UNITS: Final = {
    "mae": "units of the target",
    "rmse": "units of the target",
    "mse": "units of the target, squared",
    "mean_error": "units of the target",
    "median_absolute_error": "units of the target",
    "max_error": "units of the target",
}


def run_comparison(
    runs: Mapping[str, Evaluation | Mapping[str, Estimate]],
    *,
    figures: Sequence[str] | None = None,
    title: str = "Comparison",
    theme: Theme | str = "light",
    width: int = 480,
    row_height: int = 22,
) -> alt.VConcatChart:
    """Draw figures of several models below each other, a panel a figure with an axis of its own.

    Intervals that do not overlap tell models apart; overlapping ones do not say that they are
    equal: for that there is `xent.compare`, which pairs the rows.

    Parameters
    ----------
    runs : mapping of str to Evaluation, or to a mapping of str to Estimate
        The models by name, in the order in which they are drawn.
    figures : sequence of str, optional
        Names of figures; by default the first four that every model has.
    title : str
    theme : Theme or str
    width : int
        In pixels.
    row_height : int
        Of a model in each panel, in pixels.

    Returns
    -------
    altair.VConcatChart
        In each panel the values as points, the intervals as lines.

    Raises
    ------
    XentError
        When there is no model, or a model lacks a figure.

    Examples
    --------
    >>> chart = run_comparison({"a": {"auc": Estimate(0.9, 0.8, 0.95)}, "b": {"auc": Estimate(0.7)}})
    >>> [(row["run"], row["value"]) for row in chart.vconcat[0].layer[-1].data.values]
    [('a', 0.9), ('b', 0.7)]
    """
    if not runs:
        raise XentError("runs must hold at least one model, got none.")
    known = {
        name: given.figures if isinstance(given, Evaluation) else given
        for name, given in runs.items()
    }
    names = _figure_names(known, figures)
    look = theme_named(theme)
    panels = [
        _panel(figure, known, look, width=width, height=row_height * len(known)) for figure in names
    ]
    level = next(iter(known.values()))[names[0]].level
    return themed(
        alt.vconcat(*panels, spacing=18),
        look,
        title=title,
        subtitle=f"lines: {level:.0%} intervals",
    )


def _figure_names(known: Mapping[str, Any], figures: Sequence[str] | None) -> list[str]:
    shared = [
        name for name in next(iter(known.values())) if all(name in own for own in known.values())
    ]
    if figures is None:
        figures = [name for name in shared if any(own[name].is_defined for own in known.values())][
            :4
        ]
    for name in figures:
        lacking = [run for run, own in known.items() if name not in own]
        if lacking:
            raise XentError(f"{lacking[0]} has no figure {name!r}.{nearest_hint(name, shared)}")
        if not any(own[name].is_defined for own in known.values()):
            raise XentError(f"figure {name!r} is undefined for every model. Leave it out.")
    if not figures:
        raise XentError("figures must name at least one figure that every model has, got none.")
    return list(figures)


def _panel(
    figure: str, known: Mapping[str, Any], look: Theme, *, width: int, height: int
) -> alt.LayerChart:
    values = [_record(run, own[figure]) for run, own in known.items()]
    # runs of one table differ at the end of their names
    y = alt.Y("run:N", title=None, sort=list(known), axis=alt.Axis(labelLimit=280))
    label = label_of(figure)
    unit = label.unit or UNITS.get(figure, "")
    title = f"{label.text} ({unit})" if unit else label.text
    few = alt.Axis(tickCount=5, labelFlush=False)  # numbers may be long
    lines = (
        alt.Chart(alt.Data(values=[row for row in values if row["low"] is not None]))
        .mark_rule(color=look.hues[0], strokeWidth=2)
        .encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False, padding=8), axis=few),
            x2="high:Q",
            y=y,
        )
    )
    points = (
        alt.Chart(alt.Data(values=[row for row in values if row["value"] is not None]))
        .mark_point(filled=True, size=70, opacity=1, color=look.ink)
        .encode(
            x=alt.X("value:Q", title=title, axis=few),
            y=y,
            tooltip=["run:N", "value:Q", "low:Q", "high:Q"],
        )
    )
    has_intervals = any(row["low"] is not None for row in values)
    marks = [lines, points] if has_intervals else [points]
    return alt.LayerChart(layer=marks).properties(width=width, height=height)


def _record(run: str, estimate: Estimate) -> dict[str, Any]:
    ends = (estimate.low, estimate.high)
    low, high = ends if all(math.isfinite(end) for end in ends) else (None, None)
    value = estimate.value if math.isfinite(estimate.value) else None
    return {"run": run, "value": value, "low": low, "high": high}
