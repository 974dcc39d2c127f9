"""The decision: the chosen threshold, what it costs on rows it was not chosen on, what it saves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xent.evaluation.evaluations.figures import label_of, number_text
from xent.reports.markup import element, join, table
from xent.reports.page import Section

if TYPE_CHECKING:
    from xent.decisions import Decision, Judgment
    from xent.evaluation.intervals.estimate import Estimate

__all__ = ["decision_section", "estimate_cells"]


def decision_section(decision: Decision, judgment: Judgment | None) -> Section:
    """Return what was decided and why, and what it does on the rows it was judged on.

    Parameters
    ----------
    decision : Decision
    judgment : Judgment or None
        None: there were no rows to judge on.
    """
    threshold = decision.threshold
    sure = (
        f" ({_place(threshold.low)} to {_place(threshold.high)})" if threshold.has_interval else ""
    )
    chosen = (
        f"Chosen on {decision.n_rows:,} rows ({decision.chosen_on}) for {decision.reason}. "
        "The interval is what drawing the rows again gives; near the least cost the cost hardly changes."
    )
    body = [
        element(
            "p",
            None,
            "Positive from a probability of ",
            element("strong", None, _place(threshold.value)),
            f"{sure} on.",
        ),
        element("p", {"class": "lead"}, chosen),
    ]
    if threshold.why:
        body.append(element("p", {"class": "note"}, threshold.why))
    if judgment is None:
        body.append(element("p", {"class": "warning"}, "There are no test rows to judge it on."))
        return Section("decision", "Decision", join(body))
    rows = [
        (label_of(name).text, *estimate_cells(figure)) for name, figure in judgment.figures.items()
    ]
    if judgment.cost is not None and judgment.saving is not None:
        rows.append(("cost a row", *estimate_cells(judgment.cost)))
        rows.append(("saving a row against 0.5", *estimate_cells(judgment.saving)))
        names = {"0.5": "cost a row at 0.5", "always": "always alarming", "never": "never alarming"}
        rows += [
            (names.get(name, name), number_text(cost), "") for name, cost in judgment.rivals.items()
        ]
        body.append(element("p", None, _saved(judgment)))
    caption = f"Judged on {judgment.n_rows:,} rows that it was not chosen on"
    body.append(table(("figure", "value", "95% interval"), rows, caption=caption))
    return Section("decision", "Decision", join(body))


def _saved(judgment: Judgment) -> str:
    saving = judgment.saving
    assert saving is not None
    if saving.has_interval and saving.low > 0:
        return f"It saves {number_text(saving.value)} a row against the threshold 0.5, and surely something."
    if saving.has_interval and saving.high < 0:
        return f"It costs {number_text(-saving.value)} a row more than the threshold 0.5 does."
    return "Whether it saves anything against the threshold 0.5, these rows cannot tell."


def estimate_cells(estimate: Estimate) -> tuple[str, str]:
    """Return the value and the interval, as text; an empty one where there is none."""
    if not estimate.has_interval:
        return number_text(estimate.value), ""
    return number_text(
        estimate.value
    ), f"{number_text(estimate.low)} to {number_text(estimate.high)}"


def _place(value: float) -> str:
    if math.isinf(value):
        return "above every score" if value > 0 else "below every score"
    return f"{value:.4g}"
