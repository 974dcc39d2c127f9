"""The ROC chart: what is drawn is the evaluation's own curve."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import binary, draws, points, subtitle

import xent
from xent.errors import XentError
from xent.evaluation import fixed_threshold_roc, wilson_bounds
from xent.evaluation import roc_curve as roc_points
from xent.figures import roc_curve
from xent.figures.roc import roc_band


def test_the_curve_is_exact_beside_chance() -> None:
    e = binary()
    chart = roc_curve(e)
    assert points(rows_of(chart)) == [(0, 0), (1, 1)]
    assert points(rows_of(chart, 1)) == list(
        zip(e.roc.fpr.tolist(), e.roc.tpr.tolist(), strict=True)
    )
    # the first threshold is infinite, which JSON does not know
    assert rows_of(chart, 1)[0]["threshold"] is None
    light = check_chart(lambda theme: roc_curve(e, theme=theme))
    assert axis_titles(light) == {
        "false positive rate (share of negatives)",
        "recall (share of positives)",
    }


def test_the_auc_stands_beneath_the_title_with_its_interval() -> None:
    auc = binary().auc
    assert subtitle(roc_curve(binary())) == (
        f"AUC {auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f})"
    )


@pytest.mark.checklist(
    row=21, call="roc_curve(e, points={'chosen': t})", figure="operating points on the ROC curve"
)
def test_operating_points_lie_where_the_evaluation_says() -> None:
    e = binary()
    for threshold in (0.0, 0.2, 0.5, float(e.scores[7]), 1.0):
        chart = roc_curve(e, points={"chosen": threshold})
        (point,) = rows_of(chart, 2)
        at = e.at(threshold)
        assert (point["x"], point["y"]) == (at.fpr.value, at.recall.value)
        assert point["text"] == f"chosen: {threshold:.3g}"
    check_chart(lambda theme: roc_curve(e, points={"a": 0.9, "b": 0.1}, theme=theme))


def test_several_curves_have_a_legend_and_dashes() -> None:
    chart = roc_curve({"first": binary(), "second": binary(120).roc})
    names = list(dict.fromkeys(row["curve"] for row in rows_of(chart, 1)))
    first, second = binary().auc.value, binary(120).auc.value
    assert names == [f"first (AUC {first:.3f})", f"second (AUC {second:.3f})"]
    encoding = chart.to_dict()["layer"][1]["encoding"]
    for channel in ("color", "strokeDash"):
        assert encoding[channel]["scale"]["domain"] == names
        assert len(set(map(str, encoding[channel]["scale"]["range"]))) == 2
    check_chart(lambda theme: roc_curve({"a": binary(), "b": binary(99)}, theme=theme))


def test_arrays_are_enough() -> None:
    truth, scores = draws(50)
    assert rows_of(roc_curve((truth, scores)), 1) == rows_of(
        roc_curve(roc_points(truth, scores)), 1
    )


@pytest.mark.checklist(
    row=24, call="roc_curve(fixed_threshold_roc(y, probabilities=p))", figure="24 points"
)
def test_the_curve_of_fixed_thresholds() -> None:
    e = binary()
    chart = roc_curve(fixed_threshold_roc(e.truth, probabilities=e.scores))
    drawn = points(rows_of(chart, 1))
    assert len(drawn) == 24
    assert (drawn[0], drawn[-1]) == ((1, 1), (0, 0))


def test_a_long_curve_keeps_its_area() -> None:
    e = binary(40_000, "logits")
    drawn = np.array(points(rows_of(roc_curve(e), 1)))
    assert len(drawn) <= 2000
    area = float(np.trapezoid(drawn[:, 1], drawn[:, 0]))
    assert abs(area - e.auc.value) < 1 / 1999
    # and no point of the whole curve is farther off than a pixel of 440: places are compared at the
    # same way along the curve, since a vertical stretch has no height at its x
    way = np.interp(e.roc.fpr + e.roc.tpr, drawn.sum(axis=1), drawn[:, 0])
    assert np.abs(way - e.roc.fpr).max() < 1 / 440


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(20, 300))
def test_the_band_holds_the_curve(seed: int, n: int) -> None:
    truth, scores = draws(n, seed)
    curve = roc_points(truth, scores)
    n_positive = int(truth.sum())
    if not 0 < n_positive < n:
        return
    x, low, high = roc_band(curve, n_positive, n - n_positive)
    assert np.all(low <= high + 1e-12)
    assert np.all(np.diff(low) >= -1e-12)
    assert np.all(np.diff(high) >= -1e-12)
    inside = np.interp(x, curve.fpr, curve.tpr)
    assert np.all(low <= inside + 1e-9)
    assert np.all(inside <= high + 1e-9)


def test_the_band_covers_the_true_curve_as_often_as_it_says() -> None:
    from scipy.stats import norm

    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        scores = np.concatenate([rng.normal(1, 1, 60), rng.normal(0, 1, 90)])
        curve = roc_points([1] * 60 + [0] * 90, scores)
        x, low, high = roc_band(curve, 60, 90)
        true = norm.sf(norm.isf(x[1:-1]) - 1)
        held += bool(np.all((low[1:-1] <= true) & (true <= high[1:-1])))
    # conservative: the level is 0.95, and 0.9 lies three standard errors below
    assert held >= 180


def test_weighted_rows_widen_the_band() -> None:
    truth, logits = draws(300)
    weight = np.random.default_rng(1).exponential(size=300)
    even = roc_curve(xent.evaluate(truth, logits=logits, weight=np.full(300, 7.0)), band=True)
    plain = roc_curve(xent.evaluate(truth, logits=logits), band=True)
    uneven = roc_curve(xent.evaluate(truth, logits=logits, weight=weight), band=True)

    def width(chart: object) -> float:
        return float(np.mean([row["high"] - row["y"] for row in rows_of(chart)]))

    assert width(even) == pytest.approx(width(plain))
    assert width(uneven) > 1.2 * width(plain)
    assert "band: the whole curve, 95%" in subtitle(plain)
    check_chart(lambda theme: roc_curve(binary(), band=True, theme=theme))


def test_the_band_is_wider_than_the_interval_of_one_threshold() -> None:
    e = binary()
    x, low, high = roc_band(e.roc, e.counts.n_positive, e.counts.n_negative)
    middle = x.size // 4
    share = float(np.interp(x[middle], e.roc.fpr, e.roc.tpr))
    n = e.counts.n_positive
    one_low, one_high = wilson_bounds(np.array([share * n]), np.array([n]), 0.95)
    assert low[middle] < one_low[0]
    assert high[middle] > one_high[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: roc_curve({}), "1 to 7 curves, got 0"),
        (lambda: roc_curve({str(k): binary(9) for k in range(8)}), "1 to 7 curves, got 8"),
        (lambda: roc_curve("runs/1"), "roc_curve needs the evaluation of a binary target"),
        (lambda: roc_curve(xent.evaluate([1.5, 2], predictions=[1, 2])), "got regression"),
        (lambda: roc_curve(xent.evaluate([0, 1], labels=[0, 1])), "labels have no order"),
        (lambda: roc_curve(([1, 1], [0.2, 0.3])), "needs both classes, got one"),
        (lambda: roc_curve({"a": binary(), "b": binary()}, band=True), "go with one curve"),
        (lambda: roc_curve(binary().roc, band=True), "give an evaluation, not a curve"),
        (lambda: roc_curve(binary(), theme="drak"), "Did you mean 'dark'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call: object, message: str) -> None:
    with pytest.raises(XentError, match=message):
        call()
