"""What losses can bear, as rows of text: one a loss, format and label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xent.audits.sweep import Stretch, Sweep, Usable

__all__ = ["sweep_table"]

HEADING: Final = (
    "loss",
    "label",
    "loss right",
    "ulp",
    "at the ends",
    "at -inf, inf",
    "gradient right",
    "ulp",
    "gradient wrong",
)


def sweep_table(sweeps: Iterable[Sweep]) -> list[tuple[str, ...]]:
    """Return the heading, and a row for every sweep.

    The columns are the stretch of logits in which every relative error of the loss is within the
    format's tolerance, the largest error inside in units in the last place, the loss at the lowest
    and the highest logit and at the infinite ones, the same stretch and error of the gradient, and
    where the gradient is off by more than a hundredth, with what it gives there.

    Examples
    --------
    >>> import numpy as np
    >>> from xent.audits.sweep import Sweep
    >>> x = np.linspace(-40, 40, 81)
    >>> exact, slope = np.logaddexp(0, -x), -1 / (1 + np.exp(x))
    >>> flat = Sweep("clipped", "float32", 1, x, np.minimum(exact, 16), slope * (x > -16), exact, slope)
    >>> for row in sweep_table([flat]):
    ...     print(" | ".join(row))
    loss | label | loss right | ulp | at the ends | at -inf, inf | gradient right | ulp | gradient wrong
    clipped | 1 | -16.00 … 40.00 | 0.059 | 16, 4.2e-18 | - | -15.00 … 40.00 | 0 | below -16.00: 0
    """
    return [HEADING, *(_row(sweep) for sweep in sweeps)]


def _row(sweep: Sweep) -> tuple[str, ...]:
    low, high = sweep.ends
    return (
        sweep.loss,
        str(sweep.label),
        *_usable(sweep.value_usable),
        f"{low:.5g}, {high:.2g}" if sweep.label else f"{low:.2g}, {high:.5g}",
        "-"
        if sweep.at_infinity is None
        else ", ".join(f"{value:.5g}" for value in sweep.at_infinity),
        *_usable(sweep.gradient_usable),
        "; ".join(_stretch(part, sweep) for part in sweep.wrong_gradients) or "nowhere",
    )


def _usable(part: Usable) -> tuple[str, str]:
    if part.low == part.high:
        return "nowhere", "-"
    return str(part), f"{part.ulps:.2g}"


def _stretch(part: Stretch, sweep: Sweep) -> str:
    gives = "no number" if not np.isfinite(part.gives) else f"{part.gives + 0.0:.2g}"
    if part.low == sweep.logit[0] and part.high == sweep.logit[-1]:
        return f"everywhere: {gives}"
    if part.low == sweep.logit[0]:
        return f"below {part.high:.2f}: {gives}"
    if part.high == sweep.logit[-1]:
        return f"above {part.low:.2f}: {gives}"
    return f"{part.low:.2f} … {part.high:.2f}: {gives}"
