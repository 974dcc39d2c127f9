"""Tests of calibration: whether these truths may have been drawn with these probabilities."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.evaluation.calibration.pooling import probability_rows
from xent.evaluation.calibration.reliability import plain_list

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = [
    "CalibrationTest",
    "kolmogorov_smirnov_test",
    "kuiper_test",
    "spiegelhalter_test",
]

CERTAIN = "every probability is 0 or 1 and right: nothing is left to test"


@dataclass(frozen=True)
class CalibrationTest:
    """A test of the hypothesis that each truth was drawn with the probability that was said.

    Parameters
    ----------
    statistic : float
        The statistic; NaN where it is undefined, and then `why` says why.
    p_value : float
        Probability of a statistic as extreme, were the model calibrated.
    name : str
        Which test.
    n_rows : int
        Rows of positive weight.
    why : str
        Why the test is undefined.
    """

    statistic: float
    p_value: float
    name: str
    n_rows: int
    why: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.statistic:.4f} (p {self.p_value:.4f})"

    def to_json(self) -> dict[str, Any]:
        """Return plain values: NaN is None, an infinite number "inf" or "-inf"."""
        statistic, p_value = plain_list(np.array([self.statistic, self.p_value]))
        return {**asdict(self), "statistic": statistic, "p_value": p_value}


def spiegelhalter_test(
    y: object, *, probabilities: object, weight: object = None
) -> CalibrationTest:
    """Spiegelhalter's Z: whether the Brier score is what the probabilities say of themselves.

    Z = sum w (y - p)(1 - 2p) / sqrt(sum w^2 (1 - 2p)^2 p (1 - p)), standard normal under
    calibration; the p value is two-sided.

    Parameters
    ----------
    y : array of shape (n,) or (n, 1)
        Truth, 0 or 1.
    probabilities : array of shape (n,) or (n, 1)
        Probability of the positive class, in [0, 1].
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or values are out of range.

    References
    ----------
    Spiegelhalter, Probabilistic prediction in patient management and clinical trials, 1986.

    Examples
    --------
    >>> test = spiegelhalter_test([0, 1, 0, 1], probabilities=[0.2, 0.8, 0.2, 0.3])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (-0.1761, 0.8602)
    """
    truth, p, kept = probability_rows(y, probabilities, weight)
    w = 1.0 if kept is None else kept
    lean = w * (1 - 2 * p)
    gap = float(np.sum(lean * (truth - p)))
    deviation = math.sqrt(float(np.sum(lean * lean * (p * (1 - p)))))
    name = "Spiegelhalter"
    if deviation == 0:
        why = "every probability is 0.5: the Brier score is fixed" if np.all(p == 0.5) else CERTAIN
        return _without_spread(gap, name, truth.size, why)
    z = gap / deviation
    return CalibrationTest(z, math.erfc(abs(z) / math.sqrt(2)), name, truth.size)


def kolmogorov_smirnov_test(
    y: object, *, probabilities: object, weight: object = None
) -> CalibrationTest:
    """Kolmogorov-Smirnov test: the largest cumulative difference between truth and probability.

    The sums of w (y - p) by rising probability, over their standard deviation, run as a Brownian
    motion under calibration; the statistic is its largest distance from 0. Rows of one probability
    enter together, so their order does not matter: with few distinct probabilities the p value is
    too large rather than too small.

    Parameters
    ----------
    y, probabilities, weight
        As for `spiegelhalter_test`.

    Raises
    ------
    XentError
        As `spiegelhalter_test`.

    References
    ----------
    Arrieta-Ibarra et al., Metrics of calibration for probabilistic predictions, JMLR 2022.

    Examples
    --------
    >>> test = kolmogorov_smirnov_test([0, 1, 0, 1], probabilities=[0.2, 0.8, 0.2, 0.3])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (0.6019, 0.9577)
    """
    path, deviation, n_rows = _cumulative_differences(y, probabilities, weight)
    largest = float(np.abs(path).max())
    if deviation == 0:
        return _without_spread(largest, "Kolmogorov-Smirnov", n_rows, CERTAIN)
    statistic = largest / deviation
    p_value = brownian_maximum_survival(statistic)
    return CalibrationTest(statistic, p_value, "Kolmogorov-Smirnov", n_rows)


def kuiper_test(y: object, *, probabilities: object, weight: object = None) -> CalibrationTest:
    """Kuiper's test: the range of the cumulative differences between truth and probability.

    As `kolmogorov_smirnov_test`, with the largest less the smallest sum: it sees a miscalibration
    of any stretch of probabilities alike.

    Parameters
    ----------
    y, probabilities, weight
        As for `spiegelhalter_test`.

    Raises
    ------
    XentError
        As `spiegelhalter_test`.

    References
    ----------
    Arrieta-Ibarra et al., Metrics of calibration for probabilistic predictions, JMLR 2022; Feller,
    The asymptotic distribution of the range of sums of independent random variables, 1951.

    Examples
    --------
    >>> test = kuiper_test([0, 1, 0, 1], probabilities=[0.2, 0.8, 0.2, 0.3])
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (1.0835, 0.8861)
    """
    path, deviation, n_rows = _cumulative_differences(y, probabilities, weight)
    # The path starts at 0, which belongs to its range.
    width = max(float(path.max()), 0.0) - min(float(path.min()), 0.0)
    if deviation == 0:
        return _without_spread(width, "Kuiper", n_rows, CERTAIN)
    statistic = width / deviation
    return CalibrationTest(statistic, brownian_range_survival(statistic), "Kuiper", n_rows)


def brownian_maximum_survival(x: float) -> float:
    """Probability that a Brownian motion on [0, 1] leaves [-x, x].

    4 * sum over k of (-1)^k Q((2k + 1) x), by reflection, Q the normal tail.

    Examples
    --------
    >>> round(1 - brownian_maximum_survival(1.0), 4)
    0.3708
    """
    if x < 0.2:  # inside with probability below 6e-14; the series would need ever more terms
        return 1.0
    k = np.arange(_n_terms(x))
    return _clipped(4 * np.sum((-1.0) ** k * _normal_tail((2 * k + 1) * x)))


def brownian_range_survival(x: float) -> float:
    """Probability that the range of a Brownian motion on [0, 1] is larger than x.

    8 * sum over k >= 1 of (-1)^(k - 1) k Q(k x), the integral of Feller's density.

    Examples
    --------
    >>> round(1 - brownian_range_survival(1.0), 4)
    0.0634
    """
    if x < 0.3:  # smaller with probability below 1e-20
        return 1.0
    k = np.arange(1, _n_terms(x))
    return _clipped(8 * np.sum((-1.0) ** (k - 1) * k * _normal_tail(k * x)))


def _cumulative_differences(
    y: object, probabilities: object, weight: object
) -> tuple[FloatArray, float, int]:
    truth, p, kept = probability_rows(y, probabilities, weight)
    w = 1.0 if kept is None else kept
    distinct, place = np.unique(p, return_inverse=True)
    steps = np.bincount(place.reshape(-1), w * (truth - p), distinct.size)
    deviation = math.sqrt(float(np.sum(w * w * (p * (1 - p)))))
    return np.cumsum(steps), deviation, int(p.size)


def _without_spread(gap: float, name: str, n_rows: int, why: str) -> CalibrationTest:
    if gap == 0:
        return CalibrationTest(math.nan, math.nan, name, n_rows, why)
    why = "an event of probability 0 happened"
    return CalibrationTest(math.copysign(math.inf, gap), 0.0, name, n_rows, why)


def _n_terms(x: float) -> int:
    return int(40 / x) + 2 if x < 40 else 2


def _normal_tail(x: Array) -> FloatArray:
    from scipy.special import ndtr

    tail: FloatArray = ndtr(-x)
    return tail


def _clipped(probability: float) -> float:
    return min(max(float(probability), 0.0), 1.0)
