"""The torch engine from the outside: every task on real data, stop and resume, devices, PyTorch absent."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest

import xent
from xent.errors import XentError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "binary": ("phishing.csv", {"target": "Result", "positive": "-1"}),
    "multiclass": ("wine_quality.csv", {"target": "quality", "task": "multiclass"}),
    "multilabel": ("emotions.csv", {"targets": "label_*"}),
    "regression": ("boston_housing.csv", {"target": "MEDV"}),
}
QUICK = {"hidden": (8,), "epochs": 2, "random_state": 3, "dtype": "float64"}


@pytest.mark.parametrize("task", TASKS)
def test_a_run_is_that_of_the_other_engine(task, shared_data, tmp_path):
    """Files, verdict and predictions: the same code, and numbers alike to the last digits."""
    name, given = TASKS[task]
    rows = pl.read_csv(shared_data / name, infer_schema_length=None)[:600]
    runs = {
        engine: xent.train(
            rows, engine=engine, device="cpu", runs=tmp_path / engine, **given, **QUICK
        )
        for engine in ("numpy", "torch")
    }
    ours, theirs = runs["numpy"], runs["torch"]
    files = [
        sorted(path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*"))
        for run in (ours, theirs)
    ]
    assert files[0] == files[1]
    for mine, other in zip(ours.history, theirs.history, strict=True):
        for key, value in mine.items():
            assert other[key] == pytest.approx(value, rel=1e-9, abs=1e-12), key
    mine, other = np.asarray(ours.predict(rows)), np.asarray(theirs.predict(rows))
    if mine.dtype.kind == "f":
        np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-12)
    else:
        np.testing.assert_array_equal(other, mine)


class Stop(xent.Callback):
    """Ends the training after some batches, as Ctrl-C does."""

    def __init__(self, after: int) -> None:
        self.after = after

    def batch_end(self, moment: Any) -> None:
        if moment.step == self.after:
            raise RuntimeError("broken off")


@pytest.mark.parametrize(
    "settings",
    [
        {"batch_norm": True, "dropout": 0.2},
        {"precision": "fp16", "dtype": "float32"},
        {"precision": "bf16", "dtype": "float32", "optimizer": "adamax"},
    ],
    ids=str,
)
def test_resumed_is_never_stopped_bit_by_bit(settings, tmp_path):
    source, common = (
        "example:breast_cancer",
        {"target": "target", **QUICK, "epochs": 5, "checkpoint_every": 1},
    )
    common |= {"engine": "torch", "device": "cpu", **settings}
    with pytest.raises(RuntimeError, match="broken off"):
        xent.train(source, runs=tmp_path / "a", callbacks=[Stop(after=17)], **common)
    (folder,) = (tmp_path / "a").iterdir()
    resumed = xent.resume(folder)
    whole = xent.train(source, runs=tmp_path / "b", **common)
    for name in ("model.safetensors", "history.jsonl"):
        assert (resumed.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "device 'gpu' is not here; PyTorch has cpu"),
        ("cuda:99", "device 'cuda:99' is not here"),
        ("cpu:1", "device 'cpu:1' is not here"),
        ("cpu:", "device 'cpu:' is not here"),
        ("cpu:²", "device 'cpu:²' is not here"),
        ("cuda:x", "device 'cuda:x' is not here"),
    ],
)
def test_a_device_that_is_absent_is_named_with_those_that_are_here(device, message, tmp_path):
    with pytest.raises(XentError, match=message):
        xent.train(
            "example:breast_cancer",
            target="target",
            engine="torch",
            device=device,
            runs=tmp_path,
            epochs=1,
        )
    assert not list(tmp_path.glob("*/model*"))


def test_apples_device_has_no_float64():
    from xent.engines.torch_devices import find_device

    with pytest.raises(XentError, match="device 'mps' has no float64"):
        find_device("mps", "float64")


def test_auto_takes_a_gpu_where_there_is_one(monkeypatch):
    from xent.engines.torch_devices import find_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto", "float64") == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert find_device("auto", "float32") == "mps"
    assert find_device("auto", "float64") == "cpu"


WITHOUT_TORCH = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Absent())
import numpy as np
import xent
from xent.cli import main
from xent.errors import XentError

def line_of(call):
    try:
        call()
    except XentError as error:
        return str(error)
    raise AssertionError("no error")

X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
lines = [
    line_of(lambda: xent.train("example:breast_cancer", target="target", engine="torch", runs="runs")),
    line_of(lambda: xent.XentClassifier(engine="torch").fit(X, y)),
    line_of(lambda: xent.XentRegressor(precision="bf16").fit(X, y)),
]
for line in lines:
    assert "pip install 'xent[torch]'" in line and len(line.splitlines()) == 1, line
# without being asked for it, nothing misses it
xent.XentClassifier(hidden=(3,), epochs=1, random_state=0).fit(X, y)
code = main(["train", "example:breast_cancer", "--target", "target", "--engine", "torch"])
print("exit", code)
"""


def test_without_pytorch_one_line_says_how_to_install_it(tmp_path):
    """From Python, from the estimators and from the command line; and NumPy goes on as ever."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_TORCH],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "exit 2"
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: engine 'torch' needs PyTorch, which is not installed.")
    assert line.endswith("pip install 'xent[torch]'")


def test_the_command_line_trains_on_it(tmp_path, monkeypatch, capsys):
    from xent.cli import main

    monkeypatch.chdir(tmp_path)
    quick = ["--target", "target", "--hidden", "4", "--epochs", "2", "--seed", "1"]
    settings = ["--engine", "torch", "--device", "cpu", "--precision", "bf16", "--no-deterministic"]
    assert main(["train", "example:breast_cancer", *quick, *settings]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    recipe = xent.load_run(run).record.recipe
    assert (recipe["engine"], recipe["precision"]) == ("torch", "bf16")
    assert recipe["deterministic"] is False
    capsys.readouterr()
    assert (
        main(["train", "example:breast_cancer", *quick, "--engine", "torch", "--device", "tpu"])
        == 2
    )
    assert "device 'tpu' is not here; PyTorch has cpu" in capsys.readouterr().err
