"""Log loss and Brier score: exact, unclipped, and their skill."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError

LOGITS = st.one_of(st.floats(-1e4, 1e4), st.sampled_from([0.0, 1e-300, 36.8, -745.2, 800.0]))


@given(st.lists(st.tuples(st.booleans(), LOGITS), min_size=1, max_size=20))
def test_log_loss_from_logits_is_exact(rows: list[tuple[bool, float]]) -> None:
    y, z = (np.array(column) for column in zip(*rows, strict=True))
    with mpmath.workdps(60):
        signed = [mpmath.mpf(-one if label else one) for label, one in rows]
        exact = mpmath.fsum(mpmath.log1p(mpmath.exp(one)) for one in signed) / len(rows)
    assert ev.log_loss(y, logits=z) == pytest.approx(float(exact), rel=1e-14, abs=1e-300)


def test_float32_logits_are_summed_in_float64() -> None:
    # A float32 sum of 2^24 ones stalls; here 2^22 losses of 0.69 would lose digits.
    z = np.zeros(2**22, dtype=np.float32)
    assert ev.log_loss(np.ones(z.size), logits=z) == pytest.approx(math.log(2), rel=1e-7)
    mixed = np.linspace(-5, 5, 10_001).astype(np.float32)
    y = np.arange(10_001) % 2
    wide = ev.log_loss(y, logits=mixed.astype(float))
    assert ev.log_loss(y, logits=mixed) == wide


def test_certainty_is_not_clipped() -> None:
    assert ev.log_loss([1, 0], probabilities=[1.0, 0.0]) == 0.0
    assert math.copysign(1, ev.log_loss([1], probabilities=[1.0])) == 1
    assert ev.log_loss([1, 1], probabilities=[1.0, 0.0]) == math.inf
    assert ev.log_loss([1, 0], logits=[np.inf, -np.inf]) == 0.0
    assert ev.log_loss([1, 0], logits=[-np.inf, -np.inf]) == math.inf
    assert ev.log_loss([0], probabilities=[1e-300]) == 1e-300
    assert ev.multiclass_log_loss([1], probabilities=[[1.0, 0.0]]) == math.inf
    assert ev.multiclass_log_loss([0], probabilities=[[1.0, 0.0]]) == 0.0


@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(-30, 30), st.integers(0, 3)), min_size=1, max_size=20
    )
)
def test_weights_are_repetitions(rows: list[tuple[bool, float, int]]) -> None:
    y, z, times = (np.array(column) for column in zip(*rows, strict=True))
    if not times.any():
        return
    p = 1 / (1 + np.exp(-z))
    long_y, long_z, long_p = (np.repeat(values, times) for values in (y, z, p))
    near = pytest.approx
    assert ev.log_loss(y, logits=z, weight=times) == near(ev.log_loss(long_y, logits=long_z))
    weighted = ev.brier(y, probabilities=p, weight=times)
    assert weighted == near(ev.brier(long_y, probabilities=long_p))
    two = np.column_stack([1 - p, p])
    weighted = ev.multiclass_brier(y, probabilities=two, weight=times)
    assert weighted == near(2 * ev.brier(long_y, probabilities=long_p))
    logits = np.column_stack([np.zeros_like(z), z])
    weighted = ev.multiclass_log_loss(y, logits=logits, weight=times)
    assert weighted == near(ev.log_loss(long_y, logits=long_z))


def test_both_inputs_agree() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 4))
    y = rng.integers(0, 4, 200)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    from_logits = ev.multiclass_log_loss(y, logits=z)
    assert ev.multiclass_log_loss(y, probabilities=p) == pytest.approx(from_logits, rel=1e-12)
    y_sets, weight = rng.random((200, 4)) < 0.3, rng.random(200)
    p = 1 / (1 + np.exp(-z))
    from_logits = ev.multilabel_log_loss(y_sets, logits=z, weight=weight)
    from_p = ev.multilabel_log_loss(y_sets, probabilities=p, weight=weight)
    assert from_p == pytest.approx(from_logits, rel=1e-12)
    columns = [ev.log_loss(y_sets[:, k], logits=z[:, k], weight=weight) for k in range(4)]
    assert from_logits == pytest.approx(np.mean(columns), rel=1e-12)


def test_skill() -> None:
    y, p = [1, 0, 1, 1], [0.75, 0.75, 0.75, 0.75]
    assert ev.log_loss_skill(y, probabilities=p) == 0.0  # the constant predictor itself
    assert ev.brier_skill(y, probabilities=p) == 0.0
    assert ev.brier_skill(y, probabilities=y) == 1.0
    assert ev.log_loss_skill(y, logits=[9, -9, 9, 9]) == pytest.approx(1.0, abs=1e-3)
    # Beside another constant, that of the training part, the same predictions may be better.
    assert ev.log_loss_skill(y, probabilities=p, prevalence=0.5) > 0
    assert ev.brier_skill(y, probabilities=p, prevalence=0.5) == 0.25
    assert ev.log_loss_skill(y, probabilities=p, prevalence=0.0) == 1.0  # against infinity
    assert math.isnan(ev.brier_skill([1, 1], probabilities=[1, 1]))  # the constant is perfect
    assert math.isnan(ev.log_loss_skill([1, 1], probabilities=[1, 1]))
    with pytest.raises(XentError, match="prevalence must lie in"):
        ev.brier_skill(y, probabilities=p, prevalence=1.5)


def test_rounded_probabilities_of_classes_pass() -> None:
    assert ev.multiclass_log_loss([0], probabilities=[[0.333, 0.333, 0.333]]) > 0
    given_p = np.array([[0.2, 0.8]])
    ev.multiclass_brier([0], probabilities=given_p)
    assert given_p.tolist() == [[0.2, 0.8]]  # not written to
