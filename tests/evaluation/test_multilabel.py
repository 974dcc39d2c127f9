"""Label sets and label scores: empty rows, ties, weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError

FIGURES: list[Any] = [
    ev.multilabel_precision,
    ev.multilabel_recall,
    ev.multilabel_f1,
    ev.multilabel_jaccard,
]
AVERAGES = ["samples", "micro", "macro", "weighted"]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_perfect_prediction_is_perfect_with_an_empty_row(figure: Any) -> None:
    # Counting the empty row 0 gives 0.5 to a perfect prediction.
    y = [[1, 0], [0, 0]]
    assert figure(y, labels=y, average="samples") == 1.0
    assert figure(y, labels=y, average="samples", undefined=1.0) == 1.0
    assert figure(y, labels=y, average="samples", undefined=0.0) == 0.5
    assert ev.exact_match(y, labels=y) == 1.0


def test_empty_rows_of_one_side() -> None:
    y, labels = [[1, 0], [0, 0]], [[0, 0], [0, 1]]
    assert ev.multilabel_precision(y, labels=labels, average="samples") == 0.0  # of row 1
    assert ev.multilabel_recall(y, labels=labels, average="samples") == 0.0  # of row 0
    assert ev.multilabel_f1(y, labels=labels, average="samples") == 0.0
    none = [[0, 0]]
    for figure in FIGURES:
        for average in AVERAGES:
            assert math.isnan(figure(none, labels=none, average=average))
        assert figure(none, labels=none, average="micro", undefined=1.0) == 1.0


@pytest.mark.parametrize("figure", FIGURES)
def test_an_unknown_average_is_refused(figure: Any) -> None:
    with pytest.raises(XentError, match=r"average must be one of samples, .* Did you mean"):
        figure([[1, 0]], labels=[[1, 0]], average="sample")


@given(st.integers(0, 10**6))
def test_weights_are_repetitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y, labels = rng.integers(0, 2, (2, 8, 3))
    scores, times = rng.integers(0, 4, (8, 3)).astype(float), rng.integers(0, 3, 8)
    times[0] = 1
    long_y, long_labels, long_scores = (np.repeat(a, times, axis=0) for a in (y, labels, scores))
    for plain in (ev.exact_match, ev.zero_one_loss, ev.hamming_loss, ev.multilabel_confusion):
        np.testing.assert_allclose(
            plain(y, labels=labels, weight=times), plain(long_y, labels=long_labels)
        )
    for figure in FIGURES:
        for average in AVERAGES:
            np.testing.assert_allclose(
                figure(y, labels=labels, average=average, weight=times),
                figure(long_y, labels=long_labels, average=average),
            )
    for ranked in (ev.lrap, ev.ranking_loss, ev.coverage_error, ev.multilabel_auc):
        np.testing.assert_allclose(ranked(y, scores, weight=times), ranked(long_y, long_scores))


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_ranking_figures_by_their_definitions(seed: int, n_labels: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n_labels).astype(bool)
    scores = rng.integers(0, 3, n_labels).astype(float)
    own, others = scores[y], scores[~y]
    if own.size == 0:
        assert ev.coverage_error([y], [scores]) == 0.0
        assert math.isnan(ev.coverage_error([y], [scores], undefined=math.nan))
    else:
        assert ev.coverage_error([y], [scores]) == (scores >= own.min()).sum()
    if own.size == 0 or others.size == 0:
        for figure in (ev.lrap, ev.ranking_loss):
            assert math.isnan(figure([y], [scores]))
            assert figure([y], [scores], undefined=0.25) == 0.25
        return
    wrong = np.mean([other >= mine for mine in own for other in others])
    assert ev.ranking_loss([y], [scores]) == pytest.approx(wrong)
    shares = [(own >= mine).sum() / (scores >= mine).sum() for mine in own]
    assert ev.lrap([y], [scores]) == pytest.approx(np.mean(shares))


def test_scores_of_any_kind() -> None:
    y = [[1, 0, 1], [0, 1, 1]]
    scores = np.array([[3, 1, 2], [0, 5, 5]])
    assert ev.ranking_loss(y, scores) == 0.0
    assert ev.lrap(y, scores.astype(np.float32)) == 1.0
    infinite = np.where(scores > 2, np.inf, -np.inf)
    assert ev.ranking_loss(y, infinite) == 0.25
    with pytest.raises(XentError, match="scores must not hold NaN, got NaN in row 1"):
        ev.lrap(y, [[1, 2, 3], [1, 2, math.nan]])


def test_areas_leave_out_labels_that_all_rows_or_none_carry() -> None:
    y = [[1, 0, 1], [1, 0, 0], [1, 0, 1]]
    scores = [[0.1, 0.2, 0.9], [0.3, 0.1, 0.5], [0.2, 0.2, 0.4]]
    assert ev.multilabel_auc(y, scores) == 0.5
    assert ev.multilabel_auc(y, scores, average="weighted") == 0.5
    assert math.isnan(ev.multilabel_auc([[1, 0]], [[0.5, 0.5]]))
    with pytest.raises(XentError, match="average must be one of macro, weighted"):
        ev.multilabel_auc(y, scores, average="samples")


@pytest.mark.parametrize("average", ["samples", "micro", "macro", "weighted"])
def test_f_beta_is_f1_at_one_and_leans_to_recall_above(average: str) -> None:
    generator = np.random.default_rng(0)
    y, labels = generator.random((2, 40, 3)) < 0.5
    keys: dict[str, Any] = {"labels": labels, "average": average, "weight": generator.random(40)}
    assert ev.multilabel_f_beta(y, beta=1, **keys) == ev.multilabel_f1(y, **keys)
    keys["undefined"] = 0.0
    recall, precision = ev.multilabel_recall(y, **keys), ev.multilabel_precision(y, **keys)
    assert ev.multilabel_f_beta(y, beta=1e9, **keys) == pytest.approx(recall)
    assert ev.multilabel_f_beta(y, beta=1e-9, **keys) == pytest.approx(precision)
    with pytest.raises(XentError, match="beta must be positive"):
        ev.multilabel_f_beta(y, beta=-1, **keys)
