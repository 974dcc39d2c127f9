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
    """Read a tenth of a tenth of the rows a hundred times, by the scores' leading bits."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    n_file = max(n_rows // 100, 1)
    p = rng.random(n_file, dtype=np.float32)
    y = rng.random(n_file, dtype=np.float32) < p
    path = folder / "rows.parquet"
    pq.write_table(pa.table({"y": y, "p": p}), path, row_group_size=1 << 20)
    exact = roc_auc(y, p)
    del p, y
    state, begin = BinnedState(), time.perf_counter()
    for _ in range(100):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH):
                truth = batch.column(0).to_numpy(zero_copy_only=False)
                state.update(truth, probabilities=batch.column(1).to_numpy())
    seconds = time.perf_counter() - begin
    inside = state.auc.low <= exact <= state.auc.high
    return {"holds": inside and state.n_rows == 100 * n_file, "speed": state.n_rows / seconds}


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
