"""The section on a decision by costs: what each decision costs, and what it did on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.evaluation.evaluations.figures import number_text
from xent.reports.decision_section import estimate_cells
from xent.reports.markup import element, join, table
from xent.reports.page import Section

if TYPE_CHECKING:
    from xent.decisions import CostDecision, CostJudgment

__all__ = ["cost_decision_section"]


def cost_decision_section(decision: CostDecision, judgment: CostJudgment | None) -> Section:
    """Return the costs, and what they lead to on the rows they were judged on.

    Parameters
    ----------
    decision : CostDecision
    judgment : CostJudgment or None
        None: there were no rows to judge on.
    """
    costs = [
        (name, *(number_text(cost) for cost in row))
        for name, row in zip(decision.classes, decision.costs, strict=True)
    ]
    lead = "Each row gets the class of least expected cost"
    if decision.reject_cost is not None:
        lead += f", or is left to somebody else, at {number_text(decision.reject_cost)}"
    caption = "What a decision costs (columns), by the true class (rows)"
    body = [
        element("p", {"class": "lead"}, f"{lead}. It trusts the probabilities: see calibration."),
        table(("true class", *decision.classes), costs, caption=caption),
    ]
    if judgment is None:
        body.append(element("p", {"class": "warning"}, "There are no test rows to judge it on."))
        return Section("decision", "Decision", join(body))
    rows = [
        ("cost a row", *estimate_cells(judgment.cost)),
        ("saving a row against the most probable class", *estimate_cells(judgment.saving)),
        ("left to somebody else", *estimate_cells(judgment.rejected)),
        ("accuracy where it decides", *estimate_cells(judgment.accuracy)),
    ]
    rows += [
        (f"cost a row, {name}", number_text(cost), "") for name, cost in judgment.rivals.items()
    ]
    caption = f"Judged on {judgment.n_rows:,} rows"
    body.append(table(("figure", "value", "95% interval"), rows, caption=caption))
    return Section("decision", "Decision", join(body))
