"""Agreement with scikit-learn: figures of several labels a row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import (
    ANY,
    N_ROWS,
    NAN,
    SEEDS,
    WEIGHT_KINDS,
    Agreement,
    Difference,
    check,
    random_weights,
)
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics

from xent import evaluation as ev

if TYPE_CHECKING:
    from collections.abc import Callable

LABELS = "empty and full rows and labels"
AVERAGES = f"{LABELS}; samples, macro, micro, weighted; undefined 0, 1, NaN"
SCORES = "empty and full rows and labels, ties, float32"
KINDS = st.sampled_from(["empty", "sparse", "dense", "half", "right"])


@dataclass(frozen=True)
class Case:
    """Label sets, decisions, logits, weights, and how to average."""

    y: Any
    labels: Any
    z: Any
    weight: Any
    average: str
    undefined: float

    @property
    def kept(self) -> Any:
        """The rows that weigh anything."""
        return np.ones(len(self.y), dtype=bool) if self.weight is None else self.weight > 0

    @property
    def share(self) -> Any:
        weight = np.ones(len(self.y)) if self.weight is None else self.weight
        return weight / weight.sum()

    @property
    def decided(self) -> dict[str, Any]:
        return {"y": self.y, "labels": self.labels, "weight": self.weight}

    @property
    def scored(self) -> dict[str, Any]:
        return {"y": self.y, "scores": self.z, "weight": self.weight}

    @property
    def keys(self) -> dict[str, Any]:
        return {"sample_weight": self.weight}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n, kind, weights = draw(N_ROWS), draw(KINDS), draw(WEIGHT_KINDS)
    n_labels, is_tied = draw(st.integers(2, 5)), draw(st.booleans())
    average = draw(st.sampled_from(["samples", "macro", "micro", "weighted", "weighted"]))
    undefined = draw(st.sampled_from([0.0, 1.0, NAN]))
    rng = np.random.default_rng(draw(SEEDS))
    share = {"empty": 0.0, "sparse": 0.15, "dense": 0.85}.get(kind, 0.5)
    y, labels = (rng.random((2, n, n_labels)) < [[[share]], [[max(share, 0.1)]]]).astype(int)
    z = rng.normal(0, 2, y.shape) + y
    labels = y if kind == "right" else labels
    z = (z.round() if is_tied else z).astype(draw(st.sampled_from([np.float64, np.float32])))
    return Case(y, labels, z, random_weights(weights, n, rng), average, undefined)


def averaged(name: str) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(**c.decided, average=c.average, undefined=c.undefined)


def of_sklearn(name: str) -> Callable[[Case], float]:
    return lambda c: getattr(metrics, name)(
        c.y, c.labels, **c.keys, average=c.average, zero_division=c.undefined
    )


def no_support(defined: Callable[[Any, Any], Any]) -> Difference:
    """Weighted averages in which no label that is left carries a positive row."""

    def where(c: Case) -> bool:
        y, labels = c.y[c.kept], c.labels[c.kept]
        left = defined(y, labels) if math.isnan(c.undefined) else True
        return c.average == "weighted" and not (y.any(axis=0) & left).any()

    return Difference(
        where, NAN, ANY, "weighted by no positive row: NaN; scikit-learn the plain mean, or 0"
    )


def jaccard(c: Case) -> float:
    """Intersection over union of each part, over the parts that have a union."""
    y, labels, share = c.y[c.kept], c.labels[c.kept], c.share[c.kept]
    both, either = (y & labels), (y | labels)
    if c.average == "samples":
        over, under, weights = both.sum(axis=1), either.sum(axis=1), share
    else:
        over, under, weights = share @ both, share @ either, np.ones(y.shape[1])
    if c.average == "micro":
        over, under, weights = over.sum(keepdims=True), under.sum(keepdims=True), weights[:1]
    if c.average == "weighted":
        weights = share @ y
    left = (under > 0) & (weights > 0)
    values = over[left] / under[left]
    return float(np.average(values, weights=weights[left])) if left.any() else NAN


def is_unordered(c: Case) -> Any:
    """Rows without labels, or with all of them."""
    return c.kept & (c.y.min(axis=1) == c.y.max(axis=1))


def by_order(peer: Callable[..., float]) -> Callable[[Case], float]:
    """Return the peer's figure of the rows that have an order, and `undefined` for the others."""

    def value(c: Case) -> float:
        ordered = c.kept & ~is_unordered(c)
        shares = c.share[ordered]
        parts = [peer(c.y[ordered], c.z[ordered], sample_weight=shares)] if ordered.any() else []
        weights = [shares.sum()] if ordered.any() else []
        if not math.isnan(c.undefined):
            parts, weights = [*parts, c.undefined], [*weights, c.share[is_unordered(c)].sum()]
        return float(np.average(parts, weights=weights)) if parts else NAN

    return value


