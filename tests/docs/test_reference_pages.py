"""The reference pages are complete: every setting with its default and choices, every figure by its name."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

import xent.evaluation
from xent.evaluation import TASKS, calibration, evaluations, intervals, states
from xent.network import ACTIVATIONS, INITIALIZERS
from xent.training import TrainingSettings
from xent.training.fitting import DISTRIBUTIONS
from xent.training.optimizers import DEFAULT_LEARNING_RATE, OPTIMIZERS
from xent.training.schedules import SCHEDULES
from xent.workflow import DataSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHOICES = {
    "task": TASKS,
    "activation": ACTIVATIONS,
    "init": INITIALIZERS,
    "distribution": [name for names in DISTRIBUTIONS.values() for name in names],
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}


def rows_under(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table under a heading of settings.md, by the name in the first cell."""
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells] for cells in rows}


@pytest.mark.parametrize(
    ("heading", "record"), [("Data", DataSettings), ("Training", TrainingSettings)]
)
def test_the_page_lists_every_setting_with_its_default(heading: str, record: type) -> None:
    rows = rows_under(heading)
    assert list(rows) == [field.name for field in dataclasses.fields(record)]
    for field in dataclasses.fields(record):
        assert ast.literal_eval(rows[field.name][1].strip("`")) == field.default, field.name


@pytest.mark.parametrize("setting", CHOICES)
def test_the_page_lists_every_choice(setting: str) -> None:
    cells = {**rows_under("Data"), **rows_under("Training")}[setting]
    listed = [choice.split(":")[0] for choice in cells[2].split(", ")]
    assert sorted(listed) == sorted(str(name).split(":")[0] for name in CHOICES[setting])


def test_the_page_tells_the_default_learning_rates() -> None:
    text = rows_under("Training")["learning_rate"][3]
    told = {"adam": 0.001, "adamw": 0.003, "rmsprop": 0.001, "adamax": 0.002, "adadelta": 1}
    assert all(name in text for name in told)
    assert {**dict.fromkeys(OPTIMIZERS, 0.01), **told} == DEFAULT_LEARNING_RATE


def test_the_evaluation_page_lists_every_figure() -> None:
    text = (DOCS / "evaluation.md").read_text(encoding="utf-8")
    section = text.split("\n## What there is\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"`(\w+)`", section))
    # what makes, holds or draws figures, and is no figure of its own
    others = {
        "BOOK_THRESHOLDS", "TASKS", "ConfusionCounts", "ConstantPredictor", "Figure", "PartFigures", "PrCurve",
        "RocCurve", "ScoreCounts", "Verdict", "binary_counts", "class_counts", "epoch_metrics", "fit_constant",
        "fixed_threshold_roc", "judge", "label_counts", "pr_curve", "roc_curve", "score_counts", "thin",
        "verdict_table",
    }  # fmt: skip
    others |= {
        "DetCurve", "GainCurve", "LiftCurve", "ReachedPoint", "ThresholdCurve", "cost_at_thresholds", "det_curve",
        "figure_at_thresholds", "gain_curve", "lift_curve", "reached_point",
        "CostCurve", "cost_curve", "KAPPA_SCHEMES", "MATRIX_FIGURES", "matrix_interval",
    }  # fmt: skip
    # rooms of their own, with sections of their own
    for room in (calibration, evaluations, intervals, states):
        others |= set(room.__all__)
    assert listed - others == set(xent.evaluation.__all__) - others
