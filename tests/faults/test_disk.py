"""A disk that is full, and a folder that cannot be written: one line, and no half-written file.

The limit on file sizes (RLIMIT_FSIZE) makes the writes themselves fail in the kernel, after some bytes, as a full
disk does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xent

resource = pytest.importorskip("resource", reason="limits on file sizes need Unix")

# sizes: history.jsonl 500 bytes an epoch, a checkpoint 6 kB, split.json 2 kB
TRAIN = [
    "--target",
    "y",
    "--hidden",
    "3",
    "--epochs",
    "20",
    "--seed",
    "1",
    "--checkpoint-every",
    "1",
]


def run_limited(arguments: list[str], limit: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process that may not write a file longer than `limit` bytes."""
    program = (
        "import resource, sys; from xent.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY)); sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def refused(process: subprocess.CompletedProcess[str]) -> None:
    assert process.returncode == 2, process.stderr
    errors = [line for line in process.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: cannot write ")
    assert "Free some space" in errors[0]


@pytest.mark.parametrize("limit", [100, 3000])
def test_full_at_the_start_leaves_no_folder(limit: int, fault_table: Path, tmp_path: Path) -> None:
    refused(run_limited(["train", str(fault_table), *TRAIN], limit, tmp_path))
    assert list(tmp_path.glob("runs/*")) == []


def test_full_in_training_can_be_resumed(fault_table: Path, tmp_path: Path) -> None:
    refused(run_limited(["train", str(fault_table), *TRAIN], 7000, tmp_path))
    (folder,) = tmp_path.glob("runs/*")
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "failed"
    assert "cannot write" in record["stopped_because"]
    assert not (folder / "model.safetensors").exists()
    assert not [path for path in folder.rglob(".*") if path.is_file()]

    resumed = xent.resume(folder)
    whole = xent.train(
        fault_table, target="y", hidden=(3,), epochs=20, random_state=1, runs=tmp_path / "whole"
    )
    assert resumed.status == "finished"
    assert (folder / "history.jsonl").read_bytes() == (whole.folder / "history.jsonl").read_bytes()
    assert (folder / "model.safetensors").read_bytes() == (
        whole.folder / "model.safetensors"
    ).read_bytes()


def test_full_when_predicting(finished: xent.Run, fault_table: Path, tmp_path: Path) -> None:
    arguments = ["predict", str(finished.folder), str(fault_table), "--output", "p.csv"]
    refused(run_limited(arguments, 1000, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_old_output_outlives_a_full_disk(
    finished: xent.Run, fault_table: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.csv").write_text("old")
    arguments = ["predict", str(finished.folder), str(fault_table), "--output", "p.csv"]
    refused(run_limited(arguments, 1000, tmp_path))
    assert (tmp_path / "p.csv").read_text() == "old"


def test_runs_cannot_be_made(fault_table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(xent.XentError, match="cannot make a folder"):
        xent.train(fault_table, target="y", runs=tmp_path / "file" / "runs")


def test_standard_output_is_full(finished: xent.Run, fault_table: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "xent", "predict", str(finished.folder), str(fault_table)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr.startswith("error: ")
    assert "Traceback" not in process.stderr


def test_reader_of_the_output_leaves(finished: xent.Run, tmp_path: Path) -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    rows = "\n".join(f"{a:.4f},{a:.4f},u" for a in rng.normal(size=20_000))
    (tmp_path / "long.csv").write_text(f"a,b,c\n{rows}\n")
    process = subprocess.run(
        f"{sys.executable} -m xent predict {finished.folder} long.csv | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert process.stdout.startswith("row,part,z_0,")
    assert process.stderr == ""
