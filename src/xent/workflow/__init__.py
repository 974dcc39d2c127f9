"""The workflow: what joins files to states. Train, resume."""

from __future__ import annotations

from xent.workflow.data_parallel import Follower
from xent.workflow.data_settings import DataSettings
from xent.workflow.preparing import PreparedData, prepare
from xent.workflow.resuming import resume, take_up
from xent.workflow.session import Session
from xent.workflow.training import begin, train

__all__ = [
    "DataSettings",
    "Follower",
    "PreparedData",
    "Session",
    "begin",
    "prepare",
    "resume",
    "take_up",
    "train",
]
