"""Sums of binary losses from logits, in cache, on every core, with one logarithm a group of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.cores import n_cores
from xent.evaluation.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray

__all__ = ["sum_logit_losses", "sum_logit_squares"]

CHUNK_ROWS = 1 << 17  # a column stays in the cache, and threads seldom wait for each other
GROUP_ROWS = 16  # factors of one logarithm
FEW_ROWS = 1 << 18  # below this many a thread costs more than it saves
SMALL_LOSS = 1 / 64  # mean of a chunk from which 1 + e loses nothing that counts
APART = 200  # columns a multiple of 4 KiB apart hinder each other in the cache


def sum_logit_losses(truth: Array, logits: Array) -> float:
    """Return the sum of log(1 + exp(-m)) over rows, where the margin m is z or -z by the truth.

    The logarithms of a group of rows are that of the product of their 1 + exp(-m). Where that
    overflows, or the losses are so small that 1 + e would lose digits, the sum is that of
    max(-m, 0) + log(1 + exp(-|m|)), and the product less 1 is built from positive terms only,
    q1 + q2 + q1 q2, so that nothing cancels: tiny losses are kept to the last digits. NaN where a
    logit is NaN. The same sum whatever the number of cores.

    Parameters
    ----------
    truth : bool array of shape (n,)
    logits : array of shape (n,)
    """
    return _sum_chunks(_chunk_losses, truth, logits)


def sum_logit_squares(truth: Array, logits: Array) -> float:
    """Return the sum of (p - y)^2 over rows, p = 1 / (1 + exp(-z)), without cancellation in p - y.

    Parameters
    ----------
    truth : bool array of shape (n,)
    logits : array of shape (n,)
    """
    return _sum_chunks(_chunk_squares, truth, logits)


def _sum_chunks(
    chunk_sum: Callable[[FloatArray, FloatArray], float], truth: Array, logits: Array
) -> float:
    n_chunks = -(-logits.size // CHUNK_ROWS)
    kind = np.dtype(np.float32 if logits.dtype == np.float32 else np.float64)
    bits = np.dtype(f"u{kind.itemsize}")
    sign = bits.type(8 * kind.itemsize - 1)

    def work(first: int, last: int) -> list[float]:
        columns = np.empty((2, CHUNK_ROWS + APART))
        flipped = np.empty(CHUNK_ROWS, dtype=bits)
        sums = []
        for start in range(first * CHUNK_ROWS, last * CHUNK_ROWS, CHUNK_ROWS):
            some = logits[start : start + CHUNK_ROWS].astype(kind, copy=False)
            against, scratch = columns[:, : some.size]
            # -m: the sign bit of z is turned where the truth is positive
            turned = flipped[: some.size]
            np.copyto(turned, truth[start : start + CHUNK_ROWS])
            np.left_shift(turned, sign, out=turned)
            np.bitwise_xor(turned, some.view(bits), out=turned)
            np.copyto(against, turned.view(kind))
            sums.append(chunk_sum(against, scratch))
        return sums

    n_threads = n_cores() if logits.size >= FEW_ROWS else 1
    return math.fsum(part for sums in in_threads(work, n_chunks, n_threads) for part in sums)


def _chunk_losses(against: FloatArray, scratch: FloatArray) -> float:
    n_grouped = against.size - against.size % GROUP_ROWS
    last = against[n_grouped:]
    rest = float((np.maximum(last, 0.0) + np.log1p(np.exp(-np.abs(last)))).sum())
    grouped, factors = against[:n_grouped], scratch[:n_grouped]
    with np.errstate(over="ignore", invalid="ignore"):
        np.exp(grouped, out=factors)
        factors += 1.0
        products = np.multiply.reduce(factors.reshape(GROUP_ROWS, -1), axis=0)
        total = float(np.log(products).sum())
    if SMALL_LOSS * n_grouped <= total < math.inf:
        return total + rest
    return _sum_any_losses(grouped) + rest


def _sum_any_losses(against: FloatArray) -> float:
    """Return the sum of losses of any size, group by group."""
    total = float(np.maximum(against, 0.0).sum())
    terms = np.exp(np.copysign(against, -1.0))
    for _ in range(GROUP_ROWS.bit_length() - 1):
        half = terms.size // 2
        left, right = terms[:half], terms[half:]
        product = left * right
        product += left
        product += right
        terms = product
    return total + float(np.log1p(terms).sum())


def _chunk_squares(against: FloatArray, scratch: FloatArray) -> float:
    # |p - y| is 1 / (1 + exp(m)): with q = exp(-|m|) it is q / (1 + q) on the right side, 1 / (1 + q)
    # on the wrong one
    wrong = against >= 0
    q = np.exp(np.copysign(against, -1.0, out=scratch), out=scratch)
    np.maximum(q, wrong, out=against)
    q += 1.0
    against /= q
    # not `@`: BLAS would bring its own threads
    return float(np.einsum("i,i", against, against))
