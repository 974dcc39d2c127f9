"""Replicates of binned counts against replicates that draw rows and build the curve anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import xent
from xent.evaluation import davis_goadrich_area, equal_error_rate, pr_trapezoid_area, score_counts
from xent.evaluation.detection_tradeoff import equal_error_rate_of
from xent.evaluation.intervals.binned_replicates import N_BINS, binned_replicates
from xent.evaluation.pr_areas import davis_goadrich_area_of, pr_trapezoid_area_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array

FIGURES = {
    "pr_trapezoid_area": (pr_trapezoid_area, pr_trapezoid_area_of),
    "davis_goadrich_area": (davis_goadrich_area, davis_goadrich_area_of),
    "equal_error_rate": (equal_error_rate, equal_error_rate_of),
}


def rows(n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(8)
    y = rng.random(n) < 0.3
    return y, rng.normal(size=n) + 1.3 * y


def drawn(figure: Callable[..., float], y: Array, z: Array, n: int) -> Array:
    rng = np.random.default_rng(9)
    places = (rng.integers(len(y), size=len(y)) for _ in range(n))
    return np.array([figure(y[place], z[place]) for place in places])


@pytest.mark.parametrize("name", FIGURES)
def test_the_spread_is_that_of_drawn_rows(name: str) -> None:
    y, z = rows(3000)
    plain, of = FIGURES[name]
    settings = {"n_bootstrap": 400, "random_state": 1}
    assert score_counts(y, z).thresholds.size > N_BINS
    on_bins, replicates = binned_replicates(of, score_counts(y, z), (y, z, None, None), **settings)
    oracle = drawn(plain, y, z, 400)
    assert on_bins == pytest.approx(plain(y, z), abs=0.003)
    assert np.std(replicates) == pytest.approx(np.std(oracle), rel=0.15)
    assert np.mean(replicates) == pytest.approx(np.mean(oracle), abs=0.2 * np.std(oracle))


@pytest.mark.parametrize("name", FIGURES)
def test_few_scores_are_their_own_bins(name: str) -> None:
    y, z = rows(500)
    z = np.round(z, 1)
    plain, of = FIGURES[name]
    on_bins, _ = binned_replicates(
        of, score_counts(y, z), (y, z, None, None), n_bootstrap=2, random_state=0
    )
    assert on_bins == pytest.approx(plain(y, z), abs=1e-12)


@pytest.mark.parametrize("name", FIGURES)
def test_equal_weights_say_what_no_weights_say_and_clusters_widen(name: str) -> None:
    y, z = np.repeat(rows(400), 4, axis=1)
    y = y.astype(bool)
    plain = xent.evaluate(y, scores=z)[name]
    weighted = xent.evaluate(y, scores=z, weight=np.full(y.size, 2.5))[name]
    clustered = xent.evaluate(y, scores=z, cluster=np.arange(y.size) // 4)[name]
    assert weighted.high - weighted.low == pytest.approx(plain.high - plain.low, rel=0.2)
    # four copies of each row: half the width is what independent rows would have
    assert clustered.high - clustered.low == pytest.approx(2 * (plain.high - plain.low), rel=0.25)
    for estimate in (plain, weighted, clustered):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert "bootstrap" in estimate.method


def test_an_absent_class_and_no_replicates_have_their_reason() -> None:
    y, z = rows(50)
    assert xent.evaluate(y, scores=z, n_bootstrap=0)["equal_error_rate"].why
    assert "absent" in xent.evaluate(np.zeros(50), scores=z)["pr_trapezoid_area"].why
