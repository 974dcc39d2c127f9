"""What every rank of tests/workflow/test_data_parallel.py runs; not a test itself."""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import polars as pl

import xent
from xent.errors import XentError
from xent.runs import RunFolder
from xent.training import Callback
from xent.workflow.stop_request import request_stop

RANK = int(os.environ["RANK"])
SETTINGS = {
    "target": "target",
    "positive": "malignant",
    "engine": "torch",
    "device": "cpu",
    "dtype": "float64",
    "random_state": 1,
    "epochs": 4,
    "hidden": (8,),
    "batch_norm": True,
    "dropout": 0.2,
    "batch_size": 91,
    "checkpoint_every": 1,
}


class Killed(Callback):
    """Kills its own process, as a lack of memory would, within the third epoch of the first start."""

    def batch_end(self, moment) -> None:
        if os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0" and moment.step == 11:
            os.kill(os.getpid(), signal.SIGKILL)


class Interrupted(Callback):
    """Presses Ctrl-C."""

    def __init__(self, step: int = 6) -> None:
        self.step = step

    def batch_end(self, moment) -> None:
        if moment.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


class Failing(Callback):
    """Fails within the second epoch."""

    def batch_end(self, moment) -> None:
        if moment.step == 6:
            raise RuntimeError("out of luck")


class Stopping(Callback):
    """Asks for the end from elsewhere, as the studio does."""

    def epoch_end(self, moment) -> None:
        for record in Path("stopped").glob("*/run.json"):
            request_stop(RunFolder(record.parent))


def train(**changed):
    callbacks = list(changed.pop("callbacks", ()))
    source = changed.pop("source", "example:breast_cancer")
    return xent.train(source, callbacks=callbacks, **{**SETTINGS, **changed})


def killed() -> None:
    """Train; rank 1 is killed on the way."""
    train(callbacks=[Killed()] if RANK == 1 else [])


def restarted(table: pl.DataFrame) -> list[list[object]]:
    """Train twice and start again, on two machines of which only that of rank 1 saw a rank fail."""
    data = {"source": table, "target": "y", "positive": 1, "runs": "restarted"}
    before = [
        train(**data, epochs=3),
        train(**data, callbacks=[Interrupted(step=2)] if RANK == 1 else []),
    ]
    os.environ["TORCHELASTIC_RESTART_COUNT"] = str(RANK)
    after = [train(**data, epochs=3), train(**data)]
    del os.environ["TORCHELASTIC_RESTART_COUNT"]
    return [
        [old.status, new.status, len(new.history), new.folder.resolve() == old.folder.resolve()]
        for old, new in zip(before, after, strict=True)
    ]


def mistakes() -> None:
    """Make mistakes one after the other, then stop two trainings; every rank notes what it was told."""
    table = pl.DataFrame({"x": np.arange(40.0), "y": np.arange(40) % 2})
    other = table.with_columns(x=pl.col("x") + RANK)
    plain = {"target": "y", "positive": 1, "runs": "mistakes"}
    said = {}
    for name, changed in {
        "column": {"weight": "nope"},
        "engine": {"engine": "numpy"},
        "data": {"source": other, **plain},
        "settings": {"epochs": 3 + RANK, "source": table, **plain},
        "one rank": {"recipe": "recipe.toml" if RANK == 0 else "elsewhere.toml"},
    }.items():
        try:
            train(**{"runs": "mistakes", **changed})
        except XentError as error:
            said[name] = str(error)
    interrupted = train(runs="interrupted", callbacks=[Interrupted()] if RANK == 1 else [])
    stopped = train(runs="stopped", epochs=300, callbacks=[Stopping()] if RANK == 0 else [])
    for name, run in (("interrupted", interrupted), ("stopped", stopped)):
        said[name] = [run.status, run.record.stopped_because, len(run.history)]
    resumed = xent.resume(interrupted.folder)
    said["resumed"] = [resumed.status, len(resumed.history)]
    said["restarted"] = restarted(table)
    try:  # the last: a rank that fails alone takes its leave
        train(callbacks=[Failing()] if RANK == 1 else [], runs="failed")
    except (XentError, RuntimeError) as error:
        said["failed"] = str(error)
    Path(f"said-{RANK}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    warnings.simplefilter("error" if RANK else "ignore")
    {"killed": killed, "mistakes": mistakes}[sys.argv[1]]()
