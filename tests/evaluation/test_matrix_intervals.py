"""Intervals of a confusion matrix's figures: derivatives, coverage, matrices without spread."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.matrix_intervals import matrix_value
from xent.evaluation.matrix_slopes import average_slopes, kappa_slopes, mcc_slopes

EVERY = np.ones(3, dtype=bool)
SLOPES: dict[str, Any] = {
    "mcc": mcc_slopes,
    "kappa": partial(kappa_slopes, scheme="unweighted"),
    "linear_kappa": partial(kappa_slopes, scheme="linear"),
    "quadratic_kappa": partial(kappa_slopes, scheme="quadratic"),
    **{
        f"{average}_{figure}": partial(
            average_slopes, figure=figure, average=average, counted=EVERY
        )
        for average in ("macro", "weighted")
        for figure in ("precision", "recall", "f1", "jaccard")
    },
}


@pytest.mark.parametrize("name", SLOPES)
@given(seed=st.integers(0, 10**6))
@settings(derandomize=True, deadline=None, max_examples=10)
def test_slopes_are_derivatives(name: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    shares = 0.02 + generator.dirichlet(np.ones(9)).reshape(3, 3)
    shares /= shares.sum()
    figure, slopes = SLOPES[name](shares)
    assert figure == pytest.approx(matrix_value(shares, name))
    toward = generator.normal(size=(3, 3))
    toward -= toward.mean()  # shares stay shares
    step = 1e-5
    change = matrix_value(shares + step * toward, name)
    change -= matrix_value(shares - step * toward, name)
    assert np.sum(slopes * toward) == pytest.approx(change / (2 * step), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ev.MATRIX_FIGURES)
@pytest.mark.parametrize("n", [60, 300])
def test_intervals_cover(name: str, n: int) -> None:
    shares = np.array([[0.49, 0.01, 0.0], [0.02, 0.27, 0.01], [0.0, 0.02, 0.18]])
    truth = matrix_value(shares, name)
    drawn = np.random.default_rng(0).multinomial(n, shares.ravel(), size=300).reshape(-1, 3, 3)
    estimates = [ev.matrix_interval(matrix, name) for matrix in drawn]
    held = np.mean([e.low <= truth <= e.high for e in estimates])
    assert 0.915 <= held <= 0.99
    for estimate in estimates:
        assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.low < estimate.high


@pytest.mark.parametrize("name", ev.MATRIX_FIGURES)
def test_perfect_and_wholly_wrong_decisions_have_a_width(name: str) -> None:
    right, wrong = np.eye(3) * 20, np.roll(np.eye(3), 1, axis=1) * 20
    perfect, turned = (ev.matrix_interval(matrix, name) for matrix in (right, wrong))
    assert (perfect.value, perfect.high) == pytest.approx((1.0, 1.0))
    assert 0.7 < perfect.low < 0.999
    assert turned.low <= turned.value < turned.high < 0.5
    assert turned.low >= (-1 if name in ("mcc", *ev.MATRIX_FIGURES[2:5]) else 0)


@pytest.mark.parametrize("name", ["mcc", "kappa", "balanced_accuracy"])
def test_two_classes_have_nearly_the_binary_interval(name: str) -> None:
    counts, matrix = ev.ConfusionCounts(tp=40, fn=10, fp=5, tn=45), [[45, 5], [10, 40]]
    binary, several = ev.decision_interval(counts, name), ev.matrix_interval(matrix, name)
    assert several.value == pytest.approx(binary.value)
    assert several.low == pytest.approx(binary.low, abs=0.01)
    assert several.high == pytest.approx(binary.high, abs=0.025)


def test_accuracy_has_wilsons_interval_under_both_names() -> None:
    matrix = [[30, 2, 0], [3, 20, 1], [0, 4, 10]]
    wilson = ev.wilson(60, 70)
    for name in ("accuracy", "weighted_recall"):
        estimate = ev.matrix_interval(matrix, name)
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
            (wilson.value, wilson.low, wilson.high)
        )
    by_names = (ev.matrix_interval(matrix, name) for name in ("macro_recall", "balanced_accuracy"))
    first, second = ((e.value, e.low, e.high) for e in by_names)
    assert first == second


@pytest.mark.parametrize("name", ["mcc", "macro_f1", "macro_precision"])
def test_weights_count_as_so_many_rows(name: str) -> None:
    matrix = np.array([[30, 2, 0], [3, 20, 1], [0, 4, 10]])
    plain = ev.matrix_interval(matrix, name)
    heavy = ev.matrix_interval(matrix * 7.5, name, n_effective=70)
    assert (heavy.low, heavy.high, heavy.n) == pytest.approx((plain.low, plain.high, 70))
    assert ev.matrix_interval(matrix * 7.5, name).width < plain.width
    assert ev.matrix_interval(matrix, name, level=0.5).width < plain.width


@pytest.mark.parametrize("name", ev.MATRIX_FIGURES)
def test_classes_that_never_occur_change_nothing(name: str) -> None:
    matrix = np.array([[30, 2, 0], [3, 20, 1], [0, 4, 10]])
    wide = np.zeros((5, 5), dtype=int)
    wide[:3, :3] = matrix
    ours, theirs = ev.matrix_interval(matrix, name), ev.matrix_interval(wide, name)
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (theirs.value, theirs.low, theirs.high)
    )


def test_what_is_undefined_or_shows_no_spread_says_why() -> None:
    one = [[9, 0], [0, 0]]
    assert "one class only" in ev.matrix_interval(one, "mcc").why
    assert "one and the same class" in ev.matrix_interval(one, "linear_kappa").why
    certain = ev.matrix_interval(one, "weighted_f1")
    assert (certain.value, certain.low, certain.high) == (1.0, 1.0, 1.0)
    assert "no spread" in certain.why
    missed = ev.matrix_interval([[0, 9], [0, 0]], "weighted_precision")
    assert math.isnan(missed.value)
    assert missed.why == "no class that occurs is ever decided for"
    # all decisions for one class that is not the true one: kappa is 0, and not for certain
    chance = ev.matrix_interval([[0, 9], [0, 0]], "kappa")
    assert chance.value == 0.0
    assert chance.low <= 0.0 < chance.high


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(XentError, match="Did you mean 'quadratic_kappa'"):
        ev.matrix_interval([[1, 0], [0, 1]], "quadratic_kapa")
    with pytest.raises(XentError, match="n_effective must be positive"):
        ev.matrix_interval([[1, 0], [0, 1]], "mcc", n_effective=0)
    with pytest.raises(XentError, match="level must lie between 0 and 1"):
        ev.matrix_interval([[1, 0], [0, 1]], "mcc", level=95)
    with pytest.raises(XentError, match=r"matrix must have shape \(K, K\)"):
        ev.matrix_interval([1, 0], "accuracy")


@pytest.mark.parametrize("name", ["macro_f1", "macro_jaccard", "macro_recall"])
def test_a_rare_class_that_is_never_found_is_not_known_to_be_lost(name: str) -> None:
    found = np.diag([500, 300, 40])
    lost = np.array([[500, 0, 0], [0, 300, 0], [2, 1, 0]])
    sure, unsure = (ev.matrix_interval(matrix, name) for matrix in (found, lost))
    assert unsure.value == pytest.approx(2 / 3, abs=0.01)
    # three rows of a class tell nothing of its recall above 0.56
    assert unsure.high > unsure.value + 0.1
    assert sure.width < 0.1


def test_the_published_standard_error_of_kappa() -> None:
    # 100 patients, two diagnoses each: Fleiss, Levin & Paik (2003, section 18.1)
    matrix = np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    figure, slopes = kappa_slopes(matrix / 100, "unweighted")
    error = math.sqrt(
        np.average((slopes - np.average(slopes, weights=matrix)) ** 2, weights=matrix)
    )
    assert figure == pytest.approx(0.676, abs=5e-4)
    assert error / math.sqrt(100) == pytest.approx(0.088, abs=5e-4)
    assert ev.matrix_kappa(matrix) == pytest.approx(figure)
