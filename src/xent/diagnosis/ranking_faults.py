"""Faults of the order of rows: targets shifted or shuffled against the predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import upper_tail
from xent.diagnosis.row_shifts import SURE, shifted_rows
from xent.evaluation.counts import sum_weights
from xent.evaluation.ranking import rank_auc

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["shifted_targets", "shuffled_targets"]

CLAIM = 0.65  # the AUC that the probabilities themselves promise


def shifted_targets(truth: Array, scores: FloatArray) -> Finding | None:
    """Find targets that fit the predictions of another row, a fixed number of rows away."""
    return shifted_rows(_z, truth, scores)


def shuffled_targets(truth: Array, p: FloatArray) -> Finding | None:
    """Find predictions that claim much and order nothing: the rows of the two do not belong together."""
    if truth.all() or not truth.any():
        return None
    # the AUC that the probabilities promise: each row is positive with weight p, negative with 1 - p
    twice = np.concatenate([p, p])
    sides = np.repeat([True, False], len(p))
    claim = sum_weights(sides, twice, np.concatenate([p, 1 - p])).roc_auc
    if not claim >= CLAIM:
        return None
    area, z = rank_auc(truth, p), _z(truth, p)
    error = _null_error(truth)
    if abs(z) > 3 or claim - area < SURE * error:
        return None
    seen = (
        f"the AUC is {area:.3f}, no better than chance, while the probabilities promise {claim:.3f}"
    )
    cure = (
        "do truth and predictions stand in the same order? Join them by a key; "
        "else the features tell nothing of these rows"
    )
    p_value = upper_tail((claim - area) / error)
    return Finding("shuffled targets", p_value, seen, cure, {"auc": area, "promised": claim})


def _z(truth: Array, scores: FloatArray) -> float:
    """Return how many standard errors the AUC is above chance."""
    area = rank_auc(np.ascontiguousarray(truth), np.ascontiguousarray(scores))
    return 0.0 if math.isnan(area) else (area - 0.5) / _null_error(truth)


def _null_error(truth: Array) -> float:
    n_positive = int(np.count_nonzero(truth))
    n_negative = len(truth) - n_positive
    return math.sqrt((len(truth) + 1) / (12 * n_positive * n_negative))
