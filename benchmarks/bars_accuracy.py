"""The bars of accuracy: what `XentClassifier()` reaches as it comes, and one network of the checklist.

Run ``python benchmarks/bars_accuracy.py``: it prints each figure beside its bar, writes them into RESULTS.md and
exits with 1 on a miss.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from results import Row, report, shared_data
from xent import XentClassifier
from xent.data import read_idx, row_groups
from xent.distributions import Categorical
from xent.training import Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Any

    from xent.arrays import Array

N_SPLITS = 5


def main() -> int:
    # the peer at its own limit of 200 epochs, as it comes
    warnings.simplefilter("ignore", ConvergenceWarning)
    folder = shared_data()
    rows, notes = phishing(folder)
    rows += mnist(folder)
    return report("accuracy", rows, notes=notes)


def phishing(folder: Path) -> tuple[list[Row], list[str]]:
    table = pl.read_csv(folder / "phishing.csv")
    X = table.drop("Result").to_numpy().astype(np.float64)
    y = (table["Result"].to_numpy() == -1).astype(int)
    everything, groups = np.arange(len(y)), row_groups(X)
    torn = [
        train_test_split(everything, test_size=0.5, stratify=y, random_state=k)
        for k in range(N_SPLITS)
    ]
    whole = list(GroupShuffleSplit(N_SPLITS, test_size=0.5, random_state=0).split(X, y, groups))
    ours = judge(XentClassifier, X, y, torn)
    honest = judge(XentClassifier, X, y, whole)
    auc, loss, spread, seconds, seeds = ours
    rows = [
        Row(
            "phishing, random halves: test AUC",
            f"{auc:.4f}",
            "at least 0.994",
            auc >= 0.994,
            spread[0],
        ),
        Row(
            "phishing, random halves: log loss",
            f"{loss:.4f}",
            "at most 0.105",
            loss <= 0.105,
            spread[1],
        ),
        Row(
            "phishing, copies together: test AUC",
            f"{honest[0]:.4f}",
            "about 0.985-0.990",
            honest[0] >= 0.985,
            honest[2][0],
        ),
        Row(
            "phishing, copies together: log loss",
            f"{honest[1]:.4f}",
            "at most 0.25",
            honest[1] <= 0.25,
            honest[2][1],
        ),
    ]
    notes = [
        f"phishing: medians of {N_SPLITS} splits, XentClassifier() {seconds:.1f} s a fit, seeds {seeds}"
    ]
    peers: dict[str, Callable[[], Any]] = {
        "MLPClassifier()": lambda: make_pipeline(StandardScaler(), MLPClassifier()),
        "LogisticRegression()": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    }
    for name, make in peers.items():
        peer, apart = judge(make, X, y, torn), judge(make, X, y, whole)
        notes.append(
            f"{name}: random halves AUC {peer[0]:.4f}, log loss {peer[1]:.4f}; copies together "
            f"{apart[0]:.4f}, {apart[1]:.4f}; {peer[3]:.1f} s a fit"
        )
    return rows, notes


def judge(
    make: Callable[[], Any], X: Array, y: Array, splits: Sequence[tuple[Array, Array]]
) -> tuple[float, float, tuple[str, str], float, list[Any]]:
    """Return the medians of AUC and log loss, their ranges, the median of seconds, and the seeds."""
    areas, losses, seconds, seeds = [], [], [], []
    for train, test in splits:
        begin = time.perf_counter()
        classifier = make().fit(X[train], y[train])
        seconds.append(time.perf_counter() - begin)
        p = classifier.predict_proba(X[test])[:, 1]
        areas.append(float(roc_auc_score(y[test], p)))
        losses.append(float(log_loss(y[test], p)))
        seeds.append(getattr(classifier, "seed_", None))
    spread = tuple(f"{min(v):.4f} to {max(v):.4f}" for v in (areas, losses))
    medians = (statistics.median(v) for v in (areas, losses))
    return (*medians, spread, statistics.median(seconds), seeds)  # type: ignore[return-value]


def mnist(folder: Path) -> list[Row]:
    X, y, X_test, y_test = (
        read_idx(folder / "mnist" / f"{part}-ubyte.gz")
        for part in (
            "train-images-idx3",
            "train-labels-idx1",
            "t10k-images-idx3",
            "t10k-labels-idx1",
        )
    )
    X, X_test = (images.reshape(len(images), -1).astype(np.float32) for images in (X, X_test))
    defaults = XentClassifier(epochs=2).fit(X, y).score(X_test, y_test)
    source = accuracy_of_the_source(X / np.float32(255), y.astype(np.int64))
    return [
        Row(
            "MNIST, two epochs of defaults: test accuracy",
            f"{defaults:.4f}",
            "at least 0.97",
            defaults >= 0.97,
        ),
        Row(
            "MNIST, 784-1024-1024-10 of the checklist: training accuracy",
            f"{source:.4f}",
            "0.9115 +- 0.01",
            abs(source - 0.9115) <= 0.01,
        ),
    ]


def accuracy_of_the_source(X: Array, y: Array) -> float:
    """Train the network of checklist row 119 (sigmoid units, pixels from 0 to 1) and return its training accuracy."""
    settings = TrainingSettings(
        hidden=(1024, 1024),
        activation="sigmoid",
        init="uniform:0.3",
        optimizer="sgd",
        learning_rate=0.03,
        schedule="constant",
        batch_size=64,
        epochs=2,
    )
    trainer = make_trainer(
        settings,
        task="multiclass",
        distribution=Categorical(10),
        training=Part(X, y),
        validation=None,
        seed=0,
    )
    run_trainer(trainer)
    return float(np.mean(np.argmax(trainer.engine.predict(X), axis=1) == y))


if __name__ == "__main__":
    sys.exit(main())
