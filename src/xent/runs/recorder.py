"""The recorder: a callback that writes a training down, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.data import one_vs_rest
from xent.evaluation.multiclass_ranking import class_log_odds
from xent.runs.curve_files import has_curves_at, write_curves
from xent.runs.history_file import HistoryFile
from xent.training import Callback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array
    from xent.runs.folder import RunFolder
    from xent.training import Moment, Part

__all__ = ["RunRecorder", "one_column_a_class"]


class RunRecorder(Callback):
    """Appends to history.jsonl after every epoch, and writes the validation part's curves at some of them.

    Parameters
    ----------
    folder : RunFolder
    validation : Part or None
        Without one there are no curves.
    task : {"binary", "multiclass", "multilabel", "regression"}
    classes : sequence of str
        Names of the curves: the positive class, all classes, or all labels.
    """

    def __init__(
        self, folder: RunFolder, validation: Part | None, task: str, classes: Sequence[str]
    ) -> None:
        self.folder, self.validation, self.task, self.classes = folder, validation, task, classes
        self.file: HistoryFile | None = None

    def train_begin(self, moment: Moment) -> None:  # noqa: ARG002 - the protocol of callbacks
        """Open the history for appending."""
        self.file = HistoryFile(self.folder.history)

    def epoch_end(self, moment: Moment) -> None:
        """Write the epoch down; the trainer's checkpoint follows."""
        if (
            self.validation is not None
            and self.task != "regression"
            and has_curves_at(moment.epoch)
        ):
            z = moment.engine.predict(self.validation.X)
            if self.task == "multiclass":  # one class against the rest, as the verdict's AUC has it
                z = class_log_odds(z)
            y = one_column_a_class(self.task, self.validation.y, len(self.classes))
            write_curves(
                self.folder.curves, moment.epoch, z, y, self.classes, self.validation.weight
            )
        assert self.file is not None
        assert moment.record is not None
        self.file.append(moment.record)

    def close(self) -> None:
        """Close the history, also when training ended in an error."""
        if self.file is not None:
            self.file.close()


def one_column_a_class(task: str, y: Array, n_classes: int) -> Array:
    """Return 0 or 1 in a column for each class: those of codes, or the labels as they are.

    Examples
    --------
    >>> import numpy as np
    >>> one_column_a_class("multiclass", np.array([0, 2]), 3).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    if task == "multiclass":
        return one_vs_rest(y, n_classes)
    return y.reshape(len(y), -1)
