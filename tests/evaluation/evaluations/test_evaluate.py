"""Whole evaluations: the task from the shapes, every figure equal to its plain function, intervals that hold it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xent
from xent import evaluation
from xent.errors import XentError
from xent.evaluation.evaluations import (
    BinaryEvaluation,
    MulticlassEvaluation,
    MultilabelEvaluation,
    RegressionEvaluation,
    evaluate,
)

QUICK = {"n_bootstrap": 200}


def binary_set(n=400, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.random(n) < 0.3
    z = generator.normal(size=n) + 1.5 * y - 1.5
    return y.astype(int), z


def multiclass_set(n=300, k=4, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, k, n)
    z = generator.normal(size=(n, k))
    z[np.arange(n), y] += 1
    return y, z


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def evaluations():
    y, z = binary_set()
    codes, logits = multiclass_set()
    labels = np.random.default_rng(1).random((200, 3)) < 0.4
    label_logits = np.random.default_rng(2).normal(size=(200, 3)) + 2 * labels - 1
    numbers = np.random.default_rng(3).gamma(2.0, size=150)
    return {
        "binary": evaluate(y, logits=z, **QUICK),
        "multiclass": evaluate(codes, logits=logits, **QUICK),
        "multilabel": evaluate(labels, logits=label_logits, **QUICK),
        "regression": evaluate(numbers, predictions=numbers + 0.1, **QUICK),
    }


def test_binary_figures_are_those_of_the_plain_functions():
    y, z = binary_set()
    p = 1 / (1 + np.exp(-z))
    e = evaluate(y, logits=z, **QUICK)
    labels = p >= 0.5
    assert isinstance(e, BinaryEvaluation)
    assert e.auc.value == evaluation.roc_auc(y, z)
    assert e.average_precision.value == evaluation.average_precision(y, z)
    assert e.log_loss.value == pytest.approx(evaluation.log_loss(y, logits=z), rel=1e-12)
    assert e.brier.value == pytest.approx(evaluation.brier(y, probabilities=p), rel=1e-9)
    assert e.log_loss_skill.value == pytest.approx(evaluation.log_loss_skill(y, logits=z))
    assert e.brier_skill.value == pytest.approx(evaluation.brier_skill(y, probabilities=p))
    for name in ("precision", "recall", "specificity", "fpr", "fnr", "npv", "f1", "mcc", "kappa"):
        assert e[name].value == pytest.approx(getattr(evaluation, name)(y, labels=labels)), name
    for name in ("balanced_accuracy", "youden_j", "lr_positive", "lr_negative", "accuracy"):
        assert e[name].value == pytest.approx(getattr(evaluation, name)(y, labels=labels)), name
    assert e.at(0.0).prevalence.value == y.mean()


def test_every_figure_has_its_value_in_its_interval_and_a_method():
    for task, e in evaluations().items():
        for name, figure in e.figures.items():
            assert figure.is_defined, (task, name)
            assert figure.n > 0, (task, name)
            if name == "max_error":  # no interval is right for an extreme
                assert not figure.has_interval
                assert "next row" in figure.why
                continue
            assert figure.has_interval, (task, name, figure.why)
            assert figure.low <= figure.value <= figure.high, (task, name)
            assert figure.low < figure.high or figure.why, (task, name)
            assert figure.method, (task, name)


def test_multiclass_figures_are_those_of_the_plain_functions():
    y, z = multiclass_set()
    p = softmax(z)
    e = evaluate(y, probabilities=p, n_bootstrap=0)
    labels = p.argmax(axis=1)
    assert isinstance(e, MulticlassEvaluation)
    assert e.accuracy.value == evaluation.accuracy(y, labels=labels)
    assert e.macro_f1.value == evaluation.multiclass_f1(y, labels=labels)
    assert e.hand_till_auc.value == evaluation.hand_till_auc(y, p)
    assert e.macro_auc.value == evaluation.one_vs_rest_auc(y, p)
    assert e.log_loss.value == pytest.approx(evaluation.multiclass_log_loss(y, probabilities=p))
    assert e.brier.value == pytest.approx(evaluation.multiclass_brier(y, probabilities=p))
    assert e.top_k_accuracy(3).value == evaluation.top_k_accuracy(y, p, k=3)
    from_logits = evaluate(y, logits=z, n_bootstrap=0)
    for name, figure in e.figures.items():
        assert from_logits[name].value == pytest.approx(figure.value, rel=1e-9), name
    np.testing.assert_array_equal(e.confusion_matrix, evaluation.confusion_matrix(y, labels=labels))
    assert "macro" in e.report


def test_multilabel_and_regression_figures_are_those_of_the_plain_functions():
    generator = np.random.default_rng(5)
    y = generator.random((120, 3)) < 0.5
    p = np.clip(generator.random((120, 3)) + 0.2 * y, 0, 1)
    e = evaluate(y, probabilities=p, n_bootstrap=0)
    assert isinstance(e, MultilabelEvaluation)
    assert e.micro_f1.value == evaluation.multilabel_f1(y, labels=p >= 0.5, average="micro")
    assert e.lrap.value == evaluation.lrap(y, p)
    assert e.hamming_loss.value == pytest.approx(evaluation.hamming_loss(y, labels=p >= 0.5))
    assert e.exact_match.value == pytest.approx(1 - e.zero_one_loss.value)
    expected = evaluation.multilabel_log_loss(y, probabilities=p)
    assert e.log_loss.value == pytest.approx(expected)
    numbers = generator.normal(size=50)
    predictions = numbers + generator.normal(size=50)
    r = evaluate(numbers, predictions=predictions, n_bootstrap=0)
    assert isinstance(r, RegressionEvaluation)
    assert r.mae.value == pytest.approx(evaluation.mae(numbers, predictions=predictions))
    assert r.r2.value == pytest.approx(evaluation.r2(numbers, predictions=predictions))
    assert r.mean_error.value == pytest.approx((predictions - numbers).mean())


@given(seed=st.integers(0, 50))
def test_weights_are_repetition_for_every_value(seed):
    generator = np.random.default_rng(seed)
    n = 60
    weight = generator.integers(0, 3, n)
    weight[:2] = 1
    rows = np.repeat(np.arange(n), weight)
    y, z = binary_set(n, seed)
    y[:2] = 0, 1
    codes, logits = multiclass_set(n, 3, seed)
    numbers = generator.normal(size=n)
    pairs = [
        (evaluate(y, logits=z, weight=weight), evaluate(y[rows], logits=z[rows])),
        (evaluate(codes, logits=logits, weight=weight), evaluate(codes[rows], logits=logits[rows])),
        (
            evaluate(numbers, predictions=logits[:, 0], weight=weight),
            evaluate(numbers[rows], predictions=logits[rows, 0]),
        ),
    ]
    for weighted, repeated in pairs:
        for name in weighted.figures:
            assert weighted[name].value == pytest.approx(
                repeated[name].value, rel=1e-9, nan_ok=True
            ), name


def test_two_columns_of_a_binary_target_are_binary():
    y, z = binary_set()
    p = 1 / (1 + np.exp(-z))
    one = evaluate(y, probabilities=p, n_bootstrap=0)
    two = evaluate(y, probabilities=np.stack([1 - p, p], axis=1), n_bootstrap=0)
    logits = evaluate(y, logits=np.stack([np.zeros_like(z), z], axis=1), n_bootstrap=0)
    assert one.task == two.task == logits.task == "binary"
    assert one.auc.value == two.auc.value == logits.auc.value
    with pytest.raises(XentError, match="sum to 1"):
        evaluate(y, probabilities=np.stack([p, p], axis=1))
    with pytest.raises(XentError, match="infinity"):
        evaluate([0, 1], logits=[[np.inf, np.inf], [0, 1]])


def test_what_the_declared_input_cannot_give_is_nan_with_its_reason():
    y, z = binary_set()
    scores = evaluate(y, scores=z, **QUICK)
    assert math.isnan(scores.log_loss.value)
    assert "probability" in scores.log_loss.why
    assert math.isnan(scores.f1.value)
    assert "at(threshold)" in scores.f1.why
    assert scores.prevalence.value == y.mean()
    assert scores.at(0.0).f1.value == evaluation.f1(y, labels=z >= 0)
    labels = evaluate(y, labels=z >= 0, **QUICK)
    assert "order" in labels.auc.why
    assert labels.recall.value == evaluation.recall(y, labels=z >= 0)
    classes = evaluate([0, 2, 1], labels=[0, 1, 1], **QUICK)
    assert classes.task == "multiclass"
    assert "order" in classes.macro_auc.why
    assert "probability" in classes.log_loss.why
    ranks = evaluate([[1, 0], [0, 1]], scores=[[2, 1], [1, 3]], **QUICK)
    assert "threshold" in ranks.exact_match.why
    assert "threshold" in ranks.micro_f1.why
    assert "threshold" in ranks.hamming_loss.why
    assert ranks.lrap.value == 1
    decided = evaluate([[1, 0], [0, 1]], labels=[[1, 0], [0, 1]], **QUICK)
    assert "order" in decided.lrap.why
    assert "probability" in decided.log_loss.why


def test_one_class_only():
    e = evaluate([0, 0, 0], probabilities=[0.1, 0.2, 0.3])
    assert "absent" in e.auc.why
    assert "positive" in e.average_precision.why
    assert "positive" in e.recall.why
    assert "never wrong" in e.brier_skill.why
    assert e.specificity.value == 1
    assert e.specificity.low < 1


def test_a_certain_mistake_is_an_infinite_loss_with_its_reason():
    e = evaluate([0, 1], probabilities=[1.0, 0.5])
    assert e.log_loss.value == math.inf
    assert "impossible" in e.log_loss.why


def test_intervals_are_made_when_read_and_without_replicates_say_so():
    y, z = multiclass_set()
    e = evaluate(y, logits=z, n_bootstrap=0)
    assert e.hand_till_auc.value > 0
    assert e.hand_till_auc.method == "DeLong (pairs of classes)"
    assert e.macro_auc.method == "DeLong (macro)"
    y, z = binary_set(100)
    clustered = evaluate(y, logits=z, cluster=np.arange(100) // 2, n_bootstrap=0)
    assert "replicates" in clustered.f1.why


def test_clusters_widen():
    y, z = binary_set(100)
    rows = np.repeat(np.arange(100), 4)
    alone = evaluate(y[rows], logits=z[rows], **QUICK)
    clustered = evaluate(y[rows], logits=z[rows], cluster=rows, **QUICK)
    for name in ("auc", "average_precision", "log_loss", "recall", "f1"):
        assert clustered[name].value == pytest.approx(alone[name].value)
        assert clustered[name].width > 1.4 * alone[name].width, name


def test_weighted_rows_have_intervals_of_their_own():
    y, z = binary_set()
    weight = np.where(y == 1, 3.0, 1.0)
    e = evaluate(y, logits=z, weight=weight, **QUICK)
    for name, figure in e.figures.items():
        assert not figure.has_interval or figure.low <= figure.value <= figure.high, name
    assert "effective" in e.recall.method


def test_the_seed_gives_the_same_interval_again():
    y, z = binary_set()
    cluster = np.arange(len(y)) // 2
    one, same, other = (
        evaluate(y, logits=z, cluster=cluster, random_state=seed, **QUICK).f1 for seed in (1, 1, 2)
    )
    assert (one.low, one.high) == (same.low, same.high)
    assert (one.low, one.high) != (other.low, other.high)


def test_groups():
    y, z = binary_set()
    group = np.where(np.arange(len(y)) % 2 == 0, "even", "odd")
    parts = evaluate(y, logits=z, group=group, **QUICK).by_group()
    assert list(parts) == ["even", "odd"]
    assert parts["odd"].auc.value == evaluation.roc_auc(y[1::2], z[1::2])
    with pytest.raises(XentError, match="group must be given"):
        evaluate(y, logits=z).by_group()


def test_text_frame_and_json():
    y, z = binary_set()
    e = evaluate(y, logits=z, **QUICK)
    assert "400 rows" in str(e)
    assert "DeLong" in str(e)
    assert repr(e) == "BinaryEvaluation(400 rows, logits)"
    frame = e.to_frame()
    assert frame.columns == ["figure", "value", "low", "high", "level", "method", "n", "why"]
    assert frame.height == len(e.figures)
    described = json.loads(json.dumps(e.to_json(), allow_nan=False))
    assert described["figures"]["auc"]["value"] == e.auc.value
    assert set(described["figures"]) == set(e.figures)
    assert "F1" in str(e.at(0.3))
    assert e.at(0.3)["f1"].value == e.at(0.3).f1.value
    assert e.at(0.3).f_beta(2).value == pytest.approx(evaluation.f_beta(y, labels=z >= 0.3, beta=2))


def test_unknown_figures_are_refused_with_the_nearest():
    e = evaluate([0, 1], logits=[0.0, 1.0])
    with pytest.raises(AttributeError, match="Did you mean 'recall'"):
        _ = e.recal
    with pytest.raises(XentError, match="Did you mean 'recall'"):
        e["recal"]
    with pytest.raises(AttributeError):
        _ = e.at(0.5).nothing
    assert "auc" in dir(e)
    assert "auc" in e.figures
    assert 3 not in e.figures


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [0, 1]}, "exactly one of .* got none"),
        (
            {"y": [0, 1], "logits": [0, 1], "scores": [0, 1]},
            "exactly one of .* got logits= and scores=",
        ),
        ({"y": [], "logits": []}, "at least one row"),
        ({"y": [0, 1], "logits": [0, 1, 2]}, "2 rows as y has, got 3"),
        ({"y": [0, 1], "logits": 3}, "got a number"),
        ({"y": [0, 1], "probabilities": [0.5, 1.5]}, r"\[0, 1\], got 1.5"),
        ({"y": [0, 2], "probabilities": [0.5, 0.5]}, "0 and 1|0 or 1"),
        ({"y": [0, 1], "logits": [0, np.nan]}, "NaN"),
        ({"y": [0, 1], "logits": [0, 1], "level": 95}, "between 0 and 1"),
        ({"y": [0, 1], "logits": [0, 1], "n_bootstrap": -1}, "n_bootstrap"),
        ({"y": [0, 1], "logits": [0, 1], "random_state": 0.5}, "random_state"),
        ({"y": [0, 1], "logits": [0, 1], "weight": [1, -1]}, "negative"),
        ({"y": [0, 1], "logits": [0, 1], "group": ["a"]}, "group must have shape"),
        ({"y": [0, 1], "logits": [0, 1], "group": [1.0, np.nan]}, "group must not be missing"),
        ({"y": [0.5, 1], "predictions": [0.5, np.inf]}, "finite"),
        ({"y": [[0, 1]], "logits": [[0, 1, 2]]}, "one column a label"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(XentError, match=message):
        evaluate(**arguments)


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(XentError, match="NaN"):
        evaluate([0, 1], logits=[0.0, 1.0]).at(math.nan)


def test_rows_of_weight_0_vanish():
    y, z = binary_set(50)
    y[:2] = 0, 1
    weight = np.ones(50)
    weight[10:] = 0
    e = evaluate(y, logits=z, weight=weight, group=np.arange(50) % 2, **QUICK)
    assert e.n_rows == 10
    assert e.auc.value == evaluation.roc_auc(y[:10], z[:10])
    assert sum(part.n_rows for part in e.by_group().values()) == 10


def test_evaluate_is_a_public_name():
    assert xent.evaluate is evaluate


def test_curves_and_areas_come_from_the_one_sort():
    y, z = binary_set()
    e = evaluate(y, logits=z, **QUICK)
    np.testing.assert_array_equal(e.roc.tpr, evaluation.roc_curve(y, z).tpr)
    np.testing.assert_array_equal(e.pr.precision, evaluation.pr_curve(y, z).precision)
    np.testing.assert_array_equal(e.det.fnr, evaluation.det_curve(y, z).fnr)
    np.testing.assert_array_equal(e.gain.recall, evaluation.gain_curve(y, z).recall)
    np.testing.assert_array_equal(e.lift.lift, evaluation.lift_curve(y, z).lift)
    np.testing.assert_array_equal(e.cost_curve.cost, evaluation.cost_curve(y, z).cost)
    expected = evaluation.figure_at_thresholds(y, z, figure="mcc")
    np.testing.assert_array_equal(e.at_thresholds("mcc").values, expected.values)
    assert e.pr_trapezoid_area.value == evaluation.pr_trapezoid_area(y, z)
    assert e.davis_goadrich_area.value == evaluation.davis_goadrich_area(y, z)
    assert e.equal_error_rate.value == evaluation.equal_error_rate(y, z)
    alone = evaluate([0, 0], logits=z[:2])
    assert "absent" in alone.pr_trapezoid_area.why
    assert "order" in evaluate(y, labels=z > 0).equal_error_rate.why


def test_calibration():
    y, z = binary_set()
    p = 1 / (1 + np.exp(-z))
    given = evaluate(y, probabilities=p).calibration
    same = evaluate(y, logits=z).calibration
    assert given.cox.slope == pytest.approx(same.cox.slope)
    expected = evaluation.expected_calibration_error(y, probabilities=p, bins="equal_mass")
    assert given.error.value == expected.value
    assert given.spiegelhalter.p_value == pytest.approx(
        evaluation.spiegelhalter_test(y, probabilities=p).p_value
    )
    assert given.brier.score == pytest.approx(evaluation.brier(y, probabilities=p))
    assert len(given.reliability.count) == 15
    assert len(given.corp.recalibrated) > 1
    # made once: the error alone draws a thousand samples
    e = evaluate(y, probabilities=p)
    assert e.calibration.error is e.calibration.error
    with pytest.raises(XentError, match="needs probabilities"):
        _ = evaluate(y, scores=z).calibration


def test_figures_that_take_an_argument_are_estimates_too():
    y, z = binary_set()
    e = evaluate(y, logits=z, n_bootstrap=200)
    found = {
        "partial": (e.partial_auc(fpr=(0.0, 0.2)), evaluation.partial_auc(y, z, fpr=(0.0, 0.2))),
        "standard": (
            e.partial_auc(tpr=(0.8, 1.0), standardized=True),
            evaluation.standardized_partial_auc(y, z, tpr=(0.8, 1.0)),
        ),
        "precision": (
            e.reached("precision", given="recall", least=0.8),
            evaluation.precision_at_recall(y, z, recall=0.8),
        ),
        "recall": (
            e.reached("recall", given="specificity", least=0.9),
            evaluation.recall_at_specificity(y, z, specificity=0.9),
        ),
        "lift": (e.top_lift(0.1), evaluation.top_lift(y, z, share=0.1)),
    }
    for name, (estimate, expected) in found.items():
        assert estimate.value == pytest.approx(expected, abs=1e-12), name
        assert estimate.low < estimate.value < estimate.high or estimate.value == estimate.high
        assert "bootstrap" in estimate.method, name
    unreached = evaluate([1, 0], scores=[0.0, 1.0]).reached("recall", given="precision", least=0.9)
    assert "no threshold reaches" in unreached.why
    assert "order" in evaluate(y, labels=z > 0).top_lift(0.1).why


def test_a_point_and_the_calibration_as_plain_values():
    y, z = binary_set()
    e = evaluate(y, logits=z)
    described = json.loads(json.dumps(e.at(0.5).to_json()))
    assert described["counts"]["tp"] == e.at(0.5).counts.tp
    assert described["figures"]["f1"]["value"] == e.at(0.5).f1.value
    assert e.to_json()["calibration"]["cox"]["slope"] == e.calibration.cox.slope
    assert "calibration" not in evaluate(y, scores=z).to_json()
    assert "Cox's slope" in str(e.calibration)
