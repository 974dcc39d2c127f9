"""Speed of training: xent's own `fit` loop against PyTorch, scikit-learn and its own bare matrix
products.

Every ratio is taken within one process: each program trains the same number of epochs on the same
rows, in turn, in both orders; a step's time is the program's time over its number of steps.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import statistics
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from results import Row, ratio, report, shared_data, take_turns
from xent.cores import n_cores
from xent.distributions import Bernoulli, Categorical
from xent.engines.threads import blas_threads
from xent.training import Callback, Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xent.arrays import Array

EPOCHS = 40
BASE = TrainingSettings(
    hidden=(100, 100),
    activation="sigmoid",
    batch_size=350,
    epochs=EPOCHS,
    validation_fraction=0,
    random_state=0,
)


class CountBatches(Callback):
    """A callback that listens to every batch, so that the loop measured is one with callbacks on."""

    def __init__(self) -> None:
        self.n = 0

    def batch_end(self, moment: Any) -> None:
        self.n += 1


def phishing_half() -> tuple[Array, Array]:
    import polars as pl

    table = pl.read_csv(shared_data() / "phishing.csv")
    y = (table["Result"] == -1).to_numpy().astype(np.float32)
    X = table.drop("Result").to_numpy().astype(np.float32)
    rows = np.random.default_rng(0).permutation(len(X))[: len(X) // 2]
    X = X[rows]
    return np.ascontiguousarray((X - X.mean(0)) / X.std(0)), y[rows]


def xent_fit(
    settings: TrainingSettings,
    X: Array,
    y: Array,
    *,
    weight: Array | None = None,
    task: str = "binary",
) -> Callable[[], None]:
    distribution = Bernoulli() if task == "binary" else Categorical(10)

    def run() -> None:
        trainer = make_trainer(
            settings,
            task=task,
            distribution=distribution,
            training=Part(X, y, weight),
            validation=None,
            seed=0,
            callbacks=[CountBatches()],
        )
        run_trainer(trainer)

    return run


def torch_loop(X: Array, y: Array, *, loader: bool) -> Callable[[], None]:
    """Return the loop a user of PyTorch would write, with indexed batches or with its DataLoader."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    tensors = torch.from_numpy(X), torch.from_numpy(y)

    def run() -> None:
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Linear(30, 100), nn.Sigmoid(), nn.Linear(100, 100), nn.Sigmoid(), nn.Linear(100, 1)
        )
        optimizer = torch.optim.Adam(net.parameters())
        criterion = nn.BCEWithLogitsLoss()
        batches: Any = DataLoader(TensorDataset(*tensors), batch_size=350, shuffle=True)
        history = []
        for _ in range(EPOCHS):
            if not loader:
                order = torch.randperm(len(tensors[0]))
                batches = ((tensors[0][rows], tensors[1][rows]) for rows in order.split(350))
            total = 0.0
            for xb, yb in batches:
                optimizer.zero_grad()
                loss = criterion(net(xb).squeeze(1), yb)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(xb)
            history.append(total / len(tensors[0]))

    return run


def sklearn_fit(X: Array, y: Array) -> Callable[[], None]:
    from sklearn.neural_network import MLPClassifier

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            MLPClassifier(
                (100, 100),
                activation="logistic",
                batch_size=350,
                max_iter=EPOCHS,
                n_iter_no_change=1000,
                random_state=0,
            ).fit(X, y)

    return run


def bare_products(
    X: Array, widths: tuple[int, ...], batch_size: int, n_steps: int
) -> Callable[[], None]:
    """Return the matrix products of as many steps, same shapes, same buffers, and nothing else."""
    rng = np.random.default_rng(0)
    weights = [
        (rng.normal(size=shape) / shape[0]).astype(X.dtype) for shape in itertools.pairwise(widths)
    ]
    gradients = [np.empty_like(weight) for weight in weights]
    outputs = [np.zeros((batch_size, width), X.dtype) for width in widths[1:]]
    deltas = [np.zeros((batch_size, width), X.dtype) for width in widths[1:]]
    batch = np.ascontiguousarray(X[:batch_size])
    last = len(weights) - 1

    def run() -> None:
        for _ in range(n_steps):
            a = batch
            for weight, output in zip(weights, outputs, strict=True):
                a = np.matmul(a, weight, out=output)
            for layer in range(last, -1, -1):
                below = outputs[layer - 1] if layer else batch
                np.matmul(below.T, deltas[layer], out=gradients[layer])
                # the product with one column is an outer product, and counted as no matrix product
                if layer and widths[layer + 1] > 1:
                    np.matmul(deltas[layer], weights[layer].T, out=deltas[layer - 1])

    return run


