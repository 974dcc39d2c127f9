"""Ctrl-C: what was learned is kept, judged and can be continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import xent


def start(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "xent", "train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def wait_for_epochs(folder: Path, n_epochs: int) -> Path:
    """Return the run's folder once it has that many epochs."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for history in folder.glob("runs/*/history.jsonl"):
            if history.read_bytes().count(b"\n") >= n_epochs:
                return history.parent
        time.sleep(0.005)
    raise AssertionError("the training did not come so far")


def test_ctrl_c_keeps_what_was_learned(fault_table: Path, tmp_path: Path) -> None:
    settings = ["--hidden", "3", "--epochs", "100000", "--no-early-stopping", "--seed", "1"]
    process = start([str(fault_table), "--target", "y", *settings], tmp_path)
    folder = wait_for_epochs(tmp_path, 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"xent train --resume runs/{folder.name}" in err
    assert "Traceback" not in err
    assert "log loss" in out

    run = xent.load_run(folder)
    assert run.status == "interrupted"
    assert run.record.n_epochs == len(run.history) >= 5
    assert list(run.verdict.parts) == ["training", "validation", "test"]
    assert run.predict(fault_table).shape == (260,)


def test_interrupted_resumes_to_the_same_end(fault_table: Path, tmp_path: Path) -> None:
    settings = [
        "--hidden",
        "3",
        "--epochs",
        "400",
        "--no-early-stopping",
        "--seed",
        "1",
        "--dropout",
        "0.2",
    ]
    process = start([str(fault_table), "--target", "y", *settings], tmp_path)
    folder = wait_for_epochs(tmp_path, 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    n_epochs = xent.load_run(folder).record.n_epochs
    assert process.returncode == 130
    assert n_epochs < 400

    process = start(["--resume", f"runs/{folder.name}", "--json"], tmp_path)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["status"] == "finished"
    whole = xent.train(
        fault_table, target="y", hidden=(3,), epochs=400, early_stopping=False, random_state=1, dropout=0.2,
        runs=tmp_path / "whole",
    )  # fmt: skip
    for name in ("model.safetensors", "history.jsonl", "evaluation.json"):
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes()


def wait_for_library(process: subprocess.Popen[str], name: str) -> None:
    """Return once the process has loaded a library: its own handlers stand long before."""
    end = time.monotonic() + 60
    while time.monotonic() < end and name not in Path(f"/proc/{process.pid}/maps").read_text():
        time.sleep(0.005)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what is loaded")
def test_ctrl_c_before_training_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,y\n" + "1,0\n2,1\n" * 300_000)
    process = start(["data.csv", "--target", "y"], tmp_path)
    wait_for_library(process, "polars")  # the table is about to be read, which takes a while
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/*"))


def test_second_ctrl_c_can_be_resumed(fault_table: Path, tmp_path: Path) -> None:
    class Stop(xent.Callback):
        def batch_end(self, moment: xent.training.Moment) -> None:
            if moment.epoch == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        xent.train(
            fault_table,
            target="y",
            hidden=(3,),
            epochs=5,
            random_state=1,
            runs=tmp_path,
            callbacks=[Stop()],
        )
    (folder,) = tmp_path.iterdir()
    assert xent.load_run(folder).status == "interrupted"
    assert len(xent.resume(folder).history) == 5
