"""Faults of the order of rows, for several classes: targets shifted or shuffled against the predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import upper_tail
from xent.diagnosis.row_shifts import SURE, shifted_rows

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = ["shifted_classes", "shuffled_classes"]


def shifted_classes(truth: IntArray, p: FloatArray) -> Finding | None:
    """Find targets that fit the predictions of another row, a fixed number of rows away.

    Judged by the mean probability of the true class, in standard errors of random pairings (Hoeffding 1951).
    """
    return shifted_rows(_z, truth, p)


def shuffled_classes(truth: IntArray, p: FloatArray) -> Finding | None:
    """Find predictions that claim much and tell nothing: the rows of the two do not belong together.

    The mean probability of the true class is, of honest probabilities, the mean of ``sum_k p_k^2``.
    """
    chance, spread = _random_pairing(truth, p)
    if spread == 0:
        return None
    seen_mean = float(np.take_along_axis(p, truth[:, None], axis=1).mean())
    promised = float(np.square(p).sum(axis=1).mean())
    z = (promised - seen_mean) / spread
    if abs(seen_mean - chance) > 3 * spread or z < SURE:
        return None
    seen = (
        f"the true class has the mean probability {seen_mean:.3f}, as by chance ({chance:.3f}), while the "
        f"probabilities promise {promised:.3f}"
    )
    cure = (
        "do truth and predictions stand in the same order? Join them by a key; "
        "else the features tell nothing of these rows"
    )
    evidence = {"mean": seen_mean, "promised": promised, "chance": chance}
    return Finding("shuffled targets", upper_tail(z), seen, cure, evidence)


def _z(truth: IntArray, p: FloatArray) -> float:
    chance, spread = _random_pairing(truth, p)
    mean = float(np.take_along_axis(p, truth[:, None], axis=1).mean())
    return 0.0 if spread == 0 else (mean - chance) / spread


def _random_pairing(truth: IntArray, p: FloatArray) -> tuple[float, float]:
    """Return mean and standard deviation, over all pairings of rows, of the true class's mean probability."""
    n, n_classes = p.shape
    shares = np.bincount(truth, minlength=n_classes) / n
    centered = p - p.mean(axis=0)
    # d_ik = a_ik - mean over rows - mean over targets + mean: Hoeffding's combinatorial variance
    centered = centered - (centered @ shares)[:, None]
    variance = float((np.square(centered) @ shares).sum()) / max(n - 1, 1)
    return float(p.mean(axis=0) @ shares), math.sqrt(variance / n)
