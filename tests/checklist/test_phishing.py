"""Worked examples of the first text that need its trained network: phishing pages, 30-100-100-1.

The network of listing 3.4 is trained once, as there: sigmoids, Adam, 400 epochs in batches of 350, a
fifth of the training half held out. The text prints one run; the ranges are those of reruns, with a
little room, for initial weights and splits are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from xent import evaluation as ev
from xent.distributions import Bernoulli
from xent.training import Callback, Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

if TYPE_CHECKING:
    from pathlib import Path

DRAWN = (1, 3, 5, 100, 200, 300, 400)
SETTINGS = TrainingSettings(
    hidden=(100, 100),
    activation="sigmoid",
    init="glorot_uniform",
    optimizer="adam",
    learning_rate=0.001,
    schedule="constant",
    weight_decay=0.0,
    batch_size=350,
    epochs=400,
    early_stopping=False,
)


@dataclass(frozen=True)
class Watched:
    """The truth of the test half, its logits after the epochs of `DRAWN`, and the history."""

    y: Any
    logits: dict[int, Any]
    history: Any

    @property
    def last(self) -> Any:
        return self.logits[DRAWN[-1]]


class Watch(Callback):
    """Predicts the test half after some epochs."""

    def __init__(self, X: Any) -> None:
        self.X, self.trainer, self.logits = X, None, {}

    def epoch_end(self, moment: Any) -> None:
        if moment.epoch in DRAWN:
            self.logits[moment.epoch] = np.ravel(self.trainer.engine.predict(self.X)).copy()


@pytest.fixture(scope="module")
def phishing(shared_data: Path) -> Watched:
    table = pl.read_csv(shared_data / "phishing.csv")
    X, y = table.drop("Result").to_numpy().astype(np.float32), table["Result"].to_numpy() == -1
    order = np.random.default_rng(0).permutation(y.size)
    half, test = order[:5528], order[5528:]
    X = (X - X[half].mean(axis=0)) / X[half].std(axis=0, ddof=1)
    fitted, held_out = half[:4422], half[4422:]
    watch = Watch(X[test])
    watch.trainer = make_trainer(
        SETTINGS,
        task="binary",
        distribution=Bernoulli(),
        training=Part(X[fitted], y[fitted].astype(int)),
        validation=Part(X[held_out], y[held_out].astype(int)),
        seed=0,
        callbacks=(watch,),
    )
    history = run_trainer(watch.trainer)
    return Watched(y[test], watch.logits, history)


@pytest.mark.checklist(
    row=20,
    call="binary_counts(y, labels=z >= 0), history",
    figure="precision 0.94 to 0.96, recall 0.935 to 0.954, FPR 0.03 to 0.05, accuracy 0.95 to 0.96",
)
def test_the_dashboard_after_400_epochs(phishing: Watched) -> None:
    counts = ev.binary_counts(phishing.y, labels=phishing.last >= 0)
    assert 0.93 <= counts.precision <= 0.97
    assert 0.925 <= counts.recall <= 0.965
    assert 0.02 <= counts.fpr <= 0.057
    assert 0.945 <= counts.accuracy <= 0.965
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    lines = [phishing.history[name] for name in names]
    assert [len(line) for line in lines] == [400] * 4
    assert lines[0][-1] < lines[0][0]
    assert lines[3][-1] > lines[3][0]
    # what the text prints together implies the two that it does not
    implied_fpr = 0.929 * 0.4431 * (1 / 0.968 - 1) / (1 - 0.4431)
    assert round(implied_fpr, 3) == 0.024


@pytest.mark.checklist(
    row=21,
    call="roc_curve, pr_curve, score_counts(y, scores).at(t)",
    figure="FPR and recall are the axes of ROC, recall and precision those of PR",
)
def test_each_metric_has_its_definition_and_its_axis(phishing: Watched) -> None:
    y, z = phishing.y, phishing.last
    roc, pr = ev.roc_curve(y, z), ev.pr_curve(y, z)
    for place in (10, 1000, -2):
        threshold = pr.thresholds[place]
        called = z >= threshold
        tp, fp = (called & y).sum(), (called & ~y).sum()
        counts = ev.score_counts(y, z).at(threshold)
        assert counts.accuracy == ((called == y).sum()) / y.size
        assert (counts.precision, counts.recall) == (tp / (tp + fp), tp / y.sum())
        assert (counts.fpr, counts.specificity) == (
            fp / (~y).sum(),
            (~called & ~y).sum() / (~y).sum(),
        )
        on_roc = np.flatnonzero(roc.thresholds == threshold)[0]
        assert (roc.fpr[on_roc], roc.tpr[on_roc]) == (counts.fpr, counts.recall)
        assert (pr.recall[place], pr.precision[place]) == (counts.recall, counts.precision)
    assert roc.area == pytest.approx(ev.roc_auc(y, z), abs=1e-12)


@pytest.mark.checklist(
    row=22, call="roc_curve(y, z) after 7 epochs", figure="recall at FPR 0.1 rises: 0.72 to 0.98"
)
def test_curves_approach_the_corner_as_training_goes_on(phishing: Watched) -> None:
    assert tuple(phishing.logits) == DRAWN
    reached = [
        ev.recall_at_specificity(phishing.y, z, specificity=0.9) for z in phishing.logits.values()
    ]
    assert reached == sorted(reached)
    assert reached[0] < 0.85
    assert reached[-1] > 0.96
    for z in phishing.logits.values():
        curve = ev.roc_curve(phishing.y, z)
        at = np.searchsorted(curve.fpr, 0.1, side="right") - 1
        assert curve.tpr[at] == ev.recall_at_specificity(phishing.y, z, specificity=0.9)


@pytest.mark.checklist(
    row=25,
    call="fixed_threshold_roc(y, probabilities=p).area, roc_auc(y, z)",
    figure="0.981 to 0.987 on 24 thresholds, exactly 0.990 to 0.993",
)
def test_the_area_of_the_listing_is_less_than_the_exact_one(phishing: Watched) -> None:
    y, z = phishing.y, phishing.last
    estimate = ev.fixed_threshold_roc(y, probabilities=1 / (1 + np.exp(-z))).area
    exact = ev.roc_auc(y, z)
    assert 0.978 <= estimate <= 0.989
    assert 0.988 <= exact <= 0.994
    assert estimate < exact - 0.002
