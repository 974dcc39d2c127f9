"""The checks of predicted numbers, the most basic first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.diagnosis.binary_predictions import constant_output
from xent.diagnosis.predicted_interval_faults import crossed_intervals, wrong_coverage
from xent.diagnosis.regression_faults import (
    few_rows_dominate,
    mean_bias,
    other_scale,
    uneven_residuals,
    wrong_slope,
)
from xent.diagnosis.regression_order import reversed_numbers, shifted_numbers, shuffled_numbers
from xent.diagnosis.visit import Visit

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.diagnosis.finding import Diagnosis

__all__ = ["diagnose_numbers"]


def diagnose_numbers(
    y: FloatArray,
    predicted: FloatArray,
    interval: tuple[FloatArray, FloatArray] | None,
    level: float,
    alpha: float,
) -> Diagnosis:
    """Return what looks wrong with predicted numbers.

    Parameters
    ----------
    y, predicted : array of shape (n,)
    interval : two arrays of shape (n,), optional
        Low and high ends.
    level : float
        The share of targets that the intervals are to hold.
    alpha : float
        False alarms that a test is allowed.
    """
    visit = Visit()
    same = visit.look("constant output", lambda: constant_output(predicted))
    flat = "all predictions are the same" if same else ""
    constant = "all targets are the same" if y.min() == y.max() else ""
    order = flat or constant
    is_off = visit.look("other scale", lambda: other_scale(y, predicted), order)
    off = "the predictions are on another scale" if is_off else ""
    moved = visit.look("shifted targets", lambda: shifted_numbers(y, predicted), order)
    moved |= visit.look("reversed ranking", lambda: reversed_numbers(y, predicted, alpha), order)
    moved |= visit.look("shuffled targets", lambda: shuffled_numbers(y, predicted), off or order)
    hidden = off or ("an earlier fault hides it" if moved else "")
    visit.look("few rows dominate", lambda: few_rows_dominate(y, predicted), hidden)
    visit.look("mean bias", lambda: mean_bias(y, predicted, alpha), hidden)
    visit.look("miscalibration", lambda: wrong_slope(y, predicted, alpha), hidden or flat)
    visit.look("uneven residuals", lambda: uneven_residuals(y, predicted, alpha), hidden or flat)
    if interval is None:
        visit.look("crossed intervals", lambda: None, "no intervals were given")
        visit.look("wrong coverage", lambda: None, "no intervals were given")
    else:
        low, high = interval
        crossed = visit.look("crossed intervals", lambda: crossed_intervals(low, high))
        visit.look(
            "wrong coverage",
            lambda: wrong_coverage(y, low, high, level, alpha),
            "the intervals are crossed" if crossed else "",
        )
    return visit.diagnosis()
