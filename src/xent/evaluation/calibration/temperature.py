"""Temperature scaling: all logits divided by one number, fitted on the validation part."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.distributions import Bernoulli, Categorical
from xent.errors import XentError
from xent.evaluation.calibration.recalibration import binary_or_class_logits, checked_logits

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["Temperature", "fit_temperature"]


@dataclass(frozen=True)
class Temperature:
    """Logits divided by a temperature: the order of scores and the predicted class stay.

    Parameters
    ----------
    temperature : float
        Above 1 the model was too sure, below 1 not sure enough.

    Examples
    --------
    >>> Temperature(2.0).apply([3.0, -1.0])
    array([ 1.5, -0.5])
    """

    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise XentError(f"temperature must be positive and finite, got {self.temperature}.")

    def apply(self, logits: object) -> FloatArray:
        """Return the recalibrated logits, of the same shape."""
        return checked_logits(logits) / self.temperature

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the kind among them."""
        return {"kind": "temperature", "temperature": self.temperature}


def fit_temperature(y: object, *, logits: object, weight: object = None) -> Temperature:
    """Fit the temperature of least log loss, for two or more classes.

    Parameters
    ----------
    y : array of shape (n,)
        Truth, 0 or 1; or class codes 0..K-1.
    logits : array of shape (n,), (n, 1) or (n, K)
        Of the positive class, or one column a class. An infinite logit in favor of the truth
        costs nothing at any temperature, and counts for nothing.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish.

    Raises
    ------
    XentError
        When arrays do not fit; when no temperature is best: every row right (it would be 0), the
        logits no better than equal ones (it would be infinite); or when an infinite logit is wrong.

    References
    ----------
    Guo et al., On calibration of modern neural networks, ICML 2017, section 4.2.

    Examples
    --------
    >>> fit = fit_temperature([1, 1, 0, 0, 1], logits=[4.0, 2.0, -3.0, 1.0, -1.0])
    >>> round(fit.temperature, 4)
    1.7233
    """
    truth, z, kept = binary_or_class_logits(y, logits, weight)
    margins = _margins(truth, z)
    w = np.ones(truth.size) if kept is None else kept
    if np.isposinf(margins).any() or np.isnan(margins).any():
        raise XentError(
            "logits must not be infinite against the truth: no temperature makes such a row finite."
        )
    if not (margins > 0).any():
        raise XentError(
            "logits put the truth first in every row: the best temperature would be 0. "
            "Fit on rows that the model was not trained on, or on more of them."
        )
    return Temperature(_best_temperature(margins, w))


def _best_temperature(margins: FloatArray, w: FloatArray) -> float:
    from scipy.optimize import brentq

    largest = float(np.abs(margins[np.isfinite(margins)]).max())
    # The loss is convex in the inverse temperature: its slope rises, and crosses 0 once.
    scaled = margins / largest
    if not _slope(0.0, scaled, w) < 0:
        raise XentError(
            "logits are no better than equal ones on these rows: the best temperature would be "
            "infinite. Check that y and logits belong together."
        )
    high = 1.0
    while _slope(high, scaled, w) <= 0:
        high *= 2
        if high > 1e300:
            raise XentError("logits differ too much in size: no finite temperature is best.")
    # Logits of 1 beside some of 1e300 take a thousand halvings; others a dozen steps.
    inverse: float = brentq(
        _slope, 0.0, high, args=(scaled, w), xtol=1e-300, rtol=1e-14, maxiter=5000
    )
    return largest / inverse


def _slope(inverse: float, margins: FloatArray, w: FloatArray) -> float:
    """Return d/dt sum w log(1 + sum_j exp(t m_j)) = sum w sum_j m_j p_j(t)."""
    if inverse == 0:
        # A class that is impossible at every positive temperature is impossible in the limit too.
        possible = np.isfinite(margins)
        p = possible / (possible.sum(axis=1, keepdims=True) + 1)
    elif margins.shape[1] == 1:
        p = Bernoulli().mean(inverse * margins[:, 0])[:, None]
    else:
        own = np.zeros((margins.shape[0], 1))
        logits = np.hstack([own, inverse * margins])
        p = Categorical(logits.shape[1]).mean(logits)[:, 1:]
    return float(w @ np.sum(np.where(p > 0, np.where(p > 0, margins, 0.0) * p, 0.0), axis=1))


def _margins(truth: Array, z: FloatArray) -> FloatArray:
    """Return how far the other logits stand above the truth's own, (n, K - 1)."""
    if z.ndim == 1:
        return np.where(truth, -z, z)[:, None]
    rows = np.arange(truth.size)
    own = z[rows, truth][:, None]
    with np.errstate(invalid="ignore"):
        margins = z - own
    others = np.ones(z.shape, dtype=bool)
    others[rows, truth] = False
    return margins[others].reshape(truth.size, z.shape[1] - 1)
