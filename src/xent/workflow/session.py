"""A training session: everything made ready, then run to its end, and written down whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from xent.cores import n_cores
from xent.data import ImageEncoder
from xent.distributions import Gaussian
from xent.distributions.location_scale import with_free_spread
from xent.engines import ONE_RANK, NumpyEngine
from xent.engines.threads import blas_threads, suitable_threads
from xent.errors import XentError
from xent.launch import RankLostError
from xent.network import Pixels
from xent.runs import Run, write_record
from xent.runs.reading import fingerprint, read_bytes
from xent.runs.recorder import RunRecorder
from xent.runs.table_copies import copies_at
from xent.runs.versions import torch_version
from xent.training import Callback, Checkpointer, Part
from xent.training.fitting import (
    choose_distribution,
    class_weight_factors,
    engine_dtype,
    fit_target_scale,
    make_trainer,
    run_trainer,
)
from xent.training.target_scale import residual_gaussian
from xent.workflow.judging import finished_model, write_results
from xent.workflow.stop_request import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from xent.data import Encoder
    from xent.distributions import Distribution
    from xent.engines import RankGroup
    from xent.runs import RunFolder, RunRecord
    from xent.runs.lock import RunLock
    from xent.training import Trainer, TrainingSettings
    from xent.training.fitting import TargetScale
    from xent.workflow.preparing import PreparedData, Rows

__all__ = ["Session", "make_run_trainer", "make_session", "noted_warnings", "now", "threads_of"]


@dataclass(eq=False)
class Session:
    """A run about to be trained, from its start or from a checkpoint.

    Attributes
    ----------
    folder : RunFolder
    record : RunRecord
        As run.json has it; replaced when training has ended.
    prepared : PreparedData
    trainer : Trainer
    distribution : Distribution
        The plain one.
    scale : TargetScale
        The unit in which a real target is trained.
    recorder : RunRecorder
    lock : RunLock
        Released when training has ended.
    is_new : bool
        Whether it began from nothing: then nothing is kept of a training that fails in its first epoch.
    ranks : RankGroup
        The processes that train together; this one, rank 0, writes for all.
    """

    folder: RunFolder
    record: RunRecord
    prepared: PreparedData
    trainer: Trainer
    distribution: Distribution
    scale: TargetScale
    recorder: RunRecorder
    lock: RunLock
    is_new: bool = True
    ranks: RankGroup = ONE_RANK

    def run(self) -> Run:
        """Train to the end, judge the model, finish the folder, and return the run.

        When training fails the folder stays, marked, and can be resumed from its last checkpoint; before the first
        epoch is done nothing is kept.
        """
        notes = list(self.record.warnings)
        try:
            with (
                self.ranks.training(),
                noted_warnings(notes),
                blas_threads(self.record.n_threads) as is_set,
            ):
                if not is_set:
                    warnings.warn(
                        "the number of BLAS threads could not be set: a rerun may differ in the last bits.",
                        stacklevel=2,
                    )
                self.trainer.n_threads = self.record.n_threads
                run_trainer(self.trainer)
                self._finish(notes, threads_are_set=is_set)
        except BaseException as error:
            self._mark_failed(error, notes)
            raise
        finally:
            self.close()
        self.ranks.announce(json.dumps(dataclasses.asdict(self.record)))
        return Run(self.folder, self.record)

    def close(self) -> None:
        """Let go of the folder and its files."""
        self.recorder.close()
        if self.trainer.checkpointer is not None:
            self.trainer.checkpointer.close()
        self.lock.release()

    def _mark_failed(self, error: BaseException, notes: list[str]) -> None:
        is_mistake = isinstance(error, XentError) and not isinstance(error, RankLostError)
        if is_mistake and self.is_new and not len(self.trainer.history):
            self.folder.remove()
            return
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        failed = self.record.changed(status=status, stopped_because=reason, warnings=notes)
        with contextlib.suppress(XentError):  # the disk may be full; the checkpoint tells enough
            write_record(self.folder, failed)

    def _finish(self, notes: list[str], *, threads_are_set: bool) -> None:
        trainer = self.trainer
        model = finished_model(trainer.engine, self._calibrated(), self.prepared, self.scale)
        is_open = _spread_is_open(self.prepared.target.task, trainer.settings)
        family = with_free_spread(model.distribution) if is_open else model.distribution
        write_results(self.folder, model, self.prepared, family)
        is_interrupted = trainer.stopped_because == "interrupted"
        copies = [*copies_at(self.folder.table), *copies_at(self.folder.test_table)]
        restored = trainer.settings.early_stopping and trainer.validation is not None
        self.record = self.record.changed(
            status="interrupted" if is_interrupted else "finished",
            stopped_because=trainer.stopped_because,
            n_epochs=len(trainer.history),
            best_epoch=trainer.best.epoch if restored else 0,
            warnings=notes,
            threads_are_set=threads_are_set,
            finished=now(),
            files=_fingerprints(self.folder, copies if is_interrupted else []),
        )
        write_record(self.folder, self.record)
        if not is_interrupted:  # only now: without them a killed run could not be resumed
            for path in copies:
                path.unlink()

    @property
    def distribution_text(self) -> str:
        """The distribution for a line of text."""
        if _spread_is_open(self.prepared.target.task, self.trainer.settings):
            return "squared error, its Gaussian's sd from held-out rows"
        return str(self.distribution)

    def _calibrated(self) -> Distribution:
        """Return the distribution of predictions: a spread that training left open is that of held-out residuals."""
        if not _spread_is_open(self.prepared.target.task, self.trainer.settings):
            return self.distribution
        parts = self.prepared.parts
        rows = parts.get("validation", parts["training"])
        t = self.trainer.engine.predict(rows.X)[:, 0].astype(np.float64)
        return residual_gaussian(rows.y, self.scale.location + self.scale.scale * t, rows.weight)


def make_session(
    folder: RunFolder,
    record: RunRecord,
    prepared: PreparedData,
    settings: TrainingSettings,
    callbacks: Sequence[Callback] = (),
    *,
    lock: RunLock,
    ranks: RankGroup = ONE_RANK,
) -> Session:
    """Build the trainer of a run, at its start, and what writes it down.

    Parameters
    ----------
    folder : RunFolder
    record : RunRecord
        Its seed decides everything random. A number of BLAS threads of 0 is replaced by the suitable one.
    prepared : PreparedData
    settings : TrainingSettings
    callbacks : sequence of Callback
    lock : RunLock
    ranks : RankGroup, optional
    """
    trainer, distribution, scale = make_run_trainer(
        prepared, settings, record.seed, callbacks, ranks
    )
    target = prepared.target
    names = [target.positive] if target.task == "binary" else _labels(prepared)
    recorder = RunRecorder(folder, trainer.validation, target.task, [str(name) for name in names])
    trainer.callbacks = (recorder, StopRequest(folder), *trainer.callbacks)
    trainer.checkpointer = Checkpointer(folder.checkpoints, settings.checkpoint_every)
    record = record.changed(n_threads=record.n_threads or threads_of(trainer))
    if not isinstance(trainer.engine, NumpyEngine):
        record = record.changed(versions={**torch_version(), **record.versions})
    return Session(
        folder, record, prepared, trainer, distribution, scale, recorder, lock, ranks=ranks
    )


def make_run_trainer(
    prepared: PreparedData,
    settings: TrainingSettings,
    seed: int,
    callbacks: Sequence[Callback] = (),
    ranks: RankGroup = ONE_RANK,
) -> tuple[Trainer, Distribution, TargetScale]:
    """Return a trainer that writes nothing, the plain distribution, and the unit in which a real target is trained."""
    target, parts = prepared.target, prepared.parts
    n_outcomes = len(target.names) if target.task == "multilabel" else len(target.classes)
    distribution = choose_distribution(target.task, n_outcomes, settings)
    for rows in parts.values():
        distribution.check_targets(rows.y, len(rows.y))
    training = parts["training"]
    scale = fit_target_scale(distribution, training.y, training.weight)
    if _spread_is_open(target.task, settings):
        # the squared error in the standardized unit, which is that of sd 1
        distribution = Gaussian(scale.scale)
    labels = _labels(prepared)
    factors = (
        _class_factors(training, labels, settings)
        if target.task in {"binary", "multiclass"}
        else None
    )
    dtype = engine_dtype(settings, training.X)
    used = {
        name: _part(parts[name], distribution, scale, factors, dtype)
        for name in ("training", "validation")
        if name in parts
    }
    trainer = make_trainer(
        settings,
        task=target.task,
        distribution=distribution,
        training=used["training"],
        validation=used.get("validation"),
        seed=seed,
        labels=labels,
        callbacks=callbacks,
        target_scale=scale,
        ranks=ranks,
        pixels=_pixels(prepared.encoder),
    )
    return trainer, distribution, scale


def threads_of(trainer: Trainer) -> int:
    """Return the number of BLAS threads that suits a rank's share of a batch, and its share of the machine."""
    ranks = trainer.ranks
    suitable = suitable_threads(trainer.engine.network, -(-trainer.batch_size // ranks.size))
    return max(1, min(suitable, n_cores() // ranks.local_size))


def _labels(prepared: PreparedData) -> Sequence[Any]:
    target = prepared.target
    return target.names if target.task == "multilabel" else target.classes


@contextlib.contextmanager
def noted_warnings(notes: list[str]) -> Iterator[None]:
    """Show warnings as ever, and note their texts once each."""
    show = warnings.showwarning

    def note(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, UserWarning) and str(message) not in notes:
            notes.append(str(message))
        show(message, category, *place, **more)

    warnings.showwarning = note
    try:
        yield
    finally:
        warnings.showwarning = show


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _spread_is_open(task: str, settings: TrainingSettings) -> bool:
    """Tell whether a number gets a normal error of one size, found after training."""
    return task == "regression" and settings.distribution is None


def _pixels(encoder: Encoder | ImageEncoder) -> Pixels | None:
    """Return how a network of images standardizes them: as the training part says."""
    return Pixels(encoder.mean, encoder.sd) if isinstance(encoder, ImageEncoder) else None


def _class_factors(
    training: Rows, labels: Sequence[Any], settings: TrainingSettings
) -> np.ndarray | None:
    """Return the weight of each class, as the training part decides it; the validation part gets the same."""
    factors = class_weight_factors(training.y, labels, settings.class_weight, training.weight)
    if factors is None:
        return None
    of_class = np.ones(len(labels))
    of_class[training.y.astype(np.int64)] = factors
    return of_class


def _part(
    rows: Rows,
    distribution: Distribution,
    scale: TargetScale,
    factors: np.ndarray | None,
    dtype: str,
) -> Part:
    """Return a part as the trainer takes it: canonical targets in the engine's precision, all weights in one."""
    weight = rows.weight
    if factors is not None:
        of_row = factors[rows.y.astype(np.int64)]
        weight = of_row if weight is None else weight * of_row
    y = np.asarray(distribution.check_targets(rows.y, len(rows.y)))
    if y.dtype.kind == "f":  # class codes stay whole numbers
        y = scale.to_trained(y).astype(dtype)
    return Part(rows.X, y, weight)


def _fingerprints(folder: RunFolder, copies: list[Path]) -> dict[str, str]:
    """Return the fingerprint of every file that is now final."""
    final = ("model", "predictions", "evaluation", "history", "split", "encoder")
    curves = sorted(folder.curves.glob("*.json"))
    files: list[Path] = [*(getattr(folder, name) for name in final), *curves, *copies]
    return {
        path.relative_to(folder.path).as_posix(): fingerprint(read_bytes(path)) for path in files
    }


def seeded(settings: TrainingSettings, seed: int) -> TrainingSettings:
    """Return the settings with the seed that is used, so that they repeat the run."""
    return dataclasses.replace(settings, random_state=seed)
