"""Agreement with scikit-learn: figures of several classes."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import (
    ANY,
    NAN,
    Agreement,
    Difference,
    check,
    quietly,
    same,
)
from class_cases import (
    EPS,
    UNCLIPPED,
    Case,
    cases,
    has_absent,
    is_clipped,
    loss,
    scored,
)
from hypothesis import given, settings
from sklearn import metrics

from xent import evaluation as ev

if TYPE_CHECKING:
    from collections.abc import Callable

LABELS = "absent classes"
AVERAGES = f"{LABELS}; macro, micro, weighted; undefined 0, 1, NaN"
SCORES = "absent classes, ties, certain rows, float32"
EXACT = "exact at any logit; scikit-learn stops at 36"


def loss_of_logits(case: Case) -> float:
    z = case.z.astype(np.longdouble)
    top = z.max(axis=1, keepdims=True)
    rows = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - z[np.arange(case.y.size), case.y]
    return math.fsum((case.share * rows)[case.share > 0])


def averaged(name: str) -> Callable[[Case], float]:
    """Return a figure of decisions with the case's average and choice for the undefined."""
    return lambda c: getattr(ev, name)(
        **c.decided, average=c.average, undefined=c.undefined, n_classes=c.n_classes
    )


def of_sklearn(name: str) -> Callable[[Case], float]:
    return lambda c: getattr(metrics, name)(
        c.y, c.labels, **c.keys, average=c.average, zero_division=c.undefined
    )


def ranked(case: Case, **keys: Any) -> float:
    y, p, weight = case.kept
    return metrics.roc_auc_score(y, p, sample_weight=weight, labels=range(case.n_classes), **keys)


def area(case: Case, rows: Any, k: int) -> float:
    """scikit-learn's binary AUC of class k against the others among some rows."""
    y, p, weight = case.kept
    share = None if weight is None else weight[rows]
    return metrics.roc_auc_score(y[rows] == k, p[rows, k], sample_weight=share)


def one_vs_rest(case: Case) -> float:
    """Mean of the binary AUC over the classes that occur, if more than one does."""
    present = case.present.tolist()
    if len(present) < 2:
        return NAN
    every = np.ones(case.kept[0].shape, dtype=bool)
    support = [case.share[case.y == k].sum() for k in present]
    weights = support if case.average == "weighted" else None
    return float(np.average([area(case, every, k) for k in present], weights=weights))


def pairs(case: Case) -> float:
    """Hand and Till's mean over pairs of the classes that occur."""
    y = case.kept[0]
    found = combinations(case.present.tolist(), 2)
    areas = [area(case, (y == i) | (y == j), k) for i, j in found for k in (i, j)]
    return float(np.mean(areas)) if areas else NAN


def is_tied(case: Case) -> bool:
    """Whether the k-th place (k = 2) is shared by the true class and another."""
    own = case.p[np.arange(case.y.size), case.y][:, None]
    higher, tied = (case.p > own).sum(axis=1), (case.p == own).sum(axis=1)
    return bool(((tied > 1) & (higher < 2) & (higher + tied > 2))[case.share > 0].any())


def places(case: Case) -> float:
    """Share of rows in the first two places, a shared place counting by its chance."""
    own = case.p[np.arange(case.y.size), case.y][:, None]
    higher, tied = (case.p > own).sum(axis=1), (case.p == own).sum(axis=1)
    return float(case.share @ np.clip((2 - higher) / tied, 0, 1))


def nothing_left(case: Case) -> bool:
    """Whether every class that weighs anything is left out: its precision is 0 / 0."""
    predicted = set(case.labels[case.share > 0].tolist())
    is_left_out = case.average == "weighted" and math.isnan(case.undefined)
    return is_left_out and not predicted & set(case.present.tolist())


