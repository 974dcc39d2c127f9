"""Decisions and scores among K classes: absent classes, ties, pairs of classes."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.multiclass_ranking import class_log_odds

NAN = float("nan")
FIGURES = [ev.multiclass_precision, ev.multiclass_recall, ev.multiclass_f1]


def test_absent_classes_are_left_out_or_counted_as_declared() -> None:
    # torchmetrics#1664: macro F1 falls as the number of classes grows, where absent ones count 0.
    y, labels = [0, 0, 1, 1], [0, 1, 1, 1]
    for figure in FIGURES:
        two = figure(y, labels=labels)
        assert figure(y, labels=labels, n_classes=4) == two
        assert figure(y, labels=labels, n_classes=4, undefined=0.0) == pytest.approx(two / 2)
        assert figure(y, labels=labels, n_classes=4, undefined=1.0) == pytest.approx(two / 2 + 0.5)
    # A class that is predicted without occurring has a precision (0) and no recall.
    assert ev.multiclass_precision([0, 0], labels=[0, 1]) == 0.5
    assert ev.multiclass_recall([0, 0], labels=[0, 1]) == 0.5


def test_nothing_left_to_average() -> None:
    # The one class that is present is never predicted, and weighs everything.
    value = ev.multiclass_precision([0], labels=[1], average="weighted")
    assert math.isnan(value)
    assert ev.multiclass_precision([0], labels=[1], average="weighted", undefined=0.0) == 0.0


@pytest.mark.parametrize("figure", FIGURES)
def test_an_unknown_average_is_refused(figure: Any) -> None:
    with pytest.raises(XentError, match=r"average must be one of .* Did you mean 'macro'"):
        figure([0, 1], labels=[0, 1], average="macr")


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25
    )
)
def test_weights_are_repetitions(rows: list[tuple[int, int, int]]) -> None:
    y, labels, times = (np.array(column) for column in zip(*rows, strict=True))
    if not times.any():
        return
    long_y, long_labels = np.repeat(y, times), np.repeat(labels, times)
    weighted = ev.confusion_matrix(y, labels=labels, n_classes=4, weight=times)
    repeated = ev.confusion_matrix(long_y, labels=long_labels, n_classes=4)
    assert (weighted.dtype, repeated.dtype) == (np.float64, np.int64)
    np.testing.assert_array_equal(weighted, repeated)
    for figure in FIGURES:
        for average in ("macro", "micro", "weighted"):
            np.testing.assert_allclose(
                figure(y, labels=labels, average=average, weight=times),
                figure(long_y, labels=long_labels, average=average),
            )


@pytest.mark.parametrize("weight", [None, np.arange(60) % 7 / 3 + 1e-3])
def test_each_class_against_the_rest_is_a_binary_decision(weight: Any) -> None:
    y, labels = np.random.default_rng(2).integers(0, 5, (2, 60))
    counts = ev.class_counts(y, labels=labels, n_classes=6, weight=weight)
    for k in range(6):
        binary = ev.binary_counts(y == k, labels=labels == k, weight=weight)
        ours = [cells[k] for cells in (counts.tp, counts.fn, counts.fp, counts.tn)]
        expected = [binary.tp, binary.fn, binary.fp, binary.tn]
        np.testing.assert_allclose(ours, expected, rtol=0 if weight is None else 1e-14)
    assert counts.tn.dtype == (np.int64 if weight is None else np.float64)


def test_micro_average_is_the_accuracy() -> None:
    rng = np.random.default_rng(1)
    y, labels = rng.integers(0, 4, (2, 100))
    for figure in FIGURES:
        micro = figure(y, labels=labels, average="micro")
        assert micro == pytest.approx(ev.accuracy(y, labels=labels))


def test_report_with_undefined_figures_and_weights() -> None:
    report = ev.classification_report([0, 0], labels=[0, 0], names=["yes", "never"])
    assert report.splitlines()[3].split() == ["never", "nan", "nan", "nan", "0"]
    shown = ev.classification_report([0, 0], labels=[0, 0], names=["a", "b"], undefined=0.0)
    assert shown.splitlines()[3].split() == ["b", "0.00", "0.00", "0.00", "0"]
    weighted = ev.classification_report([0, 1], labels=[0, 1], weight=[0.5, 2.25])
    assert weighted.splitlines()[-1].split()[-1] == "2.75"
    with pytest.raises(XentError, match=r"class codes 0\.\.0"):
        ev.classification_report([0, 1], labels=[0, 1], names=["only"])


def test_top_k_ties_do_not_depend_on_the_label() -> None:
    # scikit-learn gives 0.25 or 0.75 here, by label.
    flat = np.zeros((1, 4))
    for label in range(4):
        assert [ev.top_k_accuracy([label], flat, k=k) for k in (1, 2, 3, 4)] == [
            *(0.25, 0.5, 0.75, 1.0),
        ]
    assert ev.top_k_accuracy([1], [[3, 2, 2, 1]], k=2) == 0.5
    assert ev.top_k_accuracy([0], [[3, 2, 2, 1]], k=1) == 1.0
    assert ev.top_k_accuracy([3], [[3, 2, 2, 1]], k=3) == 0.0
    for k in (0, 5):
        with pytest.raises(XentError, match=r"k must lie in 1\.\.4"):
            ev.top_k_accuracy([0], flat, k=k)


@given(st.integers(0, 10**6))
def test_top_k_is_the_mean_over_orders_of_the_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, y = rng.integers(0, 3, (5, 4)), rng.integers(0, 4, 5)
    hits = []
    for order in permutations(range(4)):
        places = np.argsort(-scores[:, order], axis=1, kind="stable")[:, :2]
        hits.append((np.array(order)[places] == y[:, None]).any(axis=1).mean())
    assert ev.top_k_accuracy(y, scores, k=2) == pytest.approx(np.mean(hits))


def test_areas_leave_absent_classes_out() -> None:
    rng = np.random.default_rng(2)
    y, scores = rng.integers(0, 3, 60), rng.random((60, 4))
    assert ev.one_vs_rest_auc(y, scores) == pytest.approx(
        np.mean([ev.roc_auc(y == k, scores[:, k]) for k in range(3)])
    )
    assert ev.hand_till_auc(y, scores) == ev.hand_till_auc(y, scores[:, :3])
    for figure in (ev.one_vs_rest_auc, ev.hand_till_auc):
        assert math.isnan(figure([1, 1], rng.random((2, 3))))
    with pytest.raises(XentError, match="average must be one of macro, weighted"):
        ev.one_vs_rest_auc(y, scores, average="micro")


def test_hand_till_does_not_depend_on_prevalence() -> None:
    rng = np.random.default_rng(3)
    y, scores = rng.integers(0, 3, 50), rng.random((50, 3))
    weight = np.array([1.0, 7.0, 0.5])[y]
    assert ev.hand_till_auc(y, scores, weight=weight) == pytest.approx(
        ev.hand_till_auc(y, scores), abs=1e-14
    )
    assert ev.one_vs_rest_auc(y, scores, weight=weight) != ev.one_vs_rest_auc(y, scores)


@given(
    st.lists(
        st.one_of(st.floats(-50, 50), st.floats(-1e4, 1e4), st.sampled_from([0.0, 1.0])),
        min_size=2,
        max_size=6,
    )
)
def test_log_odds_of_classes_are_exact(z: list[float]) -> None:
    odds = class_log_odds(np.array([z]))[0]
    with mpmath.workdps(60):
        for k, value in enumerate(z):
            others = mpmath.fsum(mpmath.exp(v) for j, v in enumerate(z) if j != k)
            exact = float(value - mpmath.log(others))
            scale = max(1.0, *map(abs, z))
            assert odds[k] == pytest.approx(exact, rel=1e-13, abs=1e-15 * scale * 4)


def test_log_odds_order_what_probabilities_tie() -> None:
    z = np.array([[50.0, 0.0, 0.0], [60.0, 0.0, 0.0], [45.0, 0.0, 0.0]])
    assert np.argsort(class_log_odds(z)[:, 0]).tolist() == [2, 0, 1]
    infinite = class_log_odds(np.array([[0.0, -np.inf], [-np.inf, 0.0], [np.inf, 0.0]]))
    assert np.isfinite(infinite).all()
    assert infinite[2, 0] > infinite[1, 0]
    assert infinite[0, 0] > infinite[1, 0]
