"""Thresholds from counts at every distinct score: the cheapest, the best, the best that keeps to constraints."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from xent.errors import XentError, nearest_hint
from xent.evaluation.confusion import ConfusionCounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import FloatArray
    from xent.decisions.costs import Costs
    from xent.evaluation.counts import ScoreCounts

__all__ = ["OBJECTIVES", "Choice", "Constraints", "choose_threshold", "halfway"]

OBJECTIVES = (
    "f1",
    "mcc",
    "kappa",
    "youden_j",
    "accuracy",
    "balanced_accuracy",
    "recall",
    "precision",
)


@dataclass(frozen=True)
class Constraints:
    """What a threshold must keep to.

    Parameters
    ----------
    min_precision, min_recall, min_specificity, min_npv : float, optional
        At least; a precision or NPV of no rows keeps to any.
    max_fpr, max_fnr : float, optional
        At most.
    capacity : float, optional
        At most so many rows (or so much weight) are predicted positive. Rows of one score go
        together: where they do not all fit, none of them is taken.

    Examples
    --------
    >>> Constraints(min_precision=0.9, capacity=200).given
    {'min_precision': 0.9, 'capacity': 200}
    """

    min_precision: float | None = None
    min_recall: float | None = None
    min_specificity: float | None = None
    min_npv: float | None = None
    max_fpr: float | None = None
    max_fnr: float | None = None
    capacity: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given.items():
            if name == "capacity":
                if not (math.isfinite(value) and value >= 0):
                    raise XentError(f"capacity must be a number of rows, got {value}.")
            elif not 0 <= value <= 1:
                raise XentError(f"{name} must lie in [0, 1], got {value}.")

    @property
    def given(self) -> dict[str, float]:
        """The constraints that are in force."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def kept(self, counts: ConfusionCounts[FloatArray]) -> FloatArray:
        """Return at which thresholds all of them are kept, shape (m,) of bool."""
        kept = np.ones(np.shape(counts.tp), dtype=bool)
        for name, bound in self.given.items():
            kept &= _keeps(name, bound, counts)
        return kept

    def refuse(self, counts: ConfusionCounts[FloatArray]) -> None:
        """Raise what cannot be reached, and the best that can."""
        for name, bound in self.given.items():
            if name == "capacity":  # predicting nobody positive keeps to any
                continue
            values = getattr(counts, name.partition("_")[2])
            defined = values[~np.isnan(values)]
            is_least = name.startswith("min")
            if not defined.size:
                raise XentError(f"{name} has no meaning for these rows: one class is absent.")
            best = defined.max() if is_least else defined.min()
            if (best < bound) if is_least else (best > bound):
                raise XentError(f"{name}={bound:g} cannot be reached: the best is {best:.4g}.")
        raise XentError(
            f"no threshold keeps to all of {', '.join(f'{n}={b:g}' for n, b in self.given.items())}. "
            "Each can be reached alone: loosen one."
        )


@dataclass(frozen=True)
class Choice:
    """A threshold, the counts that it gives on the rows it was chosen on, and what it was chosen by.

    Attributes
    ----------
    threshold : float
        Rows with `score >= threshold` are predicted positive; +inf: none, -inf: all.
    counts : ConfusionCounts
    value : float
        The cost a row, or the objective.
    """

    threshold: float
    counts: ConfusionCounts[float]
    value: float


