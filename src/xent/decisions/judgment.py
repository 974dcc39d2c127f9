"""What a decision does on rows that it was not chosen on: its cost, its figures, what it saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.decisions.decision import NAMES
from xent.evaluation.confusion import ConfusionCounts, binary_counts
from xent.evaluation.evaluations.figures import label_of
from xent.evaluation.inputs import binary_rows, check_probabilities, check_scores
from xent.evaluation.intervals.decision_figures import decision_interval
from xent.evaluation.intervals.means import mean_interval

if TYPE_CHECKING:
    from xent.arrays import Array, FloatArray
    from xent.decisions.costs import Costs
    from xent.decisions.decision import Decision
    from xent.evaluation.intervals.estimate import Estimate

__all__ = ["Judgment", "judge_decision"]

FIGURES = ("precision", "recall", "specificity", "fpr", "accuracy", "f1")


@dataclass(frozen=True)
class Judgment:
    """A decision on held-out rows.

    Attributes
    ----------
    n_rows : int
    counts : ConfusionCounts
    figures : dict of str to Estimate
    cost, saving : Estimate or None
        Cost a row; and what it saves a row against the rival, paired row by row. None without costs.
    rivals : dict of str to float
        The cost a row of the threshold 0.5, of always and of never predicting positive.
    rival : str
        Whom the saving is against: the threshold 0.5; for scores, which have no neutral one, the
        cheaper of always and never.
    """

    n_rows: int
    counts: ConfusionCounts[float]
    figures: dict[str, Estimate]
    cost: Estimate | None
    saving: Estimate | None
    rivals: dict[str, float]
    rival: str = "0.5"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "n_rows": self.n_rows,
            "counts": {name: getattr(self.counts, name) for name in ("tp", "fn", "fp", "tn")},
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "cost": None if self.cost is None else self.cost.to_json(),
            "saving": None if self.saving is None else self.saving.to_json(),
            "rivals": self.rivals,
            "rival": self.rival,
        }

    def __str__(self) -> str:
        lines = [f"judged on {self.n_rows:,} rows", str(self.counts)]
        lines += [f"{label_of(name).text:<12} {figure}" for name, figure in self.figures.items()]
        if self.cost is not None and self.saving is not None:
            lines += [
                f"cost a row   {self.cost}",
                f"saving       {self.saving} against {self.rival}",
            ]
            lines += [f"  {name:<18} {value:.4f} a row" for name, value in self.rivals.items()]
        return "\n".join(lines)


def judge_decision(
    decision: Decision,
    y: object,
    probabilities: object,
    *,
    weight: object = None,
    level: float = 0.95,
) -> Judgment:
    """Judge a decision on rows that it was not chosen on.

    Parameters
    ----------
    decision : Decision
    y, weight : array of shape (n,)
    probabilities : array of shape (n,)
        Scores, where the decision was made from scores (`decision.scale`).
    level : float
        Of the intervals.

    Raises
    ------
    XentError
        When the arrays do not fit each other, or are not on the scale of the decision.

    Examples
    --------
    >>> from xent.decisions.costs import Costs
    >>> from xent.decisions.decision import choose
    >>> decision = choose([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], costs=Costs(5, 1), n_bootstrap=0)
    >>> judged = judge_decision(decision, [0, 1, 1], [0.3, 0.3, 0.6])
    >>> judged.counts.tp, judged.rivals["0.5"]
    (2, 1.6666666666666667)
    """
    has_neutral = decision.scale == "probability"
    truth, given, kept = binary_rows(y, NAMES[decision.scale], probabilities, weight)
    p = check_probabilities(given) if has_neutral else _scores(given)
    decided = decision.apply(p)
    counts = binary_counts(truth, labels=decided, weight=kept)
    figures = {name: decision_interval(counts, name, level=level) for name in FIGURES}
    costs = decision.costs
    if costs is None:
        return Judgment(len(truth), counts, figures, None, None, {})
    share = _class_shares(truth, kept, decision.prevalence)
    own = _row_costs(truth, decided, costs)
    weights = kept if share is None else share
    spent = {
        "always": _row_costs(truth, np.ones_like(truth), costs),
        "never": _row_costs(truth, np.zeros_like(truth), costs),
    }
    if has_neutral:
        spent = {"0.5": _row_costs(truth, p >= 0.5, costs), **spent}
    rivals = {name: float(np.average(paid, weights=weights)) for name, paid in spent.items()}
    # scores have no neutral threshold: then it is the cheaper of always and never
    rival = "0.5" if has_neutral else min(rivals, key=rivals.__getitem__)
    return Judgment(
        len(truth),
        counts,
        figures,
        mean_interval(own, weight=weights, level=level, bounds=_range(costs)),
        mean_interval(spent[rival] - own, weight=weights, level=level),
        rivals,
        rival,
    )


def _scores(given: Array) -> FloatArray:
    wide: FloatArray = check_scores(given, "scores").astype(np.float64)
    return wide


def _range(costs: Costs) -> tuple[float, float]:
    held = (costs.fn, costs.fp, costs.tp, costs.tn)
    return min(held), max(held)


def _row_costs(truth: Array, decided: Array, costs: Costs) -> FloatArray:
    return np.where(
        truth,
        np.where(decided, costs.tp, costs.fn),
        np.where(decided, costs.fp, costs.tn),
    )


def _class_shares(
    truth: Array, weight: FloatArray | None, prevalence: float | None
) -> FloatArray | None:
    """Return weights that give the positive rows the share of another population."""
    if prevalence is None:
        return None
    heavy = np.ones(len(truth)) if weight is None else weight
    positive, negative = heavy[truth].sum(), heavy[~truth].sum()
    if positive == 0 or negative == 0:
        return heavy
    shares: FloatArray = heavy * np.where(truth, prevalence / positive, (1 - prevalence) / negative)
    return shares
