from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation import ConfusionCounts, average_precision
from xent.evaluation.intervals import (
    DECISION_FIGURES,
    auc_power,
    average_precision_interval,
    benjamini_hochberg,
    bootstrap,
    bootstrap_difference,
    decision_interval,
    f_beta_interval,
    holm,
    mcnemar,
    mean_interval,
    proportion_interval,
    rows_for_share,
    wilson,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_cases_of_newcombe(k, n, low, high):
    assert (wilson(k, n).low, wilson(k, n).high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500), st.floats(0, 1), st.floats(0.5, 0.999))
def test_wilson_is_that_of_scipy(n, share, level):
    k = round(share * n)
    theirs = scipy.stats.binomtest(k, n).proportion_ci(level, "wilson")
    ours = wilson(k, n, level=level)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.low <= ours.value <= ours.high


def test_equal_weights_change_nothing_and_clusters_widen():
    events = np.repeat([1, 0, 0, 1, 0, 1, 0, 0], 5)
    plain = proportion_interval(events)
    weighted = proportion_interval(events, weight=np.full(40, 0.3))
    assert (plain.low, plain.high) == pytest.approx((weighted.low, weighted.high))
    clustered = proportion_interval(events, cluster=np.repeat(np.arange(8), 5))
    assert clustered.width > 1.5 * plain.width
    assert proportion_interval(np.zeros(40), cluster=np.repeat(np.arange(8), 5)).high > 0.3


@given(*[st.integers(0, 40)] * 4)
def test_every_decision_interval_holds_its_figure(tp, fn, fp, tn):
    counts = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)
    for name in DECISION_FIGURES:
        found = decision_interval(counts, name)
        assert found.is_defined or found.why
        if found.is_defined and math.isfinite(found.value):
            assert found.low <= found.value <= found.high
            assert found.width > 0
    found = f_beta_interval(counts, beta=2)
    assert not found.is_defined or 0 <= found.low <= found.value <= found.high <= 1


def test_mean_without_skewness_is_students():
    values = np.array([-3.0, -1, 1, 3])
    found = mean_interval(values)
    theirs = scipy.stats.t.interval(0.95, 3, 0, scipy.stats.sem(values))
    assert (found.low, found.high) == pytest.approx(theirs)
    assert mean_interval([2.0, 2.0]).why == "every value is the same"
    assert not mean_interval([2.0]).has_interval
    assert mean_interval([0.0, 5.0, 0.1, 0.2], bounds=(0, math.inf)).low >= 0
    with pytest.raises(XentError, match="bounds"):
        mean_interval([-1.0, 2.0], bounds=(0, 1))


def test_average_precision_error_is_that_of_the_bootstrap():
    generator = np.random.default_rng(3)
    y = generator.random(2000) < 0.3
    s = np.round(generator.normal(size=2000) + 1.5 * y, 1)
    found = average_precision_interval(y, s)
    assert found.value == pytest.approx(average_precision(y, s))
    drawn = bootstrap(average_precision, y, s, n_bootstrap=400)
    assert found.width == pytest.approx(drawn.width, rel=0.15)
    assert "exact" in average_precision_interval([0, 1, 1], [0, 1, 2]).why
    assert not average_precision_interval([0, 0], [1, 2]).is_defined


def test_mcnemar_is_the_binomial_test():
    y = np.ones(30, int)
    a, b = np.repeat([1, 0, 1], [10, 14, 6]), np.repeat([0, 1, 1], [10, 14, 6])
    exact = mcnemar(y, a, b, mid_p=False)
    assert exact.p_value == pytest.approx(scipy.stats.binomtest(10, 24).pvalue)
    half = scipy.stats.binom.pmf(10, 24, 0.5)
    assert mcnemar(y, a, b).p_value == pytest.approx(exact.p_value - half)
    assert mcnemar(y, a, a).p_value == 1


def test_corrections():
    p = [0.001, 0.2, 0.03, 0.012]
    assert benjamini_hochberg(p) == pytest.approx(scipy.stats.false_discovery_control(p))
    assert holm(p) == pytest.approx([0.004, 0.2, 0.06, 0.036])


def test_bootstrap_draws():
    y = np.repeat([0, 1], [90, 10])
    fixed = bootstrap(np.mean, y, strata=y, n_bootstrap=50)
    assert (fixed.width, fixed.why) == (0, "every replicate has the same value")
    assert bootstrap(np.mean, y, cluster=np.arange(100) // 10, n_bootstrap=200).width > 0.2
    test = bootstrap_difference(lambda t, p: float(np.mean(t == p)), y, 1 - y, y, n_bootstrap=99)
    assert test.p_value == pytest.approx(0.02)


def test_sample_sizes():
    assert auc_power(0.73, n_positive=41, n_negative=72) == pytest.approx(0.9897453, abs=5e-8)
    n = rows_for_share(0.9, 0.04)
    assert wilson(0.9 * n, n).width <= 0.04 < wilson(0.9 * (n - 1), n - 1).width
