"""Sums of binary losses from logits, in cache, on every core, with one logarithm a group of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.threads import in_threads, n_cores

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array, FloatArray

__all__ = ["sum_logit_losses", "sum_logit_squares"]

CHUNK_ROWS = 1 << 16  # two float64 columns stay in the cache, and threads meet less often
GROUP_ROWS = 16  # factors of one logarithm: at most 2^16
FEW_ROWS = 1 << 18  # below this many a thread costs more than it saves
APART = 200  # columns a multiple of 4 KiB apart hinder each other in the cache
SIGN_BIT = np.uint64(1 << 63)  # setting it is four times faster than np.copysign
SMALL_LOSS = 1 / 64  # mean of a chunk from which 1 + e loses nothing that counts


def sum_logit_losses(truth: Array, logits: Array) -> float:
    """Return the sum of max(-m, 0) + log(1 + exp(-|m|)) over rows, where m is z or -z by the truth.

    The logarithms of a group of rows are that of the product of their 1 + e. Where the losses are
    so small that 1 + e would lose digits, the product less 1 is built from positive terms only,
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

    def work(first: int, last: int) -> list[float]:
        columns = np.empty((2, CHUNK_ROWS + APART))
        sums = []
        for start in range(first * CHUNK_ROWS, last * CHUNK_ROWS, CHUNK_ROWS):
            some = logits[start : start + CHUNK_ROWS]
            minus, flags = columns[:, : some.size]
            # -|z|, and 1 where the sign is not that of the truth
            np.copyto(minus, some)
            np.copyto(flags, np.signbit(some) == truth[start : start + CHUNK_ROWS])
            np.bitwise_or(minus.view(np.uint64), SIGN_BIT, out=minus.view(np.uint64))
            sums.append(chunk_sum(minus, flags))
        return sums

    n_threads = n_cores() if logits.size >= FEW_ROWS else 1
    return math.fsum(part for sums in in_threads(work, n_chunks, n_threads) for part in sums)


def _chunk_losses(minus: FloatArray, flags: FloatArray) -> float:
    # not `@`: BLAS would bring its own threads
    against = -float(np.einsum("i,i", minus, flags))
    if math.isnan(against):  # infinity times 0
        against = -float(np.sum(minus[flags == 1.0]))
    return against + _sum_log1p(np.exp(minus, out=minus), flags)


def _chunk_squares(minus: FloatArray, flags: FloatArray) -> float:
    q = np.exp(minus, out=minus)
    # |p - y| is q / (1 + q) where the sign is right, 1 / (1 + q) where it is wrong
    np.maximum(flags, q, out=flags)
    q += 1.0
    flags /= q
    return float(np.einsum("i,i", flags, flags))


def _sum_log1p(terms: FloatArray, scratch: FloatArray) -> float:
    n_grouped = terms.size - terms.size % GROUP_ROWS
    rest = float(np.log1p(terms[n_grouped:]).sum())
    terms = terms[:n_grouped]
    factors = np.add(terms, 1.0, out=scratch[:n_grouped]).reshape(GROUP_ROWS, -1)
    total = float(np.log(np.multiply.reduce(factors, axis=0)).sum())
    if total < SMALL_LOSS * n_grouped:
        total = _sum_small_log1p(terms)
    return total + rest


def _sum_small_log1p(terms: FloatArray) -> float:
    for _ in range(GROUP_ROWS.bit_length() - 1):
        half = terms.size // 2
        left, right = terms[:half], terms[half:]
        product = left * right
        product += left
        product += right
        terms = product
    return float(np.log1p(terms).sum())
