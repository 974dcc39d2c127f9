"""DET, equal error rate, gain, lift and figures at thresholds against brute force and scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from xent.errors import XentError
from xent.evaluation.confusion import binary_counts
from xent.evaluation.curves import thin
from xent.evaluation.detection_tradeoff import DetCurve, det_curve, equal_error_rate
from xent.evaluation.lift import GainCurve, LiftCurve, gain_curve, lift_curve, top_lift
from xent.evaluation.threshold_figures import (
    ThresholdCurve,
    cost_at_thresholds,
    figure_at_thresholds,
)


@given(st.integers(0, 10**6), st.integers(2, 80), st.integers(0, 3))
@settings(max_examples=40, derandomize=True, deadline=None)
def test_each_point_is_that_of_its_threshold(seed: int, n: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.4
    y[:2] = [True, False]
    scores = (rng.normal(size=n) + y).round(digits)
    det, gain, lift = det_curve(y, scores), gain_curve(y, scores), lift_curve(y, scores)
    said = scores[None] >= det.thresholds[:, None]
    np.testing.assert_allclose(det.fpr, said[:, ~y].mean(1))
    np.testing.assert_allclose(det.fnr, (~said[:, y]).mean(1))
    np.testing.assert_allclose(gain.share, said.mean(1))
    np.testing.assert_allclose(gain.recall, said[:, y].mean(1))
    np.testing.assert_allclose(lift.lift, [y[row].mean() / y.mean() for row in said[1:]])
    fpr, tpr, _ = metrics.roc_curve(y, scores, drop_intermediate=False)
    # FPR is 1 - TPR where the way along the curve, which rises, is 1
    expected_rate = np.interp(1, fpr + tpr, fpr)
    assert equal_error_rate(y, scores) == pytest.approx(expected_rate, abs=1e-12)
    mcc = figure_at_thresholds(y, scores, figure="mcc")
    expected = [binary_counts(y, labels=scores >= t).mcc for t in mcc.thresholds]
    np.testing.assert_allclose(mcc.values, expected, atol=1e-12)
    cost = cost_at_thresholds(y, scores, cost_fn=5, cost_fp=2)
    np.testing.assert_allclose(cost.values, (5 * (y & ~said[1:]) + 2 * (~y & said[1:])).mean(1))
    # of tied rows each holds as many positives as the others in the mean
    share, mean_of_ties = 0.3, np.array([y[scores == score].mean() for score in scores])
    found = np.append(0, np.cumsum(mean_of_ties[np.argsort(-scores)]))
    expected_lift = np.interp(share * n, np.arange(n + 1), found) / y.sum() / share
    assert top_lift(y, scores, share=share) == pytest.approx(expected_lift, rel=1e-12)
    for curve, kind in (
        (det, DetCurve),
        (gain, GainCurve),
        (lift, LiftCurve),
        (mcc, ThresholdCurve),
    ):
        again = kind.from_json(json.loads(json.dumps(curve.to_json())))
        np.testing.assert_array_equal(again.thresholds, curve.thresholds)


def test_wrong_arguments_are_refused_and_an_absent_class_is_undefined() -> None:
    with pytest.raises(XentError, match="share must"):
        top_lift([0, 1], [0, 1], share=0)
    with pytest.raises(XentError, match="cost_fn must"):
        cost_at_thresholds([0, 1], [0, 1], cost_fn=-1, cost_fp=1)
    with pytest.raises(XentError, match="figure must"):
        figure_at_thresholds([0, 1], [0, 1], figure="recal")
    given = figure_at_thresholds([0, 1], [0.0, 1.0], figure="recall", thresholds=[0.5, 2.0])
    assert given.values.tolist() == [1.0, 0.0]
    assert np.isnan(equal_error_rate([1, 1], [0, 1]))
    assert np.isnan(top_lift([0, 0], [0, 1], share=0.5))


def test_every_curve_is_thinned() -> None:
    rng = np.random.default_rng(0)
    y = rng.random(3000) < 0.3
    scores = rng.normal(size=3000) + y
    for curve in (
        det_curve(y, scores),
        gain_curve(y, scores),
        lift_curve(y, scores),
        figure_at_thresholds(y, scores, figure="f1"),
    ):
        small = thin(curve, 100)
        assert type(small) is type(curve)
        assert 20 < small.thresholds.size <= 100
        assert set(small.thresholds) <= set(curve.thresholds)
