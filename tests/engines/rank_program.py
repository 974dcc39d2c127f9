"""What every rank of tests/engines/test_torch_ranks.py runs: each case alone and together, in one launch.

Not a test itself: rank 0 writes what both ways gave, and the tests compare.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from xent.distributions import Bernoulli, Categorical
from xent.engines import ONE_RANK
from xent.engines.torch_engine import TorchEngine
from xent.engines.torch_ranks import Ranks
from xent.launch import find_launch
from xent.network import (
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    MaxPool2d,
    Network,
    Pixels,
    Residual,
)
from xent.training import Callback, Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

N_ROWS, N_FEATURES = 61, 6

# name: settings; 61 rows in batches of 16 leave a last one of 13, in batches of 20 one of a single row
TRAININGS = {
    "plain": {"optimizer": "sgd", "batch_size": 16},
    "norm_and_dropout": {"batch_norm": True, "dropout": 0.3, "batch_size": 20, "epochs": 1},
    "weights": {"batch_norm": True, "optimizer": "adam", "batch_size": 30, "clip_norm": 0.5},
    "penalties": {"optimizer": "nesterov", "l1": 1e-3, "l2": 1e-2, "batch_size": 16},
    "rmsprop": {"optimizer": "rmsprop", "dropout": 0.2, "batch_size": 30},
    "momentum": {"optimizer": "momentum", "schedule": "step", "batch_size": 30},
    "single_rows": {"optimizer": "sgd", "batch_size": 1, "batch_norm": True, "epochs": 1},
}


def rows(dtype: str) -> tuple[Part, Part]:
    generator = np.random.default_rng(5)
    X = generator.normal(size=(N_ROWS + 30, N_FEATURES)).astype(dtype)
    y = (X[:, 0] + generator.normal(size=len(X)) > 0).astype(dtype)
    weight = generator.uniform(0.5, 2, len(X))
    return Part(X[:N_ROWS], y[:N_ROWS], weight[:N_ROWS]), Part(X[N_ROWS:], y[N_ROWS:])


def trained(name: str, dtype: str, ranks, callbacks=()):
    training, validation = rows(dtype)
    if name != "weights":
        training = Part(training.X, training.y)
    if name == "single_rows":
        training = Part(training.X[:5], training.y[:5])
    given = {"epochs": 2, "hidden": (8, 7), **TRAININGS[name], "dtype": dtype}
    trainer = make_trainer(
        TrainingSettings(**given, engine="torch", device="cpu"),
        task="binary",
        distribution=Bernoulli(),
        training=training,
        validation=validation,
        seed=3,
        callbacks=callbacks,
        ranks=ranks,
    )
    trainer.n_threads = 1
    run_trainer(trainer)
    return trainer


def image_network() -> Network:
    block = Residual((Conv2d(3, 3, activation="relu"), BatchNorm()), (Conv2d(3, 1), BatchNorm()))
    layers = (Pixels((0.5,), (0.25,)), Conv2d(2, 3), BatchNorm(), MaxPool2d(2), block)
    return Network((1, 8, 8), (*layers, Dropout(0.25), Flatten(), Dense(3)))


def image_step(dtype: str, ranks, n: int) -> TorchEngine:
    """Return an engine after a step on n images, changed at random."""
    engine = TorchEngine(
        image_network(), Categorical(3), dtype, augment=("flip", "shift", "color"), ranks=ranks
    )
    engine.init(np.random.default_rng(0))
    generator = np.random.default_rng(1)
    X = generator.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8)
    engine.loss = engine.loss_and_grad(X, generator.integers(0, 3, n))
    return engine


class StopOnRank(Callback):
    """Asks for the end after a batch, on one rank only."""

    def __init__(self, here: bool, step: int) -> None:
        self.here, self.step = here, step

    def batch_end(self, moment) -> None:
        if self.here and moment.step == self.step:
            moment.stop("enough")


class StopAfterEpoch(Callback):
    """Asks for the end after the first epoch, on one rank only."""

    def __init__(self, here: bool) -> None:
        self.here = here

    def epoch_end(self, moment) -> None:
        if self.here:
            moment.stop("enough")


def main(path: str) -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    ranks = Ranks(find_launch())
    found: dict[str, list[float]] = {}
    for dtype in ("float32", "float64"):
        for name in TRAININGS if dtype == "float64" else ("norm_and_dropout", "weights"):
            alone, together = trained(name, dtype, ONE_RANK), trained(name, dtype, ranks)
            for what in ("parameters", "running"):
                pair = [getattr(one.engine, what) for one in (alone, together)]
                found[f"{name} {dtype} {what}"] = [np.array(one).tolist() for one in pair]
            histories = [
                [record["validation_loss"] for record in one.history.records]
                + [record["loss"] for record in one.history.records]
                for one in (alone, together)
            ]
            found[f"{name} {dtype} history"] = histories
        for n in (1, 2, 5):
            alone, together = image_step(dtype, None, n), image_step(dtype, ranks, n)
            for what in ("gradient", "running", "logits"):
                pair = [getattr(one, what) for one in (alone, together)]
                found[f"images_{n} {dtype} {what}"] = [np.array(one).tolist() for one in pair]
            found[f"images_{n} {dtype} loss"] = [[alone.loss], [together.loss]]
    stops = {}
    for who in (0, 1):
        own = ranks.rank == who
        within = trained("plain", "float32", ranks, [StopOnRank(own, 2)])
        last = trained("plain", "float32", ranks, [StopOnRank(own, 4)])
        after = trained("plain", "float32", ranks, [StopAfterEpoch(own)])
        stops[str(who)] = [[one.step, one.stopped_because] for one in (within, last, after)]
    everywhere = ranks.gather_texts(json.dumps({"found": found, "stops": stops}))
    texts = ranks.gather_texts("é" * ranks.rank)
    if ranks.rank == 0:
        own = [json.loads(one) for one in everywhere]
        same = all(one["found"] == own[0]["found"] for one in own)
        stops = [one["stops"] for one in own]
        result = {"found": own[0]["found"], "same": same, "texts": texts, "all_stops": stops}
        Path(path).write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
