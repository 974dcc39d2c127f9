"""Estimates: printed, compared, written and read."""

from __future__ import annotations

import json
import math

import pytest

from xent.errors import XentError
from xent.evaluation import Estimate
from xent.evaluation.intervals.estimate import lazy_estimate


def test_text():
    estimate = Estimate(0.5, 0.4, 0.6, method="made", n=10)
    assert str(estimate) == "0.5000 (0.4000 to 0.6000)"
    assert f"{estimate:.1f}" == "0.5 (0.4 to 0.6)"
    assert repr(estimate) == "Estimate(0.5, low=0.4, high=0.6, method='made')"
    assert str(Estimate(0.5)) == "0.5000"
    assert str(Estimate(math.nan, why="nothing")) == "undefined"
    assert repr(Estimate(0.5, why="none")) == "Estimate(0.5, why='none')"
    assert float(estimate) == 0.5
    assert estimate.width == pytest.approx(0.2)


@pytest.mark.parametrize(
    "estimate",
    [
        Estimate(0.5, 0.4, 0.6, 0.9, "made", 10, "because"),
        Estimate(math.inf, -math.inf, math.inf, method="all"),
    ],
)
def test_json_reads_back(estimate):
    written = json.loads(json.dumps(estimate.to_json(), allow_nan=False))
    assert Estimate.from_json(written) == estimate


def test_undefined_reads_back():
    again = Estimate.from_json(Estimate(math.nan, why="x").to_json())
    assert not again.is_defined
    assert again.why == "x"


@pytest.mark.parametrize(
    "change",
    [
        {"value": "much"},
        {"value": True},
        {"low": [0.1]},
        {"level": "high"},
        {"level": 2.0},
        {"n": "ten"},
        {"n": True},
        {"method": 3},
        {"why": None},
    ],
)
def test_what_is_no_estimate_is_refused(change):
    with pytest.raises(XentError):
        Estimate.from_json(Estimate(0.5).to_json() | change)
    with pytest.raises(XentError):
        Estimate.from_json({})


def test_an_interval_is_made_once_and_when_it_is_read():
    calls = []

    def make():
        calls.append(1)
        return Estimate(0.5, 0.4, 0.6, method="made", n=7, why="w")

    estimate = lazy_estimate(0.5, make)
    assert estimate.value == 0.5
    assert estimate.level == 0.95
    assert not calls
    assert (estimate.high, estimate.n, estimate.why) == (0.6, 7, "w")
    assert estimate.has_interval
    assert len(calls) == 1


def test_a_look_that_fails_leaves_the_interval_to_be_made():
    answers = iter([KeyboardInterrupt, Estimate(0.5, 0.4, 0.6)])

    def make():
        answer = next(answers)
        if answer is KeyboardInterrupt:
            raise KeyboardInterrupt
        return answer

    estimate = lazy_estimate(0.5, make)
    with pytest.raises(KeyboardInterrupt):
        _ = estimate.low
    assert estimate.low == 0.4


def test_a_look_while_another_makes_the_interval_sees_all_of_it():
    seen = []

    def make():
        if not seen:  # another thread looks meanwhile: it must not find an interval half made
            seen.append(None)
            seen[0] = estimate.low
        return Estimate(0.5, 0.4, 0.6)

    estimate = lazy_estimate(0.5, make)
    assert estimate.low == 0.4
    assert seen == [0.4]
