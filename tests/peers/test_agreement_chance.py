"""Agreement with scikit-learn: several classes beside chance, beside the constant, and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import ANY, NAN, Agreement, Difference, check
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
from sklearn import metrics

from xent import evaluation as ev

if TYPE_CHECKING:
    from collections.abc import Callable

DECISIONS = "absent classes, one class, right and wrong throughout"
AVERAGES = "absent classes; macro, micro, weighted; undefined 0, 1, NaN"
SCORES = "absent classes, ties, certain rows, float32"


def matrix(case: Case) -> Any:
    """scikit-learn's confusion matrix of all classes."""
    return metrics.confusion_matrix(case.y, case.labels, **case.keys)


def decided(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(**c.decided, **keys)


def averaged(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(
        **c.decided, average=c.average, undefined=c.undefined, n_classes=c.n_classes, **keys
    )


def of_matrix(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(matrix(c), **keys)


def average_of_matrix(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(matrix(c), average=c.average, undefined=c.undefined, **keys)


def plain(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(metrics, name)(c.y, c.labels, sample_weight=c.weight, **keys)


def recalls(c: Case) -> float:
    """Balanced accuracy of the rows that weigh anything."""
    kept = c.share > 0
    weight = None if c.weight is None else c.weight[kept]
    return metrics.balanced_accuracy_score(c.y[kept], c.labels[kept], sample_weight=weight)


def kappa(scheme: str | None) -> Callable[[Case], float]:
    return lambda c: metrics.cohen_kappa_score(
        c.y, c.labels, labels=range(c.n_classes), weights=scheme, sample_weight=c.weight
    )


def of_sklearn(name: str, **keys: Any) -> Callable[[Case], float]:
    return lambda c: getattr(metrics, name)(
        c.y, c.labels, **c.keys, average=c.average, zero_division=c.undefined, **keys
    )


def is_constant(c: Case) -> bool:
    return c.present.size < 2


def is_one_sided(c: Case) -> bool:
    return is_constant(c) or np.unique(c.labels[c.share > 0]).size < 2


ONE_SIDED = Difference(
    is_one_sided,
    NAN,
    0.0,
    "one class in truth or decision, even a perfect one: NaN; scikit-learn 0",
)
CONSTANT = Difference(is_constant, NAN, ANY, "one class: NaN, the constant makes no error")
SCHEMES = {"unweighted": None, "linear": "linear", "quadratic": "quadratic"}

TABLE = [
    *[
        Agreement(
            name,
            "matthews_corrcoef",
            ours,
            plain("matthews_corrcoef"),
            rtol=1e-9,
            atol=1e-12,
            differences=[ONE_SIDED],
        )
        for name, ours in [
            ("multiclass_mcc", decided("multiclass_mcc")),
            ("matrix_mcc", of_matrix("matrix_mcc")),
        ]
    ],
    *[
        Agreement(name, "balanced_accuracy_score", ours, recalls)
        for name, ours in [
            ("multiclass_balanced_accuracy", decided("multiclass_balanced_accuracy")),
            ("matrix_balanced_accuracy", of_matrix("matrix_balanced_accuracy")),
        ]
    ],
    *[
        Agreement(
            name,
            f"cohen_kappa_score(weights={peer!r})",
            ours(name, scheme=scheme),
            kappa(peer),
            rtol=1e-10,
            atol=1e-12,
        )
        for name, ours in [("multiclass_kappa", decided), ("matrix_kappa", of_matrix)]
        for scheme, peer in SCHEMES.items()
    ],
]


def jaccard_of_present(c: Case) -> float:
    """scikit-learn's index of the classes that are there or predicted, averaged."""
    if c.average == "micro":
        return metrics.jaccard_score(c.y, c.labels, **c.keys, average="micro")
    each = metrics.jaccard_score(c.y, c.labels, **c.keys, average=None, zero_division=0)
    counts = matrix(c)
    support, predicted = counts.sum(axis=1), counts.sum(axis=0)
    weights = support if c.average == "weighted" else (support + predicted > 0).astype(float)
    return float(np.average(each, weights=weights))


LEFT_OUT = Difference(
    lambda c: np.isnan(c.undefined),
    jaccard_of_present,
    ValueError,
    "undefined classes may be left out; scikit-learn knows 0 and 1 only",
)
AVERAGED = [
    *[
        Agreement(name, "fbeta_score", ours(name, beta=2.5), of_sklearn("fbeta_score", beta=2.5))
        for name, ours in [("multiclass_f_beta", averaged), ("matrix_f_beta", average_of_matrix)]
    ],
    *[
        Agreement(
            name,
            "jaccard_score",
            ours(name),
            of_sklearn("jaccard_score"),
            differences=[LEFT_OUT],
        )
        for name, ours in [("multiclass_jaccard", averaged), ("matrix_jaccard", average_of_matrix)]
    ],
]


def one_hot(c: Case) -> Any:
    return np.eye(c.n_classes, dtype=int)[c.y]


def per_class(c: Case) -> float:
    kept = c.share > 0
    weight = None if c.weight is None else c.weight[kept]
    return metrics.average_precision_score(
        one_hot(c)[kept], c.p[kept], average=c.average, sample_weight=weight
    )


def macro_of_present(c: Case) -> float:
    kept = c.share > 0
    weight = None if c.weight is None else c.weight[kept]
    each = [
        metrics.average_precision_score(c.y[kept] == k, c.p[kept, k], sample_weight=weight)
        for k in c.present
    ]
    return float(np.mean(each))


def cuts(c: Case, p: Any) -> float:
    """Mean over the cuts between classes of scikit-learn's Brier score."""
    below = np.cumsum(p, axis=1)[:, :-1].clip(0, 1)
    scores = [
        metrics.brier_score_loss(
            c.y <= k, below[:, k], sample_weight=c.weight, labels=[False, True]
        )
        for k in range(c.n_classes - 1)
    ]
    return float(np.mean(scores))


def shares(c: Case) -> Any:
    """The constant predictor: every row has the shares of the classes."""
    return np.tile(c.share @ one_hot(c), (c.y.size, 1))


OF_SCORES = [
    Agreement(
        "one_vs_rest_average_precision",
        "average_precision_score",
        lambda c: ev.one_vs_rest_average_precision(**c.truth, scores=c.given, average=c.average),
        per_class,
        differences=[
            Difference(
                lambda c: has_absent(c) and c.average == "macro",
                macro_of_present,
                ANY,
                "macro: an absent class is left out; scikit-learn counts 0",
            )
        ],
    ),
    Agreement(
        "ranked_probability_score",
        "mean of `brier_score_loss` over cuts",
        lambda c: ev.ranked_probability_score(**c.truth, probabilities=c.given),
        lambda c: cuts(c, c.p),
    ),
    Agreement(
        "ranked_probability_skill",
        "mean of `brier_score_loss` over cuts, and that of the shares",
        lambda c: ev.ranked_probability_skill(**c.truth, probabilities=c.given),
        lambda c: 1 - cuts(c, c.p) / cuts(c, shares(c)),
        rtol=1e-9,
        differences=[CONSTANT],
    ),
    Agreement(
        "multiclass_brier_skill",
        "d2_brier_score",
        lambda c: ev.multiclass_brier_skill(**c.truth, probabilities=c.given),
        lambda c: metrics.d2_brier_score(c.y, c.p, **c.keys),
        rtol=1e-9,
        atol=1e-12,
        differences=[CONSTANT],
    ),
    Agreement(
        "multiclass_log_loss_skill",
        "d2_log_loss_score",
        lambda c: ev.multiclass_log_loss_skill(**c.truth, probabilities=c.given),
        lambda c: metrics.d2_log_loss_score(c.y, c.p, **c.keys),
        rtol=1e-9,
        atol=1e-12,
        differences=[
            CONSTANT,
            Difference(
                lambda c: is_clipped(c, c.p),
                lambda c: 1 - loss(c, c.p) / loss(c, shares(c)),
                lambda c: 1 - loss(c, c.p, EPS) / loss(c, shares(c)),
                UNCLIPPED,
            ),
        ],
    ),
]


@pytest.mark.parametrize("agreement", [row.row(DECISIONS) for row in TABLE])
def test_figures_beside_chance(agreement: Agreement) -> None:
    check(agreement, cases())


@pytest.mark.parametrize("agreement", [row.row(AVERAGES) for row in AVERAGED])
def test_averages_over_classes(agreement: Agreement) -> None:
    check(agreement, cases())


@pytest.mark.parametrize("agreement", [row.row(SCORES) for row in OF_SCORES])
def test_figures_of_ordered_classes_and_skill(agreement: Agreement) -> None:
    check(agreement, scored())
