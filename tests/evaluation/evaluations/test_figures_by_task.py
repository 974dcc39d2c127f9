"""What each task's evaluation holds beyond the common figures: values, intervals, reasons."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation import evaluate
from xent.evaluation.evaluations.rows import IntervalSettings, labelled_rows
from xent.evaluation.evaluations.skill_estimates import skill_estimate

K = 4
ORDERED = (
    "ranked_probability_score",
    "ranked_probability_skill",
    "linear_kappa",
    "quadratic_kappa",
)


def classes(seed: int = 0, n: int = 200) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    y = generator.integers(0, K, n)
    z = generator.normal(size=(n, K))
    z[np.arange(n), y] += 1.5
    return y, z


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def label_sets(seed: int = 0, n: int = 120) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    y = generator.random((n, 3)) < 0.4
    return y, generator.normal(size=(n, 3)) + 1.5 * y - 0.75


def numbers(seed: int = 0, n: int = 120) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    y = generator.gamma(3.0, size=n)
    return y, y * generator.lognormal(0.0, 0.3, n)


@pytest.mark.parametrize("weighted", [False, True])
def test_class_figures_are_those_of_the_plain_functions(weighted: bool) -> None:
    y, z = classes()
    p, labels = softmax(z), z.argmax(axis=1)
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    e: Any = evaluate(y, logits=z, weight=weight, n_bootstrap=0)
    decided: dict[str, Any] = {"labels": labels, "weight": weight}
    said: dict[str, Any] = {"probabilities": p, "weight": weight}
    expected = {
        "mcc": ev.multiclass_mcc(y, **decided),
        "kappa": ev.multiclass_kappa(y, **decided),
        "balanced_accuracy": ev.multiclass_balanced_accuracy(y, **decided),
        "macro_jaccard": ev.multiclass_jaccard(y, **decided),
        "log_loss_skill": ev.multiclass_log_loss_skill(y, **said),
        "brier_skill": ev.multiclass_brier_skill(y, **said),
        "macro_average_precision": ev.one_vs_rest_average_precision(y, p, weight=weight),
    }
    for name, value in expected.items():
        assert e[name].value == pytest.approx(value, rel=1e-9), name
    in_order = {
        "ranked_probability_score": ev.ranked_probability_score(y, **said),
        "ranked_probability_skill": ev.ranked_probability_skill(y, **said),
        "linear_kappa": ev.multiclass_kappa(y, scheme="linear", **decided),
        "quadratic_kappa": ev.multiclass_kappa(y, scheme="quadratic", **decided),
    }
    assert list(e.ordered) == list(ORDERED)
    for name, value in in_order.items():
        assert e.ordered[name].value == pytest.approx(value, rel=1e-9), name
        assert e.ordered[name].low < e.ordered[name].value < e.ordered[name].high
        assert name not in e.figures


@pytest.mark.parametrize("declared", ["labels", "scores"])
def test_what_labels_and_scores_cannot_say(declared: str) -> None:
    y, z = classes()
    e: Any = evaluate(y, **{declared: z.argmax(axis=1) if declared == "labels" else z})
    for name in ("log_loss", "log_loss_skill", "brier_skill"):
        assert e[name].why == f"{declared} say no probability"
    assert e.ordered["ranked_probability_skill"].why == f"{declared} say no probability"
    assert e.ordered["quadratic_kappa"].is_defined
    ranked = ("macro_average_precision", "macro_auc", "hand_till_auc")
    assert [e[name].is_defined for name in ranked] == [declared == "scores"] * 3
    if declared == "labels":
        assert e.top_k_accuracy(2).why == "labels have no order to rank by"


def test_one_class_only_is_undefined_with_a_reason() -> None:
    e: Any = evaluate([1, 1, 1], probabilities=[[0.2, 0.7, 0.1]] * 3, n_bootstrap=50)
    assert "one class only" in e.mcc.why
    assert "one and the same class" in e.kappa.why
    assert "a constant is never wrong" in e.log_loss_skill.why
    assert not e.macro_auc.is_defined
    assert e.macro_average_precision.value == 1.0
    assert e.balanced_accuracy.value == 1.0
    assert 0 < e.balanced_accuracy.low < 1
    clustered: Any = evaluate(
        [1, 1, 1], probabilities=[[0.2, 0.7, 0.1]] * 3, cluster=[0, 0, 1], n_bootstrap=50
    )
    assert "one class only" in clustered.mcc.why


@pytest.mark.parametrize("name", ["mcc", "kappa", "balanced_accuracy", "log_loss_skill"])
def test_copies_in_clusters_widen_to_the_interval_without_them(name: str) -> None:
    y, z = classes(n=150)
    alone = evaluate(y, logits=z)[name]
    four: dict[str, Any] = {"logits": np.repeat(z, 4, axis=0)}
    copies = evaluate(np.repeat(y, 4), **four)[name]
    clustered = evaluate(np.repeat(y, 4), cluster=np.repeat(np.arange(150), 4), **four)[name]
    assert copies.width == pytest.approx(alone.width / 2, rel=0.15)
    assert clustered.width == pytest.approx(alone.width, rel=0.15)
    assert clustered.low < clustered.value < clustered.high
    assert "cluster" in clustered.method or "bootstrap" in clustered.method


def test_average_precision_of_clusters_and_of_separated_classes() -> None:
    y, z = classes(n=150)
    alone: Any = evaluate(y, logits=z)
    clustered: Any = evaluate(
        np.repeat(y, 4), logits=np.repeat(z, 4, axis=0), cluster=np.repeat(np.arange(150), 4)
    )
    assert clustered.macro_average_precision.method == "logit scale (macro, clusters)"
    assert clustered.macro_average_precision.width == pytest.approx(
        alone.macro_average_precision.width, rel=0.1
    )
    sure: Any = evaluate(y, probabilities=np.eye(K)[y])
    perfect = sure.macro_average_precision
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert 0.8 < perfect.low < 1
    assert "no variance is seen" in perfect.why


def test_intervals_of_a_perfect_and_of_a_useless_decision_have_a_width() -> None:
    y = np.repeat(np.arange(3), 20)
    right, turned = evaluate(y, labels=y), evaluate(y, labels=(y + 1) % 3)
    for name in ("mcc", "kappa", "balanced_accuracy"):
        assert right[name].value == pytest.approx(1.0)
        assert 0.7 < right[name].low < 1
        assert turned[name].low <= turned[name].value < turned[name].high
    assert turned["mcc"].low >= -1
    assert turned["balanced_accuracy"].low == 0.0


def test_skill_intervals_cover_and_stay_below_one() -> None:
    generator = np.random.default_rng(0)

    def draw(n: int) -> tuple[Any, Any]:
        y = generator.integers(0, 3, n)
        z = generator.normal(size=(n, 3))
        z[np.arange(n), y] += 2
        return y, 1.5 * z

    y, z = draw(200_000)
    truth = ev.multiclass_log_loss_skill(y, logits=z)
    held = 0
    for _ in range(200):
        y, z = draw(60)
        skill = evaluate(y, logits=z)["log_loss_skill"]
        assert skill.high <= 1
        held += skill.low <= truth <= skill.high
    assert 0.9 <= held / 200 <= 0.99


def test_skill_without_an_interval_says_why() -> None:
    certain = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    lost: Any = evaluate([0, 1, 2], probabilities=certain)
    assert lost.log_loss_skill.value == -math.inf
    assert "impossible happened" in lost.log_loss_skill.why
    perfect: Any = evaluate([0, 1, 2], probabilities=np.eye(3))
    assert (perfect.brier_skill.low, perfect.brier_skill.high) == (1.0, 1.0)
    assert "same skill" in perfect.brier_skill.why
    row = skill_estimate(np.array([0.1]), np.array([0.4]), None, None, IntervalSettings(), "")
    assert (row.value, row.why) == (0.75, "one row has no spread")
    one: Any = evaluate([2.0], predictions=[1.0])
    assert one.d2_absolute_error.why == "y is constant"


@pytest.mark.parametrize("weighted", [False, True])
def test_number_figures_are_those_of_the_plain_functions(weighted: bool) -> None:
    y, p = numbers()
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighted else None
    e: Any = evaluate(y, predictions=p, weight=weight, n_bootstrap=0)
    keys: dict[str, Any] = {"predictions": p, "weight": weight}
    for name in e.figures:
        assert e[name].value == pytest.approx(getattr(ev, name)(y, **keys)), name
    for quantile in (0.1, 0.5):
        ours = e.pinball_loss(quantile), e.d2_pinball(quantile)
        plain = (ev.pinball_loss, ev.d2_pinball)
        for estimate, figure in zip(ours, plain, strict=True):
            assert estimate.value == pytest.approx(figure(y, quantile=quantile, **keys))
            assert estimate.low < estimate.value < estimate.high
    for power in (0, 1, 2):
        ours = e.tweedie_deviance(power), e.d2_tweedie(power)
        plain = (ev.tweedie_deviance, ev.d2_tweedie)
        for estimate, figure in zip(ours, plain, strict=True):
            assert estimate.value == pytest.approx(figure(y, power=power, **keys))
            assert estimate.low < estimate.value < estimate.high
    with pytest.raises(XentError, match="quantile must lie between"):
        e.pinball_loss(90)
    with pytest.raises(XentError, match="quantile must lie between"):
        e.d2_pinball(0)


def test_roots_take_the_ends_of_their_squares() -> None:
    y, p = numbers()
    e: Any = evaluate(y, predictions=p)
    for root, square in (("rmse", "mse"), ("rmsle", "msle")):
        assert e[root].value == pytest.approx(e[square].value ** 0.5)
        assert (e[root].low, e[root].high) == pytest.approx(
            (e[square].low ** 0.5, e[square].high ** 0.5)
        )
        assert (e[root].method, e[root].n) == (e[square].method, e[square].n)


def test_numbers_without_a_logarithm_or_a_spread() -> None:
    e: Any = evaluate([-2.0, 1.0, 3.0], predictions=[0.0, 1.0, 2.0], n_bootstrap=0)
    assert "-1 or less" in e.msle.why
    assert "-1 or less" in e.rmsle.why
    assert "next row" in e.max_error.why
    same: Any = evaluate([0.1] * 3, predictions=[0.1, 0.2, 0.3], n_bootstrap=0)
    for name in ("r2", "explained_variance", "d2_absolute_error"):
        assert same[name].why == "y is constant"
        assert math.isnan(same[name].value)
    assert same.d2_tweedie(1).why == "y is constant"
    zero: Any = evaluate([0.0, 1.0], predictions=[0.0, 1.0], n_bootstrap=0)
    assert zero.mape.why == "y is 0 in a row"
    assert "both 0 in a row" in zero.smape.why


def test_bias_may_lie_on_either_side_of_zero() -> None:
    y, p = numbers()
    e: Any = evaluate(y, predictions=y + np.where(p > y, 0.5, -0.5), n_bootstrap=0)
    assert e.mean_error.low < 0 < e.mean_error.high
    clustered: Any = evaluate(y, predictions=p, cluster=np.arange(len(y)) // 4)
    assert clustered.d2_absolute_error.method == "Hall's t (clusters)"
    assert clustered.rmse.method == "Hall's t (clusters)"


@pytest.mark.parametrize("declared", ["labels", "scores"])
def test_label_sets_of_which_less_is_said(declared: str) -> None:
    y, z = label_sets()
    e: Any = evaluate(y, n_bootstrap=50, **{declared: z > 0 if declared == "labels" else z})
    assert e.log_loss.why == f"{declared} say no probability"
    for name in ("exact_match", "zero_one_loss", "hamming_loss", "micro_f1", "samples_jaccard"):
        assert e[name].is_defined == (declared == "labels"), name
    for name in ("macro_auc", "macro_average_precision", "lrap", "ranking_loss"):
        assert e[name].is_defined == (declared == "scores"), name
    if declared == "scores":
        assert e.exact_match.why == "scores have no neutral threshold"
        assert e.macro_average_precision.value == ev.multilabel_average_precision(y, z)
        assert e.macro_average_precision.low < e.macro_average_precision.value
    assert e.confusion.shape == (3, 2, 2)


def test_label_sets_by_probability() -> None:
    y, z = label_sets()
    e: Any = evaluate(y, probabilities=1 / (1 + np.exp(-z)), n_bootstrap=50)
    from_logits: Any = evaluate(y, logits=z, n_bootstrap=50)
    for name, figure in e.figures.items():
        assert figure.value == pytest.approx(from_logits[name].value), name
    none: Any = evaluate(np.zeros((4, 2), int), scores=np.random.default_rng(0).random((4, 2)))
    assert none.macro_average_precision.why == "no row carries a label"
    rows = labelled_rows(y, {"predictions": z})
    with pytest.raises(XentError, match="does not fit a multilabel target"):
        ev.MultilabelEvaluation(rows, IntervalSettings())


def test_top_k_is_a_share_unless_rows_are_tied() -> None:
    y, z = classes()
    e: Any = evaluate(y, logits=z)
    assert e.top_2_accuracy.method == "Wilson"
    assert e.top_2_accuracy.value == pytest.approx(ev.top_k_accuracy(y, z, k=2))
    tied: Any = evaluate(y, logits=z.round())
    assert tied.top_2_accuracy.method == "Hall's t"
    assert tied.top_2_accuracy.value == pytest.approx(ev.top_k_accuracy(y, z.round(), k=2))
    assert tied.top_2_accuracy.low < tied.top_2_accuracy.value < tied.top_2_accuracy.high
    with pytest.raises(XentError, match=r"k must lie in 1\.\.4"):
        e.top_k_accuracy(5)


def test_a_model_that_loses_half_of_what_the_constant_loses_in_every_row_has_a_certain_skill() -> (
    None
):
    constant = np.array([0.2, 1.4, 0.8, 3.0])
    weight = np.array([1.0, 2.0, 0.5, 1.0])
    skill = skill_estimate(constant / 2, constant, weight, None, IntervalSettings(), "")
    assert (skill.value, skill.low, skill.high) == (0.5, 0.5, 0.5)
    assert skill.why == "every row has the same skill"


def test_average_precision_varies_as_its_replicates_do() -> None:
    y, z = classes(n=400)
    p = softmax(z)
    estimate = evaluate(y, probabilities=p)["macro_average_precision"]
    replicates = ev.bootstrap(ev.one_vs_rest_average_precision, y, p, n_bootstrap=300)
    assert estimate.width == pytest.approx(replicates.width, rel=0.2)
