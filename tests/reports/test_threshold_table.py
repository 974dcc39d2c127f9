"""The table of thresholds: counts are exact, what can be cheapest is kept, what is drawn stays."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.decisions import Costs, choose_threshold
from xent.evaluation.evaluations import evaluate
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.reports import threshold_table


def evaluation(n: int, *, seed: int = 0, weight: bool = False) -> BinaryEvaluation:
    generator = np.random.default_rng(seed)
    p = generator.beta(0.5, 1.5, n)
    y = generator.random(n) < p**1.5
    weights = generator.integers(0, 4, n).astype(float) if weight else None
    made = evaluate(y, probabilities=p, weight=weights)
    assert isinstance(made, BinaryEvaluation)
    return made


@pytest.mark.parametrize("n", [60, 30_000])
def test_the_counts_at_every_kept_threshold_are_those_of_the_evaluation(n: int) -> None:
    e = evaluation(n)
    kept = threshold_table(e, marks=[0.5, 0.123])
    for place in range(0, kept.thresholds.size, max(kept.thresholds.size // 200, 1)):
        counts = e.at(kept.thresholds[place]).counts
        assert (kept.tp[place], kept.fp[place]) == (counts.tp, counts.fp)
    assert (np.diff(kept.thresholds) < 0).all()
    assert {0.5, 0.123} <= set(kept.thresholds.tolist())
    assert kept.tp.dtype == kept.fp.dtype == np.int64
    assert (kept.tp[-1], kept.fp[-1]) == (kept.n_positive, kept.n_negative)


def test_few_thresholds_are_all_kept_and_many_are_thinned() -> None:
    assert threshold_table(evaluation(500)).thresholds.size == 501
    assert 800 < threshold_table(evaluation(100_000)).thresholds.size <= 2_000


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.none() | st.floats(0.01, 0.99), st.booleans())
def test_the_cheapest_threshold_for_any_costs_is_kept(
    fn: float, fp: float, prevalence: float | None, is_weighted: bool
) -> None:
    e = LARGE[is_weighted]
    kept = TABLES[is_weighted]
    choice = choose_threshold(e.counts, costs=Costs(fn, fp), prevalence=prevalence)
    share = prevalence or kept.n_positive / (kept.n_positive + kept.n_negative)
    cost = share * fn * (kept.n_positive - kept.tp) / kept.n_positive
    cost = cost + (1 - share) * fp * kept.fp / kept.n_negative
    assert cost.min() == pytest.approx(choice.value, rel=1e-12, abs=1e-15)


def test_thinning_moves_no_curve_by_a_pixel() -> None:
    e = evaluation(100_000)
    kept = threshold_table(e)
    fpr, tpr = kept.fp / kept.n_negative, kept.tp / kept.n_positive
    # turned by 45 degrees the curve is a function, also where it is upright
    drawn = np.interp(e.roc.fpr + e.roc.tpr, fpr + tpr, tpr - fpr)
    assert np.abs(drawn - (e.roc.tpr - e.roc.fpr)).max() < 1 / 300
    shown = e.at_thresholds("recall", thresholds=np.linspace(0.01, 0.99, 99))
    recall = np.interp(shown.thresholds, kept.thresholds[::-1], (kept.tp / kept.n_positive)[::-1])
    assert np.abs(recall - shown.values).max() < 1 / 300


def test_the_histogram_holds_every_row() -> None:
    e = evaluation(5_000)
    kept = threshold_table(e)
    assert kept.positives.sum() == kept.n_positive
    expected, _ = np.histogram(e.scores[~e.truth], bins=kept.edges)
    np.testing.assert_array_equal(kept.negatives, expected)


def test_logits_have_their_own_axis_and_infinite_ones_are_counted() -> None:
    e = evaluate([0, 1, 0, 1], logits=[-2.0, 1.5, 0.0, np.inf])
    assert isinstance(e, BinaryEvaluation)
    kept = threshold_table(e)
    assert kept.domain == (-2.0, 1.5)
    assert kept.positives.sum() == 2
    one = evaluate([0, 1], scores=[3.0, 3.0])
    assert isinstance(one, BinaryEvaluation)
    assert threshold_table(one).domain == (2.0, 4.0)


def test_the_table_goes_to_json_with_whole_numbers_and_named_infinities() -> None:
    described = threshold_table(evaluation(80)).to_json()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["thresholds"][0] == "inf"
    assert described["thresholds"][-1] == "-inf"
    assert all(isinstance(count, int) for count in described["tp"] + described["bins"]["positives"])


def test_weights_count_as_weights() -> None:
    e = evaluation(400, weight=True)
    kept = threshold_table(e)
    assert kept.n_positive == pytest.approx(e.counts.n_positive)
    assert kept.tp.dtype == np.float64


LARGE = [evaluation(20_000, weight=weight) for weight in (False, True)]
TABLES = [threshold_table(e) for e in LARGE]
