"""Platt scaling: an intercept and a slope on the logit, fitted on the validation part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration.logistic_fit import fit_line, is_separated
from xent.evaluation.calibration.recalibration import checked_logits
from xent.evaluation.inputs import binary_rows, check_scores

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["Platt", "fit_platt"]


@dataclass(frozen=True)
class Platt:
    """Logits moved along a line: intercept + slope * logit.

    Parameters
    ----------
    intercept, slope : float
        Finite. A negative slope turns the order of the scores round: the model was upside down.

    Examples
    --------
    >>> Platt(0.5, 2.0).apply([1.0, -1.0])
    array([ 2.5, -1.5])
    """

    intercept: float
    slope: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.intercept) and math.isfinite(self.slope)):
            raise XentError(
                f"intercept and slope must be finite, got {self.intercept} and {self.slope}."
            )

    def apply(self, logits: object) -> FloatArray:
        """Return the recalibrated logits, shape (n,) from (n,) or (n, 1)."""
        z = checked_logits(logits, n_columns=1)
        # 0 * inf is NaN, but a slope of 0 asks for no logit.
        if self.slope == 0:
            return np.full(z.shape, self.intercept)
        with np.errstate(over="ignore"):  # a logit beyond the largest number is infinite
            return self.intercept + self.slope * z

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the kind among them."""
        return {"kind": "platt", "intercept": self.intercept, "slope": self.slope}


def fit_platt(
    y: object, *, logits: object, weight: object = None, smooth_targets: bool = True
) -> Platt:
    """Fit intercept and slope of least log loss.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    logits : array of shape (n,) or (n, 1)
        Log-odds of the positive class, finite.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.
    smooth_targets : bool
        Fit to Platt's targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in place of 1 and 0: the fit is
        finite even where a threshold parts the classes. False: plain maximum likelihood.

    Raises
    ------
    XentError
        When arrays do not fit, a logit is infinite, or all are equal; without smoothing also when
        y holds one class, or a threshold parts the classes (the slope would be infinite).

    References
    ----------
    Platt, Probabilistic outputs for support vector machines, 1999; Lin, Lin & Weng, 2007.

    Examples
    --------
    >>> fit = fit_platt([0, 1, 0, 1, 1], logits=[-2.0, -1.0, 0.0, 1.0, 2.0])
    >>> round(fit.intercept, 4), round(fit.slope, 4)
    (0.3592, 0.4809)
    """
    truth, given, kept = binary_rows(y, "logits", logits, weight)
    z = check_scores(given, "logits").astype(np.float64)
    if not np.isfinite(z).all():
        raise XentError(
            f"logits must be finite, got {z[~np.isfinite(z)][0]}. Leave such rows out of the fit."
        )
    if z.min() == z.max():
        raise XentError(
            f"logits must differ, got {z[0]:g} in every row: a constant has no slope. "
            "Use prior_shift to move its prevalence."
        )
    if smooth_targets:
        targets = _smoothed(truth, kept)
    elif is_separated(z, truth):
        raise XentError(
            "y and logits are parted by a threshold (or y holds one class): the slope would be "
            "infinite. Use smooth_targets=True, or fit on more rows."
        )
    else:
        targets = truth.astype(np.float64)
    fit = fit_line(np.column_stack([np.ones(z.size), z]), targets, None, kept)
    if fit is None:
        raise XentError("logits are too nearly equal to fit a slope. Use fit_isotonic.")
    return Platt(float(fit.coefficients[0]), float(fit.coefficients[1]))


def _smoothed(truth: Array, weight: FloatArray | None) -> FloatArray:
    w = np.ones(truth.size) if weight is None else weight
    up, down = float(w[truth].sum()), float(w[~truth].sum())
    return np.where(truth, (up + 1) / (up + 2), 1 / (down + 2))
