"""Several ranks train one run: as one process would, with one voice, and again after one was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xent
from xent.launch import Launch
from xent.training import TrainingSettings
from xent.workflow.relaunching import find_relaunched, write_launch

PROGRAM = Path(__file__).parent / "rank_program.py"
# those of the program
SETTINGS: dict[str, Any] = {
    "target": "target", "positive": "malignant", "engine": "torch", "device": "cpu", "dtype": "float64",
    "random_state": 1, "epochs": 4, "hidden": (8,), "batch_norm": True, "dropout": 0.2, "batch_size": 91,
    "checkpoint_every": 1,
}  # fmt: skip
SOURCE = "example:breast_cancer"


@pytest.fixture(scope="module")
def alone(run_ranks, tmp_path_factory):
    """Return the run of one process that nothing disturbed."""
    return xent.train(SOURCE, runs=tmp_path_factory.mktemp("alone"), **SETTINGS)


def only_run(runs: Path):
    (folder,) = runs.iterdir()
    return xent.load_run(folder)


def assert_alike(run, other) -> None:
    for name, array in run.model.engine.state().items():
        np.testing.assert_allclose(array, other.model.engine.state()[name], rtol=0, atol=1e-12)
    for own, expected in zip(run.history.records, other.history.records, strict=True):
        assert own["validation_loss"] == pytest.approx(expected["validation_loss"], abs=1e-12)
        assert own["loss"] == pytest.approx(expected["loss"], abs=1e-12)


def as_options(settings: dict[str, Any]) -> list[str]:
    options = []
    for name, value in settings.items():
        option = "--seed" if name == "random_state" else f"--{name.replace('_', '-')}"
        options.append(option)
        if not isinstance(value, bool):
            options.append(",".join(map(str, value)) if isinstance(value, tuple) else str(value))
    return options


def test_the_command_line_trains_what_one_process_does(run_ranks, alone, tmp_path: Path) -> None:
    first, second = run_ranks(
        ["-m", "xent", "train", SOURCE, "--json", *as_options(SETTINGS)], tmp_path
    )
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert json.loads(first.stdout)["status"] == "finished"
    assert (second.stdout, second.stderr) == ("", "")
    assert_alike(only_run(tmp_path / "runs"), alone)


def test_a_killed_rank_ends_the_run_and_one_process_resumes_it(
    run_ranks, alone, tmp_path: Path
) -> None:
    first, second = run_ranks([str(PROGRAM), "killed"], tmp_path)
    assert second.returncode == -9
    assert first.returncode == 1
    assert (
        "rank 1 has gone: killed, or its connection is lost. Nothing up to the last" in first.stderr
    )
    run = only_run(tmp_path / "runs")
    assert run.status == "failed"
    assert run.record.stopped_because.startswith("rank 1 has gone")
    assert_alike(xent.resume(run.folder), alone)


def test_torchrun_starts_the_ranks_again_where_they_were(alone, tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [*torchrun, "--max-restarts=1", str(PROGRAM), "killed"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = only_run(tmp_path / "runs")
    assert run.status == "finished"
    # not from the start: the first two epochs stand as the first start wrote them
    assert_alike(run, alone)
    assert (run.folder / "checkpoints" / "launch.json").is_file()


@pytest.fixture(scope="module")
def said(run_ranks, tmp_path_factory) -> list[dict[str, Any]]:
    """Return what each rank was told."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "recipe.toml").write_text("epochs = 4\n")
    done = run_ranks([str(PROGRAM), "mistakes"], folder)
    assert [one.returncode for one in done] == [0, 0], done[0].stderr + done[1].stderr
    assert not (folder / "mistakes").exists() or not list((folder / "mistakes").iterdir())
    assert only_run(folder / "failed").status == "failed"
    return [json.loads((folder / f"said-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("column", "weight: breast_cancer has no column 'nope'."),
        ("engine", "engine 'numpy' trains in one process, and this is one of 2 ranks"),
        ("data", "rank 1 has another table than rank 0"),
        ("settings", "rank 1 has another epochs than rank 0: 4, not 3."),
        ("one rank", "rank 1: recipe: there is no file elsewhere.toml."),
    ],
)
def test_a_mistake_on_any_rank_ends_all_with_one_message(said, name: str, message: str) -> None:
    assert said[0][name].startswith(message)
    assert said[1][name].removeprefix("rank 1: ") == said[0][name].removeprefix("rank 1: ")


def test_ctrl_c_on_any_rank_interrupts_all_and_all_resume(said) -> None:
    # seen after batch 6, it travels with batch 7: within the second epoch
    assert said[0]["interrupted"] == said[1]["interrupted"] == ["interrupted", "interrupted", 1]
    assert said[0]["resumed"] == said[1]["resumed"] == ["finished", 4]


def test_runs_are_taken_up_where_one_machine_only_counts_the_start(said) -> None:
    # the finished one as it is, its table in memory no longer kept; the other to its end
    assert said[0]["restarted"] == said[1]["restarted"]
    assert said[0]["restarted"] == [
        ["finished", "finished", 3, True],
        ["interrupted", "finished", 4, True],
    ]


def test_the_other_rank_says_what_one_failed_of(said) -> None:
    assert said[1]["failed"] == "out of luck"
    assert said[0]["failed"].startswith("rank 1 has gone: out of luck. Nothing up to the last")


def test_a_stop_from_elsewhere_stops_all(said) -> None:
    assert said[0]["stopped"] == said[1]["stopped"]
    status, reason, n_epochs = said[0]["stopped"]
    assert (status, reason) == ("finished", "a stop was asked for")
    assert n_epochs < 100


def test_a_run_is_found_again_by_the_launch_that_trained_it(alone, tmp_path: Path) -> None:
    training = TrainingSettings(
        **{
            name: value
            for name, value in alone.record.recipe.items()
            if hasattr(TrainingSettings, name)
        }
    )
    runs = str(alone.folder.parent)
    launch = Launch(0, 2, n_restarts=1, run_id="launch-a")
    write_launch(launch, alone.files)
    assert find_relaunched(launch, SOURCE, runs, training) == str(alone.folder)
    # a first start, another launch, other data, other settings, no runs
    assert find_relaunched(Launch(0, 2, run_id="launch-a"), SOURCE, runs, training) == ""
    assert find_relaunched(Launch(0, 2, n_restarts=1, run_id="b"), SOURCE, runs, training) == ""
    assert find_relaunched(launch, "example:wine", runs, training) == ""
    assert find_relaunched(launch, SOURCE, runs, TrainingSettings()) == ""
    assert find_relaunched(launch, SOURCE, str(tmp_path / "none"), training) == ""
    # without a name of its own a launch is known by the process that started it
    nameless = Launch(0, 2, n_restarts=1, run_id="none")
    write_launch(nameless, alone.files)
    assert find_relaunched(nameless, SOURCE, runs, training) == str(alone.folder)
    (alone.folder / "checkpoints" / "launch.json").write_text("[")
    assert find_relaunched(nameless, SOURCE, runs, training) == ""
