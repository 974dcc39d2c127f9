"""Killed at any moment and resumed: the same weights, history and curves as never killed, bit for bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
N_ROWS = 360
BATCH_SIZE = 32

CLASSES = {"target": "y", "positive": "b", "hidden": [8], "batch_size": BATCH_SIZE, "epochs": 9}
# each is killed twice after a random number of batches, and twice after a random time
SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {**CLASSES, "checkpoint_every": 1},
    "momentum, batch norm, step": {
        **CLASSES, "optimizer": "momentum", "batch_norm": True, "schedule": "step", "checkpoint_every": 1,
    },
    "dropout, cosine, float64": {
        **CLASSES, "dropout": 0.3, "schedule": "cosine", "dtype": "float64", "checkpoint_every": 1,
    },
    "patience": {**CLASSES, "epochs": 60, "patience": 2, "learning_rate": 0.1, "checkpoint_every": 1},
    "regression, class of each batch": {
        "target": "x0", "task": "regression", "hidden": [6, 6], "batch_size": BATCH_SIZE, "epochs": 8,
    },
    "adamw, smoothing, weights": {
        **CLASSES, "optimizer": "adamw", "label_smoothing": 0.1, "class_weight": "balanced", "batch_size": None,
        "epochs": 30, "checkpoint_every": 1,
    },
}  # fmt: skip
KILLS = 4


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.Generator(np.random.PCG64(1))
    X = rng.normal(size=(N_ROWS, 3))
    y = np.where(X @ [1, -1, 0.5] + 0.5 * rng.normal(size=N_ROWS) > 0, "b", "a")
    rows = [",".join([*map(str, x), label]) for x, label in zip(X.tolist(), y, strict=True)]
    path = tmp_path_factory.mktemp("table") / "table.csv"
    path.write_text("\n".join(["x0,x1,x2,y", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def trainings():
    """Return a function that trains in a process of its own and returns how that ended."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "trainings.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )

    def order(**values: Any) -> int:
        process.stdin.write(json.dumps(values) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield order
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


def only_run(runs: Path) -> Path:
    (run,) = runs.iterdir()
    return run


def batches(log: Path) -> Counter[str]:
    return Counter(log.read_text().split("\n")[:-1]) if log.exists() else Counter()


@pytest.mark.parametrize("name", SETTINGS)
def test_resumed_equals_never_killed(name: str, table: Path, trainings, tmp_path: Path) -> None:
    settings = {**SETTINGS[name], "random_state": 3}
    each_batch = "checkpoint_every" not in settings
    common = {
        "table": str(table),
        "settings": settings,
        "each_batch": each_batch,
        "kill_after_seconds": None,
    }
    whole, log = tmp_path / "whole", tmp_path / "whole.log"
    assert (
        trainings(runs=str(whole), log=str(log), kill_after_batches=None, resume=None, **common)
        == 0
    )
    trained = batches(log)
    n_batches, n_trained = max(int(line.split()[1]) for line in trained), sum(trained.values())

    rng = np.random.Generator(np.random.PCG64(len(name)))
    runs, log, resumed, n_killed = tmp_path / "killed", tmp_path / "killed.log", None, 0
    while n_killed < KILLS:
        after: dict[str, Any] = {
            "kill_after_batches": int(rng.integers(1, max(2, n_trained // KILLS)))
        }
        if n_killed % 2:
            after = {"kill_after_batches": None, "kill_after_seconds": float(rng.uniform(0, 0.02))}
        code = trainings(**{**common, **after}, runs=str(runs), log=str(log), resume=resumed)
        assert code in {0, -9}
        n_killed += code == -9
        resumed = str(only_run(runs))
        if code == 0 and n_killed < KILLS:  # the clock was slower than the training: once more
            shutil.rmtree(runs)
            log.unlink()
            resumed, n_killed = None, 0
    end = {"kill_after_batches": None, "resume": resumed}
    assert trainings(runs=str(runs), log=str(log), **end, **common) == 0

    again = batches(log)
    assert set(again) == set(trained)  # every batch, and none that the whole training did not have
    at_most = 1 if each_batch else n_batches
    assert sum(again.values()) - n_trained <= n_killed * at_most
    same_files(only_run(whole), only_run(runs))


def same_files(one: Path, other: Path) -> None:
    """Assert that what a training leaves behind is the same, byte for byte."""
    names = ["model.safetensors", "history.jsonl", "evaluation.json", "encoder.json", "split.json"]
    curves = sorted(path.name for path in one.glob("curves/*"))
    assert curves == sorted(path.name for path in other.glob("curves/*"))
    for name in [*names, "predictions.parquet", *(f"curves/{curve}" for curve in curves)]:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    status, again = (json.loads((run / "run.json").read_text()) for run in (one, other))
    for key in (
        "status",
        "stopped_because",
        "n_epochs",
        "best_epoch",
        "seed",
        "recipe",
        "files",
        "n_threads",
    ):
        assert status[key] == again[key] or key == "recipe"


def test_killed_before_the_first_checkpoint(table: Path, trainings, tmp_path: Path) -> None:
    common = {"table": str(table), "settings": {**CLASSES, "random_state": 4}, "each_batch": False}
    none = {"kill_after_batches": None, "kill_after_seconds": None}
    log = str(tmp_path / "log")
    assert trainings(**common, **none, runs=str(tmp_path / "whole"), log=log, resume=None) == 0
    one = {"kill_after_batches": 1, "kill_after_seconds": None}
    assert trainings(**common, **one, runs=str(tmp_path / "runs"), log=log, resume=None) == -9
    run = only_run(tmp_path / "runs")
    for path in run.glob("checkpoints/*"):
        path.unlink()
    assert trainings(**common, **none, runs="", log=log, resume=str(run)) == 0
    same_files(only_run(tmp_path / "whole"), run)
