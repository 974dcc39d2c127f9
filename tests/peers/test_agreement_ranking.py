"""Agreement with scikit-learn: figures of two classes of which only the order of scores matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agreement import (
    ANY,
    NAN,
    Agreement,
    Difference,
    check,
    quietly,
)
from ranking_cases import Case, cases
from sklearn import metrics

from xent import evaluation as ev

INPUTS = "ties, near ties, subnormal, huge and infinite scores, float32, one class"


def band(case: Case) -> float:
    """Trapezoid under scikit-learn's ROC points from FPR 0.1 to 0.6."""
    fpr, tpr, _ = case.roc
    # np.interp takes the last of several points at one FPR, as the curve does to the right of a step
    inside = (fpr > 0.1) & (fpr < 0.6)
    low, high = np.interp([0.1, 0.6], fpr, tpr)
    return float(metrics.auc(np.r_[0.1, fpr[inside], 0.6], np.r_[low, tpr[inside], high]))


def equal_error(case: Case) -> float:
    """FPR where a line between two of scikit-learn's ROC points meets FPR = FNR."""
    fpr, tpr, _ = case.roc
    return float(np.interp(0.0, fpr - (1 - tpr), fpr))


def lift(case: Case) -> float:
    """Recall over share, between the points of scikit-learn's counts at thresholds."""
    tp, fp = counts(case)
    share = np.r_[0.0, tp + fp] / (tp + fp)[-1]
    return float(np.interp(0.3, share, np.r_[0.0, tp] / tp[-1]) / 0.3)


def counts(case: Case) -> tuple[Any, Any]:
    """TP and FP at scikit-learn's thresholds, from the highest score down."""
    keys = {"sample_weight": case.weight}
    _, fp, _, tp, _ = metrics.confusion_matrix_at_thresholds(case.y, case.finite, **keys)
    return tp, fp


def interpolated(case: Case) -> float:
    """Precision over recall, with FP growing linearly with TP between the points: by quadrature."""
    tp, fp = (np.r_[0.0, column] for column in counts(case))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    # finer towards the left point, where precision changes fast if few rows lie before it
    root = (nodes + 1) / 2
    part, density = root**8, 4 * root**7 * weights
    area = 0.0
    for left in range(tp.size - 1):
        gain = tp[left + 1] - tp[left]
        found = tp[left] + part * gain
        alarms = fp[left] + part * (fp[left + 1] - fp[left])
        if gain > 0:
            area += gain * float(density @ (found / (found + alarms)))
    return area / tp[-1]


def best(values: Any, allowed: Any) -> float:
    return float(np.max(values[allowed])) if allowed.any() else NAN


AT_ONE_CLASS = Difference(
    lambda c: len(c.classes) < 2, NAN, ANY, "one class: NaN; scikit-learn NaN or an error"
)


def no_positive(theirs: float) -> Difference:
    return Difference(
        lambda c: 1 not in c.classes, NAN, theirs, f"no positive row: NaN; scikit-learn {theirs:g}"
    )


TABLE = [
    Agreement(
        "roc_auc",
        "roc_auc_score",
        lambda c: ev.roc_auc(**c.ours),
        lambda c: metrics.roc_auc_score(**c.theirs),
    ),
    Agreement(
        "standardized_partial_auc",
        "roc_auc_score(max_fpr=)",
        lambda c: ev.standardized_partial_auc(**c.ours, fpr=(0.0, 0.3)),
        lambda c: metrics.roc_auc_score(**c.theirs, max_fpr=0.3),
        differences=[AT_ONE_CLASS],
    ),
    Agreement(
        "partial_auc",
        "`auc` of a part of `roc_curve`",
        lambda c: ev.partial_auc(**c.ours, fpr=(0.1, 0.6)),
        band,
    ),
    Agreement(
        "average_precision",
        "average_precision_score",
        lambda c: ev.average_precision(**c.ours),
        lambda c: metrics.average_precision_score(**c.theirs),
        differences=[no_positive(0.0)],
    ),
    Agreement(
        "pr_trapezoid_area",
        "`auc` of `precision_recall_curve`",
        lambda c: ev.pr_trapezoid_area(**c.ours),
        lambda c: metrics.auc(c.pr[1], c.pr[0]),
        differences=[no_positive(0.5)],
    ),
    Agreement(
        "davis_goadrich_area",
        "quadrature over `confusion_matrix_at_thresholds`",
        lambda c: ev.davis_goadrich_area(**c.ours),
        interpolated,
        rtol=1e-6,
    ),
    Agreement(
        "equal_error_rate",
        "from `roc_curve`",
        lambda c: ev.equal_error_rate(**c.ours),
        equal_error,
    ),
    Agreement(
        "top_lift",
        "from `confusion_matrix_at_thresholds`",
        lambda c: ev.top_lift(**c.ours, share=0.3),
        lift,
    ),
    Agreement(
        "precision_at_recall",
        "from `precision_recall_curve`",
        lambda c: ev.precision_at_recall(**c.ours, recall=0.6),
        lambda c: best(c.pr[0][:-1], c.pr[1][:-1] >= 0.6),
        differences=[no_positive(0.0)],
        exact=True,
    ),
    Agreement(
        "recall_at_precision",
        "from `precision_recall_curve`",
        lambda c: ev.recall_at_precision(**c.ours, precision=0.6),
        lambda c: best(c.pr[1][:-1], c.pr[0][:-1] >= 0.6),
        exact=True,
    ),
    Agreement(
        "recall_at_specificity",
        "from `roc_curve`",
        lambda c: ev.recall_at_specificity(**c.ours, specificity=0.6),
        lambda c: best(c.roc[1], 1 - c.roc[0] >= 0.6),
        exact=True,
    ),
    Agreement(
        "specificity_at_recall",
        "from `roc_curve`",
        lambda c: ev.specificity_at_recall(**c.ours, recall=0.6),
        lambda c: best(1 - c.roc[0], c.roc[1] >= 0.6),
    ),
]


@pytest.mark.parametrize("agreement", [row.row(INPUTS) for row in TABLE])
def test_figures_of_the_order(agreement: Agreement) -> None:
    check(agreement, cases())


@pytest.mark.parametrize("peer", [metrics.roc_auc_score, metrics.average_precision_score])
def test_infinite_scores_have_a_place_in_the_order(peer: Any) -> None:
    y, scores = [0, 1, 0, 1], [-np.inf, np.inf, 0.0, np.inf]
    assert ev.roc_auc(y, scores) == ev.average_precision(y, scores) == 1.0
    with pytest.raises(ValueError, match="infinity"):
        quietly(peer, y, scores)
