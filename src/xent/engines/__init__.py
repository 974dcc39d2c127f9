"""Engines: turn the description of a network into numbers. NumPy: explicit forward and backward passes."""

from __future__ import annotations

from xent.engines.numpy_engine import NumpyEngine

__all__ = ["NumpyEngine"]
