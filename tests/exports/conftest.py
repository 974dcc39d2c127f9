"""What the tests of exports share: graphs at work in onnxruntime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.exports.graph import Graph


def run_graph(graph: Graph, feeds: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of a graph by their names, after ONNX has checked it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        graph.to_bytes({}), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


@pytest.fixture
def run() -> Callable[[Graph, dict[str, Any]], dict[str, Any]]:
    return run_graph
