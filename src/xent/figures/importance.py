"""Permutation importance of features, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from xent.errors import XentError
from xent.evaluation.permutation_importance import PermutationImportance
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation import Estimate
    from xent.figures.theme import Theme

__all__ = ["feature_importance"]

MOST_FEATURES: Final = 30


def feature_importance(
    importance: PermutationImportance | Mapping[str, Estimate],
    *,
    figure: str = "the figure",
    most: int = MOST_FEATURES,
    title: str = "Permutation importance",
    theme: Theme | str = "light",
    width: int = 480,
    height: int | None = None,
) -> alt.LayerChart:
    """Draw how much of a figure is lost when a feature is shuffled, the most important first.

    Parameters
    ----------
    importance : PermutationImportance, or mapping of str to Estimate
        As `permutation_importance` returns it.
    figure : str
        Name and unit of the figure, such as ``"log loss (nats)"``.
    most : int, default 30
        Features shown, at most; the subtitle says how many there are.
    title : str
    theme : Theme or str
    width : int
        In pixels.
    height : int, optional
        In pixels; without it 20 a feature.

    Returns
    -------
    altair.LayerChart
        A bar a feature, its interval, and the line at 0. An interval across 0: the data do not
        say whether the model uses the feature.

    Raises
    ------
    XentError
        When there is no feature.

    Examples
    --------
    >>> from xent.evaluation import Estimate
    >>> values = {"age": Estimate(0.1, 0.05, 0.15), "city": Estimate(0.3, 0.2, 0.4)}
    >>> chart = feature_importance(values, figure="AUC")
    >>> [row["feature"] for row in chart.layer[0].data.values]
    ['city', 'age']
    """
    features = importance.features if isinstance(importance, PermutationImportance) else importance
    known = {name: estimate for name, estimate in features.items() if estimate.is_defined}
    if not known:
        raise XentError("importance must hold at least one feature with a value, got none.")
    if most < 1:
        raise XentError(f"most must be at least 1, got {most}.")
    ranked = sorted(known, key=lambda name: -known[name].value)[:most]
    values = [_record(name, known[name]) for name in ranked]
    look = theme_named(theme)
    base = alt.Chart(alt.Data(values=values))
    y = alt.Y("feature:N", title=None, sort=ranked, axis=alt.Axis(labelLimit=170))
    x_title = f"{figure}: by how much worse when shuffled"
    bars = base.mark_bar(color=look.hues[0], opacity=0.75, size=12).encode(
        x=alt.X("value:Q", title=x_title, axis=alt.Axis(tickCount=6)),
        y=y,
        tooltip=["feature:N", "value:Q", "low:Q", "high:Q"],
    )
    intervals = (
        alt.Chart(alt.Data(values=[row for row in values if row["low"] is not None]))
        .mark_rule(color=look.ink, strokeWidth=1.5)
        .encode(x=alt.X("low:Q", title=x_title), x2="high:Q", y=y)
    )
    layers: list[Any] = [bars]
    if any(row["low"] is not None for row in values):
        layers.append(intervals)
    zero = alt.Chart(alt.Data(values=[{"value": 0.0}]))
    layers.append(zero.mark_rule(color=look.muted).encode(x="value:Q"))
    return themed(
        alt.LayerChart(layer=layers),
        look,
        title=title,
        subtitle=_subtitle(known, ranked),
        width=width,
        height=height or 20 * len(values) + 10,
    )


def _record(name: str, estimate: Estimate) -> dict[str, Any]:
    has_interval = estimate.has_interval
    return {
        "feature": name,
        "value": estimate.value,
        "low": estimate.low if has_interval else None,
        "high": estimate.high if has_interval else None,
    }


def _subtitle(known: Mapping[str, Estimate], ranked: list[str]) -> str:
    parts = []
    if len(ranked) < len(known):
        parts.append(f"the first {len(ranked)} of {len(known)} features")
    first = known[ranked[0]]
    if first.has_interval:
        parts.append(f"lines: {first.level:.0%} intervals")
    return "; ".join(parts)
