"""Curves: thinning with a bounded loss of area, JSON with a deliberate infinity."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError


def sample(n: int, seed: int, separation: float, digits: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.random(n) < rng.uniform(0.02, 0.98)
    y[:2] = [True, False]
    return y, (rng.normal(size=n) + separation * y).round(digits)


@given(
    st.integers(2, 3000),
    st.integers(0, 10**6),
    st.floats(0, 4),
    st.integers(0, 6),
    st.integers(4, 300),
)
@settings(max_examples=60)
def test_a_thinned_roc_keeps_its_area(
    n: int, seed: int, separation: float, digits: int, n_points: int
) -> None:
    curve = ev.roc_curve(*sample(n, seed, separation, digits))
    small = ev.thin(curve, n_points)
    assert small.fpr.size <= max(n_points, 4)
    assert abs(small.area - curve.area) <= 1 / (n_points - 1)
    assert (small.thresholds[0], small.fpr[0], small.tpr[0]) == (np.inf, 0.0, 0.0)
    assert (small.fpr[-1], small.tpr[-1]) == (1.0, 1.0)
    points = set(zip(curve.fpr, curve.tpr, curve.thresholds, strict=True))
    assert points.issuperset(zip(small.fpr, small.tpr, small.thresholds, strict=True))


@given(st.integers(2, 3000), st.integers(0, 10**6), st.floats(0, 4), st.integers(4, 300))
@settings(max_examples=60)
def test_a_thinned_precision_recall_curve_keeps_its_teeth(
    n: int, seed: int, separation: float, n_points: int
) -> None:
    curve = ev.pr_curve(*sample(n, seed, separation, 6))
    small = ev.thin(curve, n_points)
    assert small.recall.size <= n_points
    assert (small.recall[-1], small.thresholds[-1]) == (1.0, curve.thresholds[-1])
    assert small.precision.max() == curve.precision.max()
    assert small.precision.min() == curve.precision.min()
    assert (np.diff(small.recall) >= 0).all()
    # What a step of the thinned curve covers lies in one cell: its error is at most its tooth.
    n_cells = n_points // 4
    cells = np.minimum((curve.recall * n_cells).astype(int), n_cells - 1)
    teeth = [np.ptp(curve.precision[cells == k]) for k in range(n_cells) if (cells == k).any()]
    bound = sum(teeth) / n_cells + 1e-12
    if curve.recall.size > n_points:
        assert abs(small.average_precision - curve.average_precision) <= bound


def test_a_small_curve_comes_back_as_it_is() -> None:
    roc, pr = ev.roc_curve([0, 1, 1], [1, 2, 3]), ev.pr_curve([0, 1, 1], [1, 2, 3])
    assert ev.thin(roc, 4) is roc
    assert ev.thin(pr, 4) is pr
    with pytest.raises(XentError, match="n_points must be at least 4, got 3"):
        ev.thin(roc, 3)


def test_curves_of_one_class_are_undefined_where_the_class_counts() -> None:
    scores = np.arange(10.0)
    roc = ev.roc_curve(np.zeros(10), scores)
    assert np.isnan(roc.tpr).all()
    assert roc.fpr[-1] == 1.0
    assert math.isnan(roc.area)
    assert ev.thin(roc, 4) is roc
    pr = ev.pr_curve(np.zeros(10), scores)
    assert np.isnan(pr.recall).all()
    assert ev.thin(pr, 4) is pr
    assert math.isnan(ev.roc_curve(np.ones(10), scores).area)


def test_json_holds_infinity_and_the_undefined_on_purpose() -> None:
    roc = ev.roc_curve([0, 1, 1, 0], [0.1, 0.2, 0.3, 0.3])
    written = json.loads(json.dumps(roc.to_json(), allow_nan=False))
    assert written["thresholds"] == ["inf", 0.3, 0.2, 0.1]
    again = ev.RocCurve.from_json(written)
    for name in ("fpr", "tpr", "thresholds"):
        np.testing.assert_array_equal(getattr(again, name), getattr(roc, name))
    one_class = ev.roc_curve([1, 1], [0.1, 0.2]).to_json()
    assert one_class["fpr"] == [None, None, None]
    assert np.isnan(ev.RocCurve.from_json(one_class).fpr).all()
    pr = ev.pr_curve([0, 1], [-np.inf, 0.5])
    again_pr = ev.PrCurve.from_json(json.loads(json.dumps(pr.to_json(), allow_nan=False)))
    np.testing.assert_array_equal(again_pr.thresholds, [0.5, -np.inf])
    np.testing.assert_array_equal(again_pr.precision, pr.precision)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"fpr": None}, "must hold a list 'fpr'"),
        ({"tpr": [0, 1]}, "of one length"),
        ({"fpr": [], "tpr": [], "thresholds": []}, "not empty"),
        ({"thresholds": ["inf", "0.3", 1]}, "thresholds must be numbers, got '0.3'"),
        ({"thresholds": [[1], 2, 3]}, r"thresholds must be numbers, got \[1\]"),
        ({"thresholds": [True, 2, 3]}, "thresholds must be numbers, got True"),
    ],
)
def test_a_damaged_curve_is_refused(damage: dict[str, Any], message: str) -> None:
    written = ev.roc_curve([0, 1], [0.1, 0.2]).to_json() | damage
    with pytest.raises(XentError, match=message):
        ev.RocCurve.from_json(written)
    with pytest.raises(XentError, match="must hold a list"):
        ev.PrCurve.from_json([])  # type: ignore[arg-type]


def test_fixed_thresholds_are_checked() -> None:
    with pytest.raises(XentError, match="thresholds must rise"):
        ev.fixed_threshold_roc([0, 1], probabilities=[0.1, 0.2], thresholds=[0.5, 0.5])
    with pytest.raises(XentError, match="probabilities must lie in"):
        ev.fixed_threshold_roc([0, 1], probabilities=[1, 2])


def test_fixed_thresholds_with_weights() -> None:
    y, p, weight = [1, 1, 0, 0], [0.9, 0.2, 0.4, 0.1], [3, 1, 2, 0]
    curve = ev.fixed_threshold_roc(y, probabilities=p, thresholds=[0.3], weight=weight)
    assert (curve.tpr.tolist(), curve.fpr.tolist()) == ([0.75], [1.0])
