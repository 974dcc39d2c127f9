"""Speed and memory of binary evaluation, 10 million float32 scores with hardly a tie."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import xent
from results import Row, ratio, report, take_turns
from xent.evaluation import log_loss, roc_auc

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.arrays import Array

N_ROWS = 10_000_000
CURVES = ("roc", "pr", "det", "gain", "lift", "cost_curve")


def rows(n: int) -> tuple[Array, Array]:
    generator = np.random.default_rng(0)
    y = generator.random(n) < 0.3
    return y, (generator.normal(size=n).astype(np.float32) + y).astype(np.float32)


def everything(y: Array, z: Array) -> None:
    """Read every figure and every curve, at full resolution, without intervals."""
    evaluation = xent.evaluate(y, logits=z, n_bootstrap=0)
    for name in evaluation.figures:
        _ = evaluation[name].value
    for name in CURVES:
        getattr(evaluation, name)


def speed(n: int) -> list[Row]:
    import torch
    from sklearn import metrics
    from torchmetrics.functional.classification import binary_auroc

    y, z = rows(n)
    numbers, logits, p = y.astype(np.float32), torch.from_numpy(z), 1 / (1 + np.exp(-z))
    targets = torch.from_numpy(numbers)
    criterion = torch.nn.functional.binary_cross_entropy_with_logits
    areas: dict[str, Callable[[], object]] = {
        "AUC": lambda: roc_auc(y, z),
        "sklearn AUC": lambda: metrics.roc_auc_score(y, z),
        "torchmetrics AUC": lambda: binary_auroc(logits, targets.long(), validate_args=False),
        "everything": lambda: everything(y, z),
    }
    losses: dict[str, Callable[[], object]] = {
        "log loss": lambda: log_loss(y, logits=z),
        "sklearn log loss": lambda: metrics.log_loss(y, p),
        "torch log loss": lambda: criterion(logits, targets).item(),
    }
    seconds = {**take_turns(areas, 5), **take_turns(losses, 9)}
    bars = (
        ("exact AUC, sklearn / xent", "sklearn AUC", "AUC", ">=", 15.0),
        ("exact AUC, torchmetrics / xent", "torchmetrics AUC", "AUC", ">=", 8.0),
        ("log loss from logits, sklearn / xent", "sklearn log loss", "log loss", ">=", 20.0),
        (
            f"log loss from logits, torch ({torch.get_num_threads()} threads) / xent",
            "torch log loss",
            "log loss",
            ">=",
            3.0,
        ),
        ("every figure and curve, xent / sklearn AUC", "everything", "sklearn AUC", "<=", 1.0),
    )
    found = []
    for name, above, below, sign, bar in bars:
        value, noise = ratio(seconds[above], seconds[below])
        holds = value >= bar if sign == ">=" else value <= bar
        found.append(Row(f"{name}, {n:,} rows", f"{value:.2f}", f"{sign} {bar:g}", holds, noise))
    return found


def memory(n: int) -> Row:
    """Return the peak of a fresh process above its inputs."""
    result = subprocess.run(
        [sys.executable, __file__, "--peak", str(n)], capture_output=True, text=True, check=True
    )
    value = float(result.stdout) / n
    name = f"every figure and curve, peak memory above the inputs, {n:,} rows"
    return Row(name, f"{value:.0f} bytes a row", "<= 40", value <= 40, "")


def peak(n: int) -> float:
    y, z = rows(n)
    everything(y[:1000], z[:1000])  # what is imported is not counted
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = resident("VmRSS")
    everything(y, z)
    return resident("VmHWM") - before


def resident(field: str) -> int:
    """Return bytes of memory of this process, as Linux says."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        print(peak(int(sys.argv[2])))
        sys.exit(0)
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else N_ROWS
    sys.exit(report("binary evaluation", [*speed(n_rows), memory(n_rows)]))
