"""How the scores of the two classes are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.shares import ranked
from xent.figures.theme import theme_named, themed
from xent.figures.threshold_axis import threshold_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["score_histogram"]

UNITS: Final = {
    "probabilities": "predicted probability",
    "logits": "logit (nats)",
    "scores": "score",
}


def score_histogram(
    evaluation: BinaryEvaluation,
    *,
    classes: tuple[str, str] = ("negative", "positive"),
    points: Mapping[str, float] | None = None,
    n_bins: int = 40,
    title: str = "Scores by class",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 300,
) -> alt.LayerChart:
    """Draw the share of each class's rows by score, so that a rare class is seen beside a frequent one.

    Parameters
    ----------
    evaluation : BinaryEvaluation
    classes : (str, str)
        Names of the negative and the positive class.
    points : mapping of str to float, optional
        Thresholds to mark, by name.
    n_bins : int
        Of equal width, between the least and the greatest finite score, or 0 and 1.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When there is no order, or no finite score.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> bars = score_histogram(e, n_bins=2).layer[0].data.values
    >>> [(bar["class"], bar["low"], bar["share"], bar["rows"]) for bar in bars]
    [('negative', 0.0, 1.0, 2.0), ('negative', 0.5, 0.0, 0.0), ('positive', 0.0, 0.5, 1.0), ('positive', 0.5, 0.5, 1.0)]
    """
    evaluation = ranked(evaluation, "score_histogram")
    look = theme_named(theme)
    bars, n_infinite = _bars(evaluation, classes, n_bins)
    ends = (bars[0]["low"], bars[-1]["high"])
    negative, positive = classes
    scale = alt.Scale(domain=[negative, positive], range=[look.hues[1], look.hues[0]])
    color = alt.Color("class:N", scale=scale, title=None)
    axes: dict[str, Any] = {
        "x": alt.X(
            "low:Q",
            title=UNITS[evaluation.rows.declared],
            bin="binned",
            scale=alt.Scale(domain=list(ends), nice=False),
        ),
        "x2": "high:Q",
        "y": alt.Y("share:Q", title="share of the class's rows", stack=None),
    }
    tooltip = ["class:N", alt.Tooltip("rows:Q", format=","), alt.Tooltip("share:Q", format=".3f")]
    layers: list[Any] = [
        alt.Chart(alt.Data(values=bars))
        .mark_bar(opacity=0.45, binSpacing=0)
        .encode(**axes, color=color, tooltip=tooltip),
        _outlines(bars, scale),
    ]
    layers += threshold_rules(points, "low", look, ends=ends)
    subtitle = f"{n_infinite:,} infinite scores are not drawn" if n_infinite else ""
    return themed(
        alt.layer(*layers), look, title=title, subtitle=subtitle, width=width, height=height
    )


def _outlines(bars: list[dict[str, Any]], scale: alt.Scale) -> alt.Chart:
    """Return the tops of the bars, those of the negative class dashed: they differ in gray."""
    tops = [
        {"class": bar["class"], "low": bar[side], "share": bar["share"], "i": 2 * place + end}
        for place, bar in enumerate(bars)
        for end, side in enumerate(("low", "high"))
    ]
    dashes = alt.Scale(domain=scale["domain"], range=[[4, 3], [1, 0]])
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=tops))
        .mark_line(strokeWidth=1.6)
        .encode(
            x=alt.X("low:Q"),
            y=alt.Y("share:Q", stack=None),
            order=alt.Order("i:Q"),
            color=alt.Color("class:N", scale=scale, title=None),
            strokeDash=alt.StrokeDash("class:N", scale=dashes, title=None),
        )
    )
    return chart


def _bars(
    evaluation: BinaryEvaluation, classes: tuple[str, str], n_bins: int
) -> tuple[list[dict[str, Any]], int]:
    scores, truth = np.asarray(evaluation.scores, dtype=np.float64), evaluation.truth
    finite = np.isfinite(scores)
    if not finite.any():
        raise XentError("score_histogram needs a finite score, got none.")
    weight = evaluation.rows.weight
    ends = (0.0, 1.0)
    if evaluation.rows.declared != "probabilities":
        ends = (float(scores[finite].min()), float(scores[finite].max()))
    bars = []
    for name, of_class in zip(classes, (~truth, truth), strict=True):
        kept = finite & of_class
        counts, edges = np.histogram(
            scores[kept], bins=n_bins, range=ends, weights=None if weight is None else weight[kept]
        )
        held = of_class.sum() if weight is None else weight[of_class].sum()
        total = float(held) or 1.0
        bars += [
            {"class": name, "low": low, "high": high, "rows": rows, "share": rows / total}
            for low, high, rows in zip(
                edges[:-1].tolist(), edges[1:].tolist(), map(float, counts), strict=True
            )
        ]
    return bars, int((~finite).sum())