# the only class that is there is never predicted
MISSED = Case(
    np.array([0, 0]), np.array([1, 1]), np.zeros((2, 2)), np.eye(2), None, "weighted", NAN
)
TIED = Case(
    np.array([0, 3]), np.array([1, 1]), np.zeros((2, 4)), np.full((2, 4), 0.25), None, "macro", NAN
)
NOTHING_LEFT = Difference(
    nothing_left, NAN, 0.0, "weighted, and nothing left to average: NaN; scikit-learn 0"
)
TABLE = [
    Agreement(
        "accuracy",
        "accuracy_score",
        lambda c: ev.accuracy(**c.decided),
        lambda c: metrics.accuracy_score(c.y, c.labels, sample_weight=c.weight),
        exact=True,
    ),
    Agreement(
        "confusion_matrix",
        "confusion_matrix",
        lambda c: ev.confusion_matrix(**c.decided, n_classes=c.n_classes),
        lambda c: metrics.confusion_matrix(c.y, c.labels, **c.keys),
        exact=True,
    ),
    Agreement(
        "class_counts",
        "multilabel_confusion_matrix",
        lambda c: ev.class_counts(**c.decided, n_classes=c.n_classes).matrix(),
        # theirs has the class first, and the negative rows and decisions before the positive ones
        lambda c: np.moveaxis(
            metrics.multilabel_confusion_matrix(c.y, c.labels, **c.keys)[:, ::-1, ::-1], 0, -1
        ),
        exact=True,
        atol=1e-11,
    ),
    Agreement(
        "multiclass_precision",
        "precision_score",
        averaged("multiclass_precision"),
        of_sklearn("precision_score"),
        differences=[NOTHING_LEFT],
    ),
    Agreement(
        "multiclass_recall",
        "recall_score",
        averaged("multiclass_recall"),
        of_sklearn("recall_score"),
    ),
    Agreement(
        "multiclass_f1",
        "f1_score",
        averaged("multiclass_f1"),
        of_sklearn("f1_score"),
    ),
]
OF_SCORES = [
    Agreement(
        "multiclass_log_loss",
        "log_loss",
        lambda c: ev.multiclass_log_loss(**c.truth, probabilities=c.given),
        lambda c: metrics.log_loss(c.y, c.p, **c.keys),
        rtol=1e-11,
        differences=[
            Difference(
                lambda c: is_clipped(c, c.p),
                lambda c: loss(c, c.p),
                lambda c: loss(c, c.p, EPS),
                UNCLIPPED,
            )
        ],
    ),
    Agreement(
        "multiclass_log_loss",
        "`log_loss` of the softmax",
        lambda c: ev.multiclass_log_loss(**c.truth, logits=c.z),
        lambda c: metrics.log_loss(c.y, c.softmax, **c.keys),
        rtol=1e-9,
        differences=[
            Difference(
                lambda c: is_clipped(c, c.softmax),
                loss_of_logits,
                lambda c: loss(c, c.softmax, EPS),
                EXACT,
            )
        ],
    ),
    Agreement(
        "multiclass_brier",
        "brier_score_loss(scale_by_half=False)",
        lambda c: ev.multiclass_brier(**c.truth, probabilities=c.given),
        lambda c: metrics.brier_score_loss(c.y, c.p, **c.keys, scale_by_half=False),
    ),
    Agreement(
        "top_k_accuracy",
        "top_k_accuracy_score",
        lambda c: ev.top_k_accuracy(**c.truth, scores=c.given, k=2),
        lambda c: metrics.top_k_accuracy_score(c.y, c.p, k=2, **c.keys),
        differences=[
            Difference(
                is_tied,
                places,
                ANY,
                "a shared place counts by its chance; scikit-learn by the class's number",
            )
        ],
    ),
    Agreement(
        "one_vs_rest_auc",
        "roc_auc_score(multi_class='ovr')",
        lambda c: ev.one_vs_rest_auc(**c.truth, scores=c.given, average=c.average),
        lambda c: ranked(c, multi_class="ovr", average=c.average),
        differences=[
            Difference(
                lambda c: has_absent(c) and c.average == "macro",
                one_vs_rest,
                NAN,
                "macro: an absent class is left out; scikit-learn NaN",
            )
        ],
    ),
    Agreement(
        "hand_till_auc",
        "roc_auc_score(multi_class='ovo')",
        lambda c: ev.hand_till_auc(**c.truth, scores=c.given),
        lambda c: ranked(c, multi_class="ovo"),
        differences=[
            Difference(
                lambda c: c.weight is not None,
                pairs,
                ValueError,
                "takes weights; scikit-learn refuses them",
            ),
            Difference(has_absent, pairs, ANY, "an absent class is left out"),
        ],
    ),
]


