"""A decision by costs: the cheapest class for each row, or nobody's where abstaining is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions.cost_matrix import ABSTAIN, cheapest_class, expected_costs
from xent.errors import XentError
from xent.evaluation.inputs import class_rows
from xent.evaluation.intervals.estimate import Estimate
from xent.evaluation.intervals.means import mean_interval
from xent.evaluation.intervals.proportions import proportion_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.arrays import Array, FloatArray, IntArray

__all__ = ["CostDecision", "CostJudgment", "judge_cost_decision"]

VERSION = 1


@dataclass(frozen=True)
class CostDecision:
    """What each decision costs, by the true class; a row gets the class of least expected cost.

    It trusts the probabilities: nothing is chosen on rows. Recalibrate first where they are off.

    Attributes
    ----------
    classes : tuple of str
        Names, in the order of the probabilities' columns.
    costs : tuple of K tuples of K floats
        Row: the true class; column: the class that is decided for.
    reject_cost : float or None
        What it costs to leave a row to somebody else; None: every row is decided.

    Examples
    --------
    >>> decision = CostDecision(("no", "yes"), ((0.0, 1.0), (20.0, 0.0)), reject_cost=0.5)
    >>> decision.apply([[0.99, 0.01], [0.96, 0.04], [0.4, 0.6]])
    array([ 0, -1,  1])
    """

    classes: tuple[str, ...]
    costs: tuple[tuple[float, ...], ...]
    reject_cost: float | None = None

    def __post_init__(self) -> None:
        n = len(self.classes)
        if n < 2 or len(self.costs) != n or any(len(row) != n for row in self.costs):
            shape = (len(self.costs), *sorted({len(row) for row in self.costs}))
            raise XentError(f"costs must have a row and a column a class, ({n}, {n}), got {shape}.")
        numbers = [*np.ravel(self.costs), *([] if self.reject_cost is None else [self.reject_cost])]
        if not np.isfinite(numbers).all():
            raise XentError("costs must be finite numbers.")
        if self.reject_cost is not None and self.reject_cost < 0:
            raise XentError(
                f"reject_cost must not be negative, got {self.reject_cost:g}: who is paid for abstaining always does."
            )

    def apply(self, probabilities: object) -> IntArray:
        """Return the code of the decided class of each row; -1 where it abstains.

        Parameters
        ----------
        probabilities : array of shape (n, K)
        """
        return cheapest_class(probabilities, self.costs, reject_cost=self.reject_cost)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as decision.json holds them."""
        return {
            "version": VERSION,
            "kind": "costs",
            "classes": list(self.classes),
            "costs": [list(row) for row in self.costs],
            "reject_cost": self.reject_cost,
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> CostDecision:
        """Read what `to_json` wrote, checking it.

        Raises
        ------
        XentError
            When it is from a newer xent, a key is missing, or a value cannot be.
        """
        if not hasattr(description, "get"):
            raise XentError(f"a decision must be an object, got {type(description).__name__}.")
        version = description.get("version")
        if version != VERSION or description.get("kind") != "costs":
            raise XentError(
                f"a decision of version {version!r} and kind {description.get('kind')!r} is not known here; it may be "
                "from a newer xent."
            )
        try:
            reject = description["reject_cost"]
            classes = tuple(str(name) for name in description["classes"])
            costs = tuple(tuple(float(cost) for cost in row) for row in description["costs"])
            reject_cost = None if reject is None else float(reject)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise XentError(f"a decision lacks something or holds it wrongly: {error}") from None
        return cls(classes, costs, reject_cost)

    @property
    def how(self) -> str:
        """How rows are decided, in a word."""
        return "by costs"

    def __str__(self) -> str:
        width = max(len(name) for name in self.classes)
        lines = [
            "the class of least expected cost; what it costs to decide (columns), by the true class (rows)"
        ]
        lines.append(
            " ".join([" " * width, *(f"{name:>{max(len(name), 6)}}" for name in self.classes)])
        )
        for name, row in zip(self.classes, self.costs, strict=True):
            cells = (
                f"{cost:>{max(len(other), 6)}g}"
                for other, cost in zip(self.classes, row, strict=True)
            )
            lines.append(" ".join([f"{name:<{width}}", *cells]))
        if self.reject_cost is not None:
            lines.append(f"or left to somebody else, at {self.reject_cost:g}")
        return "\n".join(lines)


@dataclass(frozen=True)
class CostJudgment:
    """A decision by costs on held-out rows.

    Attributes
    ----------
    n_rows : int
    cost, saving : Estimate
        Cost a row; and what it saves a row against deciding for the most probable class, paired.
    rejected : Estimate
        Share of rows that are left to somebody else.
    accuracy : Estimate
        Share of right decisions among the rows that are decided.
    rivals : dict of str to float
        The cost a row of the most probable class, and of each class for every row.
    """

    n_rows: int
    cost: Estimate
    saving: Estimate
    rejected: Estimate
    accuracy: Estimate
    rivals: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("cost", "saving", "rejected", "accuracy")
        figures = {name: getattr(self, name).to_json() for name in names}
        return {"n_rows": self.n_rows, **figures, "rivals": self.rivals}

    def __str__(self) -> str:
        lines = [
            f"judged on {self.n_rows:,} rows",
            f"cost a row   {self.cost}",
            f"saving       {self.saving} against the most probable class",
            f"abstains     {self.rejected}",
            f"accuracy     {self.accuracy} where it decides",
        ]
        lines += [f"  {name:<18} {value:.4f} a row" for name, value in self.rivals.items()]
        return "\n".join(lines)


def judge_cost_decision(
    decision: CostDecision,
    y: object,
    probabilities: object,
    *,
    weight: object = None,
    level: float = 0.95,
) -> CostJudgment:
    """Judge a decision by costs.

    Parameters
    ----------
    decision : CostDecision
    y : array of shape (n,)
        Class codes 0..K-1.
    probabilities : array of shape (n, K)
    weight : array of shape (n,), optional
    level : float
        Of the intervals.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or the rows do not sum to 1.

    Examples
    --------
    >>> decision = CostDecision(("no", "yes"), ((0.0, 1.0), (20.0, 0.0)))
    >>> judged = judge_cost_decision(decision, [0, 1, 1], [[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])
    >>> round(judged.cost.value, 3), round(judged.rivals["most probable"], 3)
    (0.333, 6.667)
    """
    truth, p, kept = class_rows(y, "probabilities", probabilities, weight)
    expected_costs(p, decision.costs)  # checks the probabilities
    costs = np.array(decision.costs)
    decided = decision.apply(p)
    own = _row_costs(truth, decided, costs, decision.reject_cost)
    likely = _row_costs(truth, p.argmax(axis=1), costs, None)
    rivals = {"most probable": float(np.average(likely, weights=kept))}
    rivals |= {
        f"always {name}": float(np.average(costs[truth, code], weights=kept))
        for code, name in enumerate(decision.classes)
    }
    certain = decided != ABSTAIN
    settings: dict[str, Any] = {"weight": kept, "level": level}
    return CostJudgment(
        len(truth),
        mean_interval(own, bounds=_range(costs, decision.reject_cost), **settings),
        mean_interval(likely - own, **settings),
        proportion_interval(~certain, **settings),
        _share_right((decided == truth)[certain], None if kept is None else kept[certain], level),
        rivals,
    )


def _share_right(right: Array, weight: FloatArray | None, level: float) -> Estimate:
    if not right.size:
        return Estimate(float("nan"), level=level, why="every row is left to somebody else")
    return proportion_interval(right, weight=weight, level=level)


def _row_costs(
    truth: Array, decided: Array, costs: FloatArray, reject_cost: float | None
) -> FloatArray:
    taken: FloatArray = costs[truth, decided]
    return taken if reject_cost is None else np.where(decided == ABSTAIN, reject_cost, taken)


def _range(costs: FloatArray, reject_cost: float | None) -> tuple[float, float]:
    held = [*costs.ravel().tolist(), *([] if reject_cost is None else [reject_cost])]
    return min(held), max(held)
