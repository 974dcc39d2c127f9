"""A loss under audit: what it gives at every logit, beside what it should give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import numpy as np

from xent.errors import XentError
from xent.figures.shares import DASHES, curve_line, point_rows
from xent.figures.theme import theme_named, themed
from xent.figures.thinning import drawn_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.audits.sweep import Sweep
    from xent.figures.theme import Theme

__all__ = ["loss_by_logit"]

EXACT: Final = "exact"
N_COLUMNS: Final = 120
GAP: Final = 56
ROWS: Final = {1: "label 1", 0: "label 0"}


def loss_by_logit(
    sweeps: Sequence[Sweep],
    *,
    reach: float = 40.0,
    title: str = "",
    theme: Theme | str = "light",
    width: int = 480,
    height: int = 150,
) -> alt.VConcatChart:
    """Draw a loss and its gradient against the logit, in every format it was run in, and exactly.

    Parameters
    ----------
    sweeps : sequence of Sweep
        Of one loss, as in `Audit.sweeps`.
    reach : float
        Logits are drawn from minus this to this.
    title : str
        By default the loss.
    theme : Theme or str
    width, height : int
        Of the chart, and of each of the panels, in pixels.

    Raises
    ------
    XentError
        When there are no sweeps, sweeps of several losses, or nothing within reach.

    Examples
    --------
    >>> import numpy as np
    >>> from xent.audits import Sweep
    >>> x = np.linspace(-40, 40, 81)
    >>> exact, slope = np.logaddexp(0, -x), -1 / (1 + np.exp(x))
    >>> clipped = Sweep("clipped", "float32", 1, x, np.minimum(exact, 16), slope, exact, slope)
    >>> loss_by_logit([clipped]).to_dict()["title"]["text"]
    'clipped'
    """
    losses = {sweep.loss for sweep in sweeps}
    if len(losses) != 1:
        raise XentError(
            f"sweeps must be of one loss, got {len(losses)}. Draw each loss alone, or usable_logits."
        )
    if not (np.isfinite(reach) and reach > 0):
        raise XentError(f"reach must be above 0 and finite, got {reach}. 40 is usual.")
    look = theme_named(theme)
    labels = [label for label in (1, 0) if any(sweep.label == label for sweep in sweeps)]
    names = [EXACT, *dict.fromkeys(sweep.dtype for sweep in sweeps)]
    part = (width - GAP * len(labels)) // len(labels)
    panels = []
    for quantity, words in (("value", "loss (nats)"), ("gradient", "gradient at the logit")):
        rows = [
            _panel([s for s in sweeps if s.label == label], quantity, words, names, reach, look)
            .properties(width=part, height=height, title=alt.TitleParams(ROWS[label], fontSize=12))
            for label in labels
        ]  # fmt: skip
        panels.append(alt.hconcat(*rows, spacing=12))
    return themed(alt.vconcat(*panels), look, title=title or losses.pop())


def _panel(
    sweeps: Sequence[Sweep], quantity: str, words: str, names: list[str], reach: float, look: Theme
) -> alt.Chart:
    rows: list[dict[str, Any]] = []
    for sweep in sweeps:
        rows += _line(sweep, quantity, sweep.dtype, reach)
    rows += _line(sweeps[0], f"exact_{quantity}", EXACT, reach)
    axes = {
        "x": alt.X("x:Q", title="logit", scale=alt.Scale(domain=[-reach, reach], nice=False)),
        "y": alt.Y("y:Q", title=words),
    }
    channels = {
        "color": alt.Color(
            "line:N",
            title=None,
            scale=alt.Scale(domain=names, range=[look.muted, *look.hues[: len(names) - 1]]),
        ),
        "strokeDash": alt.StrokeDash(
            "line:N",
            title=None,
            scale=alt.Scale(domain=names, range=[list(dash) for dash in DASHES[: len(names)]]),
        ),
        # the exact line lies under those that should cover it
        "strokeWidth": alt.condition(f"datum.line == '{EXACT}'", alt.value(5), alt.value(1.8)),
        "strokeOpacity": alt.condition(f"datum.line == '{EXACT}'", alt.value(0.5), alt.value(1)),
    }
    return curve_line(rows, axes, channels)


def _line(sweep: Sweep, quantity: str, name: str, reach: float) -> list[dict[str, Any]]:
    inside = np.abs(sweep.logit) <= reach
    if not inside.any():
        raise XentError(f"no logit of {sweep.loss} lies within a reach of {reach:g}.")
    x, y = sweep.logit[inside], np.asarray(getattr(sweep, quantity))[inside]
    kept = drawn_places(x, np.nan_to_num(y, nan=0.0, posinf=0.0, neginf=0.0), n_columns=N_COLUMNS)
    return point_rows(x[kept], y[kept], line=name)
