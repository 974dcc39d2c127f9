"""Engines: turn the description of a network into numbers.

NumPy: explicit forward and backward passes. PyTorch: the same networks on autograd, GPUs, convolutions.
"""

from __future__ import annotations

from xent.engines.engine import Engine as Engine
from xent.engines.making import ENGINES as ENGINES
from xent.engines.making import make_engine as make_engine
from xent.engines.making import prediction_engine as prediction_engine
from xent.engines.making import refuse_numpy as refuse_numpy
from xent.engines.numpy_engine import NumpyEngine as NumpyEngine
from xent.engines.ranks import ONE_RANK as ONE_RANK
from xent.engines.ranks import RankGroup as RankGroup
from xent.engines.ranks import join_ranks as join_ranks

__all__ = [
    "ENGINES",
    "ONE_RANK",
    "Engine",
    "NumpyEngine",
    "RankGroup",
    "join_ranks",
    "make_engine",
    "prediction_engine",
    "refuse_numpy",
]
