"""Runs of own modules: trained, resumed, read with and without their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load, save
from torch import nn

import xent
from xent.cli.entry import main
from xent.errors import XentError
from xent.runs.model_file import read_model

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.first, self.norm = nn.Linear(n_inputs, 8), nn.BatchNorm1d(8)
        self.drop, self.last = nn.Dropout(0.3), nn.Linear(8, n_outputs)
        self.fixed = nn.Parameter(torch.ones(8), requires_grad=False)

    def forward(self, x):
        return self.last(self.fixed * self.drop(torch.relu(self.norm(self.first(x)))))
"""


class Stop(xent.Callback):
    def batch_end(self, moment: Any) -> None:
        if moment.step == 12:
            raise RuntimeError("broken off")


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    rng = np.random.Generator(np.random.PCG64(0))
    X = rng.normal(size=(260, 3))
    number = 100 + 20 * X[:, 0]
    label = np.where(X[:, 0] > 0, "no", "yes")
    return pl.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "number": number, "y": label})


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("code") / "net.py"
    path.write_text(CODE)
    return path


def settings(code: Path, **more: Any) -> dict[str, Any]:
    own = {"target": "y", "drop": ["number"], "epochs": 6, "random_state": 0, "learning_rate": 0.05}
    own |= {"batch_size": 33, "module": f"{code}:Net", "checkpoint_every": 1}
    return {**own, **more}


@pytest.fixture(scope="module")
def run(table: pl.DataFrame, code: Path, tmp_path_factory: pytest.TempPathFactory) -> xent.Run:
    return xent.train(table, runs=tmp_path_factory.mktemp("runs"), **settings(code))


def test_what_needs_no_code_works_without(run: xent.Run) -> None:
    assert run.model.engine.network.reference == "net.py:Net"
    assert run.model.engine.network.n_inputs == 3
    assert run.verdict.parts["test"]["auc"].value > 0.9
    assert "norm: BatchNorm1d" in run.model.engine.network.summary()
    views = run.model.engine.views(run.model.engine.parameters)
    assert views["last.weight"].shape == (1, 8)


def test_what_needs_the_code_asks_for_it(run: xent.Run, table: pl.DataFrame) -> None:
    with pytest.raises(XentError, match=r"load_run\(path, module='net.py:Net'\).*--module"):
        run.predict(table)


@pytest.mark.parametrize("kind", ["path", "class", "object"])
def test_with_the_code_it_predicts_what_it_did(
    run: xent.Run, table: pl.DataFrame, code: Path, kind: str
) -> None:
    names: dict[str, Any] = {}
    exec(compile(CODE, "net", "exec"), names)
    module = {"path": f"{code}:Net", "class": names["Net"], "object": names["Net"](3, 1)}[kind]
    again = xent.load_run(run.folder, module).predict_table(table)
    kept = run.raw_predictions
    rows = kept["row"].to_numpy()
    np.testing.assert_allclose(
        again["z_0"].to_numpy()[rows], kept["z_0"].to_numpy(), rtol=1e-5, atol=1e-6
    )


def test_a_seed_repeats_it(run: xent.Run, table: pl.DataFrame, code: Path, tmp_path: Path) -> None:
    again = xent.train(table, runs=tmp_path, **settings(code))
    assert again.files.model.read_bytes() == run.files.model.read_bytes()


def test_resumed_equals_never_stopped(
    run: xent.Run, table: pl.DataFrame, code: Path, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="broken off"):
        xent.train(table, runs=tmp_path, callbacks=[Stop()], **settings(code))
    (folder,) = tmp_path.iterdir()
    with pytest.raises(XentError, match=r"give it again: xent train --resume .* --module"):
        xent.resume(folder)
    done = xent.resume(folder, module=f"{code}:Net")
    assert done.history.records == run.history.records
    assert done.files.model.read_bytes() == run.files.model.read_bytes()


def test_a_changed_file_is_warned_of(run: xent.Run, table: pl.DataFrame, tmp_path: Path) -> None:
    changed = tmp_path / "net.py"
    changed.write_text(CODE.replace("0.3", "0.4"))
    with pytest.warns(UserWarning, match="has changed since the training"):
        xent.load_run(run.folder, f"{changed}:Net").predict(table)
    changed.write_text(CODE.replace("8", "9"))
    with (
        pytest.warns(UserWarning, match="has changed"),
        pytest.raises(XentError, match="not the module"),
    ):
        xent.load_run(run.folder, f"{changed}:Net").predict(table)


