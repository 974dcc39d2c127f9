"""The four counts and their figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation import ConfusionCounts
from xent.evaluation.confusion import UNDEFINED

COUNTS = st.integers(0, 10**9)
RATES = [
    *("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "fpr", "fnr", "npv"),
    *("f1", "jaccard", "prevalence"),
]


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_figures_stay_in_their_range(tp: int, fn: int, fp: int, tn: int) -> None:
    counts = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)
    for name in RATES:
        value = getattr(counts, name)
        assert math.isnan(value) or 0 <= value <= 1
    for name in ("mcc", "kappa", "youden_j"):
        value = getattr(counts, name)
        assert math.isnan(value) or -1 <= value <= 1
    for name in ("lr_positive", "lr_negative"):
        value = getattr(counts, name)
        assert math.isnan(value) or value >= 0


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_arrays_give_what_numbers_give(tp: int, fn: int, fp: int, tn: int) -> None:
    single = ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn)
    several = ConfusionCounts(*(np.array([n, n], dtype=np.int64) for n in (tp, fn, fp, tn)))
    for name in (*RATES, "mcc", "kappa", "youden_j", "lr_positive", "lr_negative"):
        one = getattr(single, name)
        assert type(one) is float
        np.testing.assert_array_equal(getattr(several, name), [one, one])


def test_mcc_and_kappa_of_large_counts_do_not_overflow() -> None:
    # scikit-learn#9622: integer products change their sign from about 50,000 rows on.
    counts = ConfusionCounts(*(np.array([n]) for n in (10**9, 10**8, 10**8, 10**9)))
    assert counts.mcc[0] == pytest.approx(9 / 11)
    assert counts.kappa[0] == pytest.approx(9 / 11)


def test_perfect_and_reversed() -> None:
    perfect = ConfusionCounts(tp=7, fn=0, fp=0, tn=30)
    assert (perfect.mcc, perfect.kappa, perfect.youden_j, perfect.f1) == (1.0, 1.0, 1.0, 1.0)
    assert (perfect.lr_positive, perfect.lr_negative) == (math.inf, 0.0)
    wrong = ConfusionCounts(tp=0, fn=7, fp=30, tn=0)
    assert (wrong.mcc, wrong.youden_j, wrong.accuracy) == (-1.0, -1.0, 0.0)
    assert wrong.lr_negative == math.inf


def test_rounding_does_not_carry_a_perfect_figure_above_one() -> None:
    tp, tn = (grid.ravel() for grid in np.meshgrid(np.arange(1, 200), np.arange(1, 200)))
    zero = np.zeros_like(tp)
    for counts in (
        ConfusionCounts(tp=tp, fn=zero, fp=zero, tn=tn),
        ConfusionCounts(tp=zero, fn=tp, fp=tn, tn=zero),
    ):
        np.testing.assert_allclose(np.abs(counts.mcc), 1.0, rtol=1e-15)
        assert np.abs(counts.kappa).max() <= 1.0
        assert np.abs(counts.mcc).max() <= 1.0


def test_what_is_undefined_is_nan_and_has_a_reason() -> None:
    one_class = ConfusionCounts(tp=5, fn=0, fp=0, tn=0)
    undefined = {name for name in UNDEFINED if math.isnan(getattr(one_class, name))}
    assert undefined == {
        *("balanced_accuracy", "specificity", "fpr", "npv", "mcc", "kappa", "youden_j"),
        *("lr_positive", "lr_negative"),
    }
    never = ConfusionCounts(tp=0, fn=5, fp=0, tn=5)
    undefined = {name for name in UNDEFINED if math.isnan(getattr(never, name))}
    assert undefined == {"precision", "mcc", "lr_positive"}
    assert never.f1 == 0.0  # positives there are, and none is found
    nothing = ConfusionCounts(tp=0, fn=0, fp=0, tn=5)
    assert all(math.isnan(getattr(nothing, name)) for name in ("f1", "jaccard", "recall", "fnr"))


def test_counts_are_checked() -> None:
    with pytest.raises(XentError, match="fn must be a count of rows, got -1"):
        ConfusionCounts(tp=0, fn=-1, fp=0, tn=0)
    with pytest.raises(XentError, match="tn must be a count of rows, got nan"):
        ConfusionCounts(tp=0, fn=0, fp=0, tn=math.nan)
    for beta in (0, -1, math.inf, math.nan):
        with pytest.raises(XentError, match="beta must be positive"):
            ConfusionCounts(tp=1, fn=0, fp=0, tn=0).f_beta(beta)


def test_cost() -> None:
    counts = ConfusionCounts(tp=4, fn=2, fp=1, tn=93)
    assert counts.mean_cost(cost_fn=20, cost_fp=1) == 0.41


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)), min_size=1))
def test_weights_are_repetitions(rows: list[tuple[bool, bool, int]]) -> None:
    y, labels, times = (np.array(column) for column in zip(*rows, strict=True))
    if not times.any():
        return
    repeated = ev.binary_counts(np.repeat(y, times), labels=np.repeat(labels, times))
    weighted = ev.binary_counts(y, labels=labels, weight=times)
    assert weighted == repeated
    assert (type(weighted.tp), type(repeated.tp)) == (float, int)


@pytest.mark.parametrize(
    "name",
    [
        *("balanced_accuracy", "precision", "recall", "specificity", "fpr", "fnr", "npv", "f1"),
        *("mcc", "kappa", "youden_j", "lr_positive", "lr_negative"),
    ],
)
def test_each_figure_has_its_function(name: str) -> None:
    rng = np.random.default_rng(1)
    y, labels, weight = rng.random(50) < 0.4, rng.random(50) < 0.5, rng.random(50)
    counts = ev.binary_counts(y, labels=labels, weight=weight)
    assert getattr(ev, name)(y, labels=labels, weight=weight) == getattr(counts, name)
    assert getattr(ev, name)(y, labels=labels) != getattr(counts, name)
