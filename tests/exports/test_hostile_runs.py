"""Runs that were tampered with, and sealed again: one clear line, or a file that agrees with them."""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.runs import load_run
from xent.runs.reading import fingerprint
from xent.runs.record import write_record
from xent.workflow.deciding import decide_run
from xent.workflow.exporting import export
from xent.workflow.recalibrating import recalibrate_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    age, city = rng.normal(45, 12, 400), rng.choice(["Oslo", "Rome"], 400)
    ill = age + rng.normal(0, 5, 400) > 45
    frame = pl.DataFrame({"age": age, "dose": rng.random(400), "city": city, "ill": ill})
    runs = str(tmp_path_factory.mktemp("runs"))
    run = xent.train(frame, target="ill", epochs=20, hidden=(8,), random_state=0, runs=runs)
    recalibrate_run(run, "prior_shift", prevalence=0.4)
    decide_run(run, {"cost_fn": 5.0, "cost_fp": 1.0})
    return run.folder


def tampered(folder: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change a JSON file of a run, and note its new fingerprint where it had one."""
    values = json.loads((folder / name).read_text())
    change(values)
    text = json.dumps(values)
    (folder / name).write_text(text)
    run = load_run(folder)
    if name in run.record.files:
        files = {**run.record.files, name: fingerprint(text.encode())}
        write_record(run.files, run.record.changed(files=files))


def into(*keys: Any, value: Any) -> Callable[[Any], None]:
    """Return what sets one value of a document."""

    def change(values: Any) -> None:
        for key in keys[:-1]:
            values = values[key]
        values[keys[-1]] = value

    return change


CHANGES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "half a surrogate": ("encoder.json", into("numeric", "names", 0, value="\ud800")),
    "a name twice": ("encoder.json", into("numeric", "names", 0, value="dose")),
    "an output's name": ("encoder.json", into("numeric", "names", 0, value="probabilities")),
    "a NUL": ("encoder.json", into("numeric", "names", 0, value="a\0b")),
    "far center": ("encoder.json", into("numeric", "center", 0, value=1e308)),
    "far fill": ("encoder.json", into("numeric", "fill", 0, value=-1e308)),
    "tiny scale": ("encoder.json", into("numeric", "scale", 0, value=1e-300)),
    "no scale": ("encoder.json", into("numeric", "scale", 0, value=0.0)),
    "negative scale": ("encoder.json", into("numeric", "scale", 0, value=-1.0)),
    "more places": (
        "encoder.json",
        lambda values: values["categorical"][0].update(
            has_rare=True, shares=[*values["categorical"][0]["shares"], 0.0]
        ),
    ),
    "categories that are numbers": (
        "encoder.json",
        lambda values: values["categorical"][0].update(categories=["1", "nan"], is_text=False),
    ),
    "an empty category": ("encoder.json", into("categorical", 0, "categories", 0, value="")),
    "no encoder": ("encoder.json", lambda values: values.clear()),
    "a threshold above all": ("decision.json", into("decision", "threshold", "value", value=2.0)),
    "a threshold that is none": (
        "decision.json",
        into("decision", "threshold", "value", value="high"),
    ),
    "a temperature of nearly 0": (
        "recalibrator.json",
        into("recalibrator", value={"kind": "temperature", "temperature": 1e-300}),
    ),
    "an isotonic map of classes": (
        "recalibrator.json",
        into(
            "recalibrator",
            value={
                "kind": "isotonic",
                "maps": [{"probability": [0.5], "recalibrated": [0.5]}] * 3,
            },
        ),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_one_clear_line_or_a_file_that_agrees(folder: Path, name: str, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "run")
    file, change = CHANGES[name]
    assert (copy / file).exists()
    tampered(copy, file, change)
    path = tmp_path / "model.onnx"
    agrees = None
    with contextlib.suppress(XentError):  # any other exception fails the test
        agrees = export(copy, path, n_checked=100).parity.agrees
    assert path.exists() == (agrees is not None)
    assert agrees in {None, True}
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry != path) == ["run"]
