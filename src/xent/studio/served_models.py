"""The models that predictions are made with: read once, and again where a file of their run changed."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from xent.errors import XentError
from xent.studio.row_encoding import RowEncoder
from xent.studio.rows import RowForm, columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from xent.data import Encoder
    from xent.decisions import CostDecision, Decision
    from xent.evaluation.calibration import Recalibrator
    from xent.runs import Run
    from xent.studio.runs_index import RunsIndex

__all__ = ["ModelShelf", "ServedModel"]

_MOST_MODELS: Final = 8
# seconds after which the files are looked at again, whatever their folder says: one may be written in place
_LONGEST_TRUST: Final = 0.5
# seconds: the clock of a file system may be as coarse, so that a folder just changed may change once more unseen
_COARSEST_CLOCK: Final = 0.05


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A run's model with all that its predictions need, in memory.

    Attributes
    ----------
    stamp : tuple
        Of the files that it was read from.
    run : Run
    encoder : Encoder
    form : RowForm
        What a row must look like.
    rows : RowEncoder
    recalibrator : Recalibrator or None
    decision : Decision, CostDecision or None
    n_parameters : int
        How much work a row is.
    lock : threading.Lock
        Held while the engine predicts: its buffers are for one at a time.
    """

    stamp: tuple[Any, ...]
    run: Run
    encoder: Encoder
    form: RowForm
    rows: RowEncoder
    recalibrator: Recalibrator | None
    decision: Decision | CostDecision | None
    n_parameters: int
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class _Place:
    model: ServedModel
    path: str
    folder: tuple[int, ...]
    looked: float


class ModelShelf:
    """The models that were asked for last, by the names of their runs.

    Parameters
    ----------
    index : RunsIndex
    """

    def __init__(self, index: RunsIndex) -> None:
        self._index = index
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def at_hand(self, identifier: str) -> ServedModel | None:
        """Return a model that is as its files are; None where it must be read first, or there is none.

        Mostly one look at the run's folder: a file that is replaced, added or taken away changes its time. Every half
        second, and while the folder has just changed, one look at each file.
        """
        place = self._places.get(identifier)
        if place is None:
            return None
        now, folder = time.monotonic(), _folder_stamp(place.path)
        if folder != place.folder or now - place.looked > _LONGEST_TRUST:
            try:
                if self._stamp(identifier) != place.model.stamp:
                    return None
            except (XentError, OSError):  # whoever reads it is told
                return None
            place.folder, place.looked = folder, now if _is_quiet(folder) else 0.0
        return place.model

    def model(self, identifier: str) -> ServedModel:
        """Return a run's model, read again only where a file of it changed.

        Raises
        ------
        XentError
            When there is no such run, it is not finished, damaged, or learned from images.
        """
        known = self.at_hand(identifier)
        if known is None:
            path = str(self._index.root / identifier)
            now, folder = time.monotonic(), _folder_stamp(path)
            known = self._read(identifier, self._stamp(identifier))
            looked = now if _is_quiet(folder) else 0.0
            self._places[identifier] = _Place(known, path, folder, looked)
            if len(self._places) > _MOST_MODELS:
                self._places.popitem(last=False)
        self._places.move_to_end(identifier)
        return known

    def _stamp(self, identifier: str) -> tuple[Any, ...]:
        """Return what changes with the files that a model is read from; there must be such a run."""
        files = self._index.folder(identifier)
        paths = (files.record, files.model, files.encoder, files.decision, files.recalibrator)
        return tuple(map(_file_stamp, paths))

    def _read(self, identifier: str, stamp: tuple[Any, ...]) -> ServedModel:
        run = self._index.run(identifier)
        encoder, model = run.column_encoder, run.model
        if encoder.n_features != model.engine.network.n_inputs:
            raise XentError(f"{identifier} is damaged: encoder and model do not fit.")
        return ServedModel(
            stamp,
            run,
            encoder,
            RowForm(columns_of(encoder), model.target.names),
            RowEncoder(encoder),
            run.recalibrator,
            run.decision,
            model.engine.network.n_parameters,
        )


def _is_quiet(folder: tuple[int, ...]) -> bool:
    """Return whether a change of the folder from now on would be seen in its time."""
    return time.time_ns() - folder[1] > 1e9 * _COARSEST_CLOCK


def _folder_stamp(path: str) -> tuple[int, ...]:
    """Return what changes with the files in a folder, or when a link takes its place."""
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0)
    return (found.st_ino if stat.S_ISDIR(found.st_mode) else 0, found.st_mtime_ns)


def _file_stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
