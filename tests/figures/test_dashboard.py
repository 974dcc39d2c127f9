"""The dashboard of a training: a panel a figure, as the history has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from drawn import axis_titles, check_chart, data_of, layers_of

from xent.distributions import Bernoulli
from xent.errors import XentError
from xent.evaluation import binary_counts
from xent.figures import training_dashboard
from xent.training import Callback, Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

if TYPE_CHECKING:
    from pathlib import Path

SIX = ["loss", "accuracy", "precision", "recall", "fpr", "auc"]
# listing 3.4: 30-100-100-1, batches of 350, a fifth of the training half held out
RECIPE = TrainingSettings(
    hidden=(100, 100),
    activation="sigmoid",
    optimizer="adam",
    learning_rate=0.001,
    schedule="constant",
    weight_decay=0.0,
    batch_size=350,
    epochs=60,
    early_stopping=False,
)


class Decided(Callback):
    """Keeps precision, recall and FPR at the threshold 0.5 after every epoch."""

    def __init__(self, X: Any, y: Any) -> None:
        self.X, self.y = X, y
        self.figures: list[dict[str, float]] = []

    def epoch_end(self, moment: Any) -> None:
        counts = binary_counts(self.y, labels=moment.engine.predict(self.X).ravel() >= 0)
        self.figures.append(
            {f"validation_{name}": float(getattr(counts, name)) for name in SIX[2:5]}
        )


def panels_of(chart: Any) -> list[dict[str, list[tuple[int, float]]]]:
    """Return the lines of every panel by part."""
    specification = chart.to_dict()
    found = []
    for panel in specification["concat"]:
        lines: dict[str, list[tuple[int, float]]] = {}
        for row in data_of(layers_of(panel)[0], specification):
            lines.setdefault(row["part"], []).append((row["epoch"], row["value"]))
        found.append(lines)
    return found


@pytest.mark.checklist(
    row=20,
    call="xent.figures.training_dashboard(history)",
    figure="loss, accuracy, precision, recall, FPR and AUC by epoch, on distinct rows",
)
def test_the_dashboard_of_the_phishing_recipe(shared_data: Path) -> None:
    table = pl.read_csv(shared_data / "phishing.csv")
    # errata 9: half of the rows are copies, and a copy of a training row tells nothing of new pages
    distinct = table.unique(subset=table.columns[:-1], maintain_order=True)
    assert (len(table), len(distinct)) == (11_055, 5_785)
    X, y = distinct.drop("Result").to_numpy(), distinct["Result"].to_numpy() == -1
    half = len(y) // 2
    X = ((X - X[:half].mean(axis=0)) / X[:half].std(axis=0)).astype(np.float32)
    fifth = half // 5
    held_out = Part(X[:fifth], y[:fifth].astype(np.int64))
    watch = Decided(held_out.X, held_out.y)
    trainer = make_trainer(
        RECIPE,
        task="binary",
        distribution=Bernoulli(),
        training=Part(X[fifth:half], y[fifth:half].astype(np.int64)),
        validation=held_out,
        seed=0,
        callbacks=(watch,),
    )
    recorded = run_trainer(trainer)
    history = [record | own for record, own in zip(recorded, watch.figures, strict=True)]
    chart = training_dashboard(history, SIX)
    panels = panels_of(chart)
    for name, lines in zip(SIX, panels, strict=True):
        for part, prefix in (("training", ""), ("validation", "validation_")):
            column = f"{prefix}{name}"
            assert (part in lines) == (column in history[0])
            if part in lines:
                assert lines[part] == [(record["epoch"], record[column]) for record in history]
    last = {name: lines["validation"][-1][1] for name, lines in zip(SIX, panels, strict=True)}
    assert last["loss"] < panels[0]["validation"][0][1]
    assert 0.88 < last["accuracy"] < 0.97
    assert 0.88 < last["precision"] < 0.97
    assert 0.82 < last["recall"] < 0.97  # of pages that are no copies; the source prints 0.929
    assert 0.02 < last["fpr"] < 0.12
    assert last["auc"] > 0.96
    light = check_chart(lambda theme: training_dashboard(history, SIX, theme=theme))
    assert {"loss (nats)", "FPR (share of negatives)", "epoch"} <= axis_titles(light)


def records(n_epochs: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "learning_rate": 0.1,
            "loss": 1 / epoch,
            "penalty": 0.0,
            "accuracy": 1 - 0.5 / epoch,
            "validation_loss": abs(epoch - 2.0) + 0.5,
            "validation_accuracy": 1 - 0.6 / epoch,
            "gradient_norm": 1.0,
            "weight_norm": 2.0,
            "gradient_norms": {"layers.0.weight": 1.0},
        }
        for epoch in range(1, n_epochs + 1)
    ]


def test_all_that_is_recorded_is_drawn_with_one_best_epoch() -> None:
    specification = training_dashboard(records()).to_dict()
    titles = [panel["layer"][0]["encoding"]["y"]["title"] for panel in specification["concat"]]
    assert titles == ["loss (nats)", "accuracy (share of rows)"]
    marks = [data_of(layer, specification)[0] for layer in layers_of(specification)]
    assert [mark["epoch"] for mark in marks if "part" not in mark] == [2] * 5
    # least validation loss, with the figure that each panel has there; one text is enough
    assert [mark["value"] for mark in marks if "value" in mark and "part" not in mark] == [
        0.5,
        0.5,
        0.7,
        0.7,
    ]
    assert [mark["text"] for mark in marks if "text" in mark] == ["best: epoch 2"]


def test_panels_share_a_legend_and_fit_the_width() -> None:
    wide, narrow = (
        training_dashboard(records(), width=900),
        training_dashboard(records(), width=320),
    )
    assert (wide.columns, narrow.columns) == (2, 1)
    assert [panel.width for panel in wide.concat] == [390, 390]
    only = [{"epoch": 1, "loss": 0.5, "validation_loss": 0.7, "validation_auc": 0.6}]
    for layer in layers_of(training_dashboard(only).to_dict()):
        if "color" in layer["encoding"]:
            domain = layer["encoding"]["color"]["scale"]["domain"]
            assert domain == ["training", "validation"]


def test_without_a_validation_part_nothing_is_best() -> None:
    plain = [{"epoch": epoch, "loss": 1.0} for epoch in (1, 2)]
    assert len(layers_of(training_dashboard(plain).to_dict())) == 1
    assert len(layers_of(training_dashboard(records(), best_epoch=0).to_dict())) == 2
    marked = training_dashboard(records(), ["accuracy"], best_epoch=3).to_dict()
    assert data_of(layers_of(marked)[-1], marked)[0]["text"] == "best: epoch 3"


def test_a_figure_that_is_not_recorded_is_named() -> None:
    with pytest.raises(XentError, match="Did you mean 'accuracy'"):
        training_dashboard(records(), ["acuracy"])
