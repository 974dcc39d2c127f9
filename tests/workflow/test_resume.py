"""xent.resume: in the same process, with tables from memory, with callbacks; what may not be resumed."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.runs import write_record

if TYPE_CHECKING:
    from pathlib import Path


def table(n_rows: int = 260, seed: int = 0) -> pl.DataFrame:
    rng = np.random.Generator(np.random.PCG64(seed))
    X = rng.normal(size=(n_rows, 2))
    c = rng.choice(["u", "1"], n_rows)
    return pl.DataFrame(
        {"a": X[:, 0], "b": X[:, 1], "c": c, "y": np.where(X[:, 0] > 0, "no", "yes")}
    )


class Counter(xent.Callback):
    """Counts epochs over all interruptions, and breaks off once."""

    def __init__(self, break_off_at: int = 0) -> None:
        self.n_epochs, self.break_off_at = 0, break_off_at

    def epoch_end(self, moment: Any) -> None:
        self.n_epochs += 1

    def epoch_begin(self, moment: Any) -> None:
        if moment.epoch == self.break_off_at:
            raise RuntimeError("broken off")

    def state(self) -> dict[str, Any]:
        return {"n_epochs": self.n_epochs}

    def load_state(self, state: dict[str, Any]) -> None:
        self.n_epochs = state["n_epochs"]


def broken_off(runs: Path, source: object = None, **settings: Any) -> Path:
    """Return the folder of a training that was broken off before its fourth epoch."""
    settings = {
        "target": "y",
        "hidden": (3,),
        "epochs": 6,
        "checkpoint_every": 1,
        "random_state": 0,
        **settings,
    }
    callbacks = settings.pop("callbacks", [Stop()])
    with pytest.raises(RuntimeError, match="broken off"):
        xent.train(
            table() if source is None else source, runs=runs, callbacks=callbacks, **settings
        )
    (folder,) = runs.iterdir()
    return folder


class Stop(xent.Callback):
    def epoch_begin(self, moment: Any) -> None:
        if moment.epoch == 4:
            raise RuntimeError("broken off")


def whole(runs: Path, **settings: Any) -> xent.Run:
    settings = {"target": "y", "hidden": (3,), "epochs": 6, "random_state": 0, **settings}
    return xent.train(table(), runs=runs, **settings)


def test_table_in_memory_is_kept_until_the_end(tmp_path: Path) -> None:
    folder = broken_off(tmp_path / "a", test=table(50, seed=3))
    names = {path.name for path in folder.glob("checkpoints/*.parquet")}
    assert names == {"table.parquet", "test_table.parquet"}
    run = xent.resume(folder)
    assert not list(folder.glob("checkpoints/*.parquet"))
    other = whole(tmp_path / "b", test=table(50, seed=3))
    for name in ("model.safetensors", "history.jsonl", "evaluation.json", "predictions.parquet"):
        assert (run.folder / name).read_bytes() == (other.folder / name).read_bytes()
    assert run.record.data == other.record.data


def test_altered_copy_of_the_table_is_refused(tmp_path: Path) -> None:
    folder = broken_off(tmp_path)
    path = folder / "checkpoints" / "table.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(XentError, match=r"table\.parquet is damaged"):
        xent.resume(folder)


def test_callbacks_get_their_state_back(tmp_path: Path) -> None:
    folder = broken_off(tmp_path, callbacks=[Counter(break_off_at=4)])
    counter = Counter()
    run = xent.resume(folder, callbacks=[counter])
    assert counter.n_epochs == len(run.history) == 6


def test_missing_callback_with_a_state_is_refused(tmp_path: Path) -> None:
    folder = broken_off(tmp_path, callbacks=[Counter(break_off_at=4)])
    with pytest.raises(XentError, match="Counter"):
        xent.resume(folder)


def test_settings_of_every_kind_survive(tmp_path: Path) -> None:
    from xent.distributions import Bernoulli

    settings = {"class_weight": {"no": 2.0, "yes": 1.0}, "distribution": Bernoulli(), "drop": "b"}
    settings |= {"schedule": "cosine", "positive": "no"}
    folder = broken_off(tmp_path / "a", **settings)
    run = xent.resume(folder)
    other = whole(tmp_path / "b", **settings)
    assert (run.folder / "model.safetensors").read_bytes() == (
        other.folder / "model.safetensors"
    ).read_bytes()


def test_finished_run_is_returned(tmp_path: Path) -> None:
    run = whole(tmp_path)
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    with pytest.warns(UserWarning, match="nothing is left to resume"):
        again = xent.resume(run.folder)
    assert again.verdict.to_json() == run.verdict.to_json()
    assert before == {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}


def test_a_run_of_the_second_engine_names_its_version(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    settings = {"target": "target", "runs": tmp_path, "epochs": 1, "random_state": 0}
    run = xent.train("example:breast_cancer", engine="torch", **settings)
    assert run.record.versions["torch"] == torch.__version__
    assert "torch" not in xent.train("example:breast_cancer", **settings).record.versions


def test_other_versions_are_said(tmp_path: Path) -> None:
    folder = broken_off(tmp_path)
    run = xent.load_run(folder)
    write_record(run.files, run.record.changed(versions={**run.record.versions, "numpy": "1.0"}))
    with pytest.warns(UserWarning, match=r"numpy 1\.0 -> "):
        xent.resume(folder)


def test_recipe_that_is_no_longer_valid(tmp_path: Path) -> None:
    folder = broken_off(tmp_path)
    run = xent.load_run(folder)
    for changes in ({"epochs": -1}, {"nonsense": 1}, {"distribution": {"kind": "None"}}):
        write_record(run.files, run.record.changed(recipe={**run.record.recipe, **changes}))
        with pytest.raises(XentError, match=r"run\.json is damaged"):
            xent.resume(folder)


def test_split_of_other_rows(tmp_path: Path) -> None:
    folder = broken_off(tmp_path)
    run = xent.load_run(folder)
    split = json.loads((folder / "split.json").read_text())
    split["n_rows"] -= 1
    for part in ("train", "validation", "test"):
        split[part] = [row for row in split[part] if row < split["n_rows"]]
    (folder / "split.json").write_text(json.dumps(split))
    write_record(run.files, run.record.changed(files={}))
    with pytest.raises(
        XentError, match=r"split\.json is damaged: it deals out 259 rows, and the data have 260"
    ):
        xent.resume(folder)


def test_checkpoint_of_another_run(tmp_path: Path) -> None:
    folder = broken_off(tmp_path / "a")
    other = broken_off(tmp_path / "b", hidden=(7,))
    for path in (other / "checkpoints").glob("slot*"):
        (folder / "checkpoints" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(XentError, match="parameters"):
        xent.resume(folder)
    other = broken_off(tmp_path / "c", optimizer="sgd")
    for path in (other / "checkpoints").glob("slot*"):
        (folder / "checkpoints" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(XentError):
        xent.resume(folder)


def test_a_run_in_training_cannot_be_resumed(tmp_path: Path) -> None:
    class Resume(xent.Callback):
        def epoch_end(self, moment: Any) -> None:
            (folder,) = tmp_path.iterdir()
            with pytest.raises(XentError, match="is being trained by another process"):
                xent.resume(folder)

    run = xent.train(
        table(),
        target="y",
        hidden=(3,),
        epochs=2,
        random_state=0,
        runs=tmp_path,
        callbacks=[Resume()],
    )
    assert run.status == "finished"
    assert len(run.history) == 2


def test_a_run_being_resumed_is_unfinished_to_its_readers(tmp_path: Path) -> None:
    class CtrlC(xent.Callback):
        def epoch_end(self, moment: Any) -> None:
            if moment.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    class Look(xent.Callback):
        def epoch_end(self, moment: Any) -> None:
            seen = xent.load_run(run.folder)
            assert seen.status == "running"
            assert len(seen.history) == moment.epoch
            with pytest.raises(XentError, match=r"is running\. Wait for its end or, where it"):
                seen.predict(table())

    settings = {"target": "y", "hidden": (3,), "epochs": 5, "random_state": 0}
    run = xent.train(table(), runs=tmp_path, callbacks=[CtrlC()], **settings)
    assert run.status == "interrupted"
    assert run.predict(table()).shape == (260,)
    run = xent.resume(run.folder, callbacks=[Look()])
    assert run.status == "finished"
    assert len(xent.load_run(run.folder).history) == 5
    assert not any(name.startswith("checkpoints") for name in run.record.files)


def test_full_batch_stays_full(tmp_path: Path) -> None:
    settings = {"batch_size": None, "test_fraction": 0.1}
    folder = broken_off(tmp_path / "a", **settings)
    run = xent.resume(folder)
    other = whole(tmp_path / "b", **settings)
    assert run.settings["batch_size"] is None
    assert (run.folder / "history.jsonl").read_bytes() == (
        other.folder / "history.jsonl"
    ).read_bytes()
