"""Agreement with scikit-learn: figures of probabilities of two classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

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

INPUTS = "certain right and wrong rows, float32, one class"
LOGITS = "logits up to 800, one class"
KINDS = st.sampled_from(["open", "open", "steep", "certain"])
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Case:
    """Truth, logits, probabilities and weights."""

    y: Any
    z: Any
    p: Any
    weight: Any

    @property
    def wide(self) -> Any:
        """Probabilities in float64: scikit-learn computes float32 in float32."""
        return self.p.astype(np.float64)

    @property
    def share(self) -> Any:
        """Weights that sum to 1."""
        weight = np.ones(self.y.shape) if self.weight is None else self.weight
        return weight / weight.sum()

    @property
    def keys(self) -> dict[str, Any]:
        return {"sample_weight": self.weight, "labels": [0, 1]}

    def mean(self, values: Any) -> float:
        """Weighted mean over the rows that weigh anything."""
        kept = self.share > 0
        return math.fsum(self.share[kept] * np.asarray(values)[kept])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n, kind, weights = draw(N_ROWS), draw(KINDS), draw(WEIGHT_KINDS)
    prevalence = draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    rng = np.random.default_rng(draw(SEEDS))
    y = (rng.random(n) < prevalence).astype(int)
    z = rng.normal(0, 2, n) * (draw(st.sampled_from([20.0, 300.0])) if kind == "steep" else 1.0)
    p = expit(z).astype(dtype)
    if kind == "certain":
        p = np.where(rng.random(n) < 0.4, y, p).astype(dtype)
        p[0] = 1 - y[0]
    return Case(y, z, p, random_weights(weights, n, rng))


def has_one_class(case: Case) -> bool:
    return len(set(case.y[case.share > 0].tolist())) == 1


def is_clipped(case: Case) -> bool:
    kept = case.wide[case.share > 0]
    return bool(((kept < EPS) | (kept > 1 - EPS)).any())


def loss(case: Case, p: Any) -> float:
    """Mean log loss of probabilities as they are: infinite where one is certain and wrong."""
    with np.errstate(divide="ignore"):
        return case.mean(-np.where(case.y == 1, np.log(p), np.log1p(-p)))


def clipped(case: Case, p: Any) -> float:
    """What scikit-learn documents: probabilities are clipped to [eps, 1 - eps]."""
    return loss(case, np.clip(p, EPS, 1 - EPS))


def loss_of_logits(case: Case) -> float:
    """Mean of log(1 + exp(-z)) over positive rows, of log(1 + exp(z)) over the others."""
    signed = case.z * (1 - 2 * case.y)
    return case.mean([math.log1p(math.exp(-abs(z))) + max(z, 0.0) for z in signed])


def loss_of_the_prevalence(case: Case) -> float:
    return loss(case, np.full(case.y.shape, case.mean(case.y)))


def is_steep(case: Case) -> bool:
    return bool(np.abs(case.z[case.share > 0]).max() > 15)


UNCLIPPED = "nothing is clipped: certain and wrong is infinite; scikit-learn clips at 2e-16"
EXACT = "exact at any logit; scikit-learn loses digits from 15 on and stops at 36"
ONE_CLASS = Difference(
    has_one_class, NAN, ANY, "one class: NaN, the constant makes no error; scikit-learn about -1e16"
)
TABLE = [
    Agreement(
        "log_loss",
        "log_loss",
        lambda c: ev.log_loss(c.y, probabilities=c.p, weight=c.weight),
        lambda c: metrics.log_loss(c.y, c.wide, **c.keys),
        differences=[
            Difference(
                is_clipped, lambda c: loss(c, c.wide), lambda c: clipped(c, c.wide), UNCLIPPED
            )
        ],
    ),
    Agreement(
        "brier",
        "brier_score_loss",
        lambda c: ev.brier(c.y, probabilities=c.p, weight=c.weight),
        lambda c: metrics.brier_score_loss(c.y, c.wide, **c.keys),
    ),
    Agreement(
        "log_loss_skill",
        "d2_log_loss_score",
        lambda c: ev.log_loss_skill(c.y, probabilities=c.p, weight=c.weight),
        lambda c: metrics.d2_log_loss_score(c.y, c.wide, **c.keys),
        rtol=1e-11,
        atol=1e-14,
        differences=[
            ONE_CLASS,
            Difference(
                is_clipped,
                lambda c: 1 - loss(c, c.wide) / loss_of_the_prevalence(c),
                lambda c: 1 - clipped(c, c.wide) / loss_of_the_prevalence(c),
                UNCLIPPED,
            ),
        ],
    ),
    Agreement(
        "brier_skill",
        "d2_brier_score",
        lambda c: ev.brier_skill(c.y, probabilities=c.p, weight=c.weight),
        lambda c: metrics.d2_brier_score(c.y, c.wide, **c.keys),
        rtol=1e-11,
        atol=1e-14,
        differences=[ONE_CLASS],
    ),
]
OF_LOGITS = [
    Agreement(
        "log_loss",
        "`log_loss` of the sigmoid",
        lambda c: ev.log_loss(c.y, logits=c.z, weight=c.weight),
        lambda c: metrics.log_loss(c.y, expit(c.z), **c.keys),
        rtol=1e-9,
        differences=[Difference(is_steep, loss_of_logits, lambda c: clipped(c, expit(c.z)), EXACT)],
    ),
    Agreement(
        "log_loss_skill",
        "`d2_log_loss_score` of the sigmoid",
        lambda c: ev.log_loss_skill(c.y, logits=c.z, weight=c.weight),
        lambda c: metrics.d2_log_loss_score(c.y, expit(c.z), **c.keys),
        rtol=1e-9,
        atol=1e-12,
        differences=[
            ONE_CLASS,
            Difference(
                is_steep,
                lambda c: 1 - loss_of_logits(c) / loss_of_the_prevalence(c),
                lambda c: 1 - clipped(c, expit(c.z)) / loss_of_the_prevalence(c),
                EXACT,
            ),
        ],
    ),
]


@pytest.mark.parametrize("agreement", [row.row(INPUTS) for row in TABLE])
def test_figures_of_probabilities(agreement: Agreement) -> None:
    check(agreement, cases())


@pytest.mark.parametrize("agreement", [row.row(LOGITS) for row in OF_LOGITS])
def test_figures_of_logits(agreement: Agreement) -> None:
    check(agreement, cases())


def test_float32_is_computed_in_float64() -> None:
    y, p = [1, 0, 1, 1], np.array([0.3, 0.2, 0.9, 0.6], dtype=np.float32)
    wide = p.astype(np.float64)
    assert ev.log_loss(y, probabilities=p) == ev.log_loss(y, probabilities=wide)
    assert ev.brier(y, probabilities=p) == ev.brier(y, probabilities=wide)
    assert metrics.log_loss(y, p) != metrics.log_loss(y, wide)
    # scikit-learn clips float32 at 1e-7, and lets no row cost more than 15.94
    wrong = np.array([0.0], dtype=np.float32)
    assert metrics.log_loss([1], wrong, labels=[0, 1]) == pytest.approx(15.94, abs=0.01)
    assert ev.log_loss([1], probabilities=wrong) == math.inf
