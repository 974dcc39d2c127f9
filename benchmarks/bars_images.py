"""The bars of training on images: small_cnn on cats and dogs, worst of three seeds, and LeNet on MNIST.

Run ``python benchmarks/bars_images.py``, with ``cats`` or ``mnist`` behind it for one of them: it prints each figure
beside its bar, writes them into RESULTS.md and exits with 1 on a miss. The epoch is chosen on a validation part of the
training images; the test images are looked at once, by the verdict.
"""

from __future__ import annotations

import sys
import tempfile
import time
from typing import TYPE_CHECKING

import xent
from results import Row, report, shared_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

SEEDS = (1, 2, 3)
CATS: dict[str, Any] = {"augment": ("flip", "shift", "crop", "color"), "epochs": 40}
MNIST: dict[str, Any] = {
    "network": "lenet",
    "augment": ("shift",),
    "epochs": 12,
    "learning_rate": 0.002,
    "weight_decay": 0.01,
}


def main(names: list[str]) -> int:
    programs: dict[str, Callable[[Path], int]] = {"cats": cats, "mnist": mnist}
    folder = shared_data()
    return max(programs[name](folder) for name in names or programs)


def cats(folder: Path) -> int:
    source = folder / "cats_dogs_128.zip"
    results = [(seed, *trained(source, CATS, seed)) for seed in SEEDS]
    worst = min(accuracy for _, accuracy, _, _ in results)
    slowest = max(minutes for _, _, minutes, _ in results)
    notes = [
        f"seed {seed}: test accuracy {accuracy:.4f}, best epoch {epoch}, {minutes:.1f} minutes"
        for seed, accuracy, minutes, epoch in results
    ]
    rows = [
        Row(
            "small_cnn on cats and dogs: test accuracy, worst of 3 seeds",
            f"{worst:.4f}",
            "at least 0.82",
            worst >= 0.82,
            f"best {max(accuracy for _, accuracy, _, _ in results):.4f}",
        ),
        Row(
            "the same: wall time of the slowest, minutes",
            f"{slowest:.1f}",
            "at most 15",
            slowest <= 15,
        ),
    ]
    return report("images: cats and dogs", rows, notes=[f"settings: {CATS}", *notes])


def mnist(folder: Path) -> int:
    accuracy, minutes, epoch = trained(folder / "mnist", MNIST, 1)
    rows = [
        Row("LeNet on MNIST: test accuracy", f"{accuracy:.4f}", "at least 0.99", accuracy >= 0.99),
        Row("the same: wall time, minutes", f"{minutes:.1f}", "at most 10", minutes <= 10),
    ]
    return report("images: MNIST", rows, notes=[f"settings: {MNIST}; best epoch {epoch}"])


def trained(source: Path, settings: dict[str, Any], seed: int) -> tuple[float, float, int]:
    """Return test accuracy, minutes of wall time from the files to the verdict, and the best epoch."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = xent.train(source, random_state=seed, runs=folder, **settings)
        minutes = (time.monotonic() - start) / 60
        accuracy = run.verdict.parts["test"]["accuracy"].value
        print(f"seed {seed}: {accuracy:.4f} in {minutes:.1f} minutes", flush=True)
        return accuracy, minutes, run.record.best_epoch


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
