"""Random cases of several classes: codes, decisions, logits, probabilities, weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from agreement import N_ROWS, NAN, SEEDS, WEIGHT_KINDS, random_weights
from hypothesis import strategies as st

from xent.distributions import Categorical

EPS = float(np.finfo(np.float64).eps)
UNCLIPPED = "nothing is clipped: certain and wrong is infinite; scikit-learn clips at 2e-16"
KINDS = st.sampled_from(["distinct", "distinct", "tied", "steep", "certain"])


@dataclass(frozen=True)
class Case:
    """Class codes, decisions, logits, probabilities, weights, and how to average."""

    y: Any
    labels: Any
    z: Any
    given: Any
    weight: Any
    average: str
    undefined: float

    @property
    def p(self) -> Any:
        """Probabilities in float64: scikit-learn computes float32 in float32."""
        return self.given.astype(np.float64)

    @property
    def n_classes(self) -> int:
        return int(self.p.shape[1])

    @property
    def share(self) -> Any:
        weight = np.ones(self.y.shape) if self.weight is None else self.weight
        return weight / weight.sum()

    @property
    def present(self) -> Any:
        """Classes of the rows that weigh anything."""
        return np.unique(self.y[self.share > 0])

    @property
    def truth(self) -> dict[str, Any]:
        return {"y": self.y, "weight": self.weight}

    @property
    def decided(self) -> dict[str, Any]:
        return {**self.truth, "labels": self.labels}

    @property
    def keys(self) -> dict[str, Any]:
        return {"sample_weight": self.weight, "labels": range(self.n_classes)}

    @property
    def kept(self) -> tuple[Any, Any, Any]:
        """Rows that weigh anything, for scikit-learn counts the classes of the others as present."""
        kept = self.share > 0
        return self.y[kept], self.p[kept], None if self.weight is None else self.weight[kept]

    @property
    def names(self) -> list[str]:
        return [f"class-{code}" for code in range(self.n_classes)]

    @property
    def softmax(self) -> Any:
        return np.asarray(Categorical(self.n_classes).mean(self.z))

    def likelihood(self, p: Any) -> Any:
        """Probability of the true class, of the rows that weigh anything."""
        return p[np.arange(self.y.size), self.y][self.share > 0]


@st.composite
def scored(draw: st.DrawFn) -> Case:
    """Draw a case of at least three classes, with an average that suits an AUC."""
    case = draw(cases(least=3))
    return replace(case, average="macro" if case.average == "micro" else case.average)


@st.composite
def cases(draw: st.DrawFn, least: int = 2) -> Case:
    n, kind, weights = draw(N_ROWS), draw(KINDS), draw(WEIGHT_KINDS)
    k, n_present = draw(st.integers(least, 5)), draw(st.integers(1, 5))
    average = draw(st.sampled_from(["macro", "micro", "weighted"]))
    undefined = draw(st.sampled_from([0.0, 1.0, NAN]))
    dtype = draw(st.sampled_from([np.float64, np.float64, np.float32]))
    rng = np.random.default_rng(draw(SEEDS))
    y, labels = (rng.integers(0, min(k, n_present), n), rng.integers(0, min(k, n_present + 1), n))
    z = rng.normal(0, 2, (n, k)) * (50.0 if kind == "steep" else 1.0)
    z = z.round() if kind == "tied" else z
    p = np.asarray(Categorical(k).mean(z))
    if kind == "certain":
        p[0] = np.eye(k)[labels[0]]
    return Case(y, labels, z, p.astype(dtype), random_weights(weights, n, rng), average, undefined)


def has_absent(case: Case) -> bool:
    return case.present.size < case.n_classes


def loss(case: Case, p: Any, least: float = 0.0) -> float:
    """Mean log loss; scikit-learn documents that no probability is taken for less than eps."""
    with np.errstate(divide="ignore"):
        rows = -np.log(np.maximum(case.likelihood(p), least))
    return math.fsum(case.share[case.share > 0] * rows)


def is_clipped(case: Case, p: Any) -> bool:
    return bool(case.likelihood(p).min() < EPS)
