"""The four counts of a binary decision, and every figure that derives from them.

Sources: Altman & Bland (1994) for the rates and likelihood ratios; Matthews (1975) for the
correlation; Cohen (1960) for kappa; Youden (1950) for J; van Rijsbergen (1979) for F-beta.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from xent.errors import XentError
from xent.evaluation.inputs import binary_rows, positives

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray

__all__ = ["UNDEFINED", "ConfusionCounts", "binary_counts"]

CountT = TypeVar("CountT", float, "FloatArray")

# The only reason why a figure has no value: what its denominator counts did not occur.
UNDEFINED = {
    "balanced_accuracy": "one class is absent",
    "precision": "no row is predicted positive",
    "recall": "there is no positive row",
    "specificity": "there is no negative row",
    "fpr": "there is no negative row",
    "fnr": "there is no positive row",
    "npv": "no row is predicted negative",
    "f1": "no row is positive or predicted positive",
    "jaccard": "no row is positive or predicted positive",
    "mcc": "one class is absent from the truth or from the predictions",
    "kappa": "truth and predictions are one and the same class",
    "youden_j": "one class is absent",
    "lr_positive": "one class is absent, or no row is predicted positive",
    "lr_negative": "one class is absent, or no row is predicted negative",
}


@dataclass(frozen=True)
class ConfusionCounts(Generic[CountT]):
    """Counts (or weights) of the four outcomes of a binary decision, and their figures.

    The fields are four numbers, or four arrays of one shape: one decision each threshold, each
    label. The figures are then a number or an array. A figure whose denominator is zero is NaN;
    `UNDEFINED` holds the reasons.

    Parameters
    ----------
    tp, fn, fp, tn : float or array
        True positives, false negatives, false positives, true negatives; int64 without weights,
        else float64.

    Examples
    --------
    >>> counts = ConfusionCounts(tp=4, fn=2, fp=1, tn=93)
    >>> counts.accuracy, counts.precision, round(counts.recall, 4)
    (0.97, 0.8, 0.6667)
    >>> print(counts)
                predicted +  predicted -
    truth +               4            2
    truth -               1           93
    """

    tp: CountT
    fn: CountT
    fp: CountT
    tn: CountT

    def __post_init__(self) -> None:
        """Refuse what cannot be a count."""
        for name in ("tp", "fn", "fp", "tn"):
            if not np.all(np.asarray(getattr(self, name)) >= 0):
                raise XentError(f"{name} must be a count of rows, got {getattr(self, name)}.")

    @property
    def n_rows(self) -> CountT:
        """Number (or weight) of all rows."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def prevalence(self) -> CountT:
        """Share of positive rows."""
        return _ratio(self.tp + self.fn, self.n_rows)

    @property
    def accuracy(self) -> CountT:
        """Share of rows decided rightly."""
        return _ratio(self.tp + self.tn, self.n_rows)

    @property
    def balanced_accuracy(self) -> CountT:
        """Mean of recall and specificity."""
        return (self.recall + self.specificity) / 2

    @property
    def precision(self) -> CountT:
        """Share of positives among the rows predicted positive (positive predictive value)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> CountT:
        """Share of the positive rows that are found (sensitivity, true positive rate)."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> CountT:
        """Share of the negative rows that are left alone (true negative rate)."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def fpr(self) -> CountT:
        """False positive rate, 1 - specificity."""
        return _ratio(self.fp, self.tn + self.fp)

    @property
    def fnr(self) -> CountT:
        """False negative rate, 1 - recall."""
        return _ratio(self.fn, self.tp + self.fn)

    @property
    def npv(self) -> CountT:
        """Negative predictive value: share of negatives among the rows predicted negative."""
        return _ratio(self.tn, self.tn + self.fn)

    @property
    def f1(self) -> CountT:
        """Harmonic mean of precision and recall."""
        return self.f_beta(1.0)

    def f_beta(self, beta: float) -> CountT:
        """Weighted harmonic mean of precision and recall; recall counts `beta` times as much.

        Raises
        ------
        XentError
            When beta is not a positive number.
        """
        if not 0 < beta < np.inf:
            raise XentError(f"beta must be positive and finite, got {beta}.")
        gain = (1 + beta * beta) * self.tp
        return _ratio(gain, gain + beta * beta * self.fn + self.fp)

    @property
    def jaccard(self) -> CountT:
        """Share of true positives among the rows that are positive or predicted positive."""
        return _ratio(self.tp, self.tp + self.fn + self.fp)

    @property
    def mcc(self) -> CountT:
        """Matthews correlation: the correlation of truth and decision, in [-1, 1]."""
        # Shares, not counts: a product of four counts overflows int64 from 50,000 rows on.
        tp, fn, fp, tn = self._shares()
        scale: CountT = ((tp + fn) * (tp + fp)) ** 0.5 * ((tn + fp) * (tn + fn)) ** 0.5
        return _within_one(_ratio(tp * tn - fp * fn, scale))

    @property
    def kappa(self) -> CountT:
        """Cohen's kappa: agreement beyond that of independent decisions of the same shares."""
        # (accuracy - chance) / (1 - chance), with both differences multiplied out so that nothing
        # cancels.
        tp, fn, fp, tn = self._shares()
        disagreement_by_chance = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
        return _within_one(_ratio(2 * (tp * tn - fp * fn), disagreement_by_chance))

    @property
    def youden_j(self) -> CountT:
        """Youden's J: recall + specificity - 1."""
        return self.recall + self.specificity - 1

    @property
    def lr_positive(self) -> CountT:
        """Positive likelihood ratio, recall / FPR; infinite without a false alarm."""
        return _ratio(self.recall, self.fpr)

    @property
    def lr_negative(self) -> CountT:
        """Negative likelihood ratio, FNR / specificity; infinite where no negative is right."""
        return _ratio(self.fnr, self.specificity)

    def mean_cost(self, *, cost_fn: float, cost_fp: float) -> CountT:
        """Return the mean cost a row, where a miss costs `cost_fn` and a false alarm `cost_fp`."""
        return _ratio(self.fn * cost_fn + self.fp * cost_fp, self.n_rows)

    def matrix(self) -> Array:
        """Return [[TP, FN], [FP, TN]]: rows the truth, columns the decision, positive first."""
        return np.array([[self.tp, self.fn], [self.fp, self.tn]])

    def __str__(self) -> str:
        """Return the matrix as a table."""
        (tp, fn), (fp, tn) = self.matrix()
        rows = [("", "predicted +", "predicted -"), ("truth +", tp, fn), ("truth -", fp, tn)]
        return "\n".join(f"{name:<10} {left!s:>12} {right!s:>12}" for name, left, right in rows)

    def _shares(self) -> tuple[CountT, CountT, CountT, CountT]:
        n = self.n_rows
        return _ratio(self.tp, n), _ratio(self.fn, n), _ratio(self.fp, n), _ratio(self.tn, n)


