from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.training.schedules import SCHEDULES, Schedule, check_schedule, make_schedule

NAMES = [*SCHEDULES, "step:0.5:10", "cosine:0.1", "warmup:0.5", "one_cycle:0.1"]


def _rates(name: str, n_steps: int = 1000) -> np.ndarray:
    schedule = make_schedule(name, 1.0, n_steps)
    return np.array([schedule(step) for step in range(n_steps + 1)])


@given(st.sampled_from(NAMES), st.integers(1, 5000), st.floats(1e-6, 10), st.data())
def test_every_rate_lies_between_0_and_the_highest(name, n_steps, learning_rate, data):
    schedule = make_schedule(name, learning_rate, n_steps)
    step = data.draw(st.integers(0, 2 * n_steps))
    assert 0.0 <= schedule(step) <= learning_rate * (1 + 1e-12)
    assert schedule(step) == Schedule(name, learning_rate, n_steps)(step)
    assert schedule(n_steps + step) == schedule(n_steps)


@pytest.mark.parametrize("name", NAMES)
def test_the_highest_rate_is_reached(name):
    # four cycles of a thousand steps meet their peaks to within a step
    assert _rates(name).max() == pytest.approx(1.0, abs=2e-3)


def test_constant():
    assert (_rates("constant") == 1.0).all()


def test_step_has_equal_stages():
    rates = _rates("step:0.5:10", 100)
    for stage in range(10):
        assert (rates[10 * stage : 10 * stage + 10] == 0.5**stage).all()
    np.testing.assert_allclose(_rates("step", 9)[:9], np.repeat([1, 0.1, 0.01], 3))
    # stages that do not divide the steps: none is longer than another by more than one
    lengths = np.unique(_rates("step:0.5:3", 10)[:10], return_counts=True)[1]
    assert np.ptp(lengths) <= 1


def test_cosine_falls_to_its_end():
    rates = _rates("cosine:0.2")
    assert rates[0] == 1.0
    assert rates[500] == pytest.approx(0.6)
    assert rates[1000] == pytest.approx(0.2)
    assert (np.diff(rates) < 0).all()


def test_warm_up_rises_linearly_and_stays():
    rates = _rates("warmup:0.1")
    np.testing.assert_allclose(rates[:100], np.arange(1, 101) / 100)
    assert (rates[100:] == 1.0).all()
    assert (_rates("warmup:0") == 1.0).all()


def test_one_cycle_rises_and_falls():
    rates = _rates("one_cycle")
    peak = int(np.argmax(rates))
    assert peak == pytest.approx(300, abs=1)
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[999] == pytest.approx(1 / 250_000)
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:1000]) < 0).all()
    # all the way up, and a single step
    assert _rates("one_cycle:1")[999] == 1.0
    assert make_schedule("one_cycle", 1.0, 1)(0) == 1.0


def test_coslog4_has_its_peaks_and_zeros_where_the_paper_has_them():
    # Holzmueller et al. (2024): t = step / n_steps
    schedule = make_schedule("coslog4", 1.0, 1_000_000)
    for t in (0.0276, 0.1219, 0.3105, 0.6876):
        assert schedule(round(t * 1e6)) == pytest.approx(1.0, abs=1e-3)
    for t in (0.0, 1 / 15, 3 / 15, 7 / 15, 1.0):
        assert schedule(round(t * 1e6)) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cosin", "Did you mean 'cosine'"),
        ("one-cycle", "Did you mean 'one_cycle'"),
        ("constant:2", "schedule must be constant, got 'constant:2'"),
        ("step:0.5:10:3", "schedule must be step:factor:n_stages"),
        (
            "step:half",
            "factor of the schedule 'step:half' must be a number from 0 to 1, got 'half'",
        ),
        ("step:0.5:2.5", "n_stages of the schedule 'step:0.5:2.5' must be a whole number from 1"),
        ("step:0.5:0", "n_stages"),
        ("step:0.5:inf", "n_stages"),
        ("cosine:nan", "end of the schedule"),
        ("warmup:1.5", "share of the schedule"),
        ("warmup:", "got ''"),
        (None, "got None"),
    ],
)
def test_names_that_mean_nothing_are_refused(name, message):
    with pytest.raises(XentError, match=message):
        check_schedule(name)


@pytest.mark.parametrize("learning_rate", [0.0, -1.0, float("nan"), float("inf")])
def test_rates_that_are_none_are_refused(learning_rate):
    with pytest.raises(XentError, match="learning_rate must be a positive number"):
        make_schedule("constant", learning_rate, 10)


def test_a_training_has_a_step():
    with pytest.raises(XentError, match="n_steps must be at least 1, got 0"):
        make_schedule("constant", 0.1, 0)
