"""xent train: what it prints, what it writes, what its options mean."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

import xent as package
from xent.runs import read_record
from xent.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome

    Xent = Callable[..., Outcome]

QUICK = ["--hidden", "4", "--epochs", "3", "--seed", "1"]


def only_run(tmp_path: Path) -> Path:
    (run,) = tmp_path.glob("runs/*")
    return run


def test_prints_data_network_verdict_and_folder(xent: Xent, table: Path, tmp_path: Path) -> None:
    outcome = xent("train", table, "--target", "label", "--positive", "no", *QUICK)
    assert outcome.code == 0
    assert outcome.err == ""
    lines = outcome.out.splitlines()
    assert lines[0] == "flowers.csv: 240 rows, 4 columns"
    assert "positive class 'no', as told" in lines[1]
    assert lines[2] == "3 features: 2 numeric, 1 categorical"
    assert lines[3] == "154 rows train, 38 validate, 48 test (shuffled, stratified)"
    assert lines[4].startswith(
        "network 4-4-1 relu, 25 parameters; Bernoulli(); adamw, batch 64, at most 3 epochs; seed 1"
    )
    assert re.match(r"3 epochs \(all epochs done\), best epoch \d, \d+\.\d s", lines[5])
    heading = next(line for line in lines if "validation" in line and "const." in line)
    assert heading.split() == [
        "training",
        "const.",
        "validation",
        "const.",
        "test",
        "const.",
        "logistic",
    ]
    for figure in (
        "log loss (nats)",
        "accuracy",
        "precision",
        "recall",
        "FPR",
        "F1",
        "AUC",
        "Brier",
    ):
        assert any(line.startswith(figure) for line in lines)
    assert lines[-1] == f"run: runs/{only_run(tmp_path).name}"


def test_json(xent: Xent, table: Path, tmp_path: Path) -> None:
    outcome = xent("train", table, "--target", "label", "--json", *QUICK)
    summary = json.loads(outcome.out)
    assert summary["run"] == f"runs/{only_run(tmp_path).name}"
    assert summary["status"] == "finished"
    assert summary["n_epochs"] == 3
    assert summary["seed"] == 1
    run = package.load_run(tmp_path / summary["run"])
    assert summary["verdict"] == run.verdict.to_json()
    assert summary["baseline"]["name"] == "logistic regression"


def test_every_setting_of_the_command_line_reaches_the_run(
    xent: Xent, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "test.csv").write_text(table.read_text())
    settings = {
        "hidden": ("5,4", [5, 4]), "activation": ("tanh", "tanh"), "dropout": ("0.1", 0.1),
        "init": ("he_normal", "he_normal"), "optimizer": ("momentum", "momentum"),
        "learning-rate": ("0.01", 0.01), "momentum": ("0.8", 0.8), "schedule": ("cosine", "cosine"),
        "batch-size": ("50", 50), "epochs": ("2", 2), "l1": ("1e-4", 1e-4), "l2": ("0.001", 0.001),
        "weight-decay": ("0.01", 0.01), "clip-norm": ("5", 5.0), "label-smoothing": ("0.1", 0.1),
        "class-weight": ("yes=2,no=1", [["yes", 2.0], ["no", 1.0]]), "validation-fraction": ("0.3", 0.3),
        "patience": ("4", 4), "checkpoint-every": ("2", 2), "engine": ("numpy", "numpy"),
        "device": ("cpu", "cpu"), "dtype": ("float64", "float64"), "distribution": ("bernoulli", "bernoulli"),
        "seed": ("9", 9), "target": ("label", "label"), "positive": ("no", "no"),
        "task": ("binary", "binary"), "test": ("test.csv", "test.csv"), "test-fraction": ("0.1", 0.1),
        "drop": ("height", ["height"]), "categorical": ("color", ["color"]), "numeric": ("width", ["width"]),
        "runs": ("elsewhere", "elsewhere"),
    }  # fmt: skip
    options = [word for name, (text, _) in settings.items() for word in (f"--{name}", text)]
    outcome = xent("train", table, *options, "--batch-norm", "--no-early-stopping")
    assert outcome.code == 0, outcome.err
    (folder,) = tmp_path.glob("elsewhere/*")
    recipe = package.load_run(folder).settings
    for name, (_, value) in settings.items():
        assert recipe["random_state" if name == "seed" else name.replace("-", "_")] == value
    assert recipe["batch_norm"] is True
    assert recipe["early_stopping"] is False


def test_options_are_those_of_the_settings() -> None:
    import dataclasses

    from xent.cli.options import option_parameters
    from xent.training import TrainingSettings
    from xent.workflow import DataSettings

    for record in (TrainingSettings, DataSettings):
        names = {"seed" if f.name == "random_state" else f.name for f in dataclasses.fields(record)}
        assert {parameter.name for parameter in option_parameters(record)} == names


@pytest.mark.parametrize("value", ["-1", "1"])
def test_values_that_look_like_options(value: str, xent: Xent, tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{(-1) ** i}\n" for i in range(100))
    (tmp_path / "data.csv").write_text(f"x,y\n{rows}")
    outcome = xent("train", "data.csv", "--target", "y", "--positive", value, *QUICK)
    assert outcome.code == 0, outcome.err
    assert f"positive class {value}, as told" in outcome.out


def test_linear_network_and_repeated_lists(xent: Xent, table: Path, tmp_path: Path) -> None:
    arguments = [
        "--target",
        "label",
        "--hidden",
        "none",
        "--drop",
        "height",
        "--drop",
        "color,",
        "--epochs",
        "2",
    ]
    outcome = xent("train", table, *arguments)
    assert "network 1-1, 2 parameters" in outcome.out
    assert "left out: height (dropped: as told)" in outcome.out
    assert read_record(RunFolder(only_run(tmp_path))).recipe["drop"] == ["height", "color"]


def test_recipe_and_options(xent: Xent, table: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'target = "label"\nepochs = 9\nhidden = [3]\ndrop = ["color"]\nbatch_norm = true\n'
        "class_weight = {yes = 2.0, no = 1.0}\n"
    )
    outcome = xent("train", table, "--recipe", "recipe.toml", "--epochs", "2", "--no-batch-norm")
    assert outcome.code == 0, outcome.err
    recipe = package.load_run(only_run(tmp_path)).settings
    assert recipe["epochs"] == 2
    assert recipe["hidden"] == [3]
    assert recipe["batch_norm"] is False
    assert recipe["class_weight"] == [["yes", 2.0], ["no", 1.0]]


def test_few_rows_are_said(xent: Xent, tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{'ab'[i % 2]}\n" for i in range(80))
    (tmp_path / "data.csv").write_text(f"x,y\n{rows}")
    outcome = xent("train", "data.csv", "--target", "y", *QUICK)
    (warning,) = outcome.err.splitlines()
    assert warning.startswith("warning: 80 rows are too few for a validation part")
    assert warning.removeprefix("warning: ") in package.load_run(only_run(tmp_path)).record.warnings


def test_resume_of_a_finished_run(xent: Xent, table: Path, tmp_path: Path) -> None:
    xent("train", table, "--target", "label", *QUICK)
    outcome = xent("train", "--resume", only_run(tmp_path))
    assert outcome.code == 0
    assert outcome.err.startswith("warning: ")
    assert "nothing is left to resume" in outcome.err
    assert "AUC" in outcome.out


def test_help_and_version(xent: Xent) -> None:
    assert xent("--version").out == f"xent {package.__version__}\n"
    for arguments in ([], ["--help"], ["-h"]):
        outcome = xent(*arguments)
        assert outcome.code == 0
        assert all(verb in outcome.out for verb in ("train", "predict", "evaluate"))
    options = xent("train", "--help").out
    assert "--batch-norm / --no-batch-norm" in options
    assert "[256,256]" in options


def in_terminal(arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run the command in a terminal of its own and return its code and all that it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xent", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal's other end was closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(), shown.decode()


def test_progress_bar_and_table_on_a_terminal(table: Path, tmp_path: Path) -> None:
    code, shown = in_terminal(["train", str(table), "--target", "label", *QUICK], tmp_path)
    assert code == 0
    assert "of 3" in shown
    assert "━" in shown  # the bar
    assert "──" in shown  # the rule below the table's heading
    assert "run: runs/" in shown


def test_nothing_an_epoch_when_piped(xent: Xent, table: Path) -> None:
    few = xent("train", table, "--target", "label", "--epochs", "30", "--seed", "1")
    many = xent("train", table, "--target", "label", "--epochs", "60", "--seed", "1")
    assert many.out.count("\n") == few.out.count("\n")
    assert many.err == ""


def test_multiclass_multilabel_regression(xent: Xent, tmp_path: Path) -> None:
    lines = [f"{i % 11},{i % 3},{i % 2},{(i // 2) % 2},{i % 5 + 0.5}" for i in range(330)]
    (tmp_path / "data.csv").write_text("\n".join(["x,c,l_a,l_b,v", *lines]) + "\n")
    outcome = xent("train", "data.csv", "--target", "c", "--drop", "l_*,v", *QUICK)
    assert "macro AUC" in outcome.out
    outcome = xent("train", "data.csv", "--targets", "l_*", *QUICK)
    assert "Hamming loss" in outcome.out
    outcome = xent("train", "data.csv", "--target", "v", "--task", "regression", *QUICK)
    assert "RMSE" in outcome.out
    assert outcome.out.count("ridge") == 1


def test_predict_and_evaluate(xent: Xent, table: Path, tmp_path: Path) -> None:
    xent("train", table, "--target", "label", *QUICK)
    run = only_run(tmp_path)
    outcome = xent("predict", run, table, "--output", "p.parquet")
    assert re.match(r"p\.parquet: 240 rows \(no: \d+, yes: \d+\)\n", outcome.out)
    frame = pl.read_parquet(tmp_path / "p.parquet")
    assert frame.columns == ["row", "part", "y", "z_0", "p_no", "p_yes", "decision"]
    assert frame["decision"].is_in(["yes", "no"]).all()

    xent("predict", run, table, "-o", "p.csv")
    assert pl.read_csv(tmp_path / "p.csv").equals(
        pl.read_csv(xent("predict", run, table).out.encode())
    )
    summary = json.loads(xent("predict", run, table, "--output", "p.csv", "--json").out)
    assert summary["n_rows"] == sum(summary["decisions"].values()) == 240
    printed = json.loads(xent("predict", run, table, "--json").out)
    assert printed["predictions"][0]["decision"] in {"yes", "no"}

    outcome = xent("evaluate", run, table)
    assert outcome.code == 0
    assert "the table that the run was made from" in outcome.err
    assert outcome.out.splitlines()[0].split() == ["new", "data", "const."]
    verdict = json.loads(xent("evaluate", run, table, "--json").out)["verdict"]
    assert verdict == package.load_run(run).evaluate(table).to_json()


def test_predict_without_labels_and_with_news(xent: Xent, table: Path, tmp_path: Path) -> None:
    xent("train", table, "--target", "label", *QUICK)
    (tmp_path / "new.csv").write_text("color,width,height,extra\ngreen,1,2,x\nred,,3,y\n")
    outcome = xent("predict", only_run(tmp_path), "new.csv")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "row,part,z_0,p_no,p_yes,decision"
    assert "green" in outcome.err
    assert "width: 1 missing value" in outcome.err


def test_predict_without_output_and_of_numbers(xent: Xent, tmp_path: Path) -> None:
    lines = [f"{i % 11},{i % 2},{(i // 2) % 2},{i % 5 + 0.5}" for i in range(330)]
    (tmp_path / "data.csv").write_text("\n".join(["x,l_a,l_b,v", *lines]) + "\n")
    xent("train", "data.csv", "--target", "v", "--task", "regression", "--drop", "l_*", *QUICK)
    run = only_run(tmp_path)
    assert xent("predict", run, "data.csv", "-o", "p.csv").out == "p.csv: 330 rows\n"
    assert pl.read_csv(tmp_path / "p.csv").columns == [
        "row",
        "part",
        "y",
        "z_0",
        "mean",
        "decision",
    ]
    outcome = xent("train", "data.csv", "--targets", "l_a,l_b", "--runs", "labels", *QUICK)
    assert outcome.code == 0
    (run,) = tmp_path.glob("labels/*")
    assert re.match(
        r"p\.csv: 330 rows \(l_a: \d+, l_b: \d+\)",
        xent("predict", run, "data.csv", "-o", "p.csv").out,
    )


def test_missing_targets_and_dates_are_predicted_as_json(xent: Xent, tmp_path: Path) -> None:
    rows = [f"{k / 7:.3f},{k % 7},2020-01-{1 + k % 28:02d}" for k in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a,y,day", *rows]) + "\n")
    xent("train", "t.csv", "--target", "y", "--task", "regression", "--group", "day", *QUICK)
    run = only_run(tmp_path)
    pl.DataFrame(
        {"a": [1, 2], "y": [None, 4], "day": [date(2020, 1, 1), date(2020, 1, 2)]}
    ).write_parquet(tmp_path / "new.parquet")
    printed = json.loads(xent("predict", run, "new.parquet", "--json").out)["predictions"]
    assert [row["y"] for row in printed] == [None, 4.0]
    assert [row["group"] for row in printed] == ["2020-01-01", "2020-01-02"]
    assert all(isinstance(row["mean"], float) for row in printed)


def test_new_categories_are_said_when_evaluating(xent: Xent, table: Path, tmp_path: Path) -> None:
    xent("train", table, "--target", "label", *QUICK)
    (tmp_path / "new.csv").write_text("color,width,height,label\ngreen,1,2,yes\nred,1,3,no\n")
    outcome = xent("evaluate", only_run(tmp_path), "new.csv")
    assert outcome.code == 0
    assert "warning: color: 1 value without a category in training" in outcome.err


def test_resume_on_the_command_line(xent: Xent, table: Path, tmp_path: Path) -> None:
    class Stop(package.Callback):
        def epoch_begin(self, moment: package.training.Moment) -> None:
            if moment.epoch == 3:
                raise KeyboardInterrupt

    settings = {"hidden": (4,), "epochs": 5, "random_state": 1, "checkpoint_every": 1}
    with pytest.raises(KeyboardInterrupt):
        package.train(table, target="label", runs=tmp_path / "runs", callbacks=[Stop()], **settings)
    outcome = xent("train", "--resume", only_run(tmp_path))
    assert outcome.code == 0
    assert "resumed at epoch 3, batch 1" in outcome.out
    assert "5 epochs (all epochs done)" in outcome.out


def test_ctrl_c_in_process(
    xent: Xent, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os
    import signal

    from xent.training import Trainer

    original = Trainer._end_epoch

    def interrupt(self: Trainer, *arguments: object) -> None:
        original(self, *arguments)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Trainer, "_end_epoch", interrupt)
    outcome = xent("train", table, "--target", "label", *QUICK)
    assert outcome.code == 130
    assert f"continue with: xent train --resume runs/{only_run(tmp_path).name}" in outcome.err
    assert "1 epoch (interrupted)" in outcome.out

    def twice(self: Trainer, *arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_end_epoch", twice)
    outcome = xent("train", table, "--target", "label", "--runs", "again", *QUICK)
    assert outcome.code == 130
    assert "continue with: xent train --resume again/" in outcome.err
