"""An own PyTorch module in the graph: PyTorch writes it, and it takes the place of the network."""

from __future__ import annotations

import copy
import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from xent.errors import XentError
from xent.exports.graph import OPSET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xent.exports.graph import Graph

__all__ = ["add_module"]


def add_module(graph: Graph, engine: Any, a: str) -> str:
    """Add an own module to a graph and return the name of its outputs, (n, n_outputs).

    Parameters
    ----------
    graph : Graph
    engine : TorchEngine
        Of a `ModuleNetwork`, with the code of the module.
    a : str
        The name of its input: features, or raw pixels.

    Raises
    ------
    XentError
        When PyTorch cannot write the module as ONNX: its forward depends on the values of the rows, or uses what ONNX
        has no operator for.
    """
    from onnx import compose, inliner

    module = copy.deepcopy(engine.module).to("cpu").eval()
    dtype = torch.float64 if engine.dtype == np.float64 else torch.float32
    model = inliner.inline_local_functions(
        _written(module, torch.zeros((2, *engine.network.row_shape), dtype=dtype))
    )
    own = {node.domain for node in model.graph.node} - {"", "ai.onnx"}
    if own:
        raise XentError(
            f"{engine.network.name} uses operators of {', '.join(sorted(own))}, which are not ONNX's own."
        )
    model = compose.add_prefix(model, graph.prefix("module/"))
    graph.embed(model, {model.graph.input[0].name: graph.cast(a, engine.dtype)})
    return str(model.graph.output[0].name)


def _written(module: torch.nn.Module, rows: torch.Tensor) -> Any:
    """Return the module as PyTorch writes it, for any number of rows."""
    try:
        import onnxscript  # noqa: F401 - PyTorch writes ONNX by it
    except ImportError:
        raise XentError(
            "the export of an own module needs onnxscript. Install it with: pip install 'xent[onnx]'"
        ) from None
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("ignore")  # of PyTorch about itself
            program = torch.onnx.export(
                module,
                (rows,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("n_rows")},),
                opset_version=OPSET,
                external_data=False,
                verbose=False,
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise XentError(
            f"PyTorch cannot write {type(module).__name__} as ONNX ({reason})."
        ) from error
    assert program is not None
    return program.model_proto


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep PyTorch from telling which packages it would also know."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
