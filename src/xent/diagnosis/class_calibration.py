"""Whether the probabilities of several classes mean what they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import skewed_tail
from xent.errors import XentError
from xent.evaluation.calibration import fit_temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import FloatArray, IntArray

__all__ = [
    "class_wise_test",
    "implied_temperature",
    "miscalibrated_classes",
    "multiclass_brier_test",
]


def multiclass_brier_test(truth: IntArray, p: FloatArray) -> tuple[float, float]:
    """Return z and p value of the Brier score of several classes against what the probabilities say of it.

    With ``s = sum p_k^2``, the score of a row is ``1 + s - 2 p_y``, of mean ``1 - s`` and variance
    ``4 (sum p_k^3 - s^2)`` where y is drawn from p: Spiegelhalter's test of several classes. z is positive where
    the probabilities are too sure. The p value takes the sum's skewness into account.

    Examples
    --------
    >>> p = np.array([[0.5, 0.3, 0.2]] * 4)
    >>> z, p_value = multiclass_brier_test(np.array([0, 1, 2, 2]), p)
    >>> round(z, 3), round(p_value, 3)
    (1.281, 0.204)
    """
    squares = np.square(p).sum(axis=1)
    gap = 2 * float((squares - np.take_along_axis(p, truth[:, None], axis=1)[:, 0]).sum())
    apart = 2 * (squares[:, None] - p)
    variance = float((p * np.square(apart)).sum())
    return _ratio(gap, variance), skewed_tail(gap, variance, float((p * apart**3).sum()))


def class_wise_test(truth: IntArray, p: FloatArray) -> tuple[float, FloatArray]:
    """Return whether each class is as frequent as was said: p value of all, and z of each class.

    ``D = sum (e_y - p)`` has covariance ``sum (diag(p) - p p')`` where y is drawn from p: ``D' C^+ D`` is
    chi-square with K - 1 degrees.
    """
    from scipy.stats import chi2

    n_classes = p.shape[1]
    gap = np.bincount(truth, minlength=n_classes) - p.sum(axis=0)
    covariance = np.diag(p.sum(axis=0)) - p.T @ p
    variance = np.diag(covariance)
    z = np.array([_ratio(g, v) for g, v in zip(gap.tolist(), variance.tolist(), strict=True)])
    if not np.isfinite(z).all():
        return 0.0, z
    # classes that are hardly ever expected make no chi-square: they are judged by their own z
    kept = variance >= 5
    if np.count_nonzero(kept) == 0:
        return 1.0, z
    inverse = np.linalg.pinv(covariance[np.ix_(kept, kept)], rcond=1e-9, hermitian=True)
    degrees = min(int(np.count_nonzero(kept)), n_classes - 1)
    return float(chi2.sf(gap[kept] @ inverse @ gap[kept], degrees)), z


def implied_temperature(truth: IntArray, p: FloatArray) -> float:
    """Return the temperature at which the probabilities fit best; NaN where none does."""
    try:
        return fit_temperature(truth, logits=np.log(np.clip(p, 1e-12, 1.0))).temperature
    except XentError:
        return math.nan


def miscalibrated_classes(
    truth: IntArray, p: FloatArray, names: Sequence[str], alpha: float
) -> Finding | None:
    """Find probabilities that do not mean what they say: of all classes, of each, or of the one decided for.

    Three tests, each of which is exact in the limit where y is drawn from p, corrected by Bonferroni.
    """
    top = p.max(axis=1)
    right = p.argmax(axis=1) == truth
    brier, brier_p = multiclass_brier_test(truth, p)
    doubt = top * (1 - top)
    label_p = skewed_tail(
        float((right - top).sum()), float(doubt.sum()), float((doubt * (1 - 2 * top)).sum())
    )
    shares, z = class_wise_test(truth, p)
    tests = {"brier": brier_p, "top": label_p, "classes": shares}
    p_value = min(1.0, len(tests) * min(tests.values()))
    if not p_value < alpha:
        return None
    temperature = implied_temperature(truth, p)
    parts = [
        f"the class decided for has {top.mean():.3f} on average, and is right in {right.mean():.3f}"
    ]
    worst = int(np.abs(z).argmax())
    if shares == min(tests.values()):
        share = float(np.mean(truth == worst))
        parts.append(
            f"class {names[worst]} is said in {p[:, worst].mean():.3f}, and seen in {share:.3f}"
        )
    if math.isfinite(temperature):
        how = "too sure" if temperature > 1 else "not sure enough"
        parts.append(f"temperature {temperature:.2f} fits best ({how})")
    cure = "recalibrate on validation rows: fit_temperature, or prior_shift where the shares of classes moved"
    evidence = {
        "brier_z": brier,
        "temperature": temperature,
        **{f"{n}_p": v for n, v in tests.items()},
    }
    return Finding("miscalibration", p_value, "; ".join(parts), cure, evidence)


def _ratio(gap: float, variance: float) -> float:
    """Return gap over its standard deviation; rounding of rows that are certain is no gap."""
    if abs(gap) < 1e-6:
        return 0.0
    return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)