def choose_threshold(
    counts: ScoreCounts,
    *,
    costs: Costs | None = None,
    prevalence: float | None = None,
    objective: str | None = None,
    constraints: Constraints | None = None,
) -> Choice:
    """Return the best threshold among all that differ: below every score, between any two, above all.

    A threshold lies halfway between two neighboring scores, so that it does not hang on the last
    digit of one of them. Among equally good ones the highest is taken: it raises fewer alarms.

    Parameters
    ----------
    counts : ScoreCounts
    costs : Costs, optional
        The expected cost a row is to be least.
    prevalence : float, optional
        Of the population, by which costs are averaged; by default that of the rows.
    objective : str, optional
        A figure to be largest: one of `OBJECTIVES`, or ``"f_beta:2"``. Without costs and objective
        the recall is, which needs a constraint.
    constraints : Constraints, optional

    Raises
    ------
    XentError
        When nothing says what is best, there is a prevalence without costs, or no threshold keeps
        to the constraints.

    Examples
    --------
    >>> from xent.decisions.costs import Costs
    >>> from xent.evaluation import score_counts
    >>> counts = score_counts([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(choose_threshold(counts, costs=Costs(fn=5, fp=1)).threshold, 3)
    0.225
    """
    constraints = constraints or Constraints()
    if costs is not None and objective is not None:
        raise XentError("costs and an objective cannot both be least and largest: give one.")
    if costs is None and objective is None and not constraints.given:
        raise XentError(
            "nothing says which threshold is best: give costs (cost_fn=, cost_fp=), an objective or constraints."
        )
    if prevalence is not None and costs is None:
        raise XentError(
            "prevalence weighs the costs of the two classes: give costs (cost_fn=, cost_fp=). "
            "An objective and constraints are those of the rows."
        )
    thresholds, outcomes = candidates(counts)
    goodness = (
        _objective(objective or "recall")(outcomes)
        if costs is None
        else -costs.mean(outcomes, prevalence)
    )
    allowed = constraints.kept(outcomes) & ~np.isnan(goodness)
    if not allowed.any():
        constraints.refuse(outcomes)
    place = int(np.argmax(np.where(allowed, goodness, -np.inf)))
    cells = (getattr(outcomes, name)[place].item() for name in ("tp", "fn", "fp", "tn"))
    value = float(goodness[place]) * (-1 if costs is not None else 1)
    return Choice(float(thresholds[place]), ConfusionCounts(*cells), value)


def candidates(counts: ScoreCounts) -> tuple[FloatArray, ConfusionCounts[FloatArray]]:
    """Return every threshold that makes a difference, falling from +inf, and its counts."""
    thresholds = halfway(counts.thresholds.astype(np.float64))
    tp, fp = (np.concatenate([[0], way]) for way in (counts.tp, counts.fp))
    return thresholds, ConfusionCounts(tp=tp, fn=tp[-1] - tp, fp=fp, tn=fp[-1] - fp)


def halfway(scores: FloatArray) -> FloatArray:
    """Return +inf, the middles between falling distinct scores, and -inf."""
    # halves before the sum: it cannot overflow
    between = scores[:-1] / 2 + scores[1:] / 2
    # two neighboring floats have no number between them: the upper one itself
    between = np.where(between > scores[1:], between, scores[:-1])
    return np.concatenate([[np.inf], between, [-np.inf]])


def _keeps(name: str, bound: float, counts: ConfusionCounts[FloatArray]) -> FloatArray:
    if name == "capacity":
        return np.asarray(counts.tp + counts.fp <= bound)
    kind, _, figure = name.partition("_")
    values = getattr(counts, figure)
    with np.errstate(invalid="ignore"):
        kept = values >= bound if kind == "min" else values <= bound
    return np.asarray(kept | np.isnan(values) if figure in {"precision", "npv"} else kept)


def _objective(name: str) -> Callable[[ConfusionCounts[FloatArray]], FloatArray]:
    base, _, beta = name.partition(":")
    if base == "f_beta":
        try:
            strength = float(beta)
        except ValueError:
            raise XentError(f"objective f_beta needs its beta, 'f_beta:2', got {name!r}.") from None
        return lambda counts: counts.f_beta(strength)
    if name not in OBJECTIVES:
        raise XentError(
            f"objective must be one of {', '.join(OBJECTIVES)} or f_beta:<beta>, got {name!r}."
            f"{nearest_hint(name, OBJECTIVES)}"
        )
    return lambda counts: getattr(counts, name)
