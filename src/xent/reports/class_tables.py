"""Figures of every class or label with their intervals, and where classes are confused, as tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from xent.evaluation.confusion import ConfusionCounts
from xent.evaluation.evaluations.figures import number_text
from xent.evaluation.intervals.decision_figures import decision_interval
from xent.evaluation.intervals.proportions import kish
from xent.evaluation.ranking import roc_auc
from xent.reports.markup import Markup, element, join, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array, FloatArray
    from xent.evaluation.evaluations.multiclass import MulticlassEvaluation
    from xent.evaluation.evaluations.multilabel import MultilabelEvaluation

__all__ = ["class_figures", "confusions", "label_figures"]

FIGURES = ("precision", "recall", "f1")
MOST_CELLS = 16  # classes up to which the whole matrix is shown
N_CONFUSIONS = 15


def class_figures(e: MulticlassEvaluation, names: Sequence[str]) -> Markup:
    """Return precision, recall and F1 with intervals, and the AUC, of each class against the rest."""
    matrix = e.confusion_matrix
    total = matrix.sum()
    scores = getattr(e, "scores", None)
    rows = []
    for place, name in enumerate(names):
        tp, of_class, called = matrix[place, place], matrix[place].sum(), matrix[:, place].sum()
        counts = (tp, of_class - tp, called - tp, total - of_class - called + tp)
        auc = ""
        if scores is not None:
            auc = _auc(e.truth == place, scores[:, place], e.rows.weight)
        rows.append((name, *_figures(counts, e.rows.weight, e.settings.level), auc))
    return table(_head(e.settings.level), rows, caption="Each class against the rest")


def label_figures(e: MultilabelEvaluation, names: Sequence[str]) -> Markup:
    """Return precision, recall and F1 with intervals, and the AUC, of each label."""
    rows = []
    confusion = None if e.decided is None else e.confusion
    for place, name in enumerate(names):
        cells: tuple[object, ...] = (f"{np.count_nonzero(e.truth[:, place]):,}", "", "", "")
        if confusion is not None:
            (tn, fp), (fn, tp) = confusion[place]
            cells = _figures((tp, fn, fp, tn), e.rows.weight, e.settings.level)
        auc = ""
        if e.rows.declared != "labels":
            auc = _auc(e.truth[:, place], e.scores[:, place], e.rows.weight)
        rows.append((name, *cells, auc))
    return table(_head(e.settings.level), rows, caption="Each label")


def confusions(e: MulticlassEvaluation, names: Sequence[str]) -> Markup:
    """Return the confusion matrix where it is small, and the largest confusions by name."""
    matrix = e.confusion_matrix
    of_class = matrix.sum(axis=1)
    parts = []
    if len(names) <= MOST_CELLS:
        head = ("is", *(f"→ {name}" for name in names), "rows")
        shares = matrix / np.maximum(of_class, 1)[:, None]
        rows = [
            (
                name,
                *(_cell(matrix[i, j], shares[i, j], is_right=i == j) for j in range(len(names))),
                _count(of_class[i]),
            )
            for i, name in enumerate(names)
        ]
        counts = table(head, rows, caption="Rows are the truth, columns what is decided")
        title = element("summary", None, "Counts of the confusion matrix")
        parts.append(element("details", None, title, counts))
    wrong = matrix.astype(np.float64)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:N_CONFUSIONS]
    worst = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    rows = [
        (
            f"{names[i]} taken for {names[j]}",
            _count(wrong[i, j]),
            f"{wrong[i, j] / of_class[i]:.1%}",
        )
        for i, j in worst
        if wrong[i, j] > 0
    ]
    if rows:
        head = ("confusion", "rows", "of the class")
        parts.append(table(head, rows, caption="The largest confusions"))
    else:
        parts.append(element("p", {"class": "note"}, "No row is taken for another class."))
    return join(parts)


def _cell(count: float, share: float, *, is_right: bool) -> Markup:
    kind = "right" if is_right else "wrong"
    return element(
        "span",
        {"class": f"cell {kind}", "style": f"--share: {share:.3f}", "title": f"{share:.1%}"},
        _count(count),
    )


def _figures(
    counts: tuple[float, ...], weight: FloatArray | None, level: float
) -> tuple[object, ...]:
    # weighted sums: a difference may come out below 0 by a rounding
    tp, fn, fp, tn = (max(np.asarray(count).item(), 0) for count in counts)
    held = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)
    n_effective = math.nan if weight is None else kish(weight)
    cells: list[object] = [_count(tp + fn)]
    for name in FIGURES:
        estimate = decision_interval(held, name, level=level, n_effective=n_effective)
        interval = ""
        if estimate.has_interval:
            interval = f" {number_text(estimate.low)} to {number_text(estimate.high)}"
        cells.append(
            join([number_text(estimate.value), element("span", {"class": "interval"}, interval)])
        )
    return tuple(cells)


def _head(level: float) -> tuple[str, ...]:
    return ("", "rows", *(f"{name} ({level:.0%})" for name in ("precision", "recall", "F1")), "AUC")


def _auc(truth: Array, scores: Array, weight: FloatArray | None) -> str:
    return number_text(roc_auc(truth, scores, weight=weight))


def _count(count: float) -> str:
    number = float(count)
    return f"{number:,.0f}" if number.is_integer() else f"{number:,.2f}"
