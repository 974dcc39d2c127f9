"""A finished run and one that was interrupted, made once; tests damage copies of them."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

import xent
from xent.training import Callback

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class StopAfter(Callback):
    """Breaks the training off, as an error of the user's own callback would."""

    def __init__(self, n_epochs: int) -> None:
        self.n_epochs = n_epochs

    def epoch_begin(self, moment: xent.training.Moment) -> None:
        if moment.epoch > self.n_epochs:
            raise RuntimeError("the callback's own error")


def train_until(n_epochs: int, table: Path, runs: Path, epochs: int) -> None:
    """Train, and break off after some epochs."""
    settings = {"hidden": (3,), "epochs": epochs, "random_state": 0, "checkpoint_every": 1}
    xent.train(table, target="y", runs=runs, callbacks=[StopAfter(n_epochs)], **settings)


@pytest.fixture(scope="session")
def fault_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.Generator(np.random.PCG64(5))
    X = rng.normal(size=(260, 2))
    rows = [
        f"{a:.4f},{b:.4f},{c},{'yes' if a > 0 else 'no'}"
        for (a, b), c in zip(X, rng.choice(["u", "v"], 260), strict=True)
    ]
    path = tmp_path_factory.mktemp("fault") / "table.csv"
    path.write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    return path


@pytest.fixture(scope="session")
def finished(fault_table: Path) -> xent.Run:
    return xent.train(
        fault_table,
        target="y",
        hidden=(3,),
        epochs=3,
        batch_norm=True,
        random_state=0,
        runs=fault_table.parent / "finished",
    )


@pytest.fixture(scope="session")
def broken_off(fault_table: Path) -> Path:
    runs = fault_table.parent / "broken"
    with pytest.raises(RuntimeError, match="own error"):
        xent.train(
            fault_table,
            target="y",
            hidden=(3,),
            epochs=6,
            random_state=0,
            checkpoint_every=1,
            runs=runs,
            callbacks=[StopAfter(3)],
        )
    (run,) = runs.iterdir()
    return run


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Return a function that copies a run to be damaged."""

    def copy(run: Path) -> Path:
        target = tmp_path / run.name
        shutil.rmtree(target, ignore_errors=True)
        return shutil.copytree(run, target)

    return copy


def use_all(folder: Path, table: Path) -> None:
    """Read every file of a finished run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = xent.load_run(folder)
        str(run), repr(run), run.settings, run.predictions, run.evaluation, list(run.history)
        for epoch in run.curve_epochs:
            run.curves(epoch)
        run.predict(table)
        xent.resume(folder)
