"""Random cases of two classes and scores: ties, near ties, subnormal, huge and infinite scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from agreement import N_ROWS, SEEDS, WEIGHT_KINDS, quietly, random_weights
from hypothesis import strategies as st
from sklearn import metrics

KINDS = ["distinct", "tied", "constant", "near ties", "subnormal", "huge", "infinite"]


@dataclass(frozen=True)
class Case:
    """Truth, scores and weights; the scores again as scikit-learn takes them, all finite."""

    y: Any
    scores: Any
    finite: Any
    weight: Any

    @property
    def classes(self) -> set[int]:
        """The classes of the rows that weigh anything."""
        present = slice(None) if self.weight is None else self.weight > 0
        return set(self.y[present].tolist())

    @property
    def ours(self) -> dict[str, Any]:
        return {"y": self.y, "scores": self.scores, "weight": self.weight}

    @property
    def theirs(self) -> dict[str, Any]:
        return {"y_true": self.y, "y_score": self.finite, "sample_weight": self.weight}

    @property
    def pr(self) -> tuple[Any, Any, Any]:
        """scikit-learn's precision, recall and thresholds."""
        return quietly(
            metrics.precision_recall_curve, self.y, self.finite, sample_weight=self.weight
        )

    @property
    def roc(self) -> tuple[Any, Any, Any]:
        """scikit-learn's FPR, TPR and thresholds."""
        return quietly(metrics.roc_curve, **self.theirs, drop_intermediate=False)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n, kind = draw(N_ROWS), draw(st.sampled_from(KINDS))
    prevalence = draw(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]))
    weights, dtype = draw(WEIGHT_KINDS), draw(st.sampled_from([np.float64, np.float32]))
    rng = np.random.default_rng(draw(SEEDS))
    y = (rng.random(n) < prevalence).astype(int)
    scores = (rng.normal(size=n) + y).astype(dtype)
    if kind == "tied":
        scores = scores.round()
    elif kind == "constant":
        scores = np.full(n, 0.25, dtype=dtype)
    elif kind == "near ties":
        scores = dtype(0.1) + np.finfo(dtype).eps * rng.integers(0, 3, n).astype(dtype) / 8
    elif kind == "subnormal":
        scores = np.finfo(dtype).smallest_subnormal * rng.integers(-2, 3, n).astype(dtype)
    elif kind == "huge":
        scores = np.finfo(dtype).max * rng.choice(np.array([-1, -0.5, 0, 0.5, 1], dtype=dtype), n)
    finite = scores
    if kind == "infinite":
        finite = np.clip(scores.round(), -1, 1)
        infinite = np.array([-np.inf, 0.0, np.inf], dtype=dtype)
        scores = infinite[finite.astype(int) + 1]
    return Case(y, scores, finite, random_weights(weights, n, rng))
