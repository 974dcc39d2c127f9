"""What to do: thresholds from costs and constraints, cost matrices, abstaining, each chosen on held-out rows."""

from xent.decisions.cost_decision import CostDecision, CostJudgment, judge_cost_decision
from xent.decisions.cost_matrix import ABSTAIN, cheapest_class, expected_costs
from xent.decisions.costs import Costs, shifted_prevalence
from xent.decisions.decide import decide
from xent.decisions.decision import Decision, choose
from xent.decisions.judgment import Judgment, judge_decision
from xent.decisions.row_costs import cheapest_threshold_by_row
from xent.decisions.thresholds import Choice, Constraints, choose_threshold

__all__ = [
    "ABSTAIN",
    "Choice",
    "Constraints",
    "CostDecision",
    "CostJudgment",
    "Costs",
    "Decision",
    "Judgment",
    "cheapest_class",
    "cheapest_threshold_by_row",
    "choose",
    "choose_threshold",
    "decide",
    "expected_costs",
    "judge_cost_decision",
    "judge_decision",
    "shifted_prevalence",
]
