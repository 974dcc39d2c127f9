"""What decisions cost, and the threshold that follows from costs alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.arrays import FloatArray
    from xent.evaluation.confusion import ConfusionCounts

__all__ = ["Costs", "shifted_prevalence"]

CountT = TypeVar("CountT", float, "FloatArray")


@dataclass(frozen=True)
class Costs:
    """Costs of the four outcomes of a binary decision, in any unit.

    Parameters
    ----------
    fn, fp : float
        Of a missed positive and of a false alarm.
    tp, tn : float
        Of the right decisions; 0 by default. A mistake must cost more than the right decision for
        the same truth.

    Examples
    --------
    >>> Costs(fn=20, fp=1).threshold
    0.047619047619047616
    """

    fn: float
    fp: float
    tp: float = 0.0
    tn: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fn", "fp", "tp", "tn"):
            cost = getattr(self, name)
            if not isinstance(cost, int | float | np.number) or not math.isfinite(cost):
                raise XentError(f"cost_{name} must be a finite number, got {cost!r:.40}.")
        if not (self.fn > self.tp and self.fp > self.tn):
            raise XentError(
                "a mistake must cost more than the right decision: cost_fn > cost_tp and cost_fp > cost_tn, got "
                f"cost_fn={self.fn:g}, cost_tp={self.tp:g}, cost_fp={self.fp:g}, cost_tn={self.tn:g}."
            )

    @property
    def threshold(self) -> float:
        """The probability from which predicting positive is cheaper (Elkan 2001, equation 2)."""
        alarm, miss = self.fp - self.tn, self.fn - self.tp
        return alarm / (alarm + miss)

    def mean(self, counts: ConfusionCounts[CountT], prevalence: float | None = None) -> CountT:
        """Return the expected cost a row, where a share `prevalence` of the rows is positive.

        Parameters
        ----------
        counts : ConfusionCounts
            Numbers or arrays.
        prevalence : float, optional
            By default that of the counts.
        """
        positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
        total = positives + negatives
        share: Any = positives / total if prevalence is None else prevalence
        # a class that is absent, or has no share, adds nothing
        of_positives = (self.fn * counts.fn + self.tp * counts.tp) / _not_zero(positives)
        of_negatives = (self.fp * counts.fp + self.tn * counts.tn) / _not_zero(negatives)
        mean: CountT = share * of_positives + (1 - share) * of_negatives
        return mean


def shifted_prevalence(probability: float, sample: float, population: float) -> float:
    """Return what a probability learned at one prevalence is at another (Elkan 2001, theorem 2).

    Examples
    --------
    >>> round(shifted_prevalence(0.5, sample=0.5, population=0.01), 6)
    0.01
    """
    for name, value in (("sample", sample), ("population", population)):
        if not 0 < value < 1:
            raise XentError(f"prevalence must lie between 0 and 1, got {name}={value:g}.")
    positive = probability * population / sample
    return positive / (positive + (1 - probability) * (1 - population) / (1 - sample))


def _not_zero(counts: Any) -> Any:
    # 0 becomes 1, and a sum of nothing over it stays 0
    return counts + (counts == 0)
