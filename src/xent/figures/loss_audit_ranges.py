"""Losses under audit: between which logits each is right, and where its gradient is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.theme import theme_named, themed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.audits.sweep import Sweep
    from xent.figures.theme import Theme

__all__ = ["usable_logits"]

LARGEST: Final = 1e4
ROW: Final = 15
LARGEST_ROOM: Final = 205
MARGIN: Final = 54
KINDS: Final = ("loss right", "gradient right", "gradient wrong")
TICKS: Final = (-1e4, -100.0, -10.0, 0.0, 10.0, 100.0, 1e4)


def usable_logits(
    sweeps: Sequence[Sweep],
    *,
    title: str = "Between which logits a loss is right",
    theme: Theme | str = "light",
    width: int = 480,
) -> alt.VConcatChart:
    """Draw, for every loss and label, the logits at which loss and gradient are right or wrong.

    Right is a relative error within the format's tolerance (1e-12 in float64, 1e-5 in float32, 0.1 in
    bfloat16); wrong is a gradient that is off by more than a hundredth of the largest, or no number.
    In between only digits are lost.

    Parameters
    ----------
    sweeps : sequence of Sweep
        As from `xent.audits.measure_losses`.
    title : str
    theme : Theme or str
    width : int
        Of the whole chart, in pixels.

    Raises
    ------
    XentError
        When there are no sweeps.

    Examples
    --------
    >>> import numpy as np
    >>> from xent.audits import Sweep
    >>> x = np.linspace(-40, 40, 81)
    >>> exact, slope = np.logaddexp(0, -x), -1 / (1 + np.exp(x))
    >>> right = Sweep("softplus", "float64", 1, x, exact, slope, exact, slope)
    >>> [row["kind"] for row in usable_logits([right]).data.values]
    ['loss right', 'gradient right']
    """
    if not sweeps:
        raise XentError("sweeps must not be empty: give those of an audit, or of measure_losses.")
    look = theme_named(theme)
    losses = list(dict.fromkeys(sweep.loss for sweep in sweeps))
    room = min(LARGEST_ROOM, 6 * max(len(f"{loss}, label 1") for loss in losses))
    panels = [
        _panel([s for s in sweeps if s.dtype == dtype], room, look).properties(
            width=width - room - MARGIN, title=alt.TitleParams(dtype, fontSize=12)
        )
        for dtype in dict.fromkeys(sweep.dtype for sweep in sweeps)
    ]
    return themed(alt.vconcat(*panels, spacing=14), look, title=title)


def _panel(sweeps: Sequence[Sweep], room: int, look: Theme) -> alt.Chart:
    names = [f"{sweep.loss}, label {sweep.label}" for sweep in sweeps]
    rows = [row for sweep, name in zip(sweeps, names, strict=True) for row in _rows(sweep, name)]
    scale = alt.Scale(type="symlog", constant=1.0, domain=[-LARGEST, LARGEST], nice=False)
    signs = "datum.value == 0 ? '0' : (datum.value < 0 ? '−' : '') + format(abs(datum.value), '~s')"
    bars: alt.Chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(clip=True)
        .encode(
            x=alt.X(
                "low:Q",
                title="logit",
                scale=scale,
                axis=alt.Axis(values=list(TICKS), labelExpr=signs, labelFontSize=10),
            ),
            x2="high:Q",
            y=alt.Y(
                "name:N",
                title=None,
                sort=names,
                scale=alt.Scale(paddingInner=0.25),
                axis=alt.Axis(labelLimit=room, minExtent=room, labelFontSize=10),
            ),
            yOffset=alt.YOffset("place:N", sort=["value", "gradient"]),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(
                    domain=list(KINDS), range=[look.hues[2], look.hues[0], look.hues[1]]
                ),
            ),
            tooltip=["name:N", "kind:N", "from:Q", "to:Q", "gives:N"],
        )
        .properties(height=alt.Step(ROW / 2))
    )
    return bars


def _rows(sweep: Sweep, name: str) -> list[dict[str, Any]]:
    rows = []
    value, gradient = sweep.value_usable, sweep.gradient_usable
    for kind, place, part in ((KINDS[0], "value", value), (KINDS[1], "gradient", gradient)):
        if part.high > part.low:
            rows.append(_bar(name, kind, place, part.low, part.high))
    for stretch in sweep.wrong_gradients:
        gives = "no number" if not np.isfinite(stretch.gives) else f"{stretch.gives:.3g}"
        rows.append(_bar(name, KINDS[2], "gradient", stretch.low, stretch.high, gives))
    return rows


def _bar(
    name: str, kind: str, place: str, low: float, high: float, gives: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "place": place,
        "low": max(low, -LARGEST),
        "high": min(high, LARGEST),
        "from": low,
        "to": high,
        "gives": gives,
    }
