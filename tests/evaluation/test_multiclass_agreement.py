"""Agreement among K classes: from labels and from a matrix, against brute force, and invariances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError

K = 4
AGREEMENT = {
    "mcc": ev.multiclass_mcc,
    "kappa": ev.multiclass_kappa,
    "balanced_accuracy": ev.multiclass_balanced_accuracy,
    "jaccard": ev.multiclass_jaccard,
    "f_beta": lambda y, **keys: ev.multiclass_f_beta(y, beta=0.7, **keys),
}
ORDERED = {
    f"kappa_{scheme}": lambda y, scheme=scheme, **keys: ev.multiclass_kappa(
        y, scheme=scheme, **keys
    )
    for scheme in ("linear", "quadratic")
}
FIGURES: dict[str, Any] = {**AGREEMENT, **ORDERED}

decisions = st.lists(
    st.tuples(st.integers(0, K - 1), st.integers(0, K - 1), st.integers(0, 3)),
    min_size=1,
    max_size=30,
).filter(lambda rows: any(times for *_, times in rows))


def columns(rows: list[tuple[int, int, int]]) -> Any:
    return (np.array(column) for column in zip(*rows, strict=True))


def by_columns(y: Any, labels: Any) -> float:
    """Gorodkin's R_K as it is defined: the correlation of two matrices of 0/1 columns."""
    classes = np.arange(max(y.max(), labels.max()) + 1)
    truth, decided = (codes[:, None] == classes for codes in (y, labels))

    def covariance(a: Any, b: Any) -> float:
        return float(((a - a.mean(axis=0)) * (b - b.mean(axis=0))).sum())

    return covariance(truth, decided) / math.sqrt(
        covariance(truth, truth) * covariance(decided, decided)
    )


def by_pairs(y: Any, labels: Any, power: int) -> float:
    """Kappa as it is defined: cost of the rows over the cost of all pairs of truth and decision."""
    apart = np.abs(y[:, None] - labels).astype(float)
    cost = (apart > 0).astype(float) if power == 0 else apart**power
    return 1 - float(np.diagonal(cost).mean() / cost.mean())


@given(decisions)
@settings(derandomize=True, deadline=None)
def test_mcc_and_kappa_are_what_their_definitions_say(rows: list[tuple[int, int, int]]) -> None:
    y, labels, _ = columns(rows)
    mcc = ev.multiclass_mcc(y, labels=labels)
    if len(set(y)) == 1 or len(set(labels)) == 1:
        assert math.isnan(mcc)
    else:
        assert mcc == pytest.approx(by_columns(y, labels), abs=1e-12)
    for power, scheme in enumerate(ev.KAPPA_SCHEMES):
        kappa = ev.multiclass_kappa(y, labels=labels, scheme=scheme)
        if len({*y, *labels}) == 1:
            assert math.isnan(kappa)
        else:
            assert kappa == pytest.approx(by_pairs(y, labels, power), abs=1e-12)
            assert -1 <= kappa <= 1


@pytest.mark.parametrize("name", FIGURES)
@given(rows=decisions, seed=st.integers(0, 99))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_weights_are_repetitions_and_order_does_not_matter(
    name: str, rows: list[tuple[int, int, int]], seed: int
) -> None:
    figure = FIGURES[name]
    y, labels, times = columns(rows)
    weighted = figure(y, labels=labels, weight=times)
    order = np.random.default_rng(seed).permutation(times.sum())
    long_y, long_labels = np.repeat(y, times)[order], np.repeat(labels, times)[order]
    np.testing.assert_allclose(weighted, figure(long_y, labels=long_labels), atol=1e-12)


@pytest.mark.parametrize("name", AGREEMENT)
@given(rows=decisions, names=st.permutations(range(K)))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_classes_may_change_their_names(
    name: str, rows: list[tuple[int, int, int]], names: list[int]
) -> None:
    figure = FIGURES[name]
    y, labels, _ = columns(rows)
    renamed = figure(np.array(names)[y], labels=np.array(names)[labels])
    np.testing.assert_allclose(renamed, figure(y, labels=labels), atol=1e-12)


@pytest.mark.parametrize("scheme", ["linear", "quadratic"])
def test_ordered_kappa_knows_the_order(scheme: str) -> None:
    y, near, far = [0, 1, 2, 0, 1, 2], [0, 1, 1, 0, 1, 2], [0, 1, 0, 0, 1, 2]
    close, distant = (ev.multiclass_kappa(y, labels=d, scheme=scheme) for d in (near, far))
    assert close > distant
    turned = [2 - np.array(codes) for codes in (y, near)]
    assert ev.multiclass_kappa(turned[0], labels=turned[1], scheme=scheme) == pytest.approx(close)


