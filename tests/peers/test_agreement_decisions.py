"""Agreement with scikit-learn: figures of a decision between two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from agreement import (
    ANY,
    INF,
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
from sklearn import metrics

from xent import evaluation as ev

if TYPE_CHECKING:
    from collections.abc import Callable

RELATIONS = st.sampled_from(["any", "any", "right", "wrong"])
INPUTS = "one class, one decision"


@dataclass(frozen=True)
class Case:
    """Truth, decision and weights."""

    y: Any
    labels: Any
    weight: Any

    @property
    def cells(self) -> Any:
        """Which of [[TN, FP], [FN, TP]] occur, by the rows that weigh anything."""
        present = np.ones(self.y.shape) if self.weight is None else self.weight
        cells = np.zeros((2, 2))
        np.add.at(cells, (self.y, self.labels), present)
        return cells > 0

    @property
    def ours(self) -> dict[str, Any]:
        return {"y": self.y, "labels": self.labels, "weight": self.weight}

    @property
    def theirs(self) -> dict[str, Any]:
        return {"y_true": self.y, "y_pred": self.labels, "sample_weight": self.weight}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n, weights = draw(N_ROWS), draw(WEIGHT_KINDS)
    shares = [draw(st.sampled_from([0.0, 0.3, 0.8, 1.0])) for _ in range(2)]
    rng = np.random.default_rng(draw(SEEDS))
    y, labels = ((rng.random(n) < share).astype(int) for share in shares)
    labels = {"any": labels, "right": y, "wrong": 1 - y}[draw(RELATIONS)]
    return Case(y, labels, random_weights(weights, n, rng))


def has(truth: int | None = None, decision: int | None = None) -> Callable[[Case], bool]:
    """Return whether a case has a row of this truth and decision; None is either."""
    rows = slice(None) if truth is None else truth
    columns = slice(None) if decision is None else decision
    return lambda c: bool(c.cells[rows, columns].any())


def without(truth: int | None, decision: int | None, theirs: Any, why: str) -> Difference:
    occurs = has(truth, decision)
    return Difference(lambda c: not occurs(c), NAN, theirs, why)


def one_class(c: Case) -> bool:
    return not (has(truth=0)(c) and has(truth=1)(c))


def figure(name: str) -> Callable[[Case], float]:
    return lambda c: getattr(ev, name)(**c.ours)


def ratios(c: Case) -> tuple[float, float]:
    return metrics.class_likelihood_ratios(**c.theirs, labels=[0, 1])


NO_DECISION = "none predicted positive: NaN; scikit-learn 0 or `zero_division=`"
NO_POSITIVE = "no positive row: NaN; scikit-learn 0 or `zero_division=`"
NO_NEGATIVE = "no negative row: NaN; scikit-learn 0 or `zero_division=`"
NO_REFUSAL = "none predicted negative: NaN; scikit-learn 0 or `zero_division=`"
NEITHER = Difference(
    lambda c: not c.cells.ravel()[1:].any(),
    NAN,
    0.0,
    "no positive row and none predicted: NaN; scikit-learn 0 or `zero_division=`",
)
ONE_KIND = Difference(
    lambda c: one_class(c) or not (has(decision=0)(c) and has(decision=1)(c)),
    NAN,
    0.0,
    "one class in truth or decision, even a perfect one: NaN; scikit-learn 0",
)


def of_no_row(name: str) -> Difference:
    return Difference(one_class, NAN, ANY, f"one class: NaN; scikit-learn {name}")


TABLE = [
    Agreement(
        "binary_counts",
        "confusion_matrix",
        lambda c: ev.binary_counts(**c.ours).matrix(),
        lambda c: metrics.confusion_matrix(**c.theirs, labels=[1, 0]),
        exact=True,
    ),
    Agreement(
        "accuracy",
        "accuracy_score",
        figure("accuracy"),
        lambda c: metrics.accuracy_score(**c.theirs),
        exact=True,
    ),
    Agreement(
        "balanced_accuracy",
        "balanced_accuracy_score",
        figure("balanced_accuracy"),
        lambda c: metrics.balanced_accuracy_score(**c.theirs),
        differences=[of_no_row("the recall of the class that is there")],
    ),
    Agreement(
        "youden_j",
        "balanced_accuracy_score(adjusted=)",
        figure("youden_j"),
        lambda c: metrics.balanced_accuracy_score(**c.theirs, adjusted=True),
        differences=[of_no_row("-inf or NaN")],
    ),
    Agreement(
        "precision",
        "precision_score",
        figure("precision"),
        lambda c: metrics.precision_score(**c.theirs),
        exact=True,
        differences=[without(None, 1, 0.0, NO_DECISION)],
    ),
    Agreement(
        "recall",
        "recall_score",
        figure("recall"),
        lambda c: metrics.recall_score(**c.theirs),
        exact=True,
        differences=[without(1, None, 0.0, NO_POSITIVE)],
    ),
    Agreement(
        "specificity",
        "recall_score(pos_label=0)",
        figure("specificity"),
        lambda c: metrics.recall_score(**c.theirs, pos_label=0),
        exact=True,
        differences=[without(0, None, 0.0, NO_NEGATIVE)],
    ),
    Agreement(
        "npv",
        "precision_score(pos_label=0)",
        figure("npv"),
        lambda c: metrics.precision_score(**c.theirs, pos_label=0),
        exact=True,
        differences=[without(None, 0, 0.0, NO_REFUSAL)],
    ),
    Agreement(
        "fpr",
        "1 - `recall_score(pos_label=0)`",
        figure("fpr"),
        lambda c: 1 - metrics.recall_score(**c.theirs, pos_label=0),
        differences=[without(0, None, 1.0, NO_NEGATIVE)],
    ),
    Agreement(
        "fnr",
        "1 - `recall_score`",
        figure("fnr"),
        lambda c: 1 - metrics.recall_score(**c.theirs),
        differences=[without(1, None, 1.0, NO_POSITIVE)],
    ),
    Agreement(
        "f1",
        "f1_score",
        figure("f1"),
        lambda c: metrics.f1_score(**c.theirs),
        exact=True,
        differences=[NEITHER],
    ),
    Agreement(
        "f_beta",
        "fbeta_score",
        lambda c: ev.f_beta(**c.ours, beta=2.5),
        lambda c: metrics.fbeta_score(**c.theirs, beta=2.5),
        differences=[NEITHER],
    ),
    Agreement(
        "mcc",
        "matthews_corrcoef",
        figure("mcc"),
        lambda c: metrics.matthews_corrcoef(**c.theirs),
        rtol=1e-10,  # theirs takes differences of sums of weights
        differences=[ONE_KIND],
    ),
    Agreement(
        "kappa",
        "cohen_kappa_score",
        figure("kappa"),
        lambda c: metrics.cohen_kappa_score(c.y, c.labels, labels=[0, 1], sample_weight=c.weight),
    ),
    Agreement(
        "lr_positive",
        "class_likelihood_ratios",
        figure("lr_positive"),
        lambda c: ratios(c)[0],
        differences=[
            Difference(
                lambda c: not c.cells[0, 1] and c.cells[1, 1] and c.cells[0, 0],
                INF,
                NAN,
                "no false alarm: infinite; scikit-learn NaN",
            ),
        ],
    ),
    Agreement(
        "lr_negative",
        "class_likelihood_ratios",
        figure("lr_negative"),
        lambda c: ratios(c)[1],
        differences=[
            Difference(
                lambda c: not c.cells[0, 0] and c.cells[1, 0] and c.cells[0, 1],
                INF,
                NAN,
                "no negative row is right: infinite; scikit-learn NaN",
            ),
        ],
    ),
]


@pytest.mark.parametrize("agreement", [row.row(INPUTS) for row in TABLE])
def test_figures_of_a_decision(agreement: Agreement) -> None:
    check(agreement, cases())
