"""Paired comparisons, against SciPy and the plain tests."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import xent
from xent import evaluation
from xent.errors import XentError
from xent.evaluation.evaluations import compare_evaluations, evaluate

GENERATOR = np.random.default_rng(0)
N = 400
Y = (GENERATOR.random(N) < 0.4).astype(int)
WEAK = GENERATOR.normal(size=N) + 0.8 * Y
STRONG = WEAK + GENERATOR.normal(size=N) * 0.3 + 1.5 * Y - 0.7


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_the_better_model_is_found_and_the_tests_are_the_plain_ones():
    compared = xent.compare(Y, a=sigmoid(WEAK), b=sigmoid(STRONG))
    assert compared["auc"].better == "b"
    assert compared["log_loss"].better == "b"
    assert compared["log_loss"].test.difference.value < 0
    delong = evaluation.delong_test(Y, WEAK, STRONG)
    assert compared["auc"].test.p_value == pytest.approx(delong.p_value)
    losses = [-np.where(Y == 1, np.log(sigmoid(z)), np.log(1 - sigmoid(z))) for z in (WEAK, STRONG)]
    expected = stats.ttest_rel(losses[1], losses[0])
    assert compared["log_loss"].test.p_value == pytest.approx(expected.pvalue, rel=1e-6)
    assert compared["log_loss"].test.statistic == pytest.approx(expected.statistic)
    decisions = evaluation.mcnemar(Y, WEAK >= 0, STRONG >= 0)
    assert compared["accuracy"].test.p_value == pytest.approx(decisions.p_value)
    p_values = [figure.test.p_value for figure in compared.figures.values()]
    adjusted = [figure.adjusted_p_value for figure in compared.figures.values()]
    np.testing.assert_allclose(adjusted, evaluation.holm(p_values))
    turned = xent.compare(Y, a=sigmoid(STRONG), b=sigmoid(WEAK))
    assert turned["auc"].better == "a"


def test_a_model_is_no_better_than_itself():
    compared = xent.compare(Y, a=WEAK, b=WEAK, declared="logits")
    for figure in compared.figures.values():
        assert figure.test.difference.value == 0
        assert figure.better == ""
        assert figure.adjusted_p_value == 1 or np.isnan(figure.adjusted_p_value)


def test_of_equal_models_one_in_twenty_is_called_better():
    n_found = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        y = generator.random(150) < 0.5
        one, other = (generator.normal(size=150) + y for _ in range(2))
        compared = xent.compare(y, a=one, b=other, declared="logits")
        n_found += compared["brier"].test.p_value < 0.05
    assert 3 <= n_found <= 20


def test_every_task():
    codes = GENERATOR.integers(0, 3, N)
    z = GENERATOR.normal(size=(N, 3))
    better = z + 2 * np.eye(3)[codes]
    classes = xent.compare(codes, a=z, b=better, declared="logits")
    assert {name: c.better for name, c in classes.figures.items()} == {
        "log_loss": "b",
        "brier": "b",
        "accuracy": "b",
    }
    labels = GENERATOR.random((N, 3)) < 0.5
    rows = xent.compare(labels, a=z, b=z + 2 * labels - 1, declared="logits")
    assert rows["hamming_loss"].better == "b"
    assert rows["exact_match"].test.method.startswith("McNemar")
    numbers = GENERATOR.normal(size=N)
    real = xent.compare(numbers, a=numbers + 1, b=numbers + 0.1 * z[:, 0], declared="predictions")
    assert real["mae"].better == "b"
    decided = xent.compare(Y, a=WEAK >= 0, b=STRONG >= 0, declared="labels")
    assert list(decided.figures) == ["accuracy", "precision", "recall", "f1"]


def test_weights_and_clusters():
    weight = np.full(N, 2.0)
    weighted = xent.compare(Y, a=WEAK, b=STRONG, declared="logits", weight=weight)
    plain = xent.compare(Y, a=WEAK, b=STRONG, declared="logits")
    assert weighted["brier"].test.difference.value == pytest.approx(
        plain["brier"].test.difference.value
    )
    rows = np.repeat(np.arange(N), 3)
    doubled = xent.compare(Y[rows], a=WEAK[rows], b=STRONG[rows], declared="logits", cluster=rows)
    assert doubled["brier"].test.p_value == pytest.approx(plain["brier"].test.p_value, rel=0.05)


def test_text_and_json():
    compared = xent.compare(Y, a=WEAK, b=STRONG, declared="logits")
    assert "adjusted by Holm" in str(compared)
    assert "b - a" in str(compared)
    described = json.loads(json.dumps(compared.to_json(), allow_nan=False))
    assert described["figures"]["auc"]["better"] == "b"
    infinite = xent.compare([0, 1, 1], a=[1.0, 0.5, 0.5], b=[0.5, 0.5, 0.5])
    assert infinite["log_loss"].test.difference.why
    assert infinite.to_json()["figures"]["log_loss"]["p_value"] is None
    assert "-" in str(infinite)


def test_what_does_not_fit_is_refused():
    with pytest.raises(XentError, match="Did you mean 'logits'"):
        xent.compare(Y, a=WEAK, b=STRONG, declared="logit")
    with pytest.raises(XentError, match="of one task"):
        compare_evaluations(evaluate(Y, logits=WEAK), evaluate(WEAK, predictions=WEAK))
    with pytest.raises(XentError, match="same rows"):
        compare_evaluations(evaluate(Y, logits=WEAK), evaluate(1 - Y, logits=WEAK))
    with pytest.raises(XentError, match="same weights"):
        compare_evaluations(
            evaluate(Y, logits=WEAK), evaluate(Y, logits=WEAK, weight=np.full(N, 2.0))
        )
    pairs = evaluate(Y, logits=WEAK, cluster=np.arange(N) // 2)
    for other in (evaluate(Y, logits=WEAK), evaluate(Y, logits=WEAK, cluster=np.arange(N) // 4)):
        with pytest.raises(XentError, match="same clusters"):
            compare_evaluations(other, pairs)
    with pytest.raises(XentError, match="was not compared"):
        xent.compare(Y, a=WEAK, b=STRONG, declared="logits")["lift"]
    with pytest.raises(XentError, match="no figure in common"):
        xent.compare([0, 0], a=[1, 2], b=[2, 1], declared="scores")


def test_reasons_are_printed_and_an_infinite_loss_loses():
    y = np.array([0, 0, 1, 1] * 10)
    p = np.tile([0.1, 0.4, 0.35, 0.8], 10)
    certain = p.copy()
    certain[0] = 1.0
    compared = xent.compare(y, a=p, b=certain)
    assert compared["log_loss"].better == "a"
    assert "infinite loss" in str(compared)
    same = xent.compare(y, a=p, b=p)
    assert "order the rows alike" in str(same)
    assert same["average_precision"].test.difference.low == 0
    assert "rows tell little" in str(xent.compare(y[:8], a=p[:8], b=certain[:8]))


def test_the_best_of_many_figures_is_not_better_by_chance():
    """An interval that just leaves out 0 does not suffice once p is adjusted for the other figures."""
    clear = xent.compare(Y, a=sigmoid(WEAK), b=sigmoid(STRONG))["auc"]
    assert clear.better == "b"
    assert replace(clear, adjusted_p_value=0.06).better == ""
    assert replace(clear, adjusted_p_value=0.05).better == "b"
    assert replace(clear, adjusted_p_value=float("nan")).better == "b"
