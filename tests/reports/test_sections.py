"""Sections by themselves: what they say where something is missing, undefined, large or infinite."""

from __future__ import annotations

import math
import re
from html import unescape
from typing import Any

import numpy as np
import pytest

from xent.decisions import (
    Constraints,
    CostDecision,
    Costs,
    choose,
    judge_cost_decision,
    judge_decision,
)
from xent.diagnosis import Diagnosis, Finding
from xent.distributions import Bernoulli
from xent.evaluation import Verdict, fit_constant, judge, roc_auc
from xent.evaluation.evaluations import evaluate
from xent.reports.class_tables import class_figures, confusions, label_figures
from xent.reports.cost_decision_section import cost_decision_section
from xent.reports.decision_section import decision_section
from xent.reports.origin_sections import PartRows, asked_section, data_section, findings_section
from xent.reports.task_charts import class_charts, label_charts, unlike
from xent.reports.task_sections import Named, history_section, task_sections
from xent.reports.verdict_section import verdict_section
from xent.runs import DataRecord, Evaluation, RunRecord

GENERATOR = np.random.default_rng(8)
P = GENERATOR.beta(0.5, 1.0, 3000)
Y = GENERATOR.random(3000) < P


def text(markup: str) -> str:
    """Return what is read of a section."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup)).split())


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        (Costs(30, 1), "surely something"),
        (Costs(1, 1.02), "these rows cannot tell"),
    ],
)
def test_a_decision_says_what_it_saves_and_how_sure(costs: Costs, said: str) -> None:
    decision = choose(Y[:1500], P[:1500], costs=costs, n_bootstrap=20)
    judgment = judge_decision(decision, Y[1500:], P[1500:])
    body = text(decision_section(decision, judgment).body)
    assert said in body
    assert judgment.saving is not None
    assert f"{judgment.saving.value:.4f}" in body
    for cost in judgment.rivals.values():
        assert f"{cost:.4f}" in body


def test_a_decision_that_costs_more_says_so() -> None:
    decision = choose(Y[:1500], P[:1500], costs=Costs(30, 1), n_bootstrap=0)
    turned = judge_decision(decision, ~Y[1500:], P[1500:])
    flipped = judge_decision(decision, np.zeros(1500, dtype=bool), P[1500:])
    assert "a row more than the threshold 0.5 does" in text(
        decision_section(decision, flipped).body
    )
    assert turned.n_rows == 1500
    assert "no interval without bootstrap replicates" in text(decision_section(decision, None).body)
    assert "no test rows to judge it on" in text(decision_section(decision, None).body)


def test_a_decision_without_costs_has_no_saving_and_may_lie_above_every_score() -> None:
    decision = choose(Y, P, objective="f1", n_bootstrap=0)
    body = text(decision_section(decision, judge_decision(decision, Y, P)).body)
    assert "the largest f1" in body
    assert "saving" not in body
    nobody = choose(Y, P, constraints=Constraints(capacity=0), n_bootstrap=0)
    assert "above every score" in text(decision_section(nobody, None).body)
    everybody = choose([1, 0, 1], [0.1, 0.5, 0.9], costs=Costs(100, 1), n_bootstrap=0)
    assert math.isinf(everybody.threshold.value)
    assert "below every score" in text(decision_section(everybody, None).body)


def test_a_table_of_costs_is_shown_with_what_it_leads_to() -> None:
    p = np.stack([1 - P, P], axis=1)
    decision = CostDecision(("no", "<yes>"), ((0.0, 1.0), (20.0, 0.0)), reject_cost=0.4)
    judged = judge_cost_decision(decision, Y.astype(int), p)
    section = cost_decision_section(decision, judged)
    assert "<yes>" not in section.body
    assert "left to somebody else" in text(section.body)
    assert f"{judged.cost.value:.4f}" in text(section.body)
    bare = cost_decision_section(CostDecision(("a", "b"), ((0.0, 1.0), (2.0, 0.0))), None)
    assert "no test rows" in text(bare.body)


def test_findings_stand_with_their_cure_and_how_sure_they_are() -> None:
    found = Diagnosis(
        (
            Finding("clipped", 0.0, "a pile of rows", "clip less"),
            Finding("reversed", 1e-5, "an AUC below 0.5", "turn it"),
            Finding("rule", math.nan, "<seen>", ""),
        ),
        ran=("clipped", "reversed", "rule"),
        left_out={},
    )
    quiet = Diagnosis((), ran=("one", "two"), left_out={})
    body = text(findings_section({"test": found, "training": quiet}, ["odd & even"]).body)
    assert "test: clipped (certain) : a pile of rows Cure: clip less" in body
    assert "test: reversed (p = 1e-05) : an AUC below 0.5 Cure: turn it" in body
    assert "<seen>" in body
    assert "warned while training : odd & even" in body
    assert "2 checks of the training found nothing." in body
    assert "3 checks of the test ran." in body


def test_many_classes_are_cut_short_and_unknown_counts_are_dashes() -> None:
    counts = {f"class {k}": k for k in range(75)}
    parts = [PartRows("training", 100, {}), PartRows("test", sum(range(75)), counts)]
    body = text(data_section(parts, [("columns", "3 numeric")]).body)
    assert "class 59 – 59" in body
    assert "class 60" not in body
    assert "15 further classes" in body
    assert "columns 3 numeric" in body
    assert "a 0" in text(data_section([PartRows("test", 0, {"a": 0})], ()).body)


def test_what_was_asked_names_both_tables_and_whether_threads_could_be_set() -> None:
    record = RunRecord(
        task="binary",
        recipe={"target": "y", "hidden": [8, 4], "drop": [], "weight": None},
        seed=7,
        data=DataRecord("frame", None, "a" * 64, 1234),
        test=DataRecord("held", "held.csv", "b" * 64, 99),
        versions={"xent": "0.1", "machine": "Linux x86_64"},
        n_threads=2,
        threads_are_set=False,
        started="2026-01-01T00:00:00+00:00",
    )
    body = text(asked_section(record, ["xent", "train", "a b.csv"]).body)
    for said in (
        "xent train 'a b.csv'",
        "frame (from memory)",
        "a" * 64,
        "held.csv",
        "b" * 64,
        "2 (could not be set)",
        "finished running",
        "hidden 8, 4",
        "drop none",
        "weight default",
        "rows 1,234",
        "version of xent 0.1 machine Linux x86_64",
    ):
        assert said in body, said


def test_the_course_of_a_training_is_written_as_the_charts_write_it() -> None:
    records = [
        {"epoch": k, "loss": 0.7 / k, "auc": 0.5, "validation_loss": 0.7 / k, "validation_auc": 0.5}
        for k in (1, 2, 3)
    ]
    body = text(history_section(records, 2).body)
    for said in ("epoch 1 best: epoch 2 last: epoch 3", "AUC 0.5000", "validation loss 0.7000"):
        assert said in body, said
    assert "validation AUC 0.5000 0.5000 0.5000" in body
    assert "auc" not in body


def test_a_verdict_without_a_test_part_warns_and_says_why_something_is_undefined() -> None:
    y, z = np.array([0.0, 0.0, 0.0]), np.array([-1.0, -2.0, -0.5])
    constant = fit_constant("binary", [0.0, 1.0], distribution=Bernoulli())
    part = judge("binary", y, z, distribution=Bernoulli(), constant=constant)
    verdict = Verdict("binary", {"training": part})
    other = Verdict("binary", {"validation": part})
    body = text(verdict_section(Evaluation(verdict, constant, "logistic regression", other)).body)
    assert "There is no test part: these are the 3 training rows" in body
    assert "AUC: one class is absent" in body
    assert "log loss (nats) ↓" in body


def three(n_classes: int, n_rows: int = 400) -> Any:
    y = GENERATOR.integers(0, n_classes, n_rows)
    scores = GENERATOR.normal(size=(n_rows, n_classes)) + 2 * np.eye(n_classes)[y]
    return evaluate(y, logits=scores, n_bootstrap=0)


def test_figures_of_a_class_are_those_of_the_confusion_matrix() -> None:
    e = three(3)
    matrix = e.confusion_matrix
    body = text(class_figures(e, ["x", "y", "z"]))
    for k in range(3):
        assert f"{matrix[k, k] / matrix[k].sum():.4f}" in body
        assert f"{matrix[k, k] / matrix[:, k].sum():.4f}" in body
    worst = max((int(matrix[i, j]), i, j) for i in range(3) for j in range(3) if i != j)
    named = f"{'xyz'[worst[1]]} taken for {'xyz'[worst[2]]} {worst[0]}"
    assert named in text(confusions(e, ["x", "y", "z"]))


def test_many_classes_have_no_matrix_of_counts_and_no_bars() -> None:
    e = three(45, 900)
    names = [f"k{k}" for k in range(45)]
    assert "Counts of the confusion matrix" not in confusions(e, names)
    assert 'data-chart="classes"' not in class_charts(e, names)
    assert 'data-chart="confusion"' in class_charts(e, names)


def test_without_a_confusion_nothing_is_listed() -> None:
    e: Any = evaluate([0, 1, 2, 2], labels=[0, 1, 2, 2])
    body = text(confusions(e, ["a", "b", "c"]))
    assert "No row is taken for another class." in body


def test_label_scores_have_an_area_and_no_decision() -> None:
    y = GENERATOR.random((50, 2)) < 0.4
    e: Any = evaluate(y, scores=GENERATOR.normal(size=(50, 2)), n_bootstrap=0)
    area = roc_auc(e.truth[:, 0], e.scores[:, 0])
    assert f"a {e.truth[:, 0].sum()} {area:.4f} b" in text(label_figures(e, ["a", "b"]))
    assert label_charts(e, ["a", "b"]) == ""
    decided: Any = evaluate(y, labels=y, n_bootstrap=0)
    assert "1.0000" in text(label_figures(decided, ["a", "b"]))


def test_names_are_told_apart() -> None:
    assert unlike(["1", "1", "1 (2)", "1"]) == ["1", "1 (2)", "1 (2) (2)", "1 (3)"]


def test_separable_predictions_have_no_slope_but_a_page() -> None:
    e = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.2, 0.8, 0.9])
    sections = task_sections(e, Named(("no", "yes"), "rows"), None)
    body = text(next(s.body for s in sections if s.anchor == "calibration"))
    assert "Cox's" in body
