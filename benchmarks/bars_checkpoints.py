"""What checkpoints at their default pace cost, as a share of the training time."""

from __future__ import annotations

import dataclasses
import statistics
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from bars_speed import BASE, phishing_half
from results import Row, report, take_turns
from xent.distributions import Bernoulli
from xent.training import Checkpointer, Part
from xent.training.fitting import make_trainer, run_trainer

if TYPE_CHECKING:
    from xent.arrays import Array

CASES: dict[str, dict[str, Any]] = {
    "phishing, 30-100-100-1, 400 epochs": {"epochs": 400},
    "phishing, 30-1000-1000-1, 10 epochs": {"hidden": (1000, 1000), "epochs": 10},
}


def case_rows(label: str, change: dict[str, Any], X: Array, y: Array) -> list[Row]:
    settings = dataclasses.replace(BASE, early_stopping=False, **change)
    n_validation = len(X) // 5
    parts = {
        "validation": Part(X[:n_validation], y[:n_validation]),
        "training": Part(X[n_validation:], y[n_validation:]),
    }
    last: dict[str, Checkpointer] = {}

    def run(*, with_checkpoints: bool) -> float:
        with tempfile.TemporaryDirectory() as folder:
            checkpointer = Checkpointer(folder) if with_checkpoints else None
            trainer = make_trainer(
                settings,
                task="binary",
                distribution=Bernoulli(),
                seed=0,
                checkpointer=checkpointer,
                **parts,
            )
            begin = time.process_time()
            run_trainer(trainer)
            if checkpointer is not None:
                last["one"] = checkpointer
            return time.process_time() - begin

    processor: dict[str, list[float]] = {"with": [], "without": []}
    take_turns(
        {
            "with": lambda: processor["with"].append(run(with_checkpoints=True)),
            "without": lambda: processor["without"].append(run(with_checkpoints=False)),
        },
        5,
    )
    ratios = [a / b - 1 for a, b in zip(processor["with"], processor["without"], strict=True)]
    low, value, high = statistics.quantiles(ratios, n=4)
    own = last["one"].seconds / statistics.median(processor["with"])
    return [
        Row(
            f"{label}: processor time with / without checkpoints - 1 ({last['one'].n_written} written)",
            f"{100 * value:.1f} %",
            "<= 3 %",
            value <= 0.03,
            f"{100 * low:.1f} to {100 * high:.1f} %",
        ),
        Row(
            f"{label}: seconds in checkpoints / seconds in all",
            f"{100 * own:.1f} %",
            "<= 3 %",
            own <= 0.03,
        ),
    ]


if __name__ == "__main__":
    X, y = phishing_half()
    sys.exit(
        report(
            "checkpoints",
            [row for label, change in CASES.items() for row in case_rows(label, change, X, y)],
        )
    )
