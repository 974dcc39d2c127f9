"""An exported model at work in onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest

from xent.errors import XentError
from xent.exports.graph import Graph
from xent.exports.model import OnnxModel
from xent.exports.session import OnnxSession


def test_what_onnxruntime_refuses_is_told_in_one_line(capfd) -> None:
    graph = Graph()
    x = graph.input("x", np.float64, ("n", 1))
    graph.output("y", graph.add("Erf", x), np.float64, ("n", 1))
    model = OnnxModel(graph.to_bytes({}), (), tuple(graph.inputs), tuple(graph.outputs))
    with pytest.raises(XentError, match=r"Erf.* train it with dtype='float32'\.$") as refused:
        OnnxSession(model)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")