@pytest.mark.parametrize(
    "agreement", [row.row(AVERAGES if "multiclass" in row.figure else LABELS) for row in TABLE]
)
def test_figures_of_decisions(agreement: Agreement) -> None:
    check(agreement, cases(), known=[MISSED])


@pytest.mark.parametrize("agreement", [row.row(SCORES) for row in OF_SCORES])
def test_figures_of_scores(agreement: Agreement) -> None:
    check(agreement, scored(), known=[TIED])


@given(cases())
@settings(max_examples=25)
def test_two_classes_are_the_binary_figures(case: Case) -> None:
    y, p = case.y > 0, np.stack([1 - case.p[:, 0], case.p[:, 0]], axis=1)
    p /= p.sum(axis=1, keepdims=True)
    keys: dict[str, Any] = {"weight": case.weight}
    same(
        ev.multiclass_brier(y, probabilities=p, **keys),
        2 * ev.brier(y, probabilities=p[:, 1], **keys),
    )
    scores = np.stack([-case.z[:, 0], case.z[:, 0]], axis=1)
    area = ev.roc_auc(y, case.z[:, 0], **keys)
    same(ev.one_vs_rest_auc(y, scores, **keys), area)
    same(ev.hand_till_auc(y, scores, **keys), area)


REPORT = Agreement(
    "classification_report",
    "classification_report",
    lambda c: ev.classification_report(c.y, labels=c.labels, names=c.names, undefined=c.undefined),
    lambda c: metrics.classification_report(
        c.y,
        c.labels,
        labels=range(c.n_classes),
        target_names=c.names,
        zero_division=c.undefined,
    ),
    differences=[
        Difference(
            bool, ANY, ANY, "`accuracy` also where a class is absent; scikit-learn `micro avg`"
        )
    ],
)


def cells(report: str) -> list[list[str]]:
    # where a class is absent theirs writes supports as 3.0
    lines = [line.removesuffix(".0").split() for line in report.splitlines()]
    return [line for line in lines if line and line[0] not in ("accuracy", "micro")]


@pytest.mark.parametrize(
    "agreement", [REPORT.row("absent classes; undefined 0, 1, NaN; no weights")]
)
def test_the_report_has_the_same_cells(agreement: Agreement) -> None:
    @given(cases())
    @settings(max_examples=25)
    def compare(case: Case) -> None:
        ours, theirs = agreement.ours(case), quietly(agreement.theirs, case)
        weighted = replace(case, average="weighted", weight=None)
        n_lines = -1 if nothing_left(weighted) else None
        assert cells(ours)[:n_lines] == cells(theirs)[:n_lines]
        assert f"{ev.accuracy(case.y, labels=case.labels):.2f}" in ours.splitlines()[-3]

    compare()


def test_constant_scores_of_k_classes_are_right_once_in_k() -> None:
    scores = np.zeros((4, 4))
    assert [ev.top_k_accuracy([k] * 4, scores, k=1) for k in range(4)] == [0.25] * 4
    theirs = [metrics.top_k_accuracy_score([k] * 4, scores, k=1, labels=range(4)) for k in range(4)]
    assert theirs == [0.0, 0.0, 0.0, 1.0]
