"""The history of a real target in the target's own units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xent.training import Callback

if TYPE_CHECKING:
    from xent.training import Moment
    from xent.training.fitting import TargetScale

__all__ = ["TargetUnits"]


class TargetUnits(Callback):
    """Turns each epoch's record from the standardized target that is trained into the units of y.

    A density over y = location + scale t has an NLL larger by ln(scale) than that over t; an error is scale times
    as large.
    """

    def __init__(self, scale: TargetScale) -> None:
        self.scale = scale

    def epoch_end(self, moment: Moment) -> None:
        """Convert the record, which the history holds too."""
        record = moment.record
        assert record is not None
        for name in ("loss", "validation_loss"):
            if name in record:
                record[name] += self.scale.log_scale
        for name in ("rmse", "validation_rmse"):
            if name in record:
                record[name] *= self.scale.scale
