"""The run folder: written, read, checked, resumed."""

from __future__ import annotations

from xent.runs.evaluation_file import Evaluation
from xent.runs.folder import RunFolder, create_run_folder, open_run_folder
from xent.runs.history_file import read_history
from xent.runs.model_file import Model, read_model, write_model
from xent.runs.predictions import read_predictions
from xent.runs.record import DataRecord, RunRecord, read_record, write_record
from xent.runs.run import Run, load_run

__all__ = [
    "DataRecord",
    "Evaluation",
    "Model",
    "Run",
    "RunFolder",
    "RunRecord",
    "create_run_folder",
    "load_run",
    "open_run_folder",
    "read_history",
    "read_model",
    "read_predictions",
    "read_record",
    "write_model",
    "write_record",
]
