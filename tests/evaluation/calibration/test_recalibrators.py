"""Recalibrators: fitted as peers fit them, logits in and out, saved and read with checks."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from xent.errors import XentError
from xent.evaluation import log_loss, multiclass_log_loss
from xent.evaluation.calibration import (
    Isotonic,
    IsotonicMap,
    Platt,
    PriorShift,
    Temperature,
    fit_isotonic,
    fit_platt,
    fit_prior_shift,
    fit_temperature,
    prior_shift,
    recalibrator_from_json,
    undo_class_weights,
)


def binary(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n) * 2
    return (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), z


def classes(n: int = 400, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k)) * 1.5
    return (softmax(z, axis=1).cumsum(1) < rng.random((n, 1))).sum(1), z


def test_temperature_finds_the_least_log_loss_binary() -> None:
    y, z = binary()
    w = np.random.default_rng(1).integers(0, 4, y.size)
    ours = fit_temperature(y, logits=3 * z, weight=w)
    best = minimize_scalar(
        lambda b: log_loss(y, logits=3 * z * b, weight=w),
        bounds=(0.01, 3),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert ours.temperature == pytest.approx(1 / best.x, rel=1e-6)
    assert 2 < ours.temperature < 4
    again = np.repeat(np.arange(y.size), w)
    repeated = fit_temperature(y[again], logits=3 * z[again])
    assert repeated.temperature == pytest.approx(ours.temperature, rel=1e-10)


def test_temperature_finds_the_least_log_loss_of_classes() -> None:
    y, z = classes()
    ours = fit_temperature(y, logits=0.5 * z)
    best = minimize_scalar(
        lambda b: multiclass_log_loss(y, logits=0.5 * z * b),
        bounds=(0.01, 10),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert ours.temperature == pytest.approx(1 / best.x, rel=1e-6)
    moved = fit_temperature(y, logits=0.5 * z + 100)
    assert moved.temperature == pytest.approx(ours.temperature, rel=1e-9)


@pytest.mark.parametrize("factor", [1e-8, 1e8, 1e300])
def test_temperature_scales_with_the_logits(factor: float) -> None:
    y, z = binary()
    plain = fit_temperature(y, logits=z).temperature
    assert fit_temperature(y, logits=z * factor).temperature == pytest.approx(plain * factor)


def test_temperature_of_scikit_learn() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    if not hasattr(calibration, "_TemperatureScaling"):
        pytest.skip("this scikit-learn has no temperature scaling")
    y, z = classes()
    peer = calibration._TemperatureScaling().fit(z, y)
    ours = fit_temperature(y, logits=z)
    assert 1 / ours.temperature == pytest.approx(peer.beta_, rel=1e-3)


def test_two_columns_are_one_logit() -> None:
    y, z = binary()
    two = np.column_stack([np.zeros_like(z), z])
    assert fit_temperature(y, logits=two).temperature == pytest.approx(
        fit_temperature(y, logits=z).temperature, rel=1e-10
    )


def test_infinite_logits_in_favor_of_the_truth_count_for_nothing() -> None:
    y, z = binary()
    plain = fit_temperature(y, logits=z)
    more = fit_temperature([*y, 1, 0], logits=[*z, np.inf, -np.inf])
    assert more.temperature == pytest.approx(plain.temperature, rel=1e-10)
    assert more.apply([np.inf, -np.inf]).tolist() == [np.inf, -np.inf]
    y, z = classes(k=3)
    sure = np.array([[np.inf, 0.0, 0.0], [-np.inf, 0.0, 1.0]])
    fit = fit_temperature([*y, 0, 1], logits=np.vstack([z, sure]))
    half = fit_temperature([*y, 1], logits=np.vstack([z, [[-1e5, 0.0, 1.0]]]))
    assert fit.temperature == pytest.approx(half.temperature, rel=1e-6)


@pytest.mark.parametrize(
    ("y", "z", "message"),
    [
        ([0, 1], [-1.0, 2.0], "would be 0"),
        ([1], [3.0], "would be 0"),
        ([1, 1], [0.0, 0.0], "would be 0"),
        ([1, 0], [-1.0, 2.0], "infinite"),
        ([1, 0, 1], [-np.inf, 2.0, 1.0], "infinite against"),
        ([0, 1], [[1.0, np.nan], [0.0, 1.0]], "NaN"),
        ([0, 1], [["a", "b"], ["c", "d"]], "numbers"),
    ],
)
def test_temperature_says_why_there_is_none(y: list[int], z: list, message: str) -> None:
    with pytest.raises(XentError, match=message):
        fit_temperature(y, logits=z)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.sampled_from([0, 1, -1, 1e-300, 5, -5, 800, 1e300, -1e300, np.inf, -np.inf]),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_any_logits_give_a_fit_or_a_reason(rows: list[tuple[int, float]]) -> None:
    y, z = (list(column) for column in zip(*rows, strict=True))
    for fit in (fit_temperature, fit_platt, fit_isotonic):
        try:
            found = fit(y, logits=z)
        except XentError:
            continue
        assert not np.isnan(found.apply([0.0, 1.0, np.inf])).any()


def test_platt_is_scikit_learns() -> None:
    y, z = binary()
    w = np.random.default_rng(1).random(y.size) + 0.1
    a, b = _sigmoid_calibration(z, y, sample_weight=w)
    ours = fit_platt(y, logits=z, weight=w)
    assert (ours.slope, ours.intercept) == pytest.approx((-a, -b), rel=1e-3, abs=1e-4)
    peer = LogisticRegression(C=1e12, tol=1e-12).fit(z[:, None], y)
    plain = fit_platt(y, logits=z, smooth_targets=False)
    assert plain.slope == pytest.approx(peer.coef_[0, 0], rel=1e-5)
    assert plain.intercept == pytest.approx(peer.intercept_[0], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_platt_scales_with_the_logits(factor: float) -> None:
    y, z = binary()
    plain, scaled = fit_platt(y, logits=z), fit_platt(y, logits=z * factor)
    assert scaled.slope * factor == pytest.approx(plain.slope, rel=1e-7)
    assert scaled.intercept == pytest.approx(plain.intercept, rel=1e-6)


def test_platt_is_finite_under_separation_with_smoothed_targets_only() -> None:
    y, z = [0, 0, 1, 1], [-2.0, -1.0, 1.0, 2.0]
    fit = fit_platt(y, logits=z)
    assert 0 < fit.slope < 5
    one_class = fit_platt([1, 1], logits=[0.0, 1.0])
    assert one_class.apply([0.5])[0] == pytest.approx(np.log(3), rel=1e-6)
    with pytest.raises(XentError, match="parted by a threshold"):
        fit_platt(y, logits=z, smooth_targets=False)
    with pytest.raises(XentError, match="one class"):
        fit_platt([1, 1], logits=[0.0, 1.0], smooth_targets=False)


@pytest.mark.parametrize("z", [[1.0, 1.0], [1.0, np.inf], [0.0, np.nan]])
def test_platt_refuses(z: list[float]) -> None:
    with pytest.raises(XentError, match="logits must"):
        fit_platt([0, 1], logits=z)


def test_platt_of_infinite_logits() -> None:
    assert Platt(0.5, 0.0).apply([np.inf, -np.inf]).tolist() == [0.5, 0.5]
    assert Platt(0.5, -1.0).apply([np.inf]).tolist() == [-np.inf]


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(-6, 6), st.integers(1, 3)), min_size=1, max_size=30
    )
)
def test_isotonic_is_scikit_learns(rows: list[tuple[bool, int, int]]) -> None:
    y, z, w = (np.array(column) for column in zip(*rows, strict=True))
    fit = fit_isotonic(y, logits=z / 2, weight=w)
    grid = np.linspace(-4, 4, 41)
    p, q = 1 / (1 + np.exp(-z / 2)), 1 / (1 + np.exp(-grid))
    peer = IsotonicRegression(out_of_bounds="clip").fit(p, y.astype(float), sample_weight=w)
    ours = 1 / (1 + np.exp(-fit.apply(grid)))
    np.testing.assert_allclose(ours, peer.predict(q), atol=1e-9)
    assert recalibrator_from_json(json.loads(json.dumps(fit.to_json()))) == fit


def test_isotonic_of_classes_sums_to_one_and_lowers_the_loss() -> None:
    y, z = classes(n=2000)
    fit = fit_isotonic(y, logits=3 * z)
    moved = fit.apply(3 * z)
    np.testing.assert_allclose(np.exp(moved).sum(1), 1, rtol=1e-12)
    finite = np.isfinite(moved[np.arange(y.size), y])
    before = -log_softmax(3 * z, axis=1)[np.arange(y.size), y][finite].mean()
    assert -moved[finite, y[finite]].mean() < before
    assert len(fit.maps) == 4


def test_a_row_that_maps_to_nothing_keeps_its_own() -> None:
    nothing = IsotonicMap((0.5,), (0.0,))
    moved = Isotonic((nothing, nothing, nothing)).apply([[0.0, 1.0, 2.0]])
    np.testing.assert_allclose(moved, log_softmax([[0.0, 1.0, 2.0]], axis=1))


def test_isotonic_takes_infinite_logits_and_refuses_two_columns() -> None:
    fit = fit_isotonic([0, 1, 0, 1], logits=[-np.inf, 0.0, 1.0, np.inf])
    assert fit.apply([-np.inf, np.inf, 0.5]).tolist() == [-np.inf, np.inf, 0.0]
    assert fit_isotonic([1], logits=[0.3]).apply([-5.0]).tolist() == [np.inf]
    with pytest.raises(XentError, match="two classes"):
        fit_isotonic([0, 1], logits=[[0.0, 1.0], [1.0, 0.0]])


def test_prior_shift_is_bayes() -> None:
    p = np.array([0.2, 0.9])
    z = np.log(p / (1 - p))
    moved = 1 / (1 + np.exp(-prior_shift(trained=0.5, target=0.1).apply(z)))
    by_hand = p * 0.1 / 0.5 / (p * 0.1 / 0.5 + (1 - p) * 0.9 / 0.5)
    np.testing.assert_allclose(moved, by_hand)
    q = np.array([[0.2, 0.3, 0.5]])
    old, new = np.array([0.3, 0.3, 0.4]), np.array([0.1, 0.2, 0.7])
    shifted = softmax(prior_shift(trained=old, target=new).apply(np.log(q)), axis=1)
    np.testing.assert_allclose(shifted, q * new / old / (q * new / old).sum())


def test_undo_class_weights_gives_the_rate_back() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20_000, 1))
    y = rng.random(20_000) < 1 / (1 + np.exp(3 - x[:, 0]))
    model = LogisticRegression(C=1e6, class_weight={0: 1, 1: 12}).fit(x, y)
    z = model.decision_function(x)
    moved = undo_class_weights([1, 12]).apply(z)
    assert np.mean(1 / (1 + np.exp(-z))) > 2 * y.mean()
    assert np.mean(1 / (1 + np.exp(-moved))) == pytest.approx(y.mean(), rel=0.03)
    three = undo_class_weights([1.0, 2.0, 4.0]).apply([[0.0, np.log(2), np.log(4)]])
    np.testing.assert_allclose(three, 0, atol=1e-15)


def test_fit_prior_shift_finds_the_new_prevalence() -> None:
    rng = np.random.default_rng(3)
    y = rng.random(40_000) < 0.1
    x = rng.normal(size=y.size) + 2 * y
    z = 2 * x - 2  # the logit at prevalence 0.5
    shift = fit_prior_shift(logits=z, trained=0.5)
    expected = prior_shift(trained=0.5, target=0.1).offsets[0]
    assert shift.offsets[0] == pytest.approx(expected, abs=0.06)
    two = np.column_stack([np.zeros_like(z), z])
    pair = fit_prior_shift(logits=two, trained=[0.5, 0.5]).offsets
    assert pair[1] - pair[0] == pytest.approx(shift.offsets[0], abs=1e-8)
    weighted = fit_prior_shift(logits=[3.0, -2.0, -1.0], trained=0.5, weight=[1, 2, 1])
    repeated = fit_prior_shift(logits=[3.0, -2.0, -2.0, -1.0], trained=0.5)
    assert weighted.offsets == pytest.approx(repeated.offsets, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prior_shift(trained=0.5, target=0.0), "target"),
        (lambda: prior_shift(trained=[0.5, 0.6], target=[0.5, 0.5]), "sum to 1"),
        (lambda: prior_shift(trained=0.5, target=[0.5, 0.5]), "2"),
        (lambda: prior_shift(trained="half", target=0.5), "trained"),
        (lambda: undo_class_weights([1.0]), "class_weights"),
        (lambda: undo_class_weights([1.0, -1.0]), "class_weights"),
        (lambda: fit_prior_shift(logits=[5.0, 6.0], trained=0.5), "one class only"),
        (lambda: fit_prior_shift(logits=[], trained=0.5), "at least one row"),
        (lambda: PriorShift((np.inf,)), "finite"),
        (lambda: Temperature(0.0), "positive"),
        (lambda: Platt(np.nan, 1.0), "finite"),
        (lambda: Temperature(1.0).apply([np.nan]), "NaN"),
        (lambda: Temperature(1.0).apply(["a"]), "numbers"),
        (lambda: Temperature(1.0).apply([[1.0, 2.0], [1.0]]), "unequal"),
        (lambda: Temperature(1.0).apply(1.0), "shape"),
        (lambda: Platt(0.0, 1.0).apply([[1.0, 2.0]]), "shape"),
        (lambda: PriorShift((1.0, 2.0, 3.0)).apply([[1.0, 2.0]]), "shape"),
        (lambda: IsotonicMap((0.2, 0.1), (0.1, 0.2)), "rise"),
        (lambda: IsotonicMap((0.1, 0.2), (0.2, np.nan)), "rise"),
        (lambda: IsotonicMap((), ()), "at least one"),
        (lambda: Isotonic(()), "one map"),
    ],
)
def test_refuses(call, message: str) -> None:
    with pytest.raises(XentError, match=message):
        call()


@pytest.mark.parametrize(
    "fit",
    [
        Temperature(1.25),
        Platt(-0.5, 2.0),
        PriorShift((0.1, -0.2, 3.0)),
        Isotonic((IsotonicMap((0.1, 0.5), (0.0, 1.0)),)),
    ],
)
def test_json_there_and_back(fit) -> None:
    assert recalibrator_from_json(json.loads(json.dumps(fit.to_json(), allow_nan=False))) == fit


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({}, "kind"),
        ([], "kind"),
        (None, "kind"),
        ({"kind": "temperatur", "temperature": 1}, "Did you mean 'temperature'"),
        ({"kind": "temperature"}, "needs 'temperature'"),
        ({"kind": "temperature", "temperature": 1, "x": 2}, "no key 'x'"),
        ({"kind": "temperature", "temperature": True}, "number"),
        ({"kind": "temperature", "temperature": "1"}, "number"),
        ({"kind": "temperature", "temperature": -1}, "positive"),
        ({"kind": "temperature", "temperature": 10**400}, "finite"),
        ({"kind": "platt", "intercept": 0, "slope": float("nan")}, "finite"),
        ({"kind": "prior_shift", "offsets": 1.0}, "list"),
        ({"kind": "prior_shift", "offsets": []}, "at least one"),
        ({"kind": "isotonic", "maps": {}}, "list of objects"),
        ({"kind": "isotonic", "maps": [1]}, "list of objects"),
        ({"kind": "isotonic", "maps": [{"probability": [0.1]}]}, "recalibrated"),
        ({"kind": "isotonic", "maps": [{"probability": [2], "recalibrated": [0]}]}, "rise"),
        ({"kind": ["platt"]}, "kind"),
    ],
)
def test_hostile_json(description, message: str) -> None:
    with pytest.raises(XentError, match=message):
        recalibrator_from_json(description)
