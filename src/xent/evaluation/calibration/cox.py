"""Calibration in the large, and Cox's calibration intercept and slope, with standard errors."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.errors import XentError
from xent.evaluation.calibration.calibration_tests import CalibrationTest
from xent.evaluation.calibration.logistic_fit import fit_line, is_separated
from xent.evaluation.calibration.pooling import probability_rows
from xent.evaluation.calibration.reliability import plain_list
from xent.evaluation.inputs import binary_rows, check_scores

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["CoxCalibration", "cox_calibration"]

NAN = math.nan


@dataclass(frozen=True)
class CoxCalibration:
    """How a logistic regression of the truth on the model's own logit deviates from the diagonal.

    Parameters
    ----------
    in_the_large, in_the_large_error : float
        Intercept with the slope held at 1, 0 for a calibrated model, and its standard error.
        Positive: the probabilities are too low.
    intercept, intercept_error : float
        Intercept of the line of best fit, and its standard error.
    slope, slope_error : float
        Its slope, 1 for a calibrated model; below 1 the probabilities are too extreme.
    test : CalibrationTest
        Likelihood ratio of intercept 0 and slope 1, chi-squared with 2 degrees of freedom.
    why : str
        Why numbers are NaN.
    """

    in_the_large: float
    in_the_large_error: float
    intercept: float
    intercept_error: float
    slope: float
    slope_error: float
    test: CalibrationTest
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN is None."""
        parts = asdict(self)
        names = [name for name in parts if name not in {"test", "why"}]
        numbers = plain_list(np.array([parts[name] for name in names]))
        return {
            **dict(zip(names, numbers, strict=True)),
            "test": self.test.to_json(),
            "why": self.why,
        }


def cox_calibration(
    y: object, *, logits: object = None, probabilities: object = None, weight: object = None
) -> CoxCalibration:
    """Calibration in the large, intercept and slope of the truth on the model's logit.

    Standard errors come from the information matrix; weights count as repetition. NaN, with the
    reason, where the likelihood has no maximum: one class, classes parted by a threshold, a
    constant logit (no slope), or an infinite logit.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    logits : array of shape (n,) or (n, 1)
        Log-odds of the positive class; this or `probabilities`.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When both or none of logits and probabilities are given, or arrays do not fit each other.

    References
    ----------
    Cox, Two further applications of a model for binary regression, Biometrika 1958.

    Examples
    --------
    >>> fit = cox_calibration([0, 1, 0, 1, 1], logits=[-2.0, -1.0, 0.0, 1.0, 2.0])
    >>> round(fit.intercept, 4), round(fit.slope, 4)
    (0.6227, 1.0904)
    """
    truth, z, kept = _logit_rows(y, logits, probabilities, weight)
    if not np.isfinite(z).all():
        n_infinite = int(np.count_nonzero(~np.isfinite(z)))
        return _undefined(truth.size, f"{n_infinite} logits are infinite")
    if truth.all() or not truth.any():
        return _undefined(truth.size, "y holds one class only")
    targets = truth.astype(np.float64)
    ones = np.ones((truth.size, 1))
    large = fit_line(ones, targets, z, kept)
    a, a_error = (NAN, NAN) if large is None else _first(large.coefficients, large.covariance)
    line = None
    if z.min() == z.max():
        why = "the logit is constant: it has no slope"
    elif is_separated(z, truth):
        why = "a threshold parts the classes: the slope has no maximum"
    else:
        line, why = fit_line(np.column_stack([ones, z]), targets, None, kept), ""
    if line is None:
        test = CalibrationTest(NAN, NAN, "Cox", truth.size, why)
        return CoxCalibration(a, a_error, NAN, NAN, NAN, NAN, test, why or "no fit was found")
    (intercept, slope), errors = line.coefficients, np.sqrt(np.diag(line.covariance))
    test = _likelihood_ratio(targets, z, float(intercept), float(slope), kept)
    return CoxCalibration(
        a, a_error, float(intercept), float(errors[0]), float(slope), float(errors[1]), test
    )


def _likelihood_ratio(
    targets: FloatArray, z: FloatArray, intercept: float, slope: float, weight: FloatArray | None
) -> CalibrationTest:
    from xent.distributions import Bernoulli

    w = np.ones(z.size) if weight is None else weight
    gain = Bernoulli().nll(z, targets) - Bernoulli().nll(intercept + slope * z, targets)
    statistic = max(2 * float(np.dot(w, gain)), 0.0)
    # The chi-squared tail with 2 degrees of freedom is exp(-x / 2).
    return CalibrationTest(statistic, math.exp(-statistic / 2), "Cox", z.size)


def _logit_rows(
    y: object, logits: object, probabilities: object, weight: object
) -> tuple[Array, FloatArray, FloatArray | None]:
    if (logits is None) == (probabilities is None):
        got = "none" if logits is None else "both"
        raise XentError(f"give logits= or probabilities=, one of them, got {got}.")
    if logits is not None:
        truth, z, kept = binary_rows(y, "logits", logits, weight)
        return truth, check_scores(z, "logits").astype(np.float64), kept
    truth, p, kept = probability_rows(y, probabilities, weight)
    with np.errstate(divide="ignore"):
        return truth, np.log(p) - np.log1p(-p), kept


def _first(coefficients: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    return float(coefficients[0]), math.sqrt(float(covariance[0, 0]))


def _undefined(n_rows: int, why: str) -> CoxCalibration:
    test = CalibrationTest(NAN, NAN, "Cox", n_rows, why)
    return CoxCalibration(NAN, NAN, NAN, NAN, NAN, NAN, test, why)
