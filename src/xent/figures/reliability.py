"""Whether probabilities mean what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.shares import curve_line, dashed_line, point_rows, share_axes
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["reliability_diagram"]

MOST_STEPS = 1000
SHARE = "share of positives"


def reliability_diagram(
    evaluation: BinaryEvaluation,
    *,
    title: str = "Reliability",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 400,
) -> alt.VConcatChart:
    """Draw the share of positives against the predicted probability, and how many rows are where.

    Three things in one: 15 bins of equal mass with Wilson's intervals; the isotonic curve (CORP) that
    needs no bins; and the band in which that curve lies when the probabilities are right (Dimitriadis,
    Gneiting & Jordan 2021). Beneath: rows by probability.

    Parameters
    ----------
    evaluation : BinaryEvaluation
        Of probabilities or logits.
    title : str
    theme : Theme or str
    width, height : int
        In pixels; the counts beneath take 70 more.

    Raises
    ------
    XentError
        When there are no probabilities.

    Examples
    --------
    >>> import numpy as np, xent
    >>> p = np.linspace(0.05, 0.95, 300)
    >>> e = xent.evaluate(np.random.default_rng(0).random(300) < p, probabilities=p)
    >>> len(reliability_diagram(e).vconcat[0].layer[3].data.values)
    15
    """
    if getattr(evaluation, "task", None) != "binary":
        raise XentError("reliability_diagram needs the evaluation of a binary target.")
    look = theme_named(theme)
    calibration = evaluation.calibration
    axes = share_axes("predicted probability", SHARE)
    main = alt.layer(
        _band(calibration.corp, look),
        dashed_line([(0, 0), (1, 1)], axes, look),
        _isotonic(calibration.corp, axes, look),
        *_bins(calibration.reliability, axes, look),
    ).properties(width=width, height=height)
    error = calibration.error
    subtitle = [
        f"calibration error {error.value:.4f}; a calibrated model would show {error.under_calibration:.4f}",
        "dots: bins with 95% intervals; line: isotonic; band: calibrated, 90%",
    ]
    chart = alt.vconcat(main, _counts(calibration.probabilities, look, width), spacing=4)
    return themed(chart, look, title=title, subtitle=subtitle)


def _band(corp: Any, look: Theme) -> alt.Chart:
    kept = _some(corp.probability.size)
    rows = point_rows(corp.probability[kept], corp.low[kept], high=corp.high[kept])
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_area(color=look.muted, opacity=0.2, clip=True)
        .encode(x="x:Q", y="y:Q", y2="high:Q")
    )
    return chart


def _isotonic(corp: Any, axes: dict[str, Any], look: Theme) -> alt.Chart:
    # the ends of the flat stretches say all
    changes = np.flatnonzero(np.diff(corp.recalibrated) != 0)
    kept = np.unique(np.concatenate([[0], changes, changes + 1, [corp.recalibrated.size - 1]]))
    rows = point_rows(corp.probability[kept], corp.recalibrated[kept])
    return curve_line(rows, axes, look.hues[0], strokeWidth=1.6)


def _bins(reliability: Any, axes: dict[str, Any], look: Theme) -> list[alt.Chart]:
    held = reliability.count > 0
    rows = point_rows(
        reliability.probability[held],
        reliability.share[held],
        low=reliability.low[held],
        high=reliability.high[held],
        rows=reliability.count[held],
    )
    base = alt.Chart(alt.Data(values=rows))
    tooltip = [
        alt.Tooltip("x:Q", title="mean probability", format=".4f"),
        alt.Tooltip("y:Q", title="share of positives", format=".4f"),
        alt.Tooltip("rows:Q", format=","),
    ]
    dots = base.mark_point(filled=True, size=45, color=look.hues[1], opacity=1)
    bars = base.mark_rule(color=look.hues[1], strokeWidth=1.4)
    return [
        dots.encode(**axes, tooltip=tooltip),
        bars.encode(x=axes["x"], y=alt.Y("low:Q", title=SHARE), y2="high:Q"),
    ]


def _counts(probabilities: Any, look: Theme, width: int) -> alt.Chart:
    counts, edges = np.histogram(probabilities, bins=40, range=(0.0, 1.0))
    rows = [
        {"low": low, "high": high, "rows": n}
        for low, high, n in zip(
            edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True
        )
    ]
    x = alt.X("low:Q", bin="binned", title="predicted probability", scale=alt.Scale(domain=[0, 1]))
    chart: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=look.muted, binSpacing=0)
        .encode(x=x, x2="high:Q", y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=2)))
        .properties(width=width, height=60)
    )
    return chart


def _some(n: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return at most 1,000 of n places at equal distances, the ends among them: two a pixel."""
    return np.unique(np.linspace(0, n - 1, min(n, MOST_STEPS)).round().astype(np.int64))
