"""Own modules stand in the graph as PyTorch writes them, or are refused in one line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.runs import load_run
from xent.workflow.exporting import export

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from xent.exports.torch_module import _written  # noqa: E402 - it imports PyTorch

if TYPE_CHECKING:
    from pathlib import Path


MODULE = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.SiLU(), nn.Dropout(0.2))
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.body(x))


class Float32Net(Net):
    def forward(self, x):
        return super().forward(x.float())
"""


@pytest.mark.parametrize("name", ["Net", "Float32Net"])
def test_an_own_module_is_joined_behind_the_columns(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULE)
    code = f"{tmp_path / 'net.py'}:{name}"
    rng = np.random.default_rng(0)
    age, far = rng.normal(45, 12, 1200).round(), 1e7 + rng.normal(0, 1, 1200)
    two = (age - 45) / 12 + far - 1e7 + rng.normal(0, 1, 1200) > 0
    frame = pl.DataFrame({"age": age, "far off": far, "two": two})
    given = {"target": "two", "epochs": 2, "random_state": 0, "runs": str(tmp_path)}
    folder = xent.train(frame, module=code, **given).folder
    path = tmp_path / "model.onnx"
    with pytest.raises(XentError, match="own module, whose code is no part of a run"):
        export(folder, path)
    done = export(load_run(folder, module=code), path, n_checked=500)
    assert done.parity.n_flips == 0
    assert done.parity.agrees
    assert done.outputs == ("probabilities", "decision", "decided")
    assert {node.domain for node in onnx.load(path).graph.node} == {""}


def test_a_module_that_onnx_cannot_say_is_refused_in_one_line() -> None:
    class Moody(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x if x.sum() > 0 else x @ x.T

    with pytest.raises(XentError, match="PyTorch cannot write Moody as ONNX"):
        _written(Moody(), torch.zeros(2, 3))


def test_an_own_module_without_onnxscript_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(XentError, match=r"pip install 'xent\[onnx\]'"):
        _written(torch.nn.Linear(3, 1), torch.zeros(2, 3))
