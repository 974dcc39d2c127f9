"""Areas under curves from counts in bins of the scores: intervals that hold the exact area."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xent.arrays import Array

__all__ = ["Bracket", "auc_bracket", "average_precision_bracket"]


@dataclass(frozen=True)
class Bracket:
    """An interval that holds the exact figure for certain: no level, no chance.

    Parameters
    ----------
    low, middle, high : float
        The least and the largest value that the bins allow, and one between them.
    """

    low: float
    middle: float
    high: float

    @property
    def error_bound(self) -> float:
        """How far `middle` can be from the exact figure."""
        return max(self.high - self.middle, self.middle - self.low)


def auc_bracket(positives: Array, negatives: Array) -> Bracket:
    """Area under the ROC curve: pairs that share a bin all lost, half won, all won.

    Parameters
    ----------
    positives, negatives : array of shape (m,)
        Counts (int64) or sums of weights (float64) of each bin, the lowest scores first.

    Examples
    --------
    >>> auc_bracket(np.array([0, 1, 1]), np.array([1, 1, 0]))
    Bracket(low=0.75, middle=0.875, high=1.0)
    """
    positives, negatives, tp, fp = _from_the_top(positives, negatives)
    pairs = tp[-1] * fp[-1]
    if pairs == 0:
        return Bracket(math.nan, math.nan, math.nan)
    sure = _total(negatives * (tp - positives))
    open_ = _total(negatives * positives)
    # Sums of weights may exceed the number of pairs by a rounding.
    return Bracket(
        min(sure / pairs, 1.0),
        min((2 * sure + open_) / (2 * pairs), 1.0),
        min((sure + open_) / pairs, 1.0),
    )


def average_precision_bracket(positives: Array, negatives: Array) -> Bracket:
    """Average precision: within a bin the negatives first, all tied, the positives first.

    Parameters
    ----------
    positives, negatives
        As for `auc_bracket`.

    Examples
    --------
    >>> bracket = average_precision_bracket(np.array([0, 1]), np.array([1, 0]))
    >>> bracket.middle
    1.0
    """
    positives, negatives, tp, fp = (
        array.astype(np.float64) for array in _from_the_top(positives, negatives)
    )
    if tp[-1] == 0:
        return Bracket(math.nan, math.nan, math.nan)
    filled = positives > 0
    positives, negatives, tp, fp = (part[filled] for part in (positives, negatives, tp, fp))
    above = tp - positives + fp
    # The positives come one by one behind all negatives of their bin: at least the integral
    # of (a + t) / (a + t + fp) for t from 0 to P.
    # Above zero wherever fp is; where it is not, every row down to here is positive.
    ratio = positives / np.where(fp > 0, above, 1.0)
    worst = positives - fp * np.log1p(ratio)
    middle = positives * tp / (tp + fp)
    best = positives * tp / (tp + fp - negatives)
    low, centre, high = (math.fsum(part) / float(tp[-1]) for part in (worst, middle, best))
    slack = 1e-12  # the roundings of these sums, so that the bracket stays certain
    low, high = max(low - slack, 0.0), min(high + slack, 1.0)
    return Bracket(low, min(max(centre, low), high), high)


def _from_the_top(positives: Array, negatives: Array) -> tuple[Array, Array, Array, Array]:
    # From the highest bin down: positives, negatives, and both with all that lies above.
    positives, negatives = positives[::-1], negatives[::-1]
    if positives.dtype.kind == "i":
        # Python's integers: products of counts pass 2^63.
        positives, negatives = positives.astype(object), negatives.astype(object)
    return positives, negatives, np.cumsum(positives), np.cumsum(negatives)


def _total(terms: Array) -> Any:
    return int(terms.sum()) if terms.dtype.kind == "O" else math.fsum(terms)
