"""Agreement with scikit-learn on random inputs: ties, weights, absent classes, subnormal scores."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics

from xent import evaluation as ev
from xent.distributions import Categorical

NAN = float("nan")
# Few distinct values make ties; subnormal and huge ones, and both zeros, make traps.
SCORES = st.sampled_from([0.0, -0.0, 5e-324, 1e-310, 0.1, 0.1 + 2**-55, 0.5, 0.9, -3.0, 1e300])
WEIGHTS = st.sampled_from([0.0, 0.25, 1.0, 1.0, 2.0, 3.5])
CHOICES = [0.0, 1.0, NAN]
N_EXAMPLES = 60


def quietly(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call scikit-learn without the warnings that it gives where xent gives NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **keywords)


def same(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-14)


@st.composite
def binary_cases(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    n = draw(st.integers(1, 30))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    scores = draw(st.lists(SCORES, min_size=n, max_size=n))
    weight = draw(st.none() | st.lists(WEIGHTS, min_size=n, max_size=n))
    assume(weight is None or sum(weight) > 0)
    return np.array(y), np.array(scores), None if weight is None else np.array(weight)


@st.composite
def class_cases(draw: st.DrawFn) -> tuple[Any, Any, Any, int]:
    k, n = draw(st.integers(2, 5)), draw(st.integers(1, 25))
    codes = st.lists(st.integers(0, k - 1), min_size=n, max_size=n)
    weight = draw(st.none() | st.lists(WEIGHTS, min_size=n, max_size=n))
    assume(weight is None or sum(weight) > 0)
    y, labels = np.array(draw(codes)), np.array(draw(codes))
    return y, labels, None if weight is None else np.array(weight), k


@st.composite
def label_cases(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    n_labels, n = draw(st.integers(2, 5)), draw(st.integers(1, 12))
    bits = st.lists(st.integers(0, 1), min_size=n * n_labels, max_size=n * n_labels)
    weight = draw(st.none() | st.lists(WEIGHTS, min_size=n, max_size=n))
    assume(weight is None or sum(weight) > 0)
    y, labels = (np.array(draw(bits)).reshape(n, n_labels) for _ in range(2))
    return y, labels, None if weight is None else np.array(weight)


def kept(weight: Any, *arrays: Any) -> list[Any]:
    """Drop rows of weight 0 for scikit-learn, which counts their classes as present."""
    if weight is None:
        return [*arrays, None]
    return [*(array[weight > 0] for array in arrays), weight[weight > 0]]


@given(binary_cases())
@settings(max_examples=N_EXAMPLES)
def test_rank_figures(case: tuple[Any, Any, Any]) -> None:
    y, scores, weight = case
    ours = ev.roc_auc(y, scores, weight=weight), ev.average_precision(y, scores, weight=weight)
    y, scores, weight = kept(weight, y, scores)
    n_classes = len(np.unique(y))
    if n_classes == 2:
        same(ours[0], metrics.roc_auc_score(y, scores, sample_weight=weight))
    else:
        assert np.isnan(ours[0])
    if y.any():
        same(ours[1], metrics.average_precision_score(y, scores, sample_weight=weight))
    else:
        assert np.isnan(ours[1])  # scikit-learn says 0.0


@given(binary_cases())
@settings(max_examples=N_EXAMPLES)
def test_curves(case: tuple[Any, Any, Any]) -> None:
    y, scores, weight = case
    roc = ev.roc_curve(y, scores, weight=weight)
    pr = ev.pr_curve(y, scores, weight=weight)
    y, scores, weight = kept(weight, y, scores)
    fpr, tpr, thresholds = quietly(
        metrics.roc_curve, y, scores, sample_weight=weight, drop_intermediate=False
    )
    same(roc.fpr, fpr)
    same(roc.tpr, tpr)
    np.testing.assert_array_equal(roc.thresholds, thresholds)
    if y.any():
        precision, recall, steps = metrics.precision_recall_curve(y, scores, sample_weight=weight)
        # Theirs runs upward and ends with the point (0, 1), which has no threshold.
        same(pr.recall, recall[:-1][::-1])
        same(pr.precision, precision[:-1][::-1])
        np.testing.assert_array_equal(pr.thresholds, steps[::-1])


@given(class_cases())
@settings(max_examples=N_EXAMPLES)
def test_binary_decisions(case: tuple[Any, Any, Any, int]) -> None:
    y, labels, weight, _ = case
    y, labels = y % 2, labels % 2
    keys = {"labels": labels, "weight": weight}
    counts = ev.binary_counts(y, **keys)
    sk: dict[str, Any] = {"sample_weight": weight}
    tn, fp, fn, tp = metrics.confusion_matrix(y, labels, labels=[0, 1], **sk).ravel()
    same([counts.tn, counts.fp, counts.fn, counts.tp], [tn, fp, fn, tp])
    same(ev.accuracy(y, **keys), metrics.accuracy_score(y, labels, **sk))
    undefined: dict[str, Any] = {**sk, "zero_division": np.nan}
    same(ev.precision(y, **keys), quietly(metrics.precision_score, y, labels, **undefined))
    same(ev.recall(y, **keys), quietly(metrics.recall_score, y, labels, **undefined))
    same(ev.f1(y, **keys), quietly(metrics.f1_score, y, labels, **undefined))
    same(
        ev.f_beta(y, beta=2.5, **keys),
        quietly(metrics.fbeta_score, y, labels, beta=2.5, **undefined),
    )
    if not np.isnan(ev.mcc(y, **keys)):
        same(ev.mcc(y, **keys), metrics.matthews_corrcoef(y, labels, **sk))
    if not np.isnan(ev.kappa(y, **keys)):
        same(ev.kappa(y, **keys), metrics.cohen_kappa_score(y, labels, **sk))
    if not np.isnan(ev.balanced_accuracy(y, **keys)):
        same(ev.balanced_accuracy(y, **keys), metrics.balanced_accuracy_score(y, labels, **sk))
        ratios = quietly(metrics.class_likelihood_ratios, y, labels, labels=[0, 1], **sk)
        for ours, theirs in zip((ev.lr_positive, ev.lr_negative), ratios, strict=True):
            if np.isfinite(ours(y, **keys)):
                same(ours(y, **keys), theirs)


@given(class_cases(), st.sampled_from(["macro", "micro", "weighted"]), st.sampled_from(CHOICES))
@settings(max_examples=N_EXAMPLES)
def test_multiclass_decisions(
    case: tuple[Any, Any, Any, int], average: str, undefined: float
) -> None:
    y, labels, weight, k = case
    sk: dict[str, Any] = {"labels": range(k), "sample_weight": weight}
    ours = ev.confusion_matrix(y, labels=labels, n_classes=k, weight=weight)
    same(ours, metrics.confusion_matrix(y, labels, **sk))
    pairs = (
        (ev.multiclass_precision, metrics.precision_score),
        (ev.multiclass_recall, metrics.recall_score),
        (ev.multiclass_f1, metrics.f1_score),
    )
    keys: dict[str, Any] = {"average": average, "undefined": undefined, "n_classes": k}
    sk |= {"average": average, "zero_division": undefined}
    for mine, theirs in pairs:
        value = mine(y, labels=labels, weight=weight, **keys)
        if not np.isnan(value):
            same(value, quietly(theirs, y, labels, **sk))
        else:  # nothing is left to average: theirs is 0 where what is left has no rows
            assert np.isnan(undefined)


@given(class_cases(), st.sampled_from(CHOICES))
@settings(max_examples=25)
def test_classification_report(case: tuple[Any, Any, Any, int], undefined: float) -> None:
    y, labels, _, k = case
    names = [f"class {code}" for code in range(k)]
    theirs = quietly(
        metrics.classification_report,
        y,
        labels,
        labels=range(k),
        target_names=names,
        zero_division=undefined,
        digits=3,
    )
    ours = ev.classification_report(y, labels=labels, names=names, undefined=undefined, n_digits=3)
    assert _class_lines(ours) == _class_lines(theirs)


def _class_lines(report: str) -> list[str]:
    # Where a class is absent theirs has "micro avg" for "accuracy", and writes supports as 3.0.
    lines = [line.removesuffix(".0") for line in report.splitlines()]
    return [line for line in lines if "accuracy" not in line and "micro" not in line]


@given(class_cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_class_scores(case: tuple[Any, Any, Any, int], seed: int) -> None:
    y, _, weight, k = case
    z = np.random.default_rng(seed).normal(0, 3, size=(y.size, k))
    p = np.asarray(Categorical(k).mean(z))
    p /= p.sum(axis=1, keepdims=True)
    keys: dict[str, Any] = {"weight": weight}
    sk: dict[str, Any] = {"sample_weight": weight, "labels": range(k)}
    same(ev.multiclass_log_loss(y, logits=z, **keys), metrics.log_loss(y, p, **sk))
    same(ev.multiclass_log_loss(y, probabilities=p, **keys), metrics.log_loss(y, p, **sk))
    if k > 2:
        same(
            ev.multiclass_brier(y, probabilities=p, **keys),
            metrics.brier_score_loss(y, p, scale_by_half=False, **sk),
        )
        for top in range(1, k):
            same(
                ev.top_k_accuracy(y, p, k=top, **keys),
                metrics.top_k_accuracy_score(y, p, k=top, **sk),
            )
    y, p, weight = kept(weight, y, p)
    if len(np.unique(y)) == k and k > 2:
        for average in ("macro", "weighted"):
            same(
                ev.one_vs_rest_auc(y, p, average=average, weight=weight),
                metrics.roc_auc_score(
                    y, p, multi_class="ovr", average=average, sample_weight=weight
                ),
            )
        same(ev.hand_till_auc(y, p), metrics.roc_auc_score(y, p, multi_class="ovo"))


@given(
    label_cases(),
    st.sampled_from(["samples", "micro", "macro", "weighted"]),
    st.sampled_from(CHOICES),
)
@settings(max_examples=N_EXAMPLES)
def test_label_sets(case: tuple[Any, Any, Any], average: str, undefined: float) -> None:
    y, labels, weight = case
    keys: dict[str, Any] = {"labels": labels, "weight": weight}
    sk: dict[str, Any] = {"sample_weight": weight}
    same(ev.exact_match(y, **keys), metrics.accuracy_score(y, labels, **sk))
    same(ev.zero_one_loss(y, **keys), metrics.zero_one_loss(y, labels, **sk))
    same(ev.hamming_loss(y, **keys), metrics.hamming_loss(y, labels, **sk))
    same(ev.multilabel_confusion(y, **keys), metrics.multilabel_confusion_matrix(y, labels, **sk))
    keys |= {"average": average, "undefined": undefined}
    sk |= {"average": average, "zero_division": undefined}
    pairs = [
        (ev.multilabel_precision, metrics.precision_score),
        (ev.multilabel_recall, metrics.recall_score),
        (ev.multilabel_f1, metrics.f1_score),
    ]
    if not np.isnan(undefined):  # their Jaccard knows 0 and 1 only
        pairs.append((ev.multilabel_jaccard, metrics.jaccard_score))
    for mine, theirs in pairs:
        value = mine(y, **keys)
        if not np.isnan(value):
            same(value, quietly(theirs, y, labels, **sk))
        else:  # nothing is left to average: no support, or everything left out
            assert np.isnan(undefined) or average == "weighted"


@given(label_cases(), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=N_EXAMPLES)
def test_label_scores(case: tuple[Any, Any, Any], seed: int, tied: bool) -> None:
    y, _, weight = case
    scores = np.random.default_rng(seed).normal(size=y.shape)
    scores = np.round(scores) if tied else scores
    keys: dict[str, Any] = {"weight": weight}
    sk: dict[str, Any] = {"sample_weight": weight}
    same(
        ev.lrap(y, scores, undefined=1.0, **keys),
        metrics.label_ranking_average_precision_score(y, scores, **sk),
    )
    same(
        ev.ranking_loss(y, scores, undefined=0.0, **keys),
        metrics.label_ranking_loss(y, scores, **sk),
    )
    same(ev.coverage_error(y, scores, **keys), metrics.coverage_error(y, scores, **sk))
    y, scores, weight = kept(weight, y, scores)
    if (y.min(axis=0) < y.max(axis=0)).all():
        for average in ("macro", "weighted"):
            same(
                ev.multilabel_auc(y, scores, average=average, weight=weight),
                metrics.roc_auc_score(y, scores, average=average, sample_weight=weight),
            )


@given(
    st.lists(st.tuples(st.floats(0.01, 50), st.floats(0.01, 50), WEIGHTS), min_size=2, max_size=25)
)
@settings(max_examples=N_EXAMPLES)
def test_regression(rows: list[tuple[float, float, float]]) -> None:
    y, predicted, weight = np.array(rows).T
    assume(weight.sum() > 0)
    pairs: list[tuple[Any, Any]] = [
        (ev.mae, metrics.mean_absolute_error),
        (ev.mse, metrics.mean_squared_error),
        (ev.rmse, metrics.root_mean_squared_error),
        (ev.mape, metrics.mean_absolute_percentage_error),
        (ev.poisson_deviance, metrics.mean_poisson_deviance),
        (ev.gamma_deviance, metrics.mean_gamma_deviance),
    ]
    for given_weight in (None, weight):
        keys: dict[str, Any] = {"predictions": predicted, "weight": given_weight}
        sk: dict[str, Any] = {"sample_weight": given_weight}
        for mine, theirs in pairs:
            same(mine(y, **keys), theirs(y, predicted, **sk))
        same(
            ev.pinball_loss(y, quantile=0.9, **keys),
            metrics.mean_pinball_loss(y, predicted, alpha=0.9, **sk),
        )
        for power in (0, 1.5, 3):
            np.testing.assert_allclose(
                ev.tweedie_deviance(y, power=power, **keys),
                metrics.mean_tweedie_deviance(y, predicted, power=power, **sk),
                rtol=1e-9,
                atol=1e-12,
            )
        present = y if given_weight is None else y[weight > 0]
        if present.min() < present.max():
            np.testing.assert_allclose(
                ev.r2(y, **keys), metrics.r2_score(y, predicted, **sk), rtol=1e-7
            )
        else:
            assert np.isnan(ev.r2(y, **keys))
    same(
        ev.median_absolute_error(y, predictions=predicted),
        metrics.median_absolute_error(y, predicted),
    )


@pytest.mark.parametrize("scale", [0.5, 5.0])
def test_binary_probabilities(scale: float) -> None:
    rng = np.random.default_rng(3)
    z, weight = rng.normal(0, scale, 500), rng.random(500)
    y = rng.random(500) < 0.3
    p = 1 / (1 + np.exp(-z))
    for given_weight in (None, weight):
        keys: dict[str, Any] = {"weight": given_weight}
        sk: dict[str, Any] = {"sample_weight": given_weight}
        same(ev.log_loss(y, logits=z, **keys), metrics.log_loss(y, p, **sk))
        same(ev.log_loss(y, probabilities=p, **keys), metrics.log_loss(y, p, **sk))
        same(ev.brier(y, probabilities=p, **keys), metrics.brier_score_loss(y, p, **sk))
        same(ev.log_loss_skill(y, probabilities=p, **keys), metrics.d2_log_loss_score(y, p, **sk))
        same(ev.brier_skill(y, probabilities=p, **keys), metrics.d2_brier_score(y, p, **sk))


def test_what_scikit_learn_clips_is_not_clipped_here() -> None:
    y, z = np.array([1, 0]), np.array([-800.0, 800.0])
    p = np.array([0.0, 1.0])
    assert ev.log_loss(y, logits=z) == 800.0
    assert ev.log_loss(y, probabilities=p) == np.inf
    assert metrics.log_loss(y, p) == pytest.approx(36.04, abs=0.01)
