"""Agreement among classes as scikit-learn computes it, on random decisions with weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev

metrics = pytest.importorskip("sklearn.metrics")


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Any, Any, int]:
    n, k = draw(st.integers(2, 40)), draw(st.integers(2, 5))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y, labels = generator.integers(0, k, (2, n))
    kind = draw(st.sampled_from(["none", "whole", "real"]))
    weight = {
        "none": None,
        "whole": generator.integers(1, 4, n),
        "real": generator.random(n) + 0.01,
    }[kind]
    return y, labels, weight, k


@given(cases())
@settings(derandomize=True, deadline=None)
def test_agreement(case: tuple[Any, Any, Any, int]) -> None:
    y, labels, weight, _ = case
    sk: dict[str, Any] = {"sample_weight": weight}
    ours: dict[str, Any] = {"labels": labels, "weight": weight}
    if len(np.unique(y)) > 1 and len(np.unique(labels)) > 1:  # theirs is 0 without variance
        same(ev.multiclass_mcc(y, **ours), metrics.matthews_corrcoef(y, labels, **sk))
    if len(np.unique([y, labels])) > 1:
        for scheme, theirs in zip(ev.KAPPA_SCHEMES, (None, "linear", "quadratic"), strict=True):
            # theirs counts the places among the classes that occur, so all must be named
            everything = range(max(y.max(), labels.max()) + 1)
            same(
                ev.multiclass_kappa(y, scheme=scheme, **ours),
                metrics.cohen_kappa_score(y, labels, labels=everything, weights=theirs, **sk),
            )
    present = np.isin(labels, y)  # theirs warns where a class is predicted that never occurs
    if present.all() and len(np.unique(y)) > 1:
        same(
            ev.multiclass_balanced_accuracy(y, **ours),
            metrics.balanced_accuracy_score(y, labels, **sk),
        )


@given(cases(), st.sampled_from(["macro", "micro", "weighted"]), st.sampled_from([0.0, 1.0]))
@settings(derandomize=True, deadline=None)
def test_averages(case: tuple[Any, Any, Any, int], average: str, undefined: float) -> None:
    y, labels, weight, k = case
    sk: dict[str, Any] = {"labels": range(k), "average": average, "sample_weight": weight}
    ours: dict[str, Any] = {"labels": labels, "average": average, "weight": weight}
    ours |= {"undefined": undefined, "n_classes": k}
    sk["zero_division"] = undefined
    same(ev.multiclass_jaccard(y, **ours), metrics.jaccard_score(y, labels, **sk))
    for beta in (0.5, 2.0):
        same(
            ev.multiclass_f_beta(y, beta=beta, **ours),
            metrics.fbeta_score(y, labels, beta=beta, **sk),
        )


def same(ours: float, theirs: float) -> None:
    assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["macro", "micro", "weighted"]))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_average_precision_of_labels(seed: int, average: str) -> None:
    generator = np.random.default_rng(seed)
    y, scores = generator.random((20, 3)) < 0.4, generator.integers(0, 6, (20, 3)).astype(float)
    y[:3] |= np.eye(3, dtype=bool)
    weight = generator.random(20) + 0.01
    theirs = metrics.average_precision_score(y, scores, average=average, sample_weight=weight)
    same(ev.multilabel_average_precision(y, scores, average=average, weight=weight), theirs)


def test_log_loss_skill_is_their_d2() -> None:
    generator = np.random.default_rng(5)
    y, p = generator.integers(0, 3, 50), generator.dirichlet(np.ones(3), 50)
    weight = generator.random(50)
    theirs = metrics.d2_log_loss_score(y, p, sample_weight=weight)
    same(ev.multiclass_log_loss_skill(y, probabilities=p, weight=weight), theirs)
    theirs = metrics.d2_brier_score(y, p, sample_weight=weight)
    same(ev.multiclass_brier_skill(y, probabilities=p, weight=weight), theirs)


VALUE = st.floats(0.05, 50)


@given(st.lists(st.tuples(VALUE, VALUE, st.floats(0.1, 5)), min_size=2, max_size=20))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_numbers(rows: list[tuple[float, float, float]]) -> None:
    y, predicted, weight = (np.array(column) for column in zip(*rows, strict=True))
    ours: dict[str, Any] = {"predictions": predicted, "weight": weight}
    sk: dict[str, Any] = {"sample_weight": weight}
    same(ev.max_error(y, predictions=predicted), metrics.max_error(y, predicted))
    same(ev.msle(y, **ours), metrics.mean_squared_log_error(y, predicted, **sk))
    same(ev.rmsle(y, **ours), metrics.root_mean_squared_log_error(y, predicted, **sk))
    if np.ptp(y) < 0.01:  # theirs divides by a variance that is rounding only
        return
    pairs: list[tuple[float, float]] = [
        (ev.explained_variance(y, **ours), metrics.explained_variance_score(y, predicted, **sk)),
        (ev.d2_absolute_error(y, **ours), metrics.d2_absolute_error_score(y, predicted, **sk)),
    ]
    for power in (0, 1, 1.5, 2, 3):
        mine = ev.d2_tweedie(y, power=power, **ours)
        pairs.append((mine, metrics.d2_tweedie_score(y, predicted, power=power, **sk)))
    for quantile in (0.1, 0.5, 0.75):
        mine = ev.d2_pinball(y, quantile=quantile, **ours)
        pairs.append((mine, metrics.d2_pinball_score(y, predicted, alpha=quantile, **sk)))
    for mine, theirs in pairs:
        assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["samples", "macro", "micro", "weighted"]))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_f_beta_of_labels(seed: int, average: str) -> None:
    generator = np.random.default_rng(seed)
    y, labels = generator.random((2, 15, 3)) < 0.5
    weight = generator.random(15) + 0.01
    keys: dict[str, Any] = {"average": average, "beta": 0.5}
    theirs = metrics.fbeta_score(y, labels, zero_division=1.0, sample_weight=weight, **keys)
    same(ev.multilabel_f_beta(y, labels=labels, undefined=1.0, weight=weight, **keys), theirs)
