"""The sum of binary losses from logits, in cache and with one logarithm a group of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["sum_logit_losses"]

CHUNK_ROWS = 1 << 14
GROUP_ROWS = 16  # factors of one logarithm: at most 2^16


def sum_logit_losses(truth: Array, logits: Array) -> float:
    """Return the sum of max(-m, 0) + log(1 + exp(-|m|)) over rows, where m is z or -z by the truth.

    The product of a group's 1 + e, less 1, is built from positive terms only, q1 + q2 + q1 q2, so
    that nothing cancels: tiny losses are kept to the last digits. NaN where a logit is NaN.

    Parameters
    ----------
    truth : bool array of shape (n,)
    logits : array of shape (n,)
    """
    sums = []
    for start in range(0, logits.size, CHUNK_ROWS):
        wide = logits[start : start + CHUNK_ROWS].astype(np.float64)
        # 1 - 2 y is -1 for positive rows: the margin, negated.
        sign = 1.0 - 2.0 * truth[start : start + CHUNK_ROWS]
        against = np.maximum(wide * sign, 0.0)
        np.abs(wide, out=wide)
        np.negative(wide, out=wide)
        sums += [float(against.sum()), _sum_log1p(np.exp(wide, out=wide))]
    return math.fsum(sums)


def _sum_log1p(terms: FloatArray) -> float:
    n_grouped = terms.size - terms.size % GROUP_ROWS
    rest = float(np.log1p(terms[n_grouped:]).sum())
    terms = terms[:n_grouped]
    for _ in range(GROUP_ROWS.bit_length() - 1):
        half = terms.size // 2
        left, right = terms[:half], terms[half:]
        product = left * right
        product += left
        product += right
        terms = product
    return float(np.log1p(terms).sum()) + rest
