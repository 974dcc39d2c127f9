"""Evaluation of more rows than memory holds: rows a second, resident memory, bytes on disk.

Every case runs in a process of its own, whose peak resident memory is the figure. The first
argument scales the number of rows down: `bars_streaming.py 0.01`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from results import Row, report
from xent.evaluation import roc_auc
from xent.evaluation.states import BinaryState, BinnedState

BATCH = 1 << 18
GIB = 1 << 30


def binned(n_rows: int, folder: Path) -> dict[str, Any]:
    """Read a hundredth of the rows from Parquet a hundred times, as `xent evaluate` does."""
    from xent.data.streams import column_batches

    path, n_file = folder / "rows.parquet", max(n_rows // 100, 1)
    exact = write_rows(path, n_file)
    state, begin = BinnedState(), time.perf_counter()
    for _ in range(100):
        for batch in column_batches(path, ["y", "p"], batch_rows=BATCH):
            state.update(batch["y"], probabilities=batch["p"])
    seconds = time.perf_counter() - begin
    inside = state.auc.low <= exact <= state.auc.high
    return {"holds": inside and state.n_rows == 100 * n_file, "speed": state.n_rows / seconds}


def write_rows(path: Path, n_rows: int) -> float:
    """Write rows as Parquet and return their exact AUC, with nothing left in memory."""
    import polars as pl

    rng = np.random.default_rng(0)
    p = rng.random(n_rows, dtype=np.float32)
    y = rng.random(n_rows, dtype=np.float32) < p
    pl.DataFrame({"y": y, "p": p}).write_parquet(path, row_group_size=1 << 20)
    return roc_auc(y, p)


def distinct(n_rows: int, n_distinct: int, *, spill: bool) -> dict[str, Any]:
    """Count rows in exact mode; scores come batch by batch, so that no array of all rows exists."""
    rng, begin = np.random.default_rng(0), time.perf_counter()
    with BinaryState(spill=spill) as state:
        for start in range(0, n_rows, BATCH):
            n = min(BATCH, n_rows - start)
            if spill:
                bits = np.arange(start, start + n, dtype=np.int64) * 7_919 % 1_000_000_007
                scores = bits.astype(np.int32).view(np.float32)  # below 2^30: finite, all distinct
            else:
                scores = (rng.integers(0, n_distinct, n) / n_distinct).astype(np.float32)
            state.update(rng.random(n) < 0.3, scores=scores)
        auc = state.auc
        seconds, on_disk = time.perf_counter() - begin, state.n_disk_bytes / n_rows
    return {"auc": auc, "speed": n_rows / seconds, "on_disk": on_disk}


def in_memory(n_rows: int, n_distinct: int, *, spilled: bool) -> float:
    rng, truth, scores = np.random.default_rng(0), [], []
    for start in range(0, n_rows, BATCH):
        n = min(BATCH, n_rows - start)
        if spilled:
            bits = np.arange(start, start + n, dtype=np.int64) * 7_919 % 1_000_000_007
            scores.append(bits.astype(np.int32).view(np.float32))
        else:
            scores.append((rng.integers(0, n_distinct, n) / n_distinct).astype(np.float32))
        truth.append(rng.random(n) < 0.3)
    return roc_auc(np.concatenate(truth), np.concatenate(scores))


def case(name: str, scale: float) -> dict[str, Any]:
    n_rows, n_distinct = int(1e8 * scale), max(int(2e6 * scale), 1)
    if name == "binned":
        with tempfile.TemporaryDirectory() as folder:
            measured = binned(int(1e9 * scale), Path(folder))
    else:
        measured = distinct(n_rows, n_distinct, spill=name == "spilled")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if name != "binned":
        measured["holds"] = measured["auc"] == in_memory(
            n_rows, n_distinct, spilled=name == "spilled"
        )
    return {**measured, "peak": peak}


def alone(name: str, scale: float) -> dict[str, Any]:
    program = [sys.executable, __file__, str(scale), name]
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def case_rows(name: str, label: str, scale: float) -> list[Row]:
    measured = alone(name, scale)
    peak, speed = measured["peak"], measured["speed"]
    what = "exact AUC inside the bracket" if name == "binned" else "AUC == in memory"
    rows = [
        Row(f"{label}: peak memory", f"{peak / GIB:.2f} GiB", "<= 1 GiB", peak <= GIB),
        Row(f"{label}: {what}", str(measured["holds"]), "True", measured["holds"]),
    ]
    if name == "binned":
        rows.append(Row(f"{label}: rows a second", f"{speed:.3g}", ">= 1e7", speed >= 1e7))
    if name == "spilled":
        on_disk = measured["on_disk"]
        rows.append(Row(f"{label}: bytes a row on disk", f"{on_disk:.2f}", "<= 12", on_disk <= 12))
    return rows


CASES = {
    "binned": "1 billion rows of Parquet, binned",
    "repeated": "100 million rows, 2 million scores",
    "spilled": "100 million distinct float32, spilled",
}

if __name__ == "__main__":
    factor = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    if len(sys.argv) > 2:
        print(json.dumps(case(sys.argv[2], factor)))
        sys.exit(0)
    measured_rows = [row for name, label in CASES.items() for row in case_rows(name, label, factor)]
    if factor != 1:
        print(*measured_rows, sep="\n")
        sys.exit(0)
    sys.exit(report("streaming", measured_rows))