def binary_counts(y: object, *, labels: object, weight: object = None) -> ConfusionCounts[float]:
    """Count the four outcomes of predicted `labels` against the truth.

    Parameters
    ----------
    y, labels : array of shape (n,) or (n, 1)
        Truth and decision, 0 or 1.
    weight : array of shape (n,), optional
        Weight a row; rows of weight 0 vanish. The counts are then sums of weights.

    Raises
    ------
    XentError
        When the arrays do not fit each other, hold anything but 0 and 1, or are empty.

    Examples
    --------
    >>> binary_counts([1, 1, 0, 0], labels=[1, 0, 0, 0])
    ConfusionCounts(tp=1, fn=1, fp=0, tn=2)
    """
    truth, given, kept = binary_rows(y, "labels", labels, weight)
    decided = positives(given, "labels")
    if kept is None:
        n_true, n_decided = int(np.count_nonzero(truth)), int(np.count_nonzero(decided))
        tp = int(np.count_nonzero(truth & decided))
        return ConfusionCounts(
            tp=tp, fn=n_true - tp, fp=n_decided - tp, tn=truth.size - n_true - n_decided + tp
        )
    # Each cell has its own sum: a difference of weight sums could come out negative by rounding.
    tp_, fn_, fp_, tn_ = (
        float(np.sum(kept[cell]))
        for cell in (truth & decided, truth & ~decided, ~truth & decided, ~truth & ~decided)
    )
    return ConfusionCounts(tp=tp_, fn=fn_, fp=fp_, tn=tn_)


def _ratio(numerator: CountT, denominator: CountT) -> CountT:
    # Each numerator is a part of its denominator, so 0 / 0 is the only undefined case, and it is
    # NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.divide(
            np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
        )
    ratio: CountT = _number_or_array(quotient)
    return ratio


def _within_one(values: CountT) -> CountT:
    clipped: CountT = _number_or_array(np.clip(values, -1.0, 1.0))
    return clipped


def _number_or_array(values: Any) -> Any:
    return float(values) if np.ndim(values) == 0 else values
