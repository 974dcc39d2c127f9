"""Reliability diagrams, CORP, and the pools under them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression

from xent.errors import XentError
from xent.evaluation.calibration import corp, reliability
from xent.evaluation.intervals.proportions import wilson

ROWS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(1, 3)), min_size=1, max_size=40
)


def simulated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(int), p


@pytest.mark.parametrize(
    ("bins", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")]
)
def test_agrees_with_scikit_learn(bins: str, strategy: str) -> None:
    y, p = simulated(300)
    share, mean = calibration_curve(y, p, n_bins=10, strategy=strategy)
    ours = reliability(y, probabilities=p, n_bins=10, bins=bins)
    np.testing.assert_allclose(ours.share, share, rtol=1e-12)
    np.testing.assert_allclose(ours.probability, mean, rtol=1e-12)
    assert ours.count.sum() == 300


def test_ends_have_bins_and_edges_close_on_the_right() -> None:
    ours = reliability([0, 0, 1, 1], probabilities=[0.0, 0.5, 0.500001, 1.0], n_bins=2)
    assert ours.count.tolist() == [2, 2]
    assert ours.share.tolist() == [0, 1]
    assert (ours.edges[0], ours.edges[-1]) == (0, 1)


def test_intervals_are_wilsons_and_empty_bins_are_nan() -> None:
    ours = reliability([1, 0, 1], probabilities=[0.9, 0.95, 0.99], n_bins=3, level=0.9)
    expected = wilson(2, 3, level=0.9)
    assert (ours.low[2], ours.high[2]) == (expected.low, expected.high)
    assert np.isnan(ours.share[:2]).all()
    assert np.isnan(ours.low[:2]).all()
    assert json.loads(json.dumps(ours.to_json(), allow_nan=False))["share"][0] is None


@settings(derandomize=True, deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(["equal_width", "equal_mass"]), st.integers(1, 7))
def test_weights_are_repetition_and_order_does_not_matter(
    rows: list[tuple[bool, int, int]], bins: str, n_bins: int
) -> None:
    y, k, w = (np.array(column) for column in zip(*rows, strict=True))
    p = k / 8
    weighted = reliability(y, probabilities=p, weight=w, bins=bins, n_bins=n_bins)
    again = np.repeat(np.arange(y.size), w)[::-1]
    plain = reliability(y[again], probabilities=p[again], bins=bins, n_bins=n_bins)
    np.testing.assert_array_equal(weighted.edges, plain.edges)
    np.testing.assert_array_equal(weighted.count, plain.count)
    np.testing.assert_allclose(weighted.share, plain.share, rtol=1e-12)
    np.testing.assert_allclose(weighted.probability, plain.probability, rtol=1e-12)
    assert np.all(np.diff(weighted.edges) >= 0)
    assert weighted.edges.size <= n_bins + 1


def test_equal_mass_with_ties_has_fewer_bins() -> None:
    ours = reliability([0, 1, 1, 0], probabilities=[0.5] * 4, bins="equal_mass", n_bins=5)
    assert ours.count.tolist() == [4]
    zeros = reliability([0, 0, 1, 1], probabilities=[0, 0, 0.5, 1], bins="equal_mass", n_bins=2)
    assert zeros.edges.tolist() == [0, 0, 1]
    assert zeros.count.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_bins": 0}, "n_bins"),
        ({"n_bins": 2.5}, "n_bins"),
        ({"bins": "equal_widht"}, "Did you mean 'equal_width'"),
        ({"level": 1.0}, "level"),
        ({"weight": [1.0]}, "weight"),
    ],
)
def test_refuses(wrong: dict, message: str) -> None:
    with pytest.raises(XentError, match=message):
        reliability([0, 1], probabilities=[0.2, 0.7], **wrong)


def test_logits_are_refused_as_probabilities() -> None:
    with pytest.raises(XentError, match="logits"):
        reliability([0, 1], probabilities=[-2.0, 3.0])


@settings(derandomize=True, deadline=None, max_examples=40)
@given(ROWS)
def test_corp_is_scikit_learns_isotonic_fit(rows: list[tuple[bool, int, int]]) -> None:
    y, k, w = (np.array(column) for column in zip(*rows, strict=True))
    ours = corp(y, probabilities=k / 8, weight=w, n_resamples=0)
    peer = IsotonicRegression().fit(k / 8, y.astype(float), sample_weight=w)
    np.testing.assert_allclose(ours.recalibrated, peer.predict(ours.probability), atol=1e-9)
    assert np.isnan(ours.low).all()


def test_band_covers_calibrated_models_at_its_level() -> None:
    inside = []
    for seed in range(60):
        y, p = simulated(200, seed)
        ours = corp(y, probabilities=np.round(p, 1), n_resamples=200, random_state=seed)
        fine = (ours.low <= ours.recalibrated) & (ours.recalibrated <= ours.high)
        inside.append(fine.mean())
    assert 0.86 < np.mean(inside) < 0.96  # level 0.9; shares are discrete


def test_band_shows_a_miscalibrated_model() -> None:
    y, p = simulated(2000)
    ours = corp(y, probabilities=p**3, n_resamples=100)
    assert np.mean(ours.recalibrated > ours.high) > 0.7
    assert json.loads(json.dumps(ours.to_json(), allow_nan=False))["n_resamples"] == 100


def test_many_distinct_probabilities_take_a_coarser_band() -> None:
    y, p = simulated(5000)
    ours = corp(y, probabilities=p, n_resamples=100)
    assert ours.low.shape == (5000,)
    assert np.all(ours.low <= ours.high)
    assert np.mean((ours.low <= ours.recalibrated) & (ours.recalibrated <= ours.high)) > 0.8


def test_corp_replays_and_refuses() -> None:
    y, p = simulated(50)
    first, second = (corp(y, probabilities=p, n_resamples=20, random_state=4) for _ in range(2))
    np.testing.assert_array_equal(first.low, second.low)
    with pytest.raises(XentError, match="level"):
        corp(y, probabilities=p, level=1)
    with pytest.raises(XentError, match="n_resamples"):
        corp(y, probabilities=p, n_resamples=-1)