def counted_differently(theirs: float) -> Callable[[Case], bool]:
    return lambda c: bool(is_unordered(c).any()) and c.undefined != theirs


def has_two(c: Case) -> Any:
    """Labels that some rows carry and some do not."""
    return c.y[c.kept].min(axis=0) < c.y[c.kept].max(axis=0)


def auc_average(c: Case) -> str:
    return "weighted" if c.average == "weighted" else "macro"


def areas(c: Case) -> float:
    """Mean of scikit-learn's AUC over the labels that have one."""
    weight = None if c.weight is None else c.weight[c.kept]
    found = np.flatnonzero(has_two(c))
    each = [
        metrics.roc_auc_score(c.y[c.kept, k], c.z[c.kept, k], sample_weight=weight) for k in found
    ]
    support = (c.share @ c.y)[found] if c.average == "weighted" else None
    return float(np.average(each, weights=support)) if each else NAN


def not_by_row(c: Case) -> str:
    return "macro" if c.average == "samples" else c.average


def average_precisions(c: Case) -> float:
    """Mean of scikit-learn's average precision over the labels that some row carries."""
    weight = None if c.weight is None else c.weight[c.kept]
    each = [
        metrics.average_precision_score(c.y[c.kept, k], c.z[c.kept, k], sample_weight=weight)
        for k in np.flatnonzero(c.y[c.kept].any(axis=0))
    ]
    return float(np.mean(each)) if each else NAN


