"""What a report shows of each task: threshold page, calibration, classes, labels, numbers, and the training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.errors import XentError
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.evaluation.evaluations.figures import number_text
from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
from xent.evaluation.evaluations.multilabel import MultilabelEvaluation
from xent.evaluation.evaluations.regression import RegressionEvaluation
from xent.figures.epoch_lines import metric_title
from xent.reports.class_tables import class_figures, confusions, label_figures
from xent.reports.markup import Markup, element, join, table
from xent.reports.page import Section
from xent.reports.task_charts import (
    calibration_charts,
    class_charts,
    label_charts,
    number_charts,
    training_charts,
)
from xent.reports.threshold_section import ThresholdSubject, threshold_section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xent.decisions import Decision
    from xent.evaluation.curves import RocCurve
    from xent.evaluation.evaluations import Evaluation

__all__ = ["Named", "history_section", "task_sections"]


@dataclass(frozen=True)
class Named:
    """Names for what an evaluation has numbers for.

    Parameters
    ----------
    classes : tuple of str
        In the order of their codes, or the labels; empty for numbers.
    rows : str
        What the rows are, such as "test rows".
    target : tuple of str
        The target's columns, where known.
    """

    classes: tuple[str, ...]
    rows: str
    target: tuple[str, ...] = ()


def task_sections(evaluation: Evaluation, named: Named, decision: Decision | None) -> list[Section]:
    """Return the sections of an evaluation's own task."""
    if isinstance(evaluation, BinaryEvaluation):
        return _binary(evaluation, named, decision)
    if isinstance(evaluation, MulticlassEvaluation):
        parts = [
            class_charts(evaluation, named.classes),
            class_figures(evaluation, named.classes),
            confusions(evaluation, named.classes),
        ]
        return [Section("classes", "Classes", join(parts))]
    if isinstance(evaluation, MultilabelEvaluation):
        parts = [
            label_charts(evaluation, named.classes),
            label_figures(evaluation, named.classes),
        ]
        return [Section("labels", "Labels", join(parts))]
    assert isinstance(evaluation, RegressionEvaluation)
    return [Section("numbers", "Predicted and true", number_charts(evaluation))]


def _binary(e: BinaryEvaluation, named: Named, decision: Decision | None) -> list[Section]:
    if e.rows.declared == "labels":
        return []
    if e.counts.n_positive == 0 or e.counts.n_negative == 0:
        note = "All rows are of one class: there is no threshold to choose, and no curve."
        return [Section("threshold", "Threshold", element("p", {"class": "warning"}, note))]
    negative, positive = named.classes[0], named.classes[-1]
    sections = [threshold_section(ThresholdSubject(e, positive, negative, named.rows, decision))]
    if e.rows.declared in {"probabilities", "logits"}:
        sections.append(_calibration(e))
    return sections


def _calibration(e: BinaryEvaluation) -> Section:
    calibration = e.calibration
    rows: list[tuple[object, ...]] = []

    def row(name: str, value: str, meaning: str) -> None:
        rows.append((name, element("strong", None, value), meaning))

    error = calibration.error
    beside = f"{number_text(error.under_calibration)} if calibrated, p = {error.p_value:.2g}"
    row("expected calibration error", number_text(error.value), beside)
    row("the same, debiased", number_text(error.debiased), "")
    try:
        cox = calibration.cox
    except XentError as reason:
        row("Cox's intercept and slope", "–", str(reason))
    else:
        row("Cox's slope", number_text(cox.slope), "1 if calibrated; below 1: too sure")
        row("Cox's intercept", number_text(cox.intercept), "0 if calibrated")
    test = calibration.spiegelhalter
    row(
        "Spiegelhalter's test",
        f"p = {test.p_value:.2g}",
        "small: the squared errors are other than promised",
    )
    brier = calibration.brier
    row("Brier: miscalibration", number_text(brier.miscalibration), "lower is better")
    row("Brier: discrimination", number_text(brier.discrimination), "higher is better")
    row("Brier: uncertainty", number_text(brier.uncertainty), "of the rows, not of the model")
    shown = table(("figure", "value", "meaning"), rows, texts=(0, 2))
    return Section(
        "calibration",
        "Calibration",
        element("div", {"class": "pair"}, calibration_charts(e), element("div", None, shown)),
    )


def history_section(
    records: Sequence[dict[str, Any]],
    best_epoch: int,
    curves: Mapping[int, RocCurve] | None = None,
) -> Section:
    """Return the training's course: by epoch, and every figure at the first, the best and the last one.

    Parameters
    ----------
    records : sequence of dict
        Of the epochs.
    best_epoch : int
        Whose weights were kept; 0: the last one's.
    curves : mapping of int to RocCurve, optional
        Of a binary target, by epoch.
    """
    last = records[-1]
    best = next((r for r in records if r["epoch"] == best_epoch), last)
    names = [
        name
        for name, value in last.items()
        if name != "epoch" and (value is None or isinstance(value, int | float))
    ]
    head = (
        "",
        f"epoch {records[0]['epoch']}",
        f"best: epoch {best['epoch']}",
        f"last: epoch {last['epoch']}",
    )
    rows = [
        (
            metric_title(name, unit=False),
            *(_value(record.get(name)) for record in (records[0], best, last)),
        )
        for name in names
    ]
    charts = training_charts(records, best_epoch, curves)
    return Section("training", "Training", join([charts, table(head, rows)]))


def _value(value: float | None) -> str | Markup:
    return "–" if value is None else number_text(float(value))
