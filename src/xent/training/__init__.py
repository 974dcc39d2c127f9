"""Training: settings, optimizers, schedules, penalties, the trainer and its callbacks, checkpoints."""

from __future__ import annotations

from xent.training.callbacks import Callback, Moment
from xent.training.checkpoint import Checkpointer, read_checkpoint
from xent.training.health import TrainingWarning
from xent.training.history import History
from xent.training.parts import Part
from xent.training.settings import TrainingSettings, settings_from
from xent.training.trainer import Trainer

__all__ = [
    "Callback",
    "Checkpointer",
    "History",
    "Moment",
    "Part",
    "Trainer",
    "TrainingSettings",
    "TrainingWarning",
    "read_checkpoint",
    "settings_from",
]
