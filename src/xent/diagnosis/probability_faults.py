"""Faults of probabilities as such: squeezed twice, clipped, rows that do not sum to 1, off their calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.extremes import piles_at_ends
from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import skewed_tail, upper_tail
from xent.evaluation.calibration import cox_calibration, spiegelhalter_test

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["clipped", "miscalibrated", "row_sums", "squeezed_twice"]

# sigmoid(0) and sigmoid(1): where a sigmoid of probabilities lies
SQUEEZED = (0.5, 1 / (1 + math.exp(-1)))
SURE = 5.0  # standard errors


def squeezed_twice(truth: Array, p: FloatArray) -> Finding | None:
    """Find a second sigmoid: everything between 0.5 and 0.731, and undoing it predicts far better."""
    low, high = float(p.min()), float(p.max())
    if low < SQUEEZED[0] - 1e-6 or high > SQUEEZED[1] + 1e-6 or high - low < 1e-3:
        return None
    undone = np.clip(np.log(p) - np.log1p(-p), 1e-6, 1 - 1e-6)
    gains = _log_losses(truth, p) - _log_losses(truth, undone)
    error = gains.std() / math.sqrt(len(gains))
    if gains.mean() <= SURE * error:
        return None
    before, after = (_log_losses(truth, values).mean() for values in (p, undone))
    seen = (
        f"all probabilities lie in {low:.3f} to {high:.3f}, as a sigmoid of probabilities does, and "
        f"undoing it lowers the log loss from {before:.4f} to {after:.4f}"
    )
    cure = "take the sigmoid once: give the network's outputs as logits="
    evidence = {"low": low, "high": high, "gain": float(gains.mean())}
    return Finding(
        "squeezed twice", upper_tail(gains.mean() / max(error, 1e-300)), seen, cure, evidence
    )


def clipped(truth: Array, p: FloatArray) -> Finding | None:
    """Find a pile of rows at one extreme probability, beside which the next values are single."""
    # exact 0 and 1 may be votes or rounding; a clip stops short of them
    ends = [(value, count) for value, count in piles_at_ends(p) if 0 < value < 1]
    if not ends:
        return None
    n_rows = sum(count for _, count in ends)
    at_ends = np.isin(p, [value for value, _ in ends])
    wrong = at_ends & ((p >= 0.5) != truth)
    where = " and ".join(f"{value:.3g}" for value, _ in ends)
    seen = f"{n_rows:,} rows are exactly {where}; {int(wrong.sum())} of them are wrong, and their loss ends there"
    cure = "do not clip: a log loss from logits is exact, and shows what the clip hides"
    evidence = {
        "values": [value for value, _ in ends],
        "n_rows": n_rows,
        "n_wrong": int(wrong.sum()),
    }
    return Finding("clipped", 0.0, seen, cure, evidence)


def row_sums(p: FloatArray) -> Finding | None:
    """Find rows of class probabilities that do not sum to 1, beyond what printing few digits does."""
    sums = p.sum(axis=1)
    off = np.abs(sums - 1) > 1e-3 + p.shape[1] * _printed_step(p) / 2
    if not off.any():
        return None
    worst = int(np.abs(sums - 1).argmax())
    seen = f"{int(off.sum()):,} of {len(p):,} rows do not sum to 1; row {worst} sums to {sums[worst]:.4g}"
    cure = "labels that do not exclude each other are a multi-label target; else normalize with a softmax"
    return Finding("rows do not sum to 1", 0.0, seen, cure, {"n_rows": int(off.sum())})


def _printed_step(p: FloatArray) -> float:
    """Return 0.01 where all values have two digits, 0.001 of three, 0.0001 of four; else 0."""
    for step in (0.01, 0.001, 0.0001):
        if np.allclose(p / step, np.round(p / step), rtol=0, atol=1e-6 / step):
            return step
    return 0.0


def miscalibrated(truth: Array, p: FloatArray, alpha: float) -> Finding | None:
    """Find probabilities that do not mean what they say: Spiegelhalter's test, and the share of positive rows.

    Two tests, corrected by Bonferroni; of both sums the skewness is taken into account. Cox's slope tells how.
    """
    lean, doubt = 1 - 2 * p, p * (1 - p)
    errors = float((lean * (truth - p)).sum())
    error_p = skewed_tail(
        errors, float((lean**2 * doubt).sum()), float((lean**3 * doubt * lean).sum())
    )
    said, shown = float(p.mean()), float(truth.mean())
    share_p = skewed_tail(float((truth - p).sum()), float(doubt.sum()), float((doubt * lean).sum()))
    p_value = min(1.0, 2 * min(error_p, share_p))
    if not p_value < alpha:
        return None
    cox = cox_calibration(truth, probabilities=np.clip(p, 1e-9, 1 - 1e-9))
    parts = []
    if error_p <= share_p:
        test = spiegelhalter_test(truth, probabilities=p)
        z = "" if math.isnan(test.statistic) else f" (z = {test.statistic:.1f})"
        parts.append(f"the squared errors are not what the probabilities promise{z}")
    else:
        parts.append(f"positive rows are said to be {said:.3f} of all, and are {shown:.3f}")
    if not math.isnan(cox.slope):
        how = "too sure" if cox.slope < 1 else "not sure enough"
        parts.append(f"slope {cox.slope:.2f} ({how})")
    cure = (
        "recalibrate on validation rows: fit_temperature, fit_platt or fit_isotonic; "
        "prior_shift where the share of positives moved"
    )
    evidence = {"squared_errors_p": error_p, "share_p": share_p, "slope": cox.slope}
    return Finding("miscalibration", p_value, "; ".join(parts), cure, evidence)


def _log_losses(truth: Array, p: FloatArray) -> FloatArray:
    losses: FloatArray = -np.log(np.where(truth, p, 1 - p))
    return losses
