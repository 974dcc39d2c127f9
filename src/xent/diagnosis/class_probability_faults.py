"""Faults of the probabilities of several classes as such: a second softmax, one row for all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.class_calibration import implied_temperature
from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import upper_tail

if TYPE_CHECKING:
    from xent.arrays import FloatArray, IntArray

__all__ = ["constant_rows", "softmaxed_twice"]

SURE = 5.0  # standard errors
ROUNDING = 1e-4  # of probabilities that were printed


def softmaxed_twice(truth: IntArray, p: FloatArray) -> Finding | None:
    """Find a softmax of probabilities: undoing it gives probabilities in every row, which predict far better.

    Of ``s = softmax(p)`` with p in the simplex, ``p = log s - mean(log s) + 1/K``, and no two entries of a row of s
    differ by more than a factor e.
    """
    n, n_classes = p.shape
    low, high = float(p.min()), float(p.max())
    if low <= 0 or high - low < 1e-3:
        return None
    logs = np.log(p)
    undone = logs - logs.mean(axis=1, keepdims=True) + 1 / n_classes
    if undone.min() < -ROUNDING * n_classes or undone.max() > 1 + ROUNDING * n_classes:
        return None
    undone = np.clip(undone, 1e-6, 1.0)
    undone /= undone.sum(axis=1, keepdims=True)
    rows = np.arange(n)
    before, after = -logs[rows, truth], -np.log(undone[rows, truth])
    gains = before - after
    error = float(gains.std() / math.sqrt(n))
    if gains.mean() <= SURE * error:
        return None
    temperature = implied_temperature(truth, p)
    seen = (
        f"all probabilities lie in {low:.3f} to {high:.3f}, as a softmax of probabilities does; undoing it lowers the "
        f"log loss from {before.mean():.4f} to {after.mean():.4f}"
    )
    if math.isfinite(temperature):
        seen += f" (temperature {temperature:.2f} fits best)"
    cure = "take the softmax once: give the network's outputs as logits="
    evidence = {"low": low, "high": high, "gain": float(gains.mean()), "temperature": temperature}
    p_value = upper_tail(float(gains.mean()) / max(error, 1e-300))
    return Finding("squeezed twice", p_value, seen, cure, evidence)


def constant_rows(p: FloatArray) -> Finding | None:
    """Find the same probabilities in every one of two or more rows."""
    if len(p) < 2 or bool((p != p[0]).any()):
        return None
    shown = ", ".join(f"{value:.4g}" for value in p[0, :6]) + (", ..." if p.shape[1] > 6 else "")
    return Finding(
        "constant output",
        0.0,
        f"all {len(p):,} rows have the probabilities {shown}",
        "Check that the features reach the model and that it trained: it tells no rows apart.",
        {"values": p[0].tolist()},
    )