def phishing_rows() -> list[Row]:
    X, y = phishing_half()
    n_steps = EPOCHS * -(-len(X) // 350)
    products = bare_products(X, (30, 100, 100, 1), 350, n_steps)
    programs = {
        "xent": xent_fit(BASE, X, y),
        "products": products,
        "torch indexed": torch_loop(X, y, loader=False),
        "torch DataLoader": torch_loop(X, y, loader=True),
        "sklearn": sklearn_fit(X, y),
    }
    with blas_threads(1):
        seconds = take_turns(programs, 9)
    bars = {"torch indexed": 2.0, "torch DataLoader": 4.0, "sklearn": 2.0}
    rows = []
    for name, bar in bars.items():
        value, noise = ratio(seconds[name], seconds["xent"])
        rows.append(
            Row(f"phishing step, {name} / xent", f"{value:.2f}", f">= {bar}", value >= bar, noise)
        )
    value, noise = ratio(seconds["xent"], seconds["products"])
    step = 1e6 * statistics.median(seconds["xent"]) / n_steps
    rows.append(
        Row(
            f"phishing step, xent ({step:.0f} us) / its bare products",
            f"{value:.2f}",
            "<= 2.0",
            value <= 2,
            noise,
        )
    )
    return rows


def variant_rows() -> list[Row]:
    X, y = phishing_half()
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    changes: dict[str, dict[str, Any]] = {
        **{name: {"activation": name} for name in ("relu", "tanh")},
        **{
            name: {"optimizer": name}
            for name in (
                "sgd",
                "momentum",
                "nesterov",
                "adagrad",
                "rmsprop",
                "adadelta",
                "adamax",
                "adamw",
            )
        },
        "dropout": {"dropout": 0.2},
    }
    programs = {"as it is": xent_fit(BASE, X, y), "weights": xent_fit(BASE, X, y, weight=weight)}
    programs |= {
        name: xent_fit(dataclasses.replace(BASE, **change), X, y)
        for name, change in changes.items()
    }
    with blas_threads(1):
        seconds = take_turns(programs, 7)
    rows = []
    for name in list(programs)[1:]:
        value, noise = ratio(seconds[name], seconds["as it is"])
        rows.append(
            Row(
                f"phishing step with {name} / as it is",
                f"{value:.2f}",
                "<= 1.5",
                value <= 1.5,
                noise,
            )
        )
    return rows


def mnist_rows() -> list[Row]:
    import torch
    from torch import nn

    from xent.data.idx import read_idx

    folder = shared_data() / "mnist"
    n_steps = 400
    X = (
        read_idx(folder / "train-images-idx3-ubyte.gz")[: 64 * n_steps]
        .reshape(-1, 784)
        .astype(np.float32)
        / 255
    )
    y = read_idx(folder / "train-labels-idx1-ubyte.gz")[: 64 * n_steps].astype(np.int64)
    settings = TrainingSettings(
        hidden=(1024, 1024),
        activation="relu",
        optimizer="sgd",
        batch_size=64,
        epochs=1,
        validation_fraction=0,
    )
    inputs, labels = torch.from_numpy(X), torch.from_numpy(y)

    def run_torch() -> None:
        torch.manual_seed(0)
        net = nn.Sequential(
            nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)
        )
        optimizer = torch.optim.SGD(net.parameters(), 0.01)
        criterion = nn.CrossEntropyLoss()
        for rows in torch.randperm(len(X)).split(64):
            optimizer.zero_grad()
            loss = criterion(net(inputs[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            loss.item()

    programs = {
        "xent": xent_fit(settings, X, y, task="multiclass"),
        "PyTorch eager": run_torch,
        "its bare products": bare_products(X, (784, 1024, 1024, 10), 64, n_steps),
    }
    rows = []
    # xent and PyTorch choose their threads themselves; the products get as many
    for n_threads in sorted({1, n_cores()}):
        torch.set_num_threads(n_threads)
        with blas_threads(n_threads), only_cores(n_threads):
            seconds = take_turns(programs, 9)
        for name, bar in (("PyTorch eager", 1.2), ("its bare products", 1.35)):
            value, noise = ratio(seconds["xent"], seconds[name])
            rows.append(
                Row(
                    f"784-1024-1024-10 SGD step, {n_threads} threads, xent / {name}",
                    f"{value:.2f}",
                    f"<= {bar}",
                    value <= bar,
                    noise,
                )
            )
    return rows


@contextmanager
def only_cores(n_used: int) -> Iterator[None]:
    """Run a block on the first `n_used` cores: xent uses as many threads as it has cores."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:n_used])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    sys.exit(report("speed", [*phishing_rows(), *variant_rows(), *mnist_rows()]))
