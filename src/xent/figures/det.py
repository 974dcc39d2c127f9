"""The detection error tradeoff: misses against false alarms, on normal-deviate axes."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.shares import (
    curve_line,
    estimate_text,
    named_sources,
    point_rows,
    ranked,
    series_channels,
)
from xent.figures.theme import theme_named, themed
from xent.figures.thinning import drawn_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.evaluation.evaluations.binary import BinaryEvaluation
    from xent.figures.theme import Theme

__all__ = ["det_curve"]

RATES: Final = (0.0001, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 0.999)


def det_curve(
    source: BinaryEvaluation | Mapping[str, BinaryEvaluation],
    *,
    title: str = "Detection error tradeoff",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 440,
) -> alt.LayerChart:
    """Draw the miss rate against the false alarm rate on normal-deviate axes (Martin et al. 1997).

    Scores that are normal in both classes give a straight line. Rates of 0 and 1 have no place on
    these axes and are left out.

    Parameters
    ----------
    source : BinaryEvaluation, or a mapping of names to them
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When a source has no order, or no threshold has both rates between 0 and 1.

    Examples
    --------
    >>> import xent
    >>> e = xent.evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> [(row["x"], row["y"]) for row in det_curve(e).layer[1].data.values]
    [(0.0, 0.0)]
    """
    look = theme_named(theme)
    sources = {name: ranked(held, "det_curve") for name, held in named_sources(source).items()}
    rows = [row for name, evaluation in sources.items() for row in _rows(name, evaluation)]
    if not rows:
        raise XentError("no threshold has both error rates between 0 and 1: the classes are apart.")
    low = min(-1.3, *(min(row["x"], row["y"]) for row in rows))
    high = max(0.3, *(max(row["x"], row["y"]) for row in rows))
    axes = _axes((low - 0.1, high + 0.1))
    color: Any = look.hues[0]
    if len(sources) > 1:
        color = series_channels("curve", list(sources), look)
    equal = [{"i": k, "x": end, "y": end} for k, end in enumerate((low - 0.1, high + 0.1))]
    chart = alt.layer(
        curve_line(equal, axes, look.muted, strokeWidth=1, strokeDash=[4, 4]),
        curve_line(rows, axes, color, point={"size": 8} if len(rows) < 50 else False),
    )
    subtitle = "dashed: equal rates"
    if len(sources) == 1:
        first = next(iter(sources.values()))
        subtitle = f"{estimate_text('equal error rate', first.equal_error_rate)}; {subtitle}"
    return themed(chart, look, title=title, subtitle=subtitle, width=width, height=height)


def _rows(name: str, evaluation: BinaryEvaluation) -> list[dict[str, Any]]:
    from scipy.special import ndtri

    curve = evaluation.det
    placed = np.flatnonzero((curve.fpr > 0) & (curve.fpr < 1) & (curve.fnr > 0) & (curve.fnr < 1))
    x, y = np.asarray(ndtri(curve.fpr[placed])), np.asarray(ndtri(curve.fnr[placed]))
    # on these axes small rates are far apart: what is drawn decides, not the rates' own cells
    kept = drawn_places(x, y) if x.size else placed
    return point_rows(
        x[kept],
        y[kept],
        fpr=curve.fpr[placed[kept]],
        fnr=curve.fnr[placed[kept]],
        threshold=curve.thresholds[placed[kept]],
        curve=name,
    )


def _axes(ends: tuple[float, float]) -> dict[str, Any]:
    places = {rate: NormalDist().inv_cdf(rate) for rate in RATES}
    shown = {rate: place for rate, place in places.items() if ends[0] <= place <= ends[1]}
    # keys are whole numbers: as text a negative number would have a minus sign of its own
    texts = ", ".join(f"'{round(100 * place)}': '{100 * rate:g}%'" for rate, place in shown.items())
    axis = alt.Axis(
        values=list(shown.values()), labelExpr=f"({{{texts}}})[round(100 * datum.value)]"
    )
    scale = alt.Scale(domain=list(ends), nice=False, zero=False)
    titles = {"x": "false positive rate (% of negatives)", "y": "miss rate (% of positives)"}
    kinds: dict[str, Any] = {"x": alt.X, "y": alt.Y}
    return {
        channel: kinds[channel](f"{channel}:Q", title=text, scale=scale, axis=axis)
        for channel, text in titles.items()
    }
