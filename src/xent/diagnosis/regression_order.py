"""Predicted numbers whose rows are not those of the targets: shifted, shuffled, of the wrong sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.diagnosis.finding import Finding
from xent.diagnosis.normal_tails import upper_tail
from xent.diagnosis.row_shifts import SURE, best_shift

if TYPE_CHECKING:
    from xent.arrays import FloatArray

__all__ = ["reversed_numbers", "shifted_numbers", "shuffled_numbers"]

CLAIM = 0.2  # the correlation that the predictions' own spread promises


def shifted_numbers(y: FloatArray, predicted: FloatArray) -> Finding | None:
    """Find targets that fit the predictions of another row, a fixed number of rows away.

    By the rank correlation. Neighbors that resemble each other fit nearly as well as a row itself: what is not
    explained must at least halve, or there is nothing in place at all.
    """
    ranks, said = _ranks(y), _ranks(predicted)
    shift = best_shift(_correlation, ranks, said)
    if shift is None:
        return None
    (best, lag), own = shift, _correlation(ranks, said)
    error = 1 / math.sqrt(len(y) - 1)
    halves = 1 - best**2 <= (1 - own * abs(own)) / 2
    nothing_in_place = abs(own) <= 3 * error
    is_sure = best >= SURE * error and best >= own + SURE * error
    if not is_sure or not (halves or nothing_in_place):
        return None
    where = "before" if lag > 0 else "after"
    seen = (
        f"targets fit the predictions {abs(lag)} rows {where} them far better "
        f"(rank correlation {best:.2f}, against {own:.2f} in place)"
    )
    cure = (
        "a header read as a row, or a filter on one side only: join by a key, not by position; "
        "a forecast that repeats the last value looks like this too"
    )
    return Finding("shifted targets", upper_tail(best / error), seen, cure, {"lag": lag})


def shuffled_numbers(y: FloatArray, predicted: FloatArray) -> Finding | None:
    """Find predictions that spread much and go with nothing: the rows of the two do not belong together.

    Honest predictions have ``cov(y, f) = var(f)``: their correlation with the targets is the ratio of the spreads.
    """
    n, spread = len(y), float(y.std())
    if n < 20 or spread == 0:
        return None
    promised = min(1.0, float(predicted.std()) / spread)
    correlation, error = _correlation(y, predicted), 1 / math.sqrt(n - 1)
    if promised < CLAIM or abs(correlation) > 3 * error or promised - correlation < SURE * error:
        return None
    seen = (
        f"the correlation is {correlation:.2f}, no better than chance, while the spread of the predictions promises "
        f"{promised:.2f}"
    )
    cure = (
        "do truth and predictions stand in the same order? Join them by a key; "
        "else the features tell nothing of these rows"
    )
    evidence = {"correlation": correlation, "promised": promised}
    return Finding(
        "shuffled targets", upper_tail((promised - correlation) / error), seen, cure, evidence
    )


def reversed_numbers(y: FloatArray, predicted: FloatArray, alpha: float) -> Finding | None:
    """Find targets that fall where predictions rise (Spearman's correlation, one-sided)."""
    n = len(y)
    if n < 20:
        return None
    correlation = _correlation(_ranks(y), _ranks(predicted))
    p_value = upper_tail(-correlation * math.sqrt(n - 1))
    if p_value >= alpha:
        return None
    seen = f"targets fall where predictions rise: rank correlation {correlation:.2f}"
    cure = "check the sign: a loss or a score that is better when small, or a target that was turned around"
    return Finding("reversed ranking", p_value, seen, cure, {"rank_correlation": correlation})


def _ranks(values: FloatArray) -> FloatArray:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)


def _correlation(a: FloatArray, b: FloatArray) -> float:
    one, other = a - a.mean(), b - b.mean()
    size = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / size if size > 0 else 0.0
