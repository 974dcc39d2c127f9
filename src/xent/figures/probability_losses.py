"""Why training needs a loss: the log loss has a slope everywhere, a decision has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.figures.shares import curve_line, point_rows, series_channels
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from xent.figures.theme import Theme

__all__ = ["decision_step", "loss_by_probability"]

N_PLACES: Final = 400
PROBABILITY: Final = "predicted probability of the positive class"


def loss_by_probability(
    *,
    least: float = 0.002,
    title: str = "Log loss of a row",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 320,
) -> alt.LayerChart:
    """Draw the log loss of a positive row, -log p, and of a negative one, -log(1 - p).

    Parameters
    ----------
    least : float
        The probabilities drawn run from here to 1 less it; at 0 and 1 one of the two is infinite.
    title : str
    theme : Theme or str
    width, height : int
        In pixels.

    Raises
    ------
    XentError
        When least is not between 0 and 0.5.

    Examples
    --------
    >>> chart = loss_by_probability(least=0.1)
    >>> [round(row["y"], 4) for row in chart.data.values[::400]]
    [2.3026, 0.1054]
    """
    if not 0 < least < 0.5:
        raise XentError(f"least must lie between 0 and 0.5, got {least}. 0.002 is usual.")
    look = theme_named(theme)
    # equally far apart in log odds: the steep ends are smooth
    end = np.log(least) - np.log1p(-least)
    logits = np.linspace(end, -end, N_PLACES)
    p = np.asarray(Bernoulli().mean(logits))
    rows: list[dict[str, Any]] = []
    names = {"positive row: −log p": 1, "negative row: −log(1 − p)": 0}
    for name, truth in names.items():
        losses = np.asarray(Bernoulli().nll(logits, np.full(N_PLACES, truth)))
        rows += point_rows(p, losses, row=name)
    axes = _axes(PROBABILITY, "loss (nats)")
    chart = alt.layer(curve_line(rows, axes, series_channels("row", list(names), look)))
    return themed(chart, look, title=title, width=width, height=height)


def decision_step(
    *,
    threshold: float = 0.5,
    title: str = "A decision and its derivative",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 160,
) -> alt.VConcatChart:
    """Draw the decision against the probability, and its derivative beneath.

    The derivative is 0 on both sides and does not exist at the threshold: figures of decisions
    (accuracy, recall) cannot be trained on.

    Parameters
    ----------
    threshold : float
        Rows of at least this probability are decided positive.
    title : str
    theme : Theme or str
    width, height : int
        Of each of the two panels, in pixels.

    Raises
    ------
    XentError
        When the threshold is not between 0 and 1.

    Examples
    --------
    >>> decision, derivative = decision_step(threshold=0.3).vconcat
    >>> [(row["x"], row["y"]) for row in decision.layer[0].data.values]
    [(0.0, 0.0), (0.3, 0.0), (0.3, None), (0.3, 1.0), (1.0, 1.0)]
    >>> {row["y"] for row in derivative.layer[0].data.values if row["y"] is not None}
    {0.0}
    """
    if not 0 < threshold < 1:
        raise XentError(f"threshold must lie between 0 and 1, got {threshold}. 0.5 is usual.")
    look = theme_named(theme)
    x = np.array([0.0, threshold, threshold, threshold, 1.0])
    decision = _panel(
        x,
        np.array([0.0, 0.0, np.nan, 1.0, 1.0]),
        "decision (0 or 1)",
        [(0, False), (1, True)],
        look,
    )
    derivative = _panel(
        x,
        np.array([0.0, 0.0, np.nan, 0.0, 0.0]),
        "derivative (per unit of p)",
        [(0, False)],
        look,
    )
    panels = [panel.properties(width=width, height=height) for panel in (decision, derivative)]
    return themed(
        alt.vconcat(*panels),
        look,
        title=title,
        subtitle=f"threshold {threshold:g}: 0 on both sides, none at the jump",
    )


def _axes(x_title: str, y_title: str, **y_scale: Any) -> dict[str, Any]:
    return {
        "x": alt.X("x:Q", title=x_title, scale=alt.Scale(domain=[0, 1], nice=False)),
        "y": alt.Y("y:Q", title=y_title, scale=alt.Scale(**y_scale)),
    }


def _panel(
    x: np.ndarray[Any, Any],
    y: np.ndarray[Any, Any],
    y_title: str,
    ends: list[tuple[int, bool]],
    look: Theme,
) -> alt.LayerChart | alt.FacetChart:
    """Return a function with a jump; a full circle is where its value lies, an empty one where not."""
    axes = _axes(PROBABILITY, y_title, domain=[-0.15, 1.15], nice=False)
    axes["y"].axis = alt.Axis(values=[0, 1])
    circles: list[Any] = [
        alt.Chart(alt.Data(values=[{"x": float(x[1]), "y": end}]))
        .mark_point(
            size=60,
            opacity=1,
            filled=True,
            fill=look.hues[0] if is_value else look.background,
            stroke=look.hues[0],
        )
        .encode(**axes)
        for end, is_value in ends
    ]
    return alt.layer(curve_line(point_rows(x, y), axes, look.hues[0]), *circles)
