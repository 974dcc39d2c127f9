"""Engines: turn the description of a network into numbers.

NumPy: explicit forward and backward passes. PyTorch: the same networks on autograd, GPUs, convolutions.
"""

from __future__ import annotations

from xent.engines.engine import Engine as Engine
from xent.engines.making import ENGINES as ENGINES
from xent.engines.making import make_engine as make_engine
from xent.engines.making import prediction_engine as prediction_engine
from xent.engines.numpy_engine import NumpyEngine as NumpyEngine

__all__ = ["ENGINES", "Engine", "NumpyEngine", "make_engine", "prediction_engine"]
