"""The threshold page: a slider and fields for costs that move six views, the confusion matrix and the figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from xent.decisions import Costs
from xent.evaluation.evaluations.figures import label_of
from xent.evaluation.intervals.spread import normal_quantile
from xent.reports.markup import Markup, element, join, json_block, table
from xent.reports.page import Section, chart_figure
from xent.reports.threshold_table import threshold_table
from xent.reports.threshold_views import MARKS, VIEWS, threshold_views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xent.decisions import Decision
    from xent.evaluation.evaluations.binary import BinaryEvaluation

__all__ = ["ThresholdSubject", "threshold_section"]

SHARES: Final = ("precision", "recall", "specificity", "npv", "fpr", "accuracy")
FIGURES: Final = (*SHARES, "balanced_accuracy", "f1", "mcc")
SCORES: Final = {
    "probabilities": "predicted probability",
    "logits": "log-odds",
    "scores": "score",
}
NOTES: Final = {
    "roc": "Dashed: chance. The AUC is the share of pairs of a positive and a negative row in the right order.",
    "pr": "Dashed: the share of positive rows, which is the precision of chance.",
    "histogram": "Positive rows up, negative rows down, each class as shares of itself. Full color: called positive.",
    "cost": "Under the costs above; cut off where always or never alarming would be cheaper.",
    "figures": "",
    "cost_curve": "The least cost of any threshold for every mix of costs and prevalence (Drummond and Holte "
    "2006). Straight: the present threshold; upright: the mix above; dashed: always or never alarming.",
}


@dataclass(frozen=True)
class ThresholdSubject:
    """What a threshold page is about.

    Parameters
    ----------
    evaluation : BinaryEvaluation
        With both classes.
    positive, negative : str
        Names of the classes.
    rows : str
        Which rows these are, such as "test rows".
    decision : Decision or None
        The chosen threshold, on probabilities.
    """

    evaluation: BinaryEvaluation
    positive: str
    negative: str
    rows: str
    decision: Decision | None = None


def threshold_section(subject: ThresholdSubject) -> Section:
    """Return the section with its data block, its controls, tables and views."""
    e, decision = subject.evaluation, subject.decision
    costs = decision.costs if decision is not None and decision.costs is not None else Costs(1, 1)
    neutral = None if math.isnan(e.threshold) else e.threshold
    chosen = None if decision is None else decision.threshold.value
    marks = [mark for mark in (neutral, chosen) if mark is not None]
    counts = threshold_table(e, marks=marks)
    score = SCORES[e.rows.declared]
    block: dict[str, Any] = counts.to_json() | {
        "neutral": neutral,
        "chosen": str(chosen) if chosen is not None and math.isinf(chosen) else chosen,
        "right_costs": {"tp": costs.tp, "tn": costs.tn},
        "is_weighted": e.rows.weight is not None or e.rows.cluster is not None,
        "z": normal_quantile(e.settings.level),
    }
    prevalence = counts.n_positive / (counts.n_positive + counts.n_negative)
    shown = [name for name in MARKS if name != "chosen" or chosen is not None]
    views = threshold_views(score, counts.domain, prevalence, marks=shown)
    charts = [
        chart_figure(f"threshold-{name}", title, views[name], linked=name, note=NOTES[name])
        for name, title in VIEWS.items()
    ]
    intro = (
        f"{e.n_rows:,} {subject.rows}. A row is called {subject.positive} where its {score} is at "
        "least the threshold. A threshold that is best on these rows looks better here than it is: "
        "choose on one part, judge on another."
    )
    body = [
        json_block("threshold-data", block),
        element("p", None, intro),
        _controls(subject, costs, prevalence, neutral),
        element("div", {"class": "pair"}, _matrix(subject, neutral), _figures(e)),
        element("div", {"class": "charts"}, *charts),
    ]
    return Section("threshold", "Threshold", join(body))


def _controls(
    subject: ThresholdSubject, costs: Costs, prevalence: float, neutral: float | None
) -> Markup:
    value = element("output", {"id": "threshold-value", "for": "slider"}, "–")
    bar = {"type": "range", "id": "slider", "min": 0, "max": 1, "step": 1, "value": 0}
    jumps = [_jump("best", "cheapest ", element("span", {"id": "best-value"}, "–"))]
    if subject.decision is not None:
        jumps.insert(0, _jump("chosen", "chosen"))
    if neutral is not None:
        jumps.insert(0, _jump("neutral", f"{neutral:g}"))
    share = {"placeholder": f"{prevalence:.4g}", "max": 1}
    fields = [
        _field("cost-fn", "Cost of a miss", f"{costs.fn:g}"),
        _field("cost-fp", "Cost of a false alarm", f"{costs.fp:g}"),
        _field("prevalence", "Prevalence in use", _given_prevalence(subject), share),
    ]
    return element(
        "form",
        {"class": "controls", "aria-label": "Threshold and costs"},
        element(
            "div",
            {"class": "slider"},
            element("label", {"for": "slider"}, "Threshold ", value),
            element("input", bar | {"autocomplete": "off"}),
        ),
        element("div", {"class": "jumps", "role": "group", "aria-label": "Jump to"}, *jumps),
        element("div", {"class": "fields"}, *fields),
        element("p", {"id": "field-note", "class": "note", "aria-live": "polite"}),
    )


def _given_prevalence(subject: ThresholdSubject) -> str:
    decision = subject.decision
    return "" if decision is None or decision.prevalence is None else f"{decision.prevalence:g}"


def _jump(name: str, *label: object) -> Markup:
    return element("button", {"type": "button", "id": f"jump-{name}"}, _sign(name), *label)


def _sign(name: str) -> Markup:
    return element("span", {"class": f"sign {name}", "aria-hidden": "true"})


def _place(identifier: str) -> Markup:
    return element("span", {"id": identifier}, "–")


def _field(
    identifier: str, label: str, value: str, more: Mapping[str, object] | None = None
) -> Markup:
    attributes: dict[str, object] = {
        "type": "number",
        "id": identifier,
        "value": value,
        "min": 0,
        "step": "any",
        "inputmode": "decimal",
        "autocomplete": "off",
        "aria-describedby": "field-note",
        **(more or {}),
    }
    return element("label", {"for": identifier}, label, element("input", attributes))


def _matrix(subject: ThresholdSubject, neutral: float | None) -> Markup:
    def cell(name: str, rate: str) -> Markup:
        return join(
            [
                element("span", {"class": "count", "id": f"count-{name}"}, "–"),
                element(
                    "span", {"class": "rate"}, f"{rate} ", element("span", {"id": f"rate-{name}"})
                ),
            ]
        )

    rows = [
        (f"is {subject.positive}", cell("tp", "recall"), cell("fn", "missed")),
        (f"is {subject.negative}", cell("fp", "FPR"), cell("tn", "specificity")),
    ]
    head = ("", f"called {subject.positive}", f"called {subject.negative}")
    title = element("h3", None, "Confusion matrix")
    costs: list[tuple[object, ...]] = [
        ("at the threshold", element("strong", None, _place("cost-now")))
    ]
    costs.append((join([_sign("best"), "at the cheapest"]), _place("cost-best")))
    if subject.decision is not None:
        costs.append((join([_sign("chosen"), "at the chosen"]), _place("cost-chosen")))
    if neutral is not None:
        costs.append((f"at {neutral:g}", _place("cost-neutral")))
    costs += [("always alarming", _place("cost-always")), ("never alarming", _place("cost-never"))]
    expected = table(("expected cost a row", ""), costs)
    return element("div", {"class": "matrix"}, title, table(head, rows), expected)


def _figures(e: BinaryEvaluation) -> Markup:
    rows: list[tuple[object, ...]] = [
        (
            label_of(name).text,
            _place(f"figure-{name}"),
            _place(f"interval-{name}") if name in SHARES else "",
        )
        for name in FIGURES
    ]
    rows.append(("called positive", _place("figure-positive_share"), ""))
    head = ("figure", "value", f"{e.settings.level:.0%} interval")
    title = element("h3", None, "Figures at the threshold")
    return element("div", {"class": "figures"}, title, table(head, rows))
