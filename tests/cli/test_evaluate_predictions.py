"""xent evaluate on predictions from anywhere."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from xent import evaluate


@pytest.fixture
def predictions(tmp_path):
    generator = np.random.default_rng(0)
    y = generator.random(200) < 0.4
    p = 1 / (1 + np.exp(-(generator.normal(size=200) + 2 * y - 1)))
    lines = [
        f"{'yes' if a else 'no'},{b:.6f},{'ab'[i % 2]}"
        for i, (a, b) in enumerate(zip(y, p, strict=True))
    ]
    (tmp_path / "p.csv").write_text("\n".join(["label,p,part", *lines]) + "\n")
    return "p.csv"


def test_a_table_of_figures_with_intervals(xent, predictions):
    outcome = xent(
        "evaluate", predictions, "--label", "label", "--probability", "p", "--positive", "yes"
    )
    assert outcome.code == 0
    assert outcome.out.startswith("p.csv: binary; positive class 'yes'\n")
    assert "200 rows" in outcome.out
    assert "DeLong" in outcome.out
    assert not outcome.err


def test_json_and_groups(xent, predictions):
    options = ["--label", "label", "--probability", "p", "--positive", "yes", "--group", "part"]
    outcome = xent("evaluate", predictions, *options, "--json", "--n-bootstrap", "100")
    described = json.loads(outcome.out)
    assert described["classes"] == ["no", "yes"]
    assert set(described["groups"]) == {"a", "b"}
    assert described["figures"]["auc"]["low"] < described["figures"]["auc"]["value"]
    assert "part a" in xent("evaluate", predictions, *options, "--n-bootstrap", "0").out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "label"], "exactly one of probability, logit"),
        (["--probability", "p"], "--probability needs --label"),
        (["p.csv", "--threshold", "0.3"], "--threshold needs --label"),
        (["p.csv", "--stream"], "--stream needs --label"),
        (["p.csv", "--bins", "64"], "--bins needs --label"),
        (["p.csv", "--level", "0.9"], "--level needs --label"),
        (["p.csv", "--n-bootstrap", "50"], "--n-bootstrap needs --label"),
        (["p.csv", "--seed", "0"], "--seed needs --label"),
        (["--label", "labl", "--probability", "p"], "Did you mean 'label'"),
        (["--label", "label", "--probability", "p"], "positive must say"),
        (["x.csv", "--label", "label", "--probability", "p"], "one table of predictions"),
        ([], "p.csv is a table"),
        (["--label", "label", "--probability", "p", "--positive", "yes", "--level", "2"], "level"),
    ],
)
def test_mistakes_get_one_line(xent, predictions, options, message):
    outcome = xent("evaluate", predictions, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_stream_in_bins(xent, predictions):
    options = ["--label", "label", "--probability", "p", "--positive", "yes", "--stream"]
    exact = xent("evaluate", predictions, *options, "--json")
    binned = xent("evaluate", predictions, *options, "--bins", "1024", "--json")
    area = json.loads(exact.out)["figures"]["auc"]["value"]
    bracket = json.loads(binned.out)["figures"]["auc"]
    assert bracket["low"] <= area <= bracket["high"]
    assert bracket["method"] == "bracket"
    text = xent("evaluate", predictions, *options, "--bins", "1024").out
    assert text.startswith("p.csv: binary; positive class 'yes'\n")
    assert "bracket of the bins" in text
    assert "--stream" in xent("evaluate", predictions, *options[:-1], "--bins", "1024").err
    assert "power of two" in xent("evaluate", predictions, *options, "--bins", "1000").err


@pytest.mark.parametrize("declared", [["--probability", "p_*"], ["--logit", "z_*"]])
def test_classes_stream(xent, tmp_path, declared):
    generator = np.random.default_rng(0)
    z = generator.normal(size=(60, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    names = ["ant", "bee", "cat"]
    header = ",".join(["y", *(f"p_{n}" for n in names), *(f"z_{n}" for n in names)])
    rows = [
        ",".join([names[i % 3], *map(str, p[i].tolist()), *map(str, z[i].tolist())])
        for i in range(60)
    ]
    (tmp_path / "c.csv").write_text("\n".join([header, *rows]) + "\n")
    outcome = xent("evaluate", "c.csv", "--label", "y", *declared, "--stream")
    assert outcome.out.startswith("c.csv: multiclass; classes ant, bee, cat\n")
    assert "macro AUC" in outcome.out


def test_the_figures_at_a_threshold_and_the_calibration(xent, tmp_path):
    rng = np.random.default_rng(0)
    y = (rng.random(300) < 0.4).astype(int)
    p = 1 / (1 + np.exp(-(rng.normal(size=300) + 1.5 * y - 0.7)))
    pl.DataFrame({"y": y, "p": p, "k": rng.integers(0, 3, 300)}).write_csv(tmp_path / "p.csv")
    base = ["evaluate", "p.csv", "--label", "y", "--probability", "p"]
    shown = xent(*base, "--threshold", "0.3")
    assert shown.code == 0
    assert "at 0.3" in shown.out
    assert "if calibrated" in shown.out
    described = json.loads(xent(*base, "--threshold", "0.3", "--json").out)
    e = evaluate(y, probabilities=p)
    assert described["at_threshold"]["figures"]["recall"]["value"] == e.at(0.3).recall.value
    assert described["calibration"]["error"]["value"] == e.calibration.error.value
    scores = xent("evaluate", "p.csv", "--label", "y", "--score", "p", "--threshold", "0.3")
    assert "at 0.3" in scores.out
    assert "if calibrated" not in scores.out
    assert "does not go with --stream" in xent(*base, "--threshold", "0.3", "--stream").err
    classes = xent("evaluate", "p.csv", "--label", "k", "--decision", "k", "--threshold", "0.3")
    assert "--threshold needs two classes" in classes.err
