"""Tests of calibration, score decompositions and Cox's line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from xent.errors import XentError
from xent.evaluation import brier, log_loss
from xent.evaluation.calibration import (
    brier_decomposition,
    cox_calibration,
    kolmogorov_smirnov_test,
    kuiper_test,
    log_loss_decomposition,
    spiegelhalter_test,
)
from xent.evaluation.calibration.calibration_tests import (
    brownian_maximum_survival,
    brownian_range_survival,
)

TESTS = [spiegelhalter_test, kolmogorov_smirnov_test, kuiper_test]
DIAG = ([0, 0, 0, 1, 1, 1], [0.4, 0.3, 0.2, 0.1, 0.5, 0.9])


def test_brownian_distributions() -> None:
    assert 1 - brownian_maximum_survival(1.0) == pytest.approx(0.3708, abs=5e-5)
    assert 1 - brownian_range_survival(1.0) == pytest.approx(0.0634, abs=5e-5)
    k = np.arange(200)
    for x in (0.25, 0.5, 1.7, 3.0):  # the other, theta-function form of the same distribution
        odd = 2 * k + 1
        inside = 4 / np.pi * np.sum((-1.0) ** k / odd * np.exp(-((odd * np.pi / x) ** 2) / 8))
        assert 1 - brownian_maximum_survival(x) == pytest.approx(inside, abs=1e-13)
    for survival in (brownian_maximum_survival, brownian_range_survival):
        assert survival(0.0) == 1
        assert survival(0.31) == pytest.approx(1, abs=1e-5)
        assert survival(50.0) == 0
        assert 0 < survival(9.0) < 1e-17


def test_brownian_range_by_simulation() -> None:
    steps = np.random.default_rng(0).choice([-1.0, 1.0], (4000, 1500)) / np.sqrt(1500)
    path = np.cumsum(steps, axis=1)
    width = np.maximum(path.max(1), 0) - np.minimum(path.min(1), 0)
    for x in (1.2, 1.6, 2.2):
        assert np.mean(width > x) == pytest.approx(brownian_range_survival(x), abs=0.05)


@pytest.mark.parametrize("test", TESTS)
def test_level_and_power(test) -> None:
    rng = np.random.default_rng(7)
    level, power = [], []
    for _ in range(400):
        p = rng.random(400)
        level.append(test(rng.random(400) < p, probabilities=p).p_value < 0.05)
        sharper = p**3 / (p**3 + (1 - p) ** 3)
        power.append(test(rng.random(400) < p, probabilities=sharper).p_value < 0.05)
    assert np.mean(level) < 0.085
    if test is spiegelhalter_test:
        assert np.mean(level) > 0.02
    assert np.mean(power) > 0.95


def test_statistics_by_hand() -> None:
    y, p = [0, 1, 0, 1], [0.2, 0.8, 0.2, 0.3]
    assert spiegelhalter_test(y, probabilities=p).statistic == pytest.approx(-0.08 / 0.2064**0.5)
    deviation = 0.69**0.5
    assert kolmogorov_smirnov_test(y, probabilities=p).statistic == pytest.approx(0.5 / deviation)
    kuiper = kuiper_test(y, probabilities=p)
    assert kuiper.statistic == pytest.approx(0.9 / deviation)
    assert str(kuiper).startswith("Kuiper: 1.08")


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_order_of_rows_does_not_matter(rows: list[tuple[bool, int]], random) -> None:
    mixed = random.sample(rows, len(rows))
    for test in TESTS:
        first, second = (
            test([y for y, _ in some], probabilities=[k / 6 for _, k in some])
            for some in (rows, mixed)
        )
        np.testing.assert_allclose(first.statistic, second.statistic, rtol=1e-9, atol=1e-9)
        assert np.isnan(first.p_value) or 0 <= first.p_value <= 1


@pytest.mark.parametrize("test", TESTS)
def test_certain_probabilities(test) -> None:
    right = test([0, 1], probabilities=[0.0, 1.0])
    assert np.isnan(right.statistic)
    assert "right" in right.why
    wrong = test([0, 0], probabilities=[0.0, 1.0])
    assert np.isinf(wrong.statistic)
    assert wrong.p_value == 0
    assert json.loads(json.dumps(wrong.to_json(), allow_nan=False))["p_value"] == 0
    assert right.to_json()["statistic"] is None


def test_spiegelhalter_of_coins_is_undefined() -> None:
    assert "0.5" in spiegelhalter_test([0, 1, 1], probabilities=[0.5] * 3).why


def test_decompositions_of_reliabilitydiag() -> None:
    y, p = DIAG
    parts = brier_decomposition(y, probabilities=p)
    assert parts.score == pytest.approx(0.2266667, abs=5e-8)
    assert parts.miscalibration == pytest.approx(0.1016667, abs=5e-8)
    assert (parts.discrimination, parts.uncertainty) == pytest.approx((0.125, 0.25), abs=1e-15)
    parts = log_loss_decomposition(y, probabilities=p)
    assert parts.score == pytest.approx(0.6986228, abs=5e-8)
    assert parts.miscalibration == pytest.approx(0.3237327, abs=5e-8)
    assert parts.discrimination == pytest.approx(0.3182571, abs=5e-8)
    assert parts.uncertainty == pytest.approx(0.6931472, abs=5e-8)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 7), st.integers(1, 3)), min_size=1, max_size=30
    )
)
def test_parts_add_up_and_weights_are_repetition(rows: list[tuple[bool, int, int]]) -> None:
    y, k, w = (np.array(column) for column in zip(*rows, strict=True))
    again = np.repeat(np.arange(y.size), w)
    for function, score in ((brier_decomposition, brier), (log_loss_decomposition, log_loss)):
        parts = function(y, probabilities=k / 8, weight=w)
        repeated = function(y[again], probabilities=k[again] / 8)
        assert parts.score == pytest.approx(score(y, probabilities=k / 8, weight=w))
        together = parts.miscalibration - parts.discrimination + parts.uncertainty
        assert together == pytest.approx(parts.score, abs=1e-12)
        assert min(parts.miscalibration, parts.discrimination) >= 0
        assert vars(parts) == pytest.approx(vars(repeated), abs=1e-12)


def test_a_certain_mistake_is_all_miscalibration() -> None:
    parts = log_loss_decomposition([0, 1, 1], probabilities=[1.0, 0.5, 0.7])
    assert parts.miscalibration == np.inf
    assert np.isfinite(parts.discrimination)
    assert parts.to_json()["score"] == "inf"


def test_cox_agrees_with_scikit_learn_and_finite_differences() -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(size=500) * 2
    y = rng.random(500) < 1 / (1 + np.exp(-(0.3 + 0.6 * z)))
    w = rng.integers(1, 4, 500)
    ours = cox_calibration(y, logits=z, weight=w)
    peer = LogisticRegression(C=1e12, tol=1e-12, max_iter=1000).fit(z[:, None], y, sample_weight=w)
    assert ours.slope == pytest.approx(peer.coef_[0, 0], rel=1e-5)
    assert ours.intercept == pytest.approx(peer.intercept_[0], rel=1e-5)
    p = 1 / (1 + np.exp(-(ours.intercept + ours.slope * z)))
    X = np.column_stack([np.ones(500), z])
    information = X.T @ ((w * p * (1 - p))[:, None] * X)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    assert (ours.intercept_error, ours.slope_error) == pytest.approx(errors)
    q = 1 / (1 + np.exp(-(z + ours.in_the_large)))
    assert np.dot(w, q - y) == pytest.approx(0, abs=1e-8)
    assert ours.in_the_large_error == pytest.approx(np.dot(w, q * (1 - q)) ** -0.5)
    assert ours.test.p_value < 1e-4
    json.dumps(ours.to_json(), allow_nan=False)


def test_cox_of_calibrated_models_covers_zero_and_one() -> None:
    rng = np.random.default_rng(9)
    found = []
    for _ in range(200):
        z = rng.normal(size=300)
        p = 1 / (1 + np.exp(-z))
        fit = cox_calibration(rng.random(300) < p, probabilities=p)
        found.append(
            (
                abs(fit.in_the_large) < 1.96 * fit.in_the_large_error,
                abs(fit.slope - 1) < 1.96 * fit.slope_error,
                fit.test.p_value > 0.05,
            )
        )
    assert np.mean(found, axis=0) == pytest.approx([0.95] * 3, abs=0.035)


@pytest.mark.parametrize(
    ("y", "z", "why"),
    [
        ([0, 1], [-1.0, np.inf], "infinite"),
        ([1, 1], [-1.0, 2.0], "one class"),
        ([1, 0], [1.0, 1.0], "constant"),
        ([0, 0, 1, 1], [1.0, 2.0, 3.0, 4.0], "parts the classes"),
        ([1], [0.0], "one class"),
    ],
)
def test_cox_says_why_it_is_undefined(y: list[int], z: list[float], why: str) -> None:
    fit = cox_calibration(y, logits=z)
    assert np.isnan(fit.slope)
    assert why in fit.why
    assert fit.to_json()["slope"] is None


def test_cox_refuses() -> None:
    with pytest.raises(XentError, match="got both"):
        cox_calibration([0, 1], logits=[0.0, 1.0], probabilities=[0.1, 0.2])
    with pytest.raises(XentError, match="got none"):
        cox_calibration([0, 1])
