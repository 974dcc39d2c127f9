"""xent audit as its user calls it: files of code, files of data, charts, tables, mistakes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xent.cli.entry import main

if TYPE_CHECKING:
    from pathlib import Path

NET = """
import torch
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())

def logits():
    return nn.Sequential(*list(Net())[:3])

def three():
    return nn.Linear(2, 3)

def needs(size):
    return nn.Linear(size, 1)

def squares(p, y):
    return ((p - y) ** 2).mean()

def leaves():
    raise SystemExit(3)

word = "no model"
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return str(path)


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "data.csv"
    rows = ["a,b,name,y,kind"] + [
        f"{k / 10},{-k / 7},n{k},{k % 2},{'red' if k % 3 else 'blue'}" for k in range(40)
    ]
    path.write_text("\n".join(rows))
    return str(path)


def run(*words: str) -> int:
    return main(["audit", *words])


def test_a_fault_is_printed_with_its_cure_and_its_table(
    net: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"{net}:Net", "--loss", "BCEWithLogitsLoss", "--data", table, "--target", "y"]
    assert run(*words, "--drop", "name,kind", "--dtype", "float32") == 0
    shown = capsys.readouterr().out
    assert "probabilities into a loss on logits (wrong)" in shown
    assert "never falls below 0.3133" in shown
    assert "cure: leave the sigmoid out" in shown
    assert "with xent: networks end in logits, and Bernoulli()" in shown
    assert "\nfloat32\nloss" in shown
    assert "BCEWithLogitsLoss(sigmoid(x))" in shown


def test_a_column_of_a_table_takes_the_shape_of_the_outputs(
    net: str, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for target in ("y", "kind"):
        other = "kind" if target == "y" else "y"
        words = [f"{net}:logits", "--loss", "BCEWithLogitsLoss", "--data", table]
        assert run(*words, "--target", target, "--drop", f"name,{other}", "--json") == 0
        found = json.loads(capsys.readouterr().out)
        assert found["faults"] == []
        assert {row["dtype"] for row in found["measured"]} == {"float32", "float64", "bfloat16"}


def test_arrays_are_taken_as_they_are_shaped(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "batch.npz"
    X = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    np.savez(path, X=X, y=(X[:, 0] > 0).astype(np.float32))
    words = [f"{net}:logits", "--loss", f"{net}:squares", "--data", str(path), "--json"]
    assert run(*words) == 0
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert [fault["check"] for fault in faults] == ["broadcasting"]
    evidence = faults[0]["evidence"]
    assert evidence["loss of the batch"] == pytest.approx(evidence["mean over pairs"])
    assert evidence["loss of the batch"] != pytest.approx(evidence["mean over rows"], rel=1e-3)


@pytest.mark.parametrize("ending", ["html", "png"])
def test_the_charts_are_written(
    ending: str, net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"audit.{ending}"
    assert run(f"{net}:Net", "--loss", "BCELoss", "--output", str(path), "--theme", "dark") == 0
    assert f"charts: {path}" in capsys.readouterr().out
    assert path.read_bytes()[:4] in {b"<!DO", b"\x89PNG"}


def test_the_tables_of_a_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tables.svg"
    assert run("--tables", "torch", "--dtype", "bfloat16", "--output", str(path)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("torch ")
    assert "BCELoss(sigmoid(x))" in shown
    assert "above 6.25: 0" in shown
    assert path.exists()
    assert run("--tables", "torch", "--dtype", "bfloat16", "--json") == 0
    measured = json.loads(capsys.readouterr().out)["measured"]
    clipped = next(row for row in measured if row["loss"] == "BCELoss(sigmoid(x))")
    assert clipped["ends"] == [100.0, 0.0]


def test_a_module_that_refuses_is_told_not_drawn(
    net: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"{net}:logits", "--loss", "BCELoss"]
    assert run(*words) == 0
    assert "logits into a loss on probabilities" in capsys.readouterr().out
    assert run(*words, "--output", str(tmp_path / "a.png")) == 2
    assert "nothing to draw" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give MODEL and --loss"),
        (["{net}:Net"], "give MODEL and --loss"),
        (["{net}", "--loss", "BCELoss"], "must be file.py:build"),
        (["{net}:Nat", "--loss", "BCELoss"], "Did you mean 'Net'?"),
        (["{net}:needs", "--loss", "BCELoss"], "must build a model without arguments"),
        (["{net}:leaves", "--loss", "BCELoss"], "without arguments: SystemExit: 3"),
        (["{net}:word", "--loss", "BCELoss"], "must be a torch.nn.Module or a keras.Model"),
        (["absent.py:Net", "--loss", "BCELoss"], "there is no file 'absent.py'"),
        (["{broken}:Net", "--loss", "BCELoss"], "does not run: SyntaxError"),
        (["{net}:Net", "--loss", "BCELos"], "Did you mean 'BCELoss'?"),
        (["{net}:Net", "--loss", "BCELoss(1)"], "name the arguments"),
        (["{net}:Net", "--loss", "BCELoss(reduction=open('x'))"], "loss must be a name"),
        (["{net}:Net", "--loss", "BCELoss(red=1)"], "refuses its arguments"),
        (["{net}:Net", "--loss", "1 +"], "loss must be a name"),
        (["{net}:Net", "--loss", "3"], "loss must be a name"),
        (["{net}:Net", "--loss", "BCELoss", "--dtype", "float8"], "dtype must be one of"),
        (["{net}:Net", "--loss", "BCELoss", "--target", "y"], "need --data"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{table}", "--target", "z"], "no column 'z'"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{table}", "--target", "y"], "'name', 'kind'"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "absent.npz"], "there is no file"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{torn}"], "is no .npz of numbers"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{torn}", "--target", "y"], "are for tables"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{empty}"], "must hold an array X"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{objects}"], "is no .npz of numbers"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{wide}"], "does not run on rows of shape (7,)"),
        (["{net}:Net", "--loss", "BCELoss", "--data", "{gaps}", "--target", "y"], "missing values"),
        (["--tables", "jax"], "library must be torch or keras"),
        (["--tables", "torch", "--loss", "BCELoss"], "leave MODEL"),
        (["--tables", "torch", "--target", "y"], "leave MODEL"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_cure(
    words: list[str],
    message: str,
    net: str,
    table: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"net": net, "table": table}
    for name in ("torn", "empty", "objects", "wide"):
        places[name] = str(tmp_path / f"{name}.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    np.savez(places["empty"], Z=np.zeros(3))
    np.savez(places["objects"], X=np.array([{}], dtype=object))
    np.savez(places["wide"], X=np.zeros((5, 7)))
    places["gaps"] = str(tmp_path / "gaps.csv")
    (tmp_path / "gaps.csv").write_text("a,b,y\n1,2,0\n,3,1\n")
    places["broken"] = str(tmp_path / "broken.py")
    (tmp_path / "broken.py").write_text("def (:")
    assert run(*(word.format(**places) for word in words)) == 2
    assert message in capsys.readouterr().err
