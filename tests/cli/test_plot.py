"""xent plot: every figure as a file, and what it says where it cannot."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

QUICK = ["--hidden", "8", "--epochs", "3", "--seed", "1"]


@pytest.fixture
def run(xent, table, tmp_path):
    assert xent("train", table, "--target", "label", *QUICK).code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    return folder


def test_a_figure_of_a_run_is_a_picture(xent, run, tmp_path):
    outcome = xent("plot", "roc", run, "--output", "roc.png", "--theme", "dark", "--zoom", "1")
    assert outcome.code == 0
    assert outcome.out == "roc: roc.png\n"
    assert (tmp_path / "roc.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    described = json.loads(xent("plot", "history", run, "-o", "h.json", "--json").out)
    assert described["figure"] == "history"
    assert described["bytes"] == (tmp_path / "h.json").stat().st_size
    chart = json.loads((tmp_path / "h.json").read_text())
    assert chart["width"] == 480


def test_the_name_of_the_figure_names_the_file(xent, run, tmp_path):
    assert xent("plot", "weights", run, "--zoom", "0.5").code == 0
    assert (tmp_path / "weights.png").exists()


def test_the_part_decides_which_rows_are_drawn(xent, run, tmp_path):
    frame = pl.read_parquet(run / "predictions.parquet")
    for part in ("test", "validation"):
        xent("plot", "confusion", run, "--part", part, "-o", f"{part}.json")
        chart = json.loads((tmp_path / f"{part}.json").read_text())
        cells = chart["data"]["values"]
        counts = [cell["rows"] for cell in cells]
        assert sum(counts) == frame.filter(frame["part"] == part).height


def test_predictions_from_anywhere_and_settings(xent, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    pl.DataFrame({"y": y, "p": np.clip(0.4 * y + 0.6 * rng.random(100), 0, 1)}).write_csv("p.csv")
    named = ["p.csv", "--label", "y", "--probability", "p"]
    assert xent("plot", "pr", *named, "--title", "Mine", "-o", "pr.json").code == 0
    assert json.loads((tmp_path / "pr.json").read_text())["title"]["text"] == "Mine"
    costs = ["--cost-fn", "5", "--cost-fp", "1"]
    assert xent("plot", "cost", *named, *costs, "-o", "c.json").code == 0
    outcome = xent("plot", "history", *named)
    assert outcome.code == 2
    assert "needs a run" in outcome.err
    assert "p.csv is a table: name its truth with --label" in xent("plot", "roc", "p.csv").err


def test_figures_are_listed(xent):
    listed = xent("plot", "--list")
    assert listed.code == 0
    assert "roc " in listed.out
    assert set(json.loads(xent("plot", "--list", "--json").out)) == {
        line.split()[0] for line in listed.out.splitlines()
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rok"], "there is no figure 'rok'. Did you mean 'roc'?"),
        ([], "name a figure"),
        (["roc"], "needs a run or a table of predictions, got none"),
        (["roc", "RUN", "--theme", "drak"], "Did you mean 'dark'?"),
        (["roc", "RUN", "-o", "roc.gif"], "must end in one of"),
        (["roc", "none", "-o", "roc.gif"], "must end in one of"),  # before anything is read
        (["roc", "none", "-o", "nowhere/roc.png"], "there is no folder nowhere"),
        (["roc", "none", "-o", "."], "output must be a file"),
        (["roc", "none", "--zoom", "0"], "scale must be above 0"),
        (["roc", "RUN", "--part", "train"], "part must be test or validation"),
        (["roc", "RUN", "--metric", "auc"], "roc has no use for --metric"),
        (["roc", "RUN", "--width", "3"], "width must be at least 50"),
        (["history", "RUN", "RUN"], "history takes one run or table, got 2"),
        (["metric", "RUN", "--metric", "acuracy"], "Did you mean 'accuracy'?"),
        (["cost", "RUN"], "needs --cost-fn and --cost-fp"),
        (["predicted", "RUN"], "needs a regression target"),
        (["activation-map", "RUN", "--layer", "9"], "layer must be 1 to 2, got 9"),
        (["roc", "RUN", "--probability", "p"], "--probability needs --label"),
        (["roc", "RUN", "--label", "y", "--part", "test"], "--part and --data go with a run"),
    ],
)
def test_mistakes_get_one_line_and_nothing_is_written(xent, run, tmp_path, arguments, message):
    before = set(tmp_path.iterdir())
    outcome = xent("plot", *[run if word == "RUN" else word for word in arguments])
    assert outcome.code == 2
    assert message in outcome.err
    assert outcome.err.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


def test_a_run_without_predictions_says_the_cure(xent, table, tmp_path):
    without = ["--test-fraction", "0", "--validation-fraction", "0", "--epochs", "1"]
    assert xent("train", table, "--target", "label", "--hidden", "4", *without).code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    outcome = xent("plot", "roc", folder)
    assert outcome.code == 2
    assert "no predictions of test or validation rows" in outcome.err
    assert "Train with a test_fraction above 0" in outcome.err
    assert "validation_fraction above 0" in xent("plot", "roc-epochs", folder).err
    assert xent("plot", "gradients", folder, "-o", "g.json").code == 0  # needs no predictions