NOTHING = np.zeros((2, 3), dtype=int)
EMPTY = Case(NOTHING, NOTHING, NOTHING - 1.0, None, "weighted", 1.0)
TABLE = [
    Agreement(
        "exact_match",
        "accuracy_score",
        lambda c: ev.exact_match(**c.decided),
        lambda c: metrics.accuracy_score(c.y, c.labels, **c.keys),
        exact=True,
    ),
    Agreement(
        "zero_one_loss",
        "zero_one_loss",
        lambda c: ev.zero_one_loss(**c.decided),
        lambda c: metrics.zero_one_loss(c.y, c.labels, **c.keys),
    ),
    Agreement(
        "hamming_loss",
        "hamming_loss",
        lambda c: ev.hamming_loss(**c.decided),
        lambda c: metrics.hamming_loss(c.y, c.labels, **c.keys),
    ),
    Agreement(
        "multilabel_confusion",
        "multilabel_confusion_matrix",
        lambda c: ev.multilabel_confusion(**c.decided),
        lambda c: metrics.multilabel_confusion_matrix(c.y, c.labels, **c.keys),
        exact=True,
        atol=1e-11,
    ),
    Agreement(
        "label_counts",
        "multilabel_confusion_matrix",
        lambda c: ev.label_counts(**c.decided).matrix(),
        lambda c: np.moveaxis(
            metrics.multilabel_confusion_matrix(c.y, c.labels, **c.keys)[:, ::-1, ::-1], 0, -1
        ),
        exact=True,
        atol=1e-11,
    ),
    Agreement(
        "multilabel_precision",
        "precision_score",
        averaged("multilabel_precision"),
        of_sklearn("precision_score"),
        differences=[no_support(lambda y, labels: labels.any(axis=0))],
    ),
    Agreement(
        "multilabel_recall",
        "recall_score",
        averaged("multilabel_recall"),
        of_sklearn("recall_score"),
        differences=[no_support(lambda y, labels: y.any(axis=0))],
    ),
    Agreement(
        "multilabel_f1",
        "f1_score",
        averaged("multilabel_f1"),
        of_sklearn("f1_score"),
        differences=[no_support(lambda y, labels: (y | labels).any(axis=0))],
    ),
    Agreement(
        "multilabel_f_beta",
        "fbeta_score",
        lambda c: ev.multilabel_f_beta(
            **c.decided, beta=2.5, average=c.average, undefined=c.undefined
        ),
        lambda c: metrics.fbeta_score(
            c.y, c.labels, **c.keys, beta=2.5, average=c.average, zero_division=c.undefined
        ),
        differences=[no_support(lambda y, labels: (y | labels).any(axis=0))],
    ),
    Agreement(
        "multilabel_jaccard",
        "jaccard_score",
        averaged("multilabel_jaccard"),
        of_sklearn("jaccard_score"),
        differences=[
            Difference(
                lambda c: math.isnan(c.undefined),
                jaccard,
                ValueError,
                "undefined parts may be left out; scikit-learn knows 0 and 1 only",
            ),
            no_support(lambda y, labels: (y | labels).any(axis=0)),
        ],
    ),
]
OF_SCORES = [
    Agreement(
        "multilabel_log_loss",
        "mean of `log_loss` over labels",
        lambda c: ev.multilabel_log_loss(c.y, logits=c.z, weight=c.weight),
        lambda c: np.mean(
            [
                metrics.log_loss(y, p, labels=[0, 1], **c.keys)
                for y, p in zip(c.y.T, expit(c.z.astype(np.float64)).T, strict=True)
            ]
        ),
        rtol=1e-9,
    ),
    Agreement(
        "lrap",
        "label_ranking_average_precision_score",
        lambda c: ev.lrap(**c.scored, undefined=c.undefined),
        lambda c: metrics.label_ranking_average_precision_score(c.y, c.z, **c.keys),
        differences=[
            Difference(
                counted_differently(1.0),
                by_order(metrics.label_ranking_average_precision_score),
                ANY,
                "an empty or full row is left out or counts what is asked for; scikit-learn 1",
            )
        ],
    ),
    Agreement(
        "ranking_loss",
        "label_ranking_loss",
        lambda c: ev.ranking_loss(**c.scored, undefined=c.undefined),
        lambda c: metrics.label_ranking_loss(c.y, c.z, **c.keys),
        differences=[
            Difference(
                counted_differently(0.0),
                by_order(metrics.label_ranking_loss),
                ANY,
                "an empty or full row is left out or counts what is asked for; scikit-learn 0",
            )
        ],
    ),
    Agreement(
        "coverage_error",
        "coverage_error",
        lambda c: ev.coverage_error(**c.scored),
        lambda c: metrics.coverage_error(c.y, c.z, **c.keys),
    ),
    Agreement(
        "multilabel_auc",
        "roc_auc_score",
        lambda c: ev.multilabel_auc(**c.scored, average=auc_average(c)),
        lambda c: metrics.roc_auc_score(c.y, c.z, average=auc_average(c), **c.keys),
        differences=[
            Difference(
                lambda c: not has_two(c).all(),
                areas,
                ANY,
                "a label that all rows carry, or none, is left out; scikit-learn NaN",
            )
        ],
    ),
    Agreement(
        "multilabel_average_precision",
        "average_precision_score",
        lambda c: ev.multilabel_average_precision(**c.scored, average=not_by_row(c)),
        lambda c: metrics.average_precision_score(c.y, c.z, average=not_by_row(c), **c.keys),
        differences=[
            Difference(
                lambda c: not_by_row(c) == "macro" and not c.y[c.kept].any(axis=0).all(),
                average_precisions,
                ANY,
                "a label that no row carries is left out; scikit-learn counts 0",
            ),
            Difference(
                lambda c: not c.y[c.kept].any(), NAN, 0.0, "no label anywhere: NaN; scikit-learn 0"
            ),
        ],
    ),
]


@pytest.mark.parametrize(
    "agreement",
    [row.row(LABELS if row.exact or "loss" in row.figure else AVERAGES) for row in TABLE],
)
def test_figures_of_label_sets(agreement: Agreement) -> None:
    check(agreement, cases(), known=[EMPTY])


@pytest.mark.parametrize("agreement", [row.row(SCORES) for row in OF_SCORES])
def test_figures_of_label_scores(agreement: Agreement) -> None:
    check(agreement, cases())
