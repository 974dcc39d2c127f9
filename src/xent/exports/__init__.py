"""Exports: a trained run as one ONNX file, from raw columns to the decision.

Names are loaded when they are first used: they need polars.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xent.exports.model import OnnxModel as OnnxModel
    from xent.exports.model import onnx_model as onnx_model
    from xent.exports.parity import Parity as Parity
    from xent.exports.parity import check_parity as check_parity

_MODULE_OF = {
    "OnnxModel": "model",
    "Parity": "parity",
    "check_parity": "parity",
    "onnx_model": "model",
}

__all__ = ["OnnxModel", "Parity", "check_parity", "onnx_model"]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'xent.exports' has no attribute {name!r}")
    value = getattr(import_module(f"xent.exports.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
