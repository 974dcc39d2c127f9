"""The run as a user holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.runs.predictions import write_table
from xent.runs.sources import path_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    rng = np.random.Generator(np.random.PCG64(0))
    X = rng.normal(size=(260, 2))
    weight = rng.integers(1, 3, 260)
    return pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "w": weight, "y": X[:, 0] > 0})


@pytest.fixture(scope="module")
def run(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> xent.Run:
    runs = tmp_path_factory.mktemp("runs")
    settings = {"hidden": (3, 2), "activation": "tanh", "epochs": 4, "random_state": 0}
    return xent.train(frame, target="y", weight="w", runs=runs, **settings)


def test_prints_itself(run: xent.Run) -> None:
    text = str(run)
    assert text.startswith(f"{run.folder} (finished): binary, 4 epochs, best epoch ")
    assert "log loss" in text
    assert repr(run) == f"Run({str(run.folder)!r}, finished)"


def test_reads_what_was_written(run: xent.Run) -> None:
    assert run.curve_epochs == [1, 2, 3, 4]
    roc, _ = run.curves(4)["True"]
    validation = run.verdict.parts["validation"]
    best = run.record.best_epoch
    assert run.history[best - 1]["validation_auc"] == pytest.approx(validation["auc"].value)
    if best == 4:
        assert roc.area == pytest.approx(validation["auc"].value, abs=1e-3)
    assert run.settings["weight"] == "w"
    assert xent.load_run(run.folder / "run.json").record == run.record


def test_labels_keep_their_type(run: xent.Run, frame: pl.DataFrame) -> None:
    assert run.predict(frame).dtype == bool
    assert run.predictions["decision"].dtype == pl.Boolean


def test_hidden_activations(run: xent.Run, frame: pl.DataFrame) -> None:
    first, second, logits = run.activations(frame)
    assert (first.shape, second.shape) == ((260, 3), (260, 2))
    assert (np.abs(first) <= 1).all()
    np.testing.assert_array_equal(logits, run.logits(frame))


def test_weights_of_new_rows_count(run: xent.Run, frame: pl.DataFrame) -> None:
    weighted = run.evaluate(frame).parts["new data"]
    twice = pl.concat([frame, frame.filter(pl.col("w") == 2)]).drop("w")
    assert run.evaluate(twice).parts["new data"]["log_loss"].value == pytest.approx(
        weighted["log_loss"].value, rel=1e-5
    )


def test_encoder_of_another_width(run: xent.Run, frame: pl.DataFrame, tmp_path: Path) -> None:
    other = xent.train(
        frame, target="y", drop=["b", "w"], hidden=(2,), epochs=1, random_state=0, runs=tmp_path
    )
    run.files.encoder.write_bytes(other.files.encoder.read_bytes())
    mixed = xent.Run(
        run.files, run.record.changed(files={**run.record.files, "encoder.json": _hash(other)})
    )
    with pytest.raises(XentError, match="does not belong to this model"):
        mixed.predict(frame)
    run.files.encoder.write_text("{}")
    mixed = xent.Run(
        run.files,
        run.record.changed(files={"model.safetensors": run.record.files["model.safetensors"]}),
    )
    with pytest.raises(XentError, match=r"encoder\.json is damaged"):
        mixed.predict(frame)


def _hash(run: xent.Run) -> str:
    return run.record.files["encoder.json"]


def test_examples_by_name(tmp_path: Path) -> None:
    run = xent.train(
        "example:wine",
        target="target",
        epochs=2,
        hidden=(),
        random_state=0,
        runs=tmp_path,
        validation_fraction=0,
    )
    assert run.record.data.path == path_of("example:wine") == "example:wine"
    assert run.predict("example:wine").shape == (178,)


def test_table_of_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(XentError, match=r"must end in \.parquet or \.csv"):
        write_table(tmp_path / "a.txt", pl.DataFrame({"a": [1]}))
