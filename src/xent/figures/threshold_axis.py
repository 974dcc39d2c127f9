"""Thresholds on an axis: its title, the marks on it, and the steps of a figure along it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.thinning import drawn_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import FloatArray, IntArray
    from xent.evaluation import ThresholdCurve
    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = [
    "LINE_HEIGHT",
    "finite_steps",
    "label_texts",
    "step_places",
    "threshold_rules",
    "threshold_title",
]

UNITS: Final = {"probabilities": "probability", "logits": "logit", "scores": "score"}
LINE_HEIGHT: Final = 14


def threshold_title(evaluation: BinaryEvaluation) -> str:
    """Return the axis title, with what the thresholds are on."""
    return f"threshold ({UNITS[evaluation.rows.declared]})"


def finite_steps(curve: ThresholdCurve) -> tuple[FloatArray, FloatArray]:
    """Return rising finite thresholds and their values, cut down to those that decide what is drawn."""
    kept = np.flatnonzero(np.isfinite(curve.thresholds))[::-1]
    thresholds, values = curve.thresholds[kept], curve.values[kept]
    places = step_places(thresholds, values)
    return thresholds[places], values[places]


def step_places(x: FloatArray, y: FloatArray, *, n_columns: int = 300) -> IntArray:
    """Return the places that decide what a line with gaps looks like: `drawn_places`, and one a gap.

    Examples
    --------
    >>> step_places(np.arange(5.0), np.array([1.0, np.nan, np.nan, 0.5, 0.5]))
    array([0, 1, 3, 4])
    """
    known = np.isfinite(y)
    gaps = np.flatnonzero(~known & np.append(True, known[:-1]))
    drawn = np.flatnonzero(known)
    if drawn.size:
        drawn = drawn[drawn_places(x[drawn], y[drawn], n_columns=n_columns)]
    return np.union1d(drawn, gaps)


def threshold_rules(
    points: Mapping[str, float] | None,
    field: str,
    look: Theme,
    *,
    ends: tuple[float, float],
    top: float = 10,
) -> list[alt.Chart]:
    """Return a rule a threshold, and above all rules their names, each on a line of its own.

    Parameters
    ----------
    points : mapping of str to float, optional
        Thresholds by name.
    field : str
        What the chart's horizontal axis shows.
    look : Theme
    ends : (float, float)
        Of the axis.
    top : float
        Where the first name stands, in pixels from the top.

    Raises
    ------
    XentError
        When a threshold is no finite number: it has no place on the axis.
    """
    rules: list[alt.Chart] = []
    names: list[alt.Chart] = []
    for line, (name, given) in enumerate((points or {}).items()):
        threshold = float(given)
        if not math.isfinite(threshold):
            raise XentError(f"points must be finite thresholds, got {threshold} for {name!r}.")
        is_right = threshold > (ends[0] + ends[1]) / 2
        rows = [{field: threshold, "text": f"{name}: {threshold:.3g}"}]
        base = alt.Chart(alt.Data(values=rows)).encode(x=alt.X(f"{field}:Q"))
        rules.append(base.mark_rule(color=look.ink, strokeDash=[4, 3], clip=True))
        place = {"align": "right" if is_right else "left", "dx": -6 if is_right else 6}
        height = alt.value(top + LINE_HEIGHT * line)
        names += [text.encode(y=height, text="text:N") for text in label_texts(base, look, **place)]
    return [*rules, *names]


def label_texts(base: alt.Chart, look: Theme, **place: Any) -> list[alt.Chart]:
    """Return a text twice, first as a rim in the color of the paper: readable over lines."""
    style: dict[str, Any] = {"fontSize": 11, "baseline": "middle", **place}
    rim = base.mark_text(
        color=look.background, stroke=look.background, strokeWidth=4, strokeJoin="round", **style
    )
    return [rim, base.mark_text(color=look.ink, **style)]
