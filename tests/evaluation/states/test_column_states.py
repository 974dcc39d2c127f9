"""Several classes and several labels: any split is one pass, and figures are the plain ones."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.states.hostile import damaged

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.states import BinnedState, ConfusionState, MulticlassState, MultilabelState

if TYPE_CHECKING:
    from collections.abc import Callable

K = 3
LOGITS = st.sampled_from([-40.0, -1.5, 0.0, 0.1, 0.1 + 2**-50, 2.0, 900.0])
WEIGHTS = st.sampled_from([0, 1, 2, 5])
ROWS = st.lists(
    st.tuples(st.tuples(*[LOGITS] * K), st.integers(0, K - 1), st.integers(0, 7), WEIGHTS),
    max_size=10,
)
KINDS = ["multiclass", "multiclass p", "multilabel", "multilabel p", "multilabel decided"]
KINDS += ["confusion", "binned"]


def new(kind: str) -> Any:
    if kind.startswith("multiclass"):
        return MulticlassState(K, n_bins=256)
    if kind == "confusion":
        return ConfusionState(K)
    return BinnedState(n_bins=1024) if kind == "binned" else MultilabelState(K, n_bins=256)


def filled(kind: str, rows: Any, weight: Any = None) -> Any:
    z = np.array([row[0] for row in rows], dtype=float).reshape(-1, K)
    codes = np.array([row[1] for row in rows], dtype=int)
    labels = np.array([row[2] for row in rows], dtype=int)[:, None] >> np.arange(K) & 1
    shares = np.exp(z - z.max(axis=1, keepdims=True, initial=-1e9))
    given: dict[str, Any] = {
        "multiclass": lambda: (codes, {"logits": z}),
        "multiclass p": lambda: (codes, {"probabilities": shares / shares.sum(1, keepdims=True)}),
        "multilabel": lambda: (labels, {"logits": z}),
        "multilabel p": lambda: (labels, {"probabilities": shares}),
        "multilabel decided": lambda: (labels, {"labels": z > 0}),
        "confusion": lambda: (codes, {"labels": labels[:, 0] + labels[:, 1]}),
        "binned": lambda: (labels[:, 0], {"logits": z[:, 0]}),
    }[kind]()
    state = new(kind)
    state.update(given[0], weight=weight, **given[1])
    return state


def figures(kind: str, state: Any) -> list[Any]:
    averages = ("macro", "micro", "weighted")
    if kind == "confusion":
        return [state.matrix]
    if kind == "binned":
        return [state.auc, state.average_precision, state.log_loss, state.brier]
    if kind.startswith("multiclass"):
        names = "log_loss brier accuracy balanced_accuracy mcc log_loss_skill brier_skill"
        return [
            *(getattr(state, name) for name in names.split()),
            *(state.top_k_accuracy(k) for k in (1, 2, 3)),
            *(state.kappa(scheme=scheme) for scheme in ev.KAPPA_SCHEMES),
            *(state.one_vs_rest_auc(average=a) for a in ("macro", "weighted")),
            *(state.one_vs_rest_average_precision(average=a) for a in ("macro", "weighted")),
            *(state.f1(average=a, undefined=u) for a in averages for u in (math.nan, 0.5)),
            *(state.precision(average=a) for a in averages),
            *(state.recall(average=a) for a in averages),
            *(state.jaccard(average=a) for a in averages),
        ]
    names = ("log_loss", "exact_match", "zero_one_loss", "hamming_loss")
    of_sets = (state.precision, state.recall, state.f1, state.jaccard)
    return [
        *(getattr(state, name) for name in names),
        *(figure(average=a) for figure in of_sets for a in ("samples", *averages)),
        *(figure(average="samples", undefined=0.25) for figure in of_sets),
        state.auc(),
        state.average_precision(average="weighted"),
    ]


def assert_same(left: list[Any], right: list[Any]) -> None:
    np.testing.assert_equal(
        [vars(x) if hasattr(x, "low") else x for x in left],
        [vars(x) if hasattr(x, "low") else x for x in right],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_any_grouping_is_one_pass(kind: str) -> None:
    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(ROWS, ROWS, ROWS, st.booleans())
    def check(a: Any, b: Any, c: Any, weighted: bool) -> None:
        def weight(rows: Any) -> Any:
            return np.array([row[3] for row in rows]) / 10 if weighted else None

        def parts() -> list[Any]:
            return [filled(kind, rows[::-1], weight(rows[::-1])) for rows in (a, b, c)]

        whole = filled(kind, a + b + c, weight(a + b + c))
        first, second, third = parts()
        merged = first.merge(second).merge(third)
        first, second, third = parts()
        assert merged == whole == third.merge(first.merge(second))
        assert_same(figures(kind, merged), figures(kind, whole))
        text = json.dumps(whole.to_json(), allow_nan=False)
        assert type(whole).from_json(json.loads(text)) == whole

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_is_that_many_rows(kind: str) -> None:
    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(ROWS)
    def check(rows: Any) -> None:
        weighted = filled(kind, rows, [row[3] for row in rows])
        plain = filled(kind, [row for row in rows for _ in range(row[3])])
        assert_same(figures(kind, weighted), figures(kind, plain))

    check()


def rows_of(weighted: bool) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, (700, 4)).round(2)
    return z, np.exp(z) / np.exp(z).sum(1, keepdims=True), rng.random(700) if weighted else None


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("declared", ["logits", "probabilities"])
def test_figures_of_classes_are_the_plain_ones(weighted: bool, declared: str) -> None:
    z, p, w = rows_of(weighted)
    y = (p.cumsum(axis=1) > np.random.default_rng(1).random((700, 1))).argmax(axis=1)
    given: Any = {declared: z if declared == "logits" else p}
    state = MulticlassState(4)
    for rows in np.array_split(np.arange(700), 5):
        part = {name: values[rows] for name, values in given.items()}
        state.update(y[rows], weight=None if w is None else w[rows], **part)
    labels = p.argmax(axis=1)
    pairs = [
        (state.log_loss, ev.multiclass_log_loss(y, weight=w, **given)),
        (state.brier, ev.multiclass_brier(y, probabilities=p, weight=w)),
        (state.log_loss_skill, ev.multiclass_log_loss_skill(y, weight=w, **given)),
        (state.brier_skill, ev.multiclass_brier_skill(y, probabilities=p, weight=w)),
        (state.accuracy, ev.accuracy(y, labels=labels, weight=w)),
        (state.mcc, ev.multiclass_mcc(y, labels=labels, weight=w)),
        (
            state.balanced_accuracy,
            ev.multiclass_balanced_accuracy(y, labels=labels, weight=w),
        ),
        (
            state.kappa(scheme="linear"),
            ev.multiclass_kappa(y, labels=labels, scheme="linear", weight=w),
        ),
        *(
            (state.top_k_accuracy(k), ev.top_k_accuracy(y, given[declared], k=k, weight=w))
            for k in (1, 2, 3, 4)
        ),
        *(
            (of_state(average=a), plain(y, labels=labels, average=a, weight=w))
            for of_state, plain in (
                (state.precision, ev.multiclass_precision),
                (state.recall, ev.multiclass_recall),
                (state.f1, ev.multiclass_f1),
                (state.jaccard, ev.multiclass_jaccard),
            )
            for a in ("macro", "micro", "weighted")
        ),
    ]
    for got, expected in pairs:
        assert got == pytest.approx(expected, rel=1e-12)
    for average in ("macro", "weighted"):
        exact = ev.one_vs_rest_auc(y, p, average=average, weight=w)
        bracket = state.one_vs_rest_auc(average=average)
        assert bracket.low <= exact <= bracket.high
        assert bracket.error_bound < 0.002
        exact = ev.one_vs_rest_average_precision(y, p, average=average, weight=w)
        bracket = state.one_vs_rest_average_precision(average=average)
        assert bracket.low <= exact <= bracket.high


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("declared", ["logits", "probabilities", "labels"])
def test_figures_of_labels_are_the_plain_ones(weighted: bool, declared: str) -> None:
    z, _, w = rows_of(weighted)
    p = 1 / (1 + np.exp(-z))
    y = np.random.default_rng(1).random((700, 4)) < p
    given: Any = {declared: {"logits": z, "probabilities": p, "labels": z >= 0}[declared]}
    state = MultilabelState(4)
    for rows in np.array_split(np.arange(700), 5):
        part = {name: values[rows] for name, values in given.items()}
        state.update(y[rows], weight=None if w is None else w[rows], **part)
    decided: dict[str, Any] = {"labels": z >= 0, "weight": w}
    of_sets: list[tuple[Callable[..., float], Callable[..., float]]] = [
        (state.precision, ev.multilabel_precision),
        (state.recall, ev.multilabel_recall),
        (state.f1, ev.multilabel_f1),
        (state.jaccard, ev.multilabel_jaccard),
    ]
    pairs = [
        (state.exact_match, ev.exact_match(y, **decided)),
        (state.zero_one_loss, ev.zero_one_loss(y, **decided)),
        (state.hamming_loss, ev.hamming_loss(y, **decided)),
        *(
            (of_state(average=a, undefined=u), plain(y, average=a, undefined=u, **decided))
            for of_state, plain in of_sets
            for a in ("samples", "macro", "micro", "weighted")
            for u in (math.nan, 0.0, 1.0)
        ),
    ]
    for got, expected in pairs:
        assert got == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(state.multilabel_confusion, ev.multilabel_confusion(y, **decided))
    np.testing.assert_allclose(state.label_counts.recall, ev.label_counts(y, **decided).recall)
    if declared == "labels":
        assert math.isnan(state.log_loss)
        assert math.isnan(state.auc().middle)
        return
    assert state.log_loss == pytest.approx(ev.multilabel_log_loss(y, weight=w, **given), rel=1e-12)
    exact = ev.multilabel_auc(y, given[declared], average="macro", weight=w)
    assert state.auc().low <= exact <= state.auc().high


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_state_has_no_figure(kind: str) -> None:
    state = filled(kind, [])
    assert state == new(kind)
    assert state != 3
    if kind != "confusion":
        for value in figures(kind, state):
            assert math.isnan(value.middle if hasattr(value, "middle") else value)


def test_mistakes_are_named_and_leave_the_batch_out() -> None:
    classes, labels = MulticlassState(3), MultilabelState(2)
    mistakes: list[tuple[Callable[[], Any], str]] = [
        (lambda: MulticlassState(1), "n_classes must lie"),
        (lambda: MultilabelState(0), "n_labels must lie"),
        (lambda: MulticlassState(3, n_bins=1000), "n_bins must be a power of two"),
        (lambda: MulticlassState(2000, n_bins=1 << 14), "n_bins must be at most"),
        (lambda: classes.update([0], probabilities=[[0.5, 0.5]]), "must have 3 columns"),
        (lambda: classes.update([0], probabilities=[[0.5, 0.6, 0.5]]), "must sum to 1"),
        (lambda: classes.update([0], logits=[[0, math.nan, 0]]), "must not hold NaN"),
        (lambda: classes.update([0]), "exactly one of probabilities, logits"),
        (lambda: labels.update([[0, 1, 1]], logits=[[0, 1, 1]]), "y must have 2 columns"),
        (lambda: labels.update([[0, 1]], probabilities=[[0, 1.5]]), r"\[0, 1\]"),
        (lambda: labels.update([[0, 1]], labels=[[0, 2]]), "0 and 1 only"),
        (lambda: classes.top_k_accuracy(4), "k must lie in 1..3"),
        (lambda: classes.f1(average="makro"), "Did you mean 'macro'"),
        (lambda: classes.merge(MulticlassState(4)), "n_classes must be the same"),
        (lambda: labels.merge(MultilabelState(2, n_bins=256)), "n_bins must be the same"),
    ]
    for mistake, message in mistakes:
        with pytest.raises(XentError, match=message):
            mistake()
    assert classes == MulticlassState(3)
    assert labels == MultilabelState(2)
    other = MulticlassState(3)
    other.update([0], logits=[[1.0, 0.0, 0.0]])
    classes.update([0], probabilities=[[1.0, 0.0, 0.0]])
    with pytest.raises(XentError, match="must give probabilities="):
        classes.merge(other)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_json_is_refused(kind: str, weighted: bool) -> None:
    rows = [((0.5, -1.0, 2.0), 1, 3, 2), ((0.0, 0.0, 0.1), 0, 4, 1), ((3.0, 2.0, 0.0), 2, 0, 7)]
    state = filled(kind, rows, [row[3] for row in rows] if weighted else None)
    cls = type(state)
    n_refused = 0
    for fault, document in damaged(json.loads(json.dumps(state.to_json()))):
        try:
            read = cls.from_json(document)
        except XentError:
            n_refused += 1
        else:
            # What was changed may by chance make sense: then it is a state like any other.
            assert cls.from_json(read.to_json()) == read, fault
            assert "huge" not in fault
            assert "version" not in fault
            assert "'state'" not in fault
            assert not ("n_rows" in fault and kind != "confusion"), fault
    assert n_refused > 150


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_parts_of_other_sizes_are_refused(kind: str) -> None:
    rows = [((0.5, -1.0, 2.0), 1, 3, 2)]
    document = filled(kind, rows).to_json()
    larger = MulticlassState(4, n_bins=256) if kind == "multiclass" else MultilabelState(4)
    names = ("matrix", "ranks") if kind == "multiclass" else ("outcomes",)
    for name in (*names, "columns"):
        with pytest.raises(XentError):
            type(larger).from_json({**document, name: larger.to_json()[name]})
    if kind == "multilabel":
        sums = document["rows"]["sums"]
        twice = filled(kind, rows * 2).to_json()["rows"]["sums"]
        for name in ("exact_match", "wrong_labels"):
            more = {**sums, name: {**twice["precision_defined"], "units": hex(1 << 1080)}}
            with pytest.raises(XentError, match="must not exceed 1"):
                MultilabelState.from_json({**document, "rows": {**document["rows"], "sums": more}})
    assert filled(kind, rows)._columns != 3


def test_a_confusion_of_another_size_is_refused() -> None:
    state = ConfusionState(2)
    state.update([0, 1], labels=[1, 1])
    assert state != 3
    with pytest.raises(XentError, match="n_classes squared"):
        ConfusionState.from_json({**state.to_json(), "n_classes": 3})
    with pytest.raises(XentError, match=r"n_classes must lie in 2\.\.2000"):
        ConfusionState(2001)


def test_numbers_in_hexadecimal_are_checked() -> None:
    from xent.evaluation.states.documents import number

    for wrong in ("0x1.0p+9999", "0x1.0p+1024", "1.0", "0x1.0", None, " 0x1.0p+0"):
        with pytest.raises(XentError, match="n must be a"):
            number({"n": wrong}, "n")
    assert number({"n": "-inf"}, "n") == -math.inf


def test_sums_compare_by_value() -> None:
    from xent.evaluation.states.weighted_sums import WeightedSums

    assert WeightedSums(["a"]) == WeightedSums(["a"])
    assert WeightedSums(["a"]) != 3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "confusion"])
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_of_other_rows_are_refused(kind: str, weighted: bool) -> None:
    rows = [((0.5, -1.0, 2.0), 1, 3, 2), ((0.0, 0.0, 0.1), 0, 4, 1)]
    state = filled(kind, rows, [row[3] for row in rows] if weighted else None)
    n_counts = 0
    for name, part in state.to_json().items():
        if not (isinstance(part, dict) and part.get("levels")):
            continue
        document = json.loads(json.dumps(state.to_json()))
        document[name]["levels"]["0"]["digits"][0] += 1
        with pytest.raises(XentError, match="of the same rows"):
            type(state).from_json(document)
        n_counts += 1
    assert n_counts > 0
