"""Partial areas, precision-recall areas and reached points against scikit-learn and brute force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from xent.errors import XentError
from xent.evaluation.counts import score_counts
from xent.evaluation.operating_points import (
    reached_point,
    recall_at_precision,
    recall_at_specificity,
    specificity_at_recall,
)
from xent.evaluation.partial_auc import partial_auc, standardized_partial_auc
from xent.evaluation.pr_areas import davis_goadrich_area, pr_trapezoid_area

if TYPE_CHECKING:
    from pathlib import Path


def sample(seed: int, n: int, digits: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.4
    y[:2] = [True, False]
    return y, (rng.normal(size=n) + y).round(digits)


@given(st.integers(0, 10**6), st.integers(2, 200), st.integers(0, 5), st.floats(0.01, 1.0))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_areas_are_those_of_scikit_learn(seed: int, n: int, digits: int, high: float) -> None:
    y, scores = sample(seed, n, digits)
    if high < 1:
        expected = metrics.roc_auc_score(y, scores, max_fpr=high)
        assert standardized_partial_auc(y, scores, fpr=(0.0, high)) == pytest.approx(expected)
    precision, recall, _ = metrics.precision_recall_curve(y, scores)
    assert pr_trapezoid_area(y, scores) == pytest.approx(metrics.auc(recall, precision))
    assert partial_auc(y, scores, fpr=(0, 1)) == pytest.approx(metrics.roc_auc_score(y, scores))
    assert partial_auc(y, scores, tpr=(0, 1)) == pytest.approx(metrics.roc_auc_score(y, scores))


def test_the_partial_area_of_wfns_is_that_of_proc(shared_data: Path) -> None:
    import polars as pl

    table = pl.read_csv(shared_data / "reference" / "aSAH.csv")
    y = (table["outcome"] == "Poor").to_numpy()
    area = partial_auc(y, table["wfns"].to_numpy(), fpr=(0.0, 0.1))
    assert area == pytest.approx(0.0334417344173442, abs=1e-15)


@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(0, 2))
@settings(max_examples=30, derandomize=True, deadline=None)
def test_davis_goadrich_is_the_integral_of_interpolated_counts(
    seed: int, n: int, digits: int
) -> None:
    y, scores = sample(seed, n, digits)
    counts = score_counts(y, scores)
    tp, fp = np.append(0, counts.tp), np.append(0, counts.fp)
    total = 0.0
    for i in range(tp.size - 1):
        t = tp[i] + (tp[i + 1] - tp[i]) * (np.arange(20000) + 0.5) / 20000
        f = fp[i] + (fp[i + 1] - fp[i]) * (np.arange(20000) + 0.5) / 20000
        total += (tp[i + 1] - tp[i]) * np.mean(t / (t + f))
    assert davis_goadrich_area(y, scores) == pytest.approx(total / y.sum(), abs=1e-6)


@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(0, 2), st.sampled_from([0, 0.5, 0.9]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_reached_points_are_the_best_of_all_thresholds(
    seed: int, n: int, digits: int, least: float
) -> None:
    y, scores = sample(seed, n, digits)
    points = []
    for threshold in [*np.unique(scores)[::-1], np.inf]:
        said = scores >= threshold
        precision = y[said].mean() if said.any() else np.nan
        points.append((precision, said[y].mean(), (~said[~y]).mean()))
    best = [
        max((p[a] for p in points if p[b] >= least), default=np.nan)
        for a, b in ((1, 0), (1, 2), (2, 1))
    ]
    got = [
        recall_at_precision(y, scores, precision=least),
        recall_at_specificity(y, scores, specificity=least),
        specificity_at_recall(y, scores, recall=least),
    ]
    np.testing.assert_allclose(got, best)
    point = reached_point(y, scores, figure="specificity", given="recall", least=least)
    assert (~(scores >= point.threshold)[~y]).mean() == point.value


def test_wrong_bands_and_rates_are_refused() -> None:
    y, scores = [0, 1], [0.1, 0.2]
    with pytest.raises(XentError, match="exactly one band"):
        partial_auc(y, scores)
    with pytest.raises(XentError, match="rising pair"):
        partial_auc(y, scores, fpr=(0.5, 0.2))
    with pytest.raises(XentError, match=r"must lie in \[0, 1\]"):
        recall_at_precision(y, scores, precision=2)
    with pytest.raises(XentError, match="must be one of"):
        reached_point(y, scores, figure="f1", given="recall", least=0.5)  # type: ignore[arg-type]
    assert np.isnan(partial_auc([1, 1], scores, fpr=(0, 1)))
    assert np.isnan(pr_trapezoid_area([0, 0], scores))
    assert np.isnan(davis_goadrich_area([0, 0], scores))
