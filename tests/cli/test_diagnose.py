"""xent diagnose: predictions, data, a run."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def predictions(tmp_path):
    generator = np.random.default_rng(0)
    z = generator.normal(size=600) * 1.5
    y = (generator.random(600) < 1 / (1 + np.exp(-z))).astype(int)
    p = 1 / (1 + np.exp(-z))
    twice = 1 / (1 + np.exp(-p))
    lines = [f"{a},{b:.6f},{c:.6f},{d:.6f}" for a, b, c, d in zip(y, p, twice, z, strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["y,p,twice,z", *lines]) + "\n")
    return "p.csv"


def test_predictions(xent, predictions):
    healthy = xent("diagnose", predictions, "--label", "y", "--probability", "p")
    assert healthy.code == 0
    assert "othing" in healthy.out
    squeezed = xent("diagnose", predictions, "--label", "y", "--probability", "twice", "--json")
    described = json.loads(squeezed.out)["predictions"]
    assert described["findings"]
    assert xent("diagnose", predictions, "--label", "y", "--logit", "z").code == 0
    wrong = xent("diagnose", predictions, "--label", "y", "--probability", "z")
    assert "logit" in wrong.out


def test_data(xent, tmp_path):
    rows = [f"{i % 2},{i % 2},{(i * 7) % 11}" for i in range(200)]
    (tmp_path / "d.csv").write_text("\n".join(["y,leak,x", *rows]) + "\n")
    outcome = xent("diagnose", "d.csv", "--target", "y")
    assert outcome.code == 0
    assert "leak" in outcome.out


@pytest.mark.parametrize("target", ["label", "color", "width"])
def test_a_run(xent, table, tmp_path, target):
    xent("train", table, "--target", target, "--epochs", "6", "--hidden", "4", "--seed", "1")
    (run,) = (tmp_path / "runs").iterdir()
    outcome = xent("diagnose", run)
    assert outcome.code == 0
    assert outcome.out.startswith("training\n")
    assert ("\ntest\n" in outcome.out) == (target != "width")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "name the truth of predictions"),
        (["--label", "y", "--target", "y"], "give one of them"),
        (["--label", "y"], "exactly one of"),
        (["--target", "nothing"], "no column 'nothing'"),
    ],
)
def test_mistakes_get_one_line(xent, predictions, options, message):
    outcome = xent("diagnose", predictions, *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
