"""Counts for every distinct score: order, merging, weights, thresholds."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation import counts as counts_module
from xent.evaluation import ranking

SCORES = st.sampled_from([0.0, -0.0, 5e-324, -1.5, 0.25, 0.25 + 2**-54, 3.0, np.inf, -np.inf])
ROWS = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40)


def columns(rows: list[tuple[Any, ...]]) -> list[np.ndarray]:
    return [np.array(column) for column in zip(*rows, strict=True)]


@given(ROWS)
def test_counts_are_those_of_a_plain_count(rows: list[tuple[bool, float]]) -> None:
    y, scores = columns(rows)
    counts = ev.score_counts(y, scores)
    assert counts.thresholds.tolist() == sorted(set(scores.tolist()), reverse=True)
    for threshold, n_positive, n_negative in zip(
        counts.thresholds, counts.positives, counts.negatives, strict=True
    ):
        assert n_positive == (y & (scores == threshold)).sum()
        assert n_negative == (~y & (scores == threshold)).sum()
    assert counts.positives.dtype == counts.negatives.dtype == np.int64
    assert (counts.n_positive, counts.n_negative) == (y.sum(), (~y).sum())


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Any], random: Any) -> None:
    y, scores = columns(rows)
    random.shuffle(rows)
    assert ev.score_counts(y, scores) == ev.score_counts(*columns(rows))


@given(ROWS, ROWS, ROWS)
def test_merged_counts_are_one_pass(first: Any, second: Any, third: Any) -> None:
    parts = [ev.score_counts(*columns(rows)) for rows in (first, second, third)]
    whole = ev.score_counts(*columns(first + second + third))
    assert parts[0].merge(parts[1]).merge(parts[2]) == whole
    assert parts[2].merge(parts[0].merge(parts[1])) == whole
    assert whole.merge(parts[0]) != whole
    # The counts of a class that is absent stay whole numbers too.
    assert parts[0].merge(parts[1]).positives.dtype == np.int64


@given(st.lists(st.tuples(st.booleans(), SCORES, st.integers(0, 4)), min_size=1, max_size=30))
def test_weights_are_repetitions(rows: list[tuple[bool, float, int]]) -> None:
    y, scores, times = columns(rows)
    if not times.any():
        return
    weighted = ev.score_counts(y, scores, weight=times)
    repeated = ev.score_counts(np.repeat(y, times), np.repeat(scores, times))
    assert weighted == repeated
    for name in ("roc_auc", "average_precision"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-14)


@given(ROWS, SCORES)
def test_one_threshold(rows: list[tuple[bool, float]], threshold: float) -> None:
    y, scores = columns(rows)
    counts = ev.score_counts(y, scores)
    assert counts.at(threshold) == ev.binary_counts(y, labels=scores >= threshold)
    assert counts.above(threshold) == ev.binary_counts(y, labels=scores > threshold)


@given(ROWS)
def test_all_thresholds(rows: list[tuple[bool, float]]) -> None:
    y, scores = columns(rows)
    counts = ev.score_counts(y, scores)
    every = counts.confusion()
    for k, threshold in enumerate(counts.thresholds):
        one = counts.at(threshold)
        assert (every.tp[k], every.fn[k], every.fp[k], every.tn[k]) == (
            *(one.tp, one.fn, one.fp, one.tn),
        )
        np.testing.assert_array_equal(every.f1[k], one.f1)


def test_a_threshold_is_read_in_the_precision_of_the_scores() -> None:
    scores = np.array([0.7, 0.1], dtype=np.float32)
    counts = ev.score_counts([1, 0], scores)
    assert counts.thresholds.dtype == np.float32
    assert counts.at(0.7).tp == (scores >= 0.7).sum() == 1
    assert ev.score_counts([1, 0], [3, 1]).at(2.5).tp == 1  # whole numbers are not rounded


def test_near_scores_are_not_tied() -> None:
    # scikit-learn#3864, #6688: a tolerance would merge scores that differ.
    y = [0, 1]
    for low, high in ((1e-300, 1.1e-300), (5e-324, 1e-323), (1.0, np.nextafter(1.0, 2.0))):
        assert ev.roc_auc(y, [low, high]) == 1.0
        assert ev.score_counts(y, [low, high]).thresholds.size == 2
    assert ev.roc_auc(y, [0.0, -0.0]) == 0.5


@given(ROWS)
def test_the_fast_area_is_that_of_the_counts(rows: list[tuple[bool, float]]) -> None:
    y, scores = columns(rows)
    fast, counted = ev.roc_auc(y, scores), ev.score_counts(y, scores).roc_auc
    assert fast == counted or (math.isnan(fast) and math.isnan(counted))
    turned = ev.roc_auc(~y, scores)
    assert math.isnan(fast) or turned == pytest.approx(1 - fast, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_areas_over_several_chunks(
    dtype: Any, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_module, "SPLIT_ROWS", 64)
    monkeypatch.setattr(ranking, "QUERY_ROWS", 16)
    rng = np.random.default_rng(5)
    y = rng.random(1000) < share
    scores = (rng.normal(size=1000) * 20 + 15 * y).astype(dtype)
    assert ev.roc_auc(y, scores) == ev.score_counts(y, scores).roc_auc
    separate = np.where(y, scores + 1000, scores - 1000)
    assert (ev.roc_auc(y, separate), ev.roc_auc(~y, separate)) == (1.0, 0.0)


def test_areas_of_a_weighted_perfect_order_do_not_exceed_one() -> None:
    # jacobgil/confidenceinterval#15: 1.0000001.
    rng = np.random.default_rng(0)
    for _ in range(50):
        y = rng.random(60) < 0.5
        weight = rng.random(60)
        assert 1 - 1e-12 < ev.roc_auc(y, y + rng.random(60) / 2, weight=weight) <= 1.0
        assert 1 - 1e-12 < ev.average_precision(y, y + 0.0, weight=weight) <= 1.0


def test_a_full_recall_is_reached_whatever_the_weights_round_to() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        y, scores, weight = np.arange(30) % 2, rng.normal(size=30), rng.random(30)
        roc = ev.roc_curve(y, scores, weight=weight)
        assert (roc.fpr[-1], roc.tpr[-1]) == (1.0, 1.0)
        all_found = ev.score_counts(y, scores, weight=weight).at(scores[y == 1].min())
        precision = ev.precision_at_recall(y, scores, recall=1.0, weight=weight)
        assert precision == pytest.approx(all_found.precision, rel=1e-14)
        specificity = ev.specificity_at_recall(y, scores, recall=1.0, weight=weight)
        assert specificity == pytest.approx(all_found.specificity, rel=1e-14)


def test_an_area_of_more_pairs_than_float64_counts_is_exact() -> None:
    positives, negatives = np.array([2**27 + 1, 5]), np.array([2**27 - 1, 3])
    counts = ev.ScoreCounts(np.array([1.0, 0.0]), positives, negatives)
    tied, higher = positives @ negatives, positives[0] * negatives[1]
    pairs = int(positives.sum()) * int(negatives.sum())
    assert counts.roc_auc == float(Fraction(int(tied + 2 * higher), 2 * pairs))


def test_one_class() -> None:
    for y in ([0, 0], [1, 1]):
        assert math.isnan(ev.roc_auc(y, [0.1, 0.2]))
        assert math.isnan(ev.score_counts(y, [0.1, 0.2]).roc_auc)
    assert math.isnan(ev.average_precision([0, 0], [0.1, 0.2]))
    assert ev.average_precision([1, 1], [0.1, 0.2]) == 1.0
    assert math.isnan(ev.precision_at_recall([0, 0], [0.1, 0.2], recall=0.5))


def test_recall_asked_for_is_checked() -> None:
    with pytest.raises(XentError, match="recall must lie in"):
        ev.precision_at_recall([0, 1], [0.1, 0.2], recall=1.5)


def test_counts_compare_as_wholes() -> None:
    counts = ev.score_counts([0, 1], [0.1, 0.2])
    assert counts != "counts"
    assert counts == ev.score_counts([1, 0], [0.2, 0.1])
    assert counts != ev.score_counts([1, 1], [0.2, 0.1])
    with pytest.raises(TypeError, match="unhashable"):
        hash(counts)
