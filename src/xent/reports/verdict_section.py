"""The verdict: every figure beside what the constant predictor and a linear model get."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from xent.evaluation.evaluations.figures import label_of, number_text
from xent.evaluation.verdict import verdict_table
from xent.evaluation.verdict_text import figure_text
from xent.reports.markup import Markup, element, join, table
from xent.reports.page import Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xent.evaluation.evaluations.evaluation import Evaluation
    from xent.evaluation.intervals.estimate import Estimate
    from xent.runs import Evaluation as RunEvaluation

__all__ = ["figures_section", "verdict_section"]

HEADLINES: Final = {
    "binary": ("auc", "log_loss", "brier", "f1"),
    "multiclass": ("accuracy", "log_loss", "macro_f1", "macro_auc"),
    "multilabel": ("exact_match", "hamming_loss", "micro_f1", "macro_auc"),
    "regression": ("rmse", "mae", "r2", "nll"),
}


def verdict_section(evaluation: RunEvaluation) -> Section:
    """Return the verdict of a run: the last part at length, the others folded."""
    verdict, baseline = evaluation.verdict, evaluation.baseline
    *_, last = verdict.parts
    ours = verdict_table(verdict.parts)
    linear = {
        row["figure"]: row["parts"][last]["value"]
        for row in verdict_table(baseline.parts)
        if last in row["parts"]
    }
    shown = [row for row in ours if last in row["parts"]]
    notes = [
        f"{row['label']}: {row['parts'][last]['why']}" for row in shown if row["parts"][last]["why"]
    ]
    rows = [_row(row, row["parts"][last], linear.get(row["figure"], math.nan)) for row in shown]
    head = ("figure", "network", "95% interval", "constant", evaluation.baseline_name)
    body = [
        _tiles(verdict.task, ours, last),
        element("p", None, _intro(last, verdict.parts[last].n_rows, evaluation.baseline_name)),
        table(head, rows),
        _notes(notes),
        _all_parts(ours, list(verdict.parts)),
    ]
    return Section("verdict", "Verdict", join(body))


def _intro(part: str, n_rows: int, baseline: str) -> str:
    if part != "test":
        return (
            f"There is no test part: these are the {n_rows:,} {part} rows, and the figures flatter."
        )
    return (
        f"On the {n_rows:,} test rows, which nothing was fitted to or chosen by. The constant predictor says the "
        f"same of every row; the {baseline} was fitted on the same training rows."
    )


def _row(row: dict[str, Any], held: dict[str, Any], linear: float) -> tuple[object, ...]:
    label = f"{row['label']} ({row['unit']})" if row["unit"] else row["label"]
    arrow = {"lower": "↓", "higher": "↑"}[row["better"]]
    better = element("span", {"class": "note", "title": f"{row['better']} is better"}, arrow)
    return (
        join([label, " ", better]),
        element("strong", None, figure_text(held["value"])),
        _interval(held["low"], held["high"], figure_text),
        figure_text(held["constant"]),
        figure_text(linear),
    )


def figures_section(evaluation: Evaluation) -> Section:
    """Return every figure of an evaluation with its interval and how that was made."""
    rows, notes = [], []
    figures: Mapping[str, Estimate] = dict(evaluation.figures)
    for name, estimate in figures.items():
        label = label_of(name)
        if not estimate.is_defined:
            notes.append(f"{label.text}: {estimate.why}")
            continue
        rows.append(
            (
                f"{label.text} ({label.unit})" if label.unit else label.text,
                element("strong", None, number_text(estimate.value)),
                _interval(estimate.low, estimate.high, number_text),
                estimate.method if estimate.has_interval else "",
            )
        )
        if estimate.why:
            notes.append(f"{label.text}: {estimate.why}")
    head = ("figure", "value", f"{evaluation.settings.level:.0%} interval", "by")
    shown = [name for name in HEADLINES[evaluation.task] if name in figures]
    tiles = element(
        "div",
        {"class": "tiles"},
        *(
            _tile(
                label_of(name).text,
                number_text(held.value),
                _interval(held.low, held.high, number_text),
            )
            for name, held in ((name, figures[name]) for name in shown)
            if held.is_defined
        ),
    )
    intro = element("p", None, f"{evaluation.n_rows:,} rows, given as {evaluation.rows.declared}.")
    return Section(
        "verdict", "Verdict", join([tiles, intro, table(head, rows, texts=(0, 3)), _notes(notes)])
    )


def _tiles(task: str, rows: list[dict[str, Any]], part: str) -> Markup:
    by_name = {row["figure"]: row for row in rows}
    tiles = []
    for name in HEADLINES[task]:
        held = by_name.get(name, {"parts": {}})["parts"].get(part)
        if held is None or math.isnan(held["value"]):
            continue
        beside = "" if math.isnan(held["constant"]) else f"constant {figure_text(held['constant'])}"
        interval = _interval(held["low"], held["high"], figure_text)
        below = join([interval, element("span", {"class": "interval"}, beside)])
        tiles.append(_tile(by_name[name]["label"], figure_text(held["value"]), below))
    return element("div", {"class": "tiles"}, *tiles)


def _tile(name: str, value: str, below: Markup) -> Markup:
    return element(
        "div",
        {"class": "tile"},
        element("span", {"class": "name"}, name),
        element("span", {"class": "value"}, value),
        below,
    )


def _interval(low: float | None, high: float | None, text: Any) -> Markup:
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return Markup("")
    return element("span", {"class": "interval"}, f"{text(low)} to {text(high)}")


def _notes(notes: list[str]) -> Markup:
    return join([element("p", {"class": "note"}, note) for note in notes])


def _all_parts(rows: list[dict[str, Any]], parts: list[str]) -> Markup:
    nothing = {"value": math.nan, "constant": math.nan}
    head = ["figure"]
    for part in parts:
        head += [part, "constant"]
    cells = [
        (
            row["label"],
            *(
                figure_text(row["parts"].get(part, nothing)[kind])
                for part in parts
                for kind in ("value", "constant")
            ),
        )
        for row in rows
    ]
    return element("details", None, element("summary", None, "All parts"), table(head, cells))
