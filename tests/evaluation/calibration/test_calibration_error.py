"""Calibration errors, their correction, and their value under calibration."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation.calibration import (
    class_wise_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    rms_calibration_error,
    top_label_calibration_error,
)

BINARY = [expected_calibration_error, maximum_calibration_error, rms_calibration_error]


def brute(y: np.ndarray, p: np.ndarray, w: np.ndarray, n_bins: int) -> tuple[float, float, float]:
    gaps, masses = [], []
    for k in range(n_bins):
        inside = (p > k / n_bins) & (p <= (k + 1) / n_bins) | ((k == 0) & (p == 0))
        if inside.any():
            mass = w[inside].sum()
            gaps.append(abs((w * (p - y))[inside].sum() / mass))
            masses.append(mass / w.sum())
    gap, mass = np.array(gaps), np.array(masses)
    return float(gap @ mass), float(gap.max()), float(np.sqrt(gap**2 @ mass))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(1, 3)), min_size=1, max_size=30),
    st.sampled_from([1, 2, 4, 8, 16]),
)
def test_values_by_brute_force(rows: list[tuple[bool, float, int]], n_bins: int) -> None:
    y, p, w = (np.array(column) for column in zip(*rows, strict=True))
    for function, expected in zip(BINARY, brute(y, p, w, n_bins), strict=True):
        ours = function(y, probabilities=p, weight=w, n_bins=n_bins, n_simulations=3)
        assert ours.value == pytest.approx(expected, abs=1e-12)
        assert 0 <= ours.value <= 1 + 1e-12
        assert ours.n_rows == y.size


@pytest.mark.parametrize(("n_bins", "expected"), [(10, 0.071), (15, 0.085), (50, 0.154)])
def test_a_calibrated_model_has_the_published_error(n_bins: int, expected: float) -> None:
    rng = np.random.default_rng(0)
    found, under, debiased = [], [], []
    for seed in range(300):
        p = rng.random(200)
        y = rng.random(200) < p
        ours = expected_calibration_error(
            y, probabilities=p, n_bins=n_bins, n_simulations=20, random_state=seed
        )
        found.append(ours.value)
        under.append(ours.under_calibration)
        debiased.append(ours.debiased)
    assert np.mean(found) == pytest.approx(expected, abs=0.002)
    assert np.mean(under) == pytest.approx(expected, abs=0.002)
    assert np.mean(debiased) < np.mean(found)


@pytest.mark.parametrize("function", BINARY)
def test_p_value_is_uniform_under_calibration_and_small_without(function) -> None:
    rng = np.random.default_rng(1)
    p_values = []
    for seed in range(200):
        p = rng.random(150)
        y = rng.random(150) < p
        error = function(y, probabilities=p, n_bins=5, n_simulations=99, random_state=seed)
        p_values.append(error.p_value)
    assert np.mean(np.array(p_values) <= 0.1) == pytest.approx(0.1, abs=0.06)
    p = rng.random(1000)
    y = rng.random(1000) < p**2
    assert function(y, probabilities=p, n_bins=5, n_simulations=99).p_value == 0.01


def test_large_bins_draw_from_the_normal_limit() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(30_000)
    y = rng.random(30_000) < p
    ours = expected_calibration_error(y, probabilities=p, n_bins=10)
    exact = np.sqrt(2 / np.pi) * sum(
        np.sqrt(np.sum((p * (1 - p))[(p > k / 10) & (p <= (k + 1) / 10)])) for k in range(10)
    )
    assert ours.under_calibration == pytest.approx(exact / 30_000, rel=0.03)


def test_debiased_rms_is_kumars() -> None:
    rng = np.random.default_rng(3)
    p = np.repeat([0.25, 0.75], 40)
    y = rng.random(80) < 0.5
    ours = rms_calibration_error(y, probabilities=p, n_bins=2)
    shares = np.array([y[:40].mean(), y[40:].mean()])
    squared = np.mean((shares - [0.25, 0.75]) ** 2 - shares * (1 - shares) / 39)
    assert ours.debiased == pytest.approx(np.sqrt(squared), rel=1e-12)


def test_debiased_ece_is_the_folded_normals_by_simulation() -> None:
    rng = np.random.default_rng(4)
    p = np.repeat([0.3, 0.6], 50)
    y = rng.random(100) < 0.5
    ours = expected_calibration_error(y, probabilities=p, n_bins=2)
    shares = np.array([y[:50].mean(), y[50:].mean()])
    noise = rng.normal(size=(200_000, 2)) * np.sqrt(shares * (1 - shares) / 50)
    drawn = np.abs(shares + noise - [0.3, 0.6]).mean()
    assert ours.debiased == pytest.approx(2 * ours.value - drawn, abs=6e-4)


def test_small_samples_say_why() -> None:
    one = rms_calibration_error([1], probabilities=[0.7])
    assert one.value == pytest.approx(0.3)
    assert np.isnan(one.debiased)
    assert one.why == "no bin holds two rows"
    some = rms_calibration_error([1, 0, 1], probabilities=[0.1, 0.8, 0.9], n_bins=2)
    assert some.why == "debiased without 1 bins of one row"
    assert np.isnan(maximum_calibration_error([1], probabilities=[1.0]).debiased)


@pytest.mark.parametrize("function", BINARY)
def test_certain_and_right_is_zero_error_everywhere(function) -> None:
    error = function([0, 1, 1], probabilities=[0.0, 1.0, 1.0])
    assert (error.value, error.under_calibration, error.p_value) == (0, 0, 1)
    assert float(error) == 0
    assert str(error) == "0.0000 (0.0000 if calibrated)"
    assert json.loads(json.dumps(error.to_json(), allow_nan=False))["value"] == 0


def test_zero_weight_rows_vanish() -> None:
    plain = expected_calibration_error([0, 1], probabilities=[0.2, 0.6])
    more = expected_calibration_error(
        [0, 1, 0], probabilities=[0.2, 0.6, 0.9], weight=[1.0, 1.0, 0.0]
    )
    assert plain == more


def test_top_label_is_the_binary_error_of_being_right() -> None:
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(4), 300)
    y = rng.integers(0, 4, 300)
    ours = top_label_calibration_error(y, probabilities=p, n_bins=10)
    right = expected_calibration_error(p.argmax(1) == y, probabilities=p.max(1), n_bins=10)
    assert ours == right


def test_class_wise_is_the_mean_of_each_against_the_rest() -> None:
    rng = np.random.default_rng(6)
    p = rng.dirichlet(np.ones(3), 200)
    y = rng.integers(0, 3, 200)
    ours = class_wise_calibration_error(y, probabilities=p, bins="equal_mass")
    each = [
        expected_calibration_error(y == k, probabilities=p[:, k], bins="equal_mass").value
        for k in range(3)
    ]
    assert float(ours) == pytest.approx(np.mean(each))
    assert ours.under_calibration < ours.value
    assert len(json.loads(json.dumps(ours.to_json()))["per_class"]) == 3


def test_refuses() -> None:
    with pytest.raises(XentError, match="n_simulations"):
        expected_calibration_error([0, 1], probabilities=[0.2, 0.7], n_simulations=0)
    with pytest.raises(XentError, match="sum to 1"):
        top_label_calibration_error([0, 1], probabilities=[[0.2, 0.7], [0.9, 0.9]])