def test_two_classes_are_the_binary_figures() -> None:
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 200)
    labels = np.where(generator.random(200) < 0.8, y, 1 - y)
    assert ev.multiclass_mcc(y, labels=labels) == pytest.approx(ev.mcc(y, labels=labels))
    for scheme in ev.KAPPA_SCHEMES:
        kappa = ev.multiclass_kappa(y, labels=labels, scheme=scheme)
        assert kappa == pytest.approx(ev.kappa(y, labels=labels))
    both = ev.multiclass_balanced_accuracy(y, labels=labels)
    assert both == pytest.approx(ev.balanced_accuracy(y, labels=labels))


def test_f_beta_is_f1_at_one_and_lies_between_precision_and_recall() -> None:
    y, labels = np.random.default_rng(1).integers(0, K, (2, 100))
    for average in ("macro", "micro", "weighted"):
        keys: dict[str, Any] = {"labels": labels, "average": average}
        assert ev.multiclass_f_beta(y, beta=1, **keys) == ev.multiclass_f1(y, **keys)
        assert ev.multiclass_f_beta(y, beta=1e-9, **keys) == pytest.approx(
            ev.multiclass_precision(y, **keys)
        )
        assert ev.multiclass_f_beta(y, beta=1e9, **keys) == pytest.approx(
            ev.multiclass_recall(y, **keys)
        )


def test_absent_classes_are_left_out_or_counted_as_declared() -> None:
    y, labels = [0, 0, 1, 1], [0, 1, 1, 1]
    for figure in (ev.multiclass_jaccard, AGREEMENT["f_beta"]):
        two = figure(y, labels=labels)
        assert figure(y, labels=labels, n_classes=4) == two
        assert figure(y, labels=labels, n_classes=4, undefined=0.0) == pytest.approx(two / 2)
    # a class that never occurs has no recall, however often it is predicted
    assert ev.multiclass_balanced_accuracy([0, 0], labels=[0, 3]) == 0.5


def test_one_class_has_no_correlation_even_where_all_is_right() -> None:
    assert math.isnan(ev.multiclass_mcc([1, 1], labels=[1, 1]))
    assert math.isnan(ev.multiclass_mcc([1, 2], labels=[1, 1]))
    assert math.isnan(ev.multiclass_kappa([1, 1], labels=[1, 1]))
    assert ev.multiclass_kappa([1, 1], labels=[2, 2]) == 0.0
    assert ev.multiclass_mcc([0, 1, 2], labels=[0, 1, 2]) == pytest.approx(1.0)


def test_a_matrix_says_what_its_labels_say() -> None:
    y, labels = np.random.default_rng(2).integers(0, K, (2, 60))
    matrix = ev.confusion_matrix(y, labels=labels)
    assert ev.matrix_mcc(matrix) == ev.multiclass_mcc(y, labels=labels)
    assert ev.matrix_kappa(matrix) == ev.multiclass_kappa(y, labels=labels)
    assert ev.matrix_balanced_accuracy(matrix) == ev.multiclass_recall(y, labels=labels)
    assert ev.matrix_jaccard(matrix) == ev.multiclass_jaccard(y, labels=labels)
    state = ev.ConfusionState(K)
    state.update(y[:20], labels=labels[:20])
    state.update(y[20:], labels=labels[20:])
    assert ev.matrix_mcc(state.matrix) == ev.matrix_mcc(matrix)


def test_counts_of_billions_do_not_overflow_and_rare_classes_do_not_cancel() -> None:
    huge = np.array([[3, 1], [1, 5]]) * 10**12
    assert ev.matrix_mcc(huge) == pytest.approx(ev.matrix_mcc([[3, 1], [1, 5]]))
    # all but a trillionth in one cell: to first order the correlation is 1/sqrt(2 * 1)
    rare = np.array([[1e12, 1.0], [0.0, 1.0]])
    assert ev.matrix_mcc(rare) == pytest.approx(math.sqrt(0.5), rel=1e-11)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2]], r"shape \(K, K\), got \(1, 2\)"),
        ([[1, 2], [3]], "rows of unequal length"),
        ([], r"shape \(K, K\), got \(0,\)"),
        ([["a"]], "counts or sums of weights"),
        ([[1, -1], [0, 1]], "not negative"),
        ([[1.0, math.nan], [0, 1]], "finite"),
        ([[0, 0], [0, 0]], "not all zero"),
    ],
)
def test_what_is_no_matrix_of_counts_is_refused(matrix: Any, message: str) -> None:
    with pytest.raises(XentError, match=message):
        ev.matrix_mcc(matrix)


def test_unknown_choices_are_refused() -> None:
    with pytest.raises(XentError, match="Did you mean 'quadratic'"):
        ev.multiclass_kappa([0, 1], labels=[0, 1], scheme="quadratics")
    with pytest.raises(XentError, match="Did you mean 'macro'"):
        ev.multiclass_jaccard([0, 1], labels=[0, 1], average="macros")
    for beta in (0.0, math.inf, math.nan):
        with pytest.raises(XentError, match="beta must be positive"):
            ev.multiclass_f_beta([0, 1], labels=[0, 1], beta=beta)