def test_a_number_is_predicted_in_its_unit(table: pl.DataFrame, code: Path, tmp_path: Path) -> None:
    own = settings(code, target="number", drop=["y"], epochs=60, learning_rate=0.02)
    run = xent.train(table, runs=tmp_path, **own)
    assert run.verdict.parts["test"]["r2"].value > 0.5
    predicted = xent.load_run(run.folder, f"{code}:Net").predict(table)
    assert abs(float(np.mean(predicted)) - 100) < 5


def test_a_run_of_a_plain_network_takes_no_module(table: pl.DataFrame, tmp_path: Path) -> None:
    run = xent.train(table, target="y", hidden=(2,), epochs=1, random_state=0, runs=tmp_path)
    with pytest.raises(XentError, match="this network is none"):
        xent.load_run(run.folder, nn.Linear(3, 1)).predict(table)


def test_objects_are_for_the_estimators(table: pl.DataFrame) -> None:
    with pytest.raises(XentError, match="XentClassifier and XentRegressor take objects"):
        xent.train(table, target="y", module=nn.Linear(3, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("absent.py:build", "there is no file"),
        ("broken.py:build", "failed .SyntaxError"),
        ("exits.py:build", "failed .SystemExit"),
        ("net.py:Nett", "Did you mean 'Net'"),
        ("net.py:torch.nn", "file.py:build"),
        ("net.py:NAME", "must be a function or class"),
    ],
    ids=["absent", "broken", "exits", "misspelled", "dotted", "no function"],
)
def test_what_is_no_code(table: pl.DataFrame, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "broken.py").write_text("def build(:")
    (tmp_path / "exits.py").write_text("raise SystemExit(3)")
    (tmp_path / "net.py").write_text(CODE + "\nNAME = 'net'\n")
    runs = tmp_path / "runs"
    with pytest.raises(XentError, match=message):
        xent.train(table, target="y", module=f"{tmp_path / text}", runs=runs)
    assert not runs.exists() or not any(runs.iterdir())


def test_a_file_imports_its_neighbors(table: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "own_parts_of_net.py").write_text("from torch.nn import Linear\n")
    path = tmp_path / "net.py"
    path.write_text("from own_parts_of_net import Linear\nnet = Linear(4, 1)\n")
    runs = tmp_path / "runs"
    own = {"target": "y", "epochs": 1, "random_state": 0, "runs": runs}
    assert xent.train(table, module=f"{path}:net", **own).status == "finished"


def test_damaged_arrays_are_named(run: xent.Run, tmp_path: Path) -> None:
    content = run.files.model.read_bytes()
    n_bytes = int.from_bytes(content[:8], "little")
    import json

    metadata = json.loads(content[8 : 8 + n_bytes])["__metadata__"]
    arrays = load(content)
    path = tmp_path / "model.safetensors"
    wrong = {
        "is missing": {name: array for name, array in arrays.items() if name != "fixed"},
        "is unknown": {**arrays, "more": arrays["fixed"]},
        "must have shape": {**arrays, "fixed": arrays["fixed"][:3]},
        "must have dtype": {**arrays, "last.bias": arrays["last.bias"].astype(np.float64)},
        "not finite": {**arrays, "last.bias": arrays["last.bias"] * np.float32("nan")},
    }
    for message, changed in wrong.items():
        path.write_bytes(save(changed, metadata))
        with pytest.raises(XentError, match=message):
            read_model(path)


def test_the_command_line(
    run: xent.Run, table: pl.DataFrame, code: Path, tmp_path: Path, capsys: Any
) -> None:
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    table.write_csv(rows)
    assert main(["predict", str(run.folder), str(rows)]) != 0
    assert "--module" in capsys.readouterr().err
    own = ["--module", f"{code}:Net"]
    assert main(["predict", str(run.folder), str(rows), "-o", str(out), *own]) == 0
    assert main(["evaluate", str(run.folder), str(rows), *own]) == 0
    assert main(["evaluate", str(rows), "--label", "y", *own]) != 0
    assert "needs no code" in capsys.readouterr().err
    assert torch.get_default_dtype() == torch.float32
