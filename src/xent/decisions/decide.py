"""decide: from an evaluation to the threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xent.decisions.costs import Costs
from xent.decisions.decision import choose
from xent.decisions.thresholds import Constraints
from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation.evaluations.binary import BinaryEvaluation

if TYPE_CHECKING:
    from xent.decisions.decision import Decision

__all__ = ["decide"]


def decide(
    evaluation: object,
    *,
    cost_fn: float | None = None,
    cost_fp: float | None = None,
    cost_tp: float = 0.0,
    cost_tn: float = 0.0,
    prevalence: float | None = None,
    objective: str | None = None,
    min_precision: float | None = None,
    min_recall: float | None = None,
    min_specificity: float | None = None,
    min_npv: float | None = None,
    max_fpr: float | None = None,
    max_fnr: float | None = None,
    capacity: float | None = None,
    chosen_on: str = "given",
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Decision:
    """Choose a threshold on the rows of an evaluation: validation or out-of-fold rows, not the test part.

    Parameters
    ----------
    evaluation : BinaryEvaluation
        From `xent.evaluate`. With logits the threshold is a probability; with scores, a score.
    cost_fn, cost_fp, cost_tp, cost_tn : float, optional
        What a miss, a false alarm, a hit and a right refusal cost: the expected cost is least.
    prevalence : float, optional
        Share of positives where the decision will be used, by which costs are averaged; by default
        that of the rows.
    objective : str, optional
        Instead of costs, a figure to be largest: "f1", "mcc", "youden_j", "f_beta:2", ...
    min_precision, min_recall, min_specificity, min_npv, max_fpr, max_fnr, capacity : float, optional
        What the threshold must keep to; `capacity` is how many of these rows may be predicted
        positive: another number of rows needs another capacity.
    chosen_on : str
        What the rows are, for the record.
    n_bootstrap, random_state : int
        Of the threshold's interval.

    Raises
    ------
    XentError
        When the evaluation is of another task, nothing says what is best, a prevalence or costs of
        right decisions come without cost_fn and cost_fp, or no threshold keeps to the constraints.

    Examples
    --------
    >>> from xent.evaluation import evaluate
    >>> e = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    >>> round(decide(e, cost_fn=5, cost_fp=1, n_bootstrap=0).threshold.value, 3)
    0.225
    """
    if not isinstance(evaluation, BinaryEvaluation):
        got = getattr(evaluation, "task", type(evaluation).__name__)
        raise XentError(
            f"decide needs the evaluation of a binary target, got {got}. For several classes see cheapest_class."
        )
    declared = evaluation.rows.declared
    if declared == "labels":
        raise XentError("labels are decisions already: give probabilities, logits or scores.")
    scores = np.asarray(evaluation.scores, dtype=np.float64)
    if declared == "logits":
        scores = np.asarray(Bernoulli().mean(scores))
    return choose(
        evaluation.truth,
        scores,
        weight=evaluation.rows.weight,
        costs=_costs(cost_fn, cost_fp, cost_tp, cost_tn),
        prevalence=prevalence,
        objective=objective,
        constraints=Constraints(
            min_precision=min_precision,
            min_recall=min_recall,
            min_specificity=min_specificity,
            min_npv=min_npv,
            max_fpr=max_fpr,
            max_fnr=max_fnr,
            capacity=capacity,
        ),
        chosen_on=chosen_on,
        scale="score" if declared == "scores" else "probability",
        level=evaluation.settings.level,
        n_bootstrap=n_bootstrap,
        random_state=random_state,
    )


def _costs(fn: float | None, fp: float | None, tp: float, tn: float) -> Costs | None:
    if fn is not None and fp is not None:
        return Costs(fn, fp, tp, tn)
    if fn is not None or fp is not None:
        raise XentError("cost_fn and cost_fp go together: the one is weighed against the other.")
    if tp or tn:
        raise XentError("cost_tp and cost_tn need cost_fn and cost_fp: what mistakes cost is open.")
    return None
