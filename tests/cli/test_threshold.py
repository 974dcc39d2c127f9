"""xent threshold, and xent predict by its decision."""

from __future__ import annotations

import json

import polars as pl
import pytest

import xent as package
from xent.errors import XentError

QUICK = ["--hidden", "8", "--epochs", "20", "--seed", "1"]


@pytest.fixture
def run(xent, table, tmp_path):
    assert xent("train", table, "--target", "label", *QUICK).code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


def test_a_decision_is_chosen_judged_written_and_used(xent, run, table, tmp_path):
    before = package.load_run(run)
    assert before.decision is None
    outcome = xent("threshold", run, "--cost-fn", "20", "--cost-fp", "1", "--n-bootstrap", "50")
    assert outcome.code == 0
    assert "the least cost (a miss 20, a false alarm 1)" in outcome.out
    assert "judged on" in outcome.out
    assert "saving" in outcome.out
    decision = package.load_run(run).decision
    assert decision.threshold.value < 0.5
    written = json.loads((run / "decision.json").read_text())
    assert written["judgment"]["cost"]["value"] <= written["judgment"]["rivals"]["never"]
    predicted = xent("predict", run, table, "-o", "p.csv")
    assert "decided at" in predicted.err
    rows = pl.read_csv(tmp_path / "p.csv")
    positive = str(before.model.target.positive)
    expected = rows[f"p_{positive}"] >= decision.threshold.value
    assert ((rows["decision"] == positive) == expected).all()
    assert (package.load_run(run).predict(table) == rows["decision"].to_numpy()).all()


def test_json_and_constraints(xent, run):
    outcome = xent("threshold", run, "--min-precision", "0.5", "--n-bootstrap", "0", "--json")
    described = json.loads(outcome.out)
    assert described["decision"]["constraints"] == {"min_precision": 0.5}
    assert described["judgment"]["cost"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing says which threshold"),
        (["--cost-fn", "3"], "go together"),
        (["--cost-fn", "-3", "--cost-fp", "1"], "must cost more"),
        (["--min-precision", "2"], "min_precision must lie"),
        (["--objective", "f3"], "objective must be one of"),
        (["--capacity", "0", "--min-recall", "0.5"], "no threshold keeps to all of"),
    ],
)
def test_mistakes_get_one_line_and_nothing_is_written(xent, run, options, message):
    outcome = xent("threshold", run, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (run / "decision.json").exists()


def test_other_tasks_and_runs_without_a_validation_part_are_refused(xent, table, tmp_path):
    xent("train", table, "--target", "width", "--runs", "numbers", *QUICK)
    (numbers,) = (tmp_path / "numbers").iterdir()
    assert "binary target" in xent("threshold", numbers, "--objective", "f1").err
    xent(
        "train", table, "--target", "label", "--validation-fraction", "0", "--runs", "whole", *QUICK
    )
    (whole,) = (tmp_path / "whole").iterdir()
    assert "no validation part" in xent("threshold", whole, "--objective", "f1").err


def test_a_decision_that_does_not_belong_is_refused(xent, run):
    xent("threshold", run, "--objective", "f1", "--n-bootstrap", "0")
    path = run / "decision.json"
    values = json.loads(path.read_text())
    for change, message in (
        ({"model": "sha256:0"}, "of another model"),
        ({"version": 9}, "newer xent"),
        ({"format": "x"}, "no decision"),
        ({"decision": {}}, "damaged"),
    ):
        path.write_text(json.dumps(values | change))
        with pytest.raises(XentError, match=message):
            _ = package.load_run(run).decision
