"""xent compare: two runs on the rows that both were tested on."""

from __future__ import annotations

import json

import pytest

QUICK = ["--epochs", "15", "--seed", "1"]


@pytest.fixture
def runs(xent, table, tmp_path):
    xent("train", table, "--target", "label", "--hidden", "8", "--runs", "a", *QUICK)
    xent("train", table, "--target", "label", "--hidden", "2", "--runs", "b", *QUICK)
    return [next((tmp_path / name).iterdir()) for name in "ab"]


def test_two_runs(xent, runs):
    outcome = xent("compare", *runs)
    assert outcome.code == 0
    assert "AUC" in outcome.out
    assert "48 rows" in outcome.out
    described = json.loads(xent("compare", *runs, "--json").out)
    assert described["figures"]["auc"]["difference"]["low"] is not None
    assert described["a"] == str(runs[0])


def test_other_seeds_share_some_rows(xent, runs, table, tmp_path):
    xent(
        "train",
        table,
        "--target",
        "label",
        "--hidden",
        "2",
        "--runs",
        "c",
        "--epochs",
        "5",
        "--seed",
        "2",
    )
    (other,) = (tmp_path / "c").iterdir()
    outcome = xent("compare", runs[0], other)
    assert outcome.code == 0
    assert "test rows are not in all runs' test parts" in outcome.err


@pytest.mark.parametrize("task", ["regression", "labels", "classes"])
def test_every_task(xent, tmp_path, task):
    lines = [f"{i % 7},{i % 2},{i // 2 % 2},{'uvw'[i % 3]}" for i in range(300)]
    (tmp_path / "t.csv").write_text("\n".join(["x,l_a,l_b,c", *lines]) + "\n")
    target = {
        "regression": ["--target", "x", "--task", "regression"],
        "labels": ["--targets", "l_*"],
        "classes": ["--target", "c"],
    }[task]
    for name in "ab":
        assert xent("train", "t.csv", *target, "--runs", name, "--hidden", "3", *QUICK).code == 0
    runs = [next((tmp_path / name).iterdir()) for name in "ab"]
    outcome = xent("compare", *runs)
    assert outcome.code == 0
    assert "not clear" in outcome.out


def test_runs_that_have_nothing_in_common_are_refused(xent, runs, table, tmp_path):
    text = table.read_text()
    (tmp_path / "other.csv").write_text(text.replace("0.1", "0.2"))
    xent("train", "other.csv", "--target", "label", "--runs", "c", *QUICK)
    (other,) = (tmp_path / "c").iterdir()
    assert "trained on other data" in xent("compare", runs[0], other).err
    xent("train", table, "--target", "color", "--runs", "d", *QUICK)
    (color,) = (tmp_path / "d").iterdir()
    assert "other targets" in xent("compare", runs[0], color).err


def test_several_runs_against_the_first(xent, runs, table, tmp_path):
    xent("train", table, "--target", "label", "--hidden", "4", "--runs", "c", *QUICK)
    third = next((tmp_path / "c").iterdir())
    outcome = xent("compare", *runs, third)
    assert outcome.code == 0
    assert outcome.out.count(f"a: {runs[0]}") == 2
    assert "figures and models" in outcome.out
    described = json.loads(xent("compare", *runs, third, "--json").out)
    assert list(described["models"]) == [str(runs[1]), str(third)]
    twice = xent("compare", *runs, runs[0])
    assert twice.code == 2
    assert "once" in twice.err
