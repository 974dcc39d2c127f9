"""xent threshold, and xent predict by its decision."""

from __future__ import annotations

import json

import numpy as np
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
        (["--reject-cost", "1", "--cost-tp", "-1"], "go with --cost-fn"),
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
        ({"format": "x"}, "'format' must be"),
        ({"decision": {}}, "damaged"),
    ):
        path.write_text(json.dumps(values | change))
        with pytest.raises(XentError, match=message):
            _ = package.load_run(run).decision


@pytest.fixture
def three(xent, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    kind = np.array(["a", "b", "c"])[(x + 0.7 * rng.normal(size=x.shape)).argmax(axis=1)]
    frame = pl.DataFrame({"x0": x[:, 0], "x1": x[:, 1], "x2": x[:, 2], "kind": kind})
    frame.write_csv(tmp_path / "three.csv")
    assert xent("train", "three.csv", "--target", "kind", *QUICK).code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


def test_costs_of_several_classes_are_judged_written_and_used(xent, three, tmp_path):
    (tmp_path / "costs.csv").write_text("true,c,a,b\nb,1,1,0\na,1,0,1\nc,0,30,30\n")
    outcome = xent("threshold", three, "--costs", "costs.csv")
    assert outcome.code == 0
    assert "class of least expected cost" in outcome.out
    assert "judged on" in outcome.out
    run = package.load_run(three)
    assert run.decision.costs == ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (30.0, 30.0, 0.0))
    frame = pl.read_csv(tmp_path / "three.csv")
    p = run.predict_proba(frame)
    cheapest = (p @ np.array(run.decision.costs)).argmin(axis=1)
    assert (run.predict(frame) == np.array(["a", "b", "c"])[cheapest]).all()
    assert (run.predict(frame) == "c").mean() > (p.argmax(axis=1) == 2).mean()


def test_a_price_of_abstaining_leaves_rows_open(xent, three, tmp_path):
    assert xent("threshold", three, "--reject-cost", "0.2", "--json").code == 0
    outcome = xent("predict", three, "three.csv", "-o", "p.parquet")
    assert "decided by costs" in outcome.err
    assert "left open" in outcome.out
    decided = pl.read_parquet(tmp_path / "p.parquet")
    sure = decided.select(pl.max_horizontal("p_a", "p_b", "p_c") >= 0.8).to_series()
    assert (decided["decision"].is_not_null() == sure).all()


def test_a_price_of_abstaining_goes_with_the_costs_of_two_classes(xent, run, table):
    costs = ["--cost-fn", "5", "--cost-fp", "1", "--reject-cost", "0.3"]
    assert xent("threshold", run, *costs).code == 0
    loaded = package.load_run(run)
    p = loaded.predict_proba(table)[:, 1]
    undecided = np.array([value is None for value in loaded.predict(table)])
    assert (undecided == (np.minimum(5 * p, 1 - p) > 0.3)).all()
    assert undecided.any()


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("true,a,b\na,0,1\nb,1,0\n", [], "must have one column for class 'c'"),
        ("true,a,b,cc\na,0,1,1\nb,1,0,1\nc,1,1,0\n", [], "Did you mean 'c'"),
        ("true,a,b,c\na,0,1,1\nb,1,0,1\n", [], "must have one row for class 'c'"),
        ("true,a,b,c\na,0,1,x\nb,1,0,1\nc,1,1,0\n", [], "must hold numbers"),
        ("true,a,b,c\na,0,1,1\nb,1,0,1\nc,1,1,0\n", ["--max-fpr", "0.1"], "--max-fpr chooses a threshold"),
        ("true,a,b,c\na,0,1,1\nb,1,0,1\nc,1,1,0\n", ["--prevalence", "0.1"], "xent recalibrate"),
        ("true,a,b,c\na,0,1,1\nb,1,0,1\nc,1,1,0\n", ["--cost-fn", "1", "--cost-fp", "1"], "Give the one"),
        ("", ["--reject-cost", "0.1", "--cost-fn", "1"], "go together"),
        ("", ["--reject-cost", "0.1", "--cost-fn", "1", "--cost-fp", "2"], "needs a binary target"),
        ("", [], "--reject-cost"),
    ],
)  # fmt: skip
def test_mistakes_with_costs(xent, three, tmp_path, text, options, message):
    if text:
        (tmp_path / "costs.csv").write_text(text)
        options = ["--costs", "costs.csv", *options]
    outcome = xent("threshold", three, *options)
    assert outcome.code == 2
    assert message in outcome.err
