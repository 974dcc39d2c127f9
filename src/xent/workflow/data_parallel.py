"""Data parallel training: rank 0 holds the session and writes the run, the others follow it.

Every rank reads the same data and settings, which is checked. A mistake on any of them ends all, and nothing is left
of the run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xent.engines import join_ranks, refuse_numpy
from xent.engines.threads import blas_threads
from xent.errors import XentError
from xent.runs import DataRecord, Run, RunFolder, RunRecord, load_run
from xent.runs.versions import versions
from xent.training.fitting import resolve_seed, run_trainer
from xent.workflow.preparing import prepare
from xent.workflow.recipe import read_recipe, settings_of
from xent.workflow.relaunching import find_relaunched, write_launch
from xent.workflow.resuming import is_over, load_checkpoint, prepared_again, take_up_run
from xent.workflow.session import (
    Session,
    make_run_trainer,
    noted_warnings,
    seeded,
    threads_of,
)
from xent.workflow.training import open_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xent.engines.torch_ranks import Ranks
    from xent.launch import Launch
    from xent.training import Callback, Trainer, TrainingSettings
    from xent.workflow.data_settings import DataSettings
    from xent.workflow.preparing import PreparedData

__all__ = ["Follower", "begin_together", "join_run", "together"]

T = TypeVar("T")


@dataclass(eq=False)
class Follower:
    """The part of any rank but the first in a training: it computes, and writes nothing.

    Attributes
    ----------
    folder : RunFolder
        Where rank 0 writes the run.
    trainer : Trainer
    ranks : Ranks
    """

    folder: RunFolder
    trainer: Trainer
    ranks: Ranks

    def run(self) -> Run:
        """Train to the end with the others and return the run, once rank 0 has written it."""
        self.trainer.n_threads = threads_of(self.trainer)
        with (
            _quiet(self.ranks.launch),
            self.ranks.training(),
            blas_threads(self.trainer.n_threads),
        ):
            run_trainer(self.trainer)
            values = json.loads(self.ranks.wait_for_result())
        data, test = (
            None if values[name] is None else DataRecord(**values[name])
            for name in ("data", "test")
        )
        assert data is not None
        return Run(self.folder, RunRecord(**{**values, "data": data, "test": test}))


def begin_together(
    launch: Launch,
    source: object,
    arguments: Mapping[str, Any],
    *,
    recipe: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Session | Follower | Run:
    """Make a training of several ranks ready; where torchrun has started them again, go on where they were.

    A run that was finished before they were started again is returned as it is.

    Parameters
    ----------
    launch : Launch
    source : path, data frame or array
    arguments : mapping of str to value
    recipe : path, optional
    callbacks : sequence of Callback
        They run on every rank.

    Raises
    ------
    XentError
        On every rank when one of them finds a mistake, or ranks have different data or settings.
    """
    ranks = join_ranks(launch)
    with _quiet(launch):
        # torchrun counts on each machine for itself, and only where it saw a rank fail
        n_restarts = max(map(int, ranks.gather_texts(str(launch.n_restarts))))
        launch = dataclasses.replace(launch, n_restarts=n_restarts)
        data, training = together(ranks, lambda: _settings(recipe, arguments, ranks.size))
        training = seeded(training, int(ranks.broadcast_text(str(training.random_state))))
        earlier = together(
            ranks,
            lambda: find_relaunched(launch, source, data.runs, training) if launch.is_first else "",
        )
        earlier = ranks.broadcast_text(earlier)
        if earlier:
            return _take_up_together(ranks, earlier, callbacks, training.module)
        notes: list[str] = []
        prepared = together(ranks, lambda: _prepared(source, data, training, notes))
        _refuse_differences(ranks, prepared, training)
        if launch.is_first:
            return _leading(
                ranks,
                lambda: open_session(source, prepared, training, notes, callbacks, ranks),
            )
        seed = training.random_state
        return _following(
            ranks, lambda: make_run_trainer(prepared, training, seed, callbacks, ranks)[0]
        )


def join_run(
    launch: Launch,
    run_folder: Path | str,
    callbacks: Sequence[Callback] = (),
    module: str | None = None,
) -> Session | Follower | Run:
    """Take an interrupted run up with all ranks; a finished run is returned as it is.

    All ranks must be able to read the folder.
    """
    ranks = join_ranks(launch)
    with _quiet(launch):
        return _take_up_together(ranks, str(run_folder), callbacks, module)


def together(ranks: Ranks, work: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
    """Do something on every rank, or fail on every rank with the message of the first that did.

    Parameters
    ----------
    ranks : Ranks
    work : callable
        Must not exchange anything with the other ranks.
    undo : callable, optional
        Takes back what `work` did here when it failed elsewhere.

    Raises
    ------
    XentError
    """
    error: Exception | None = None
    try:
        value = work()
    except Exception as own:  # noqa: BLE001 - whatever it is, the others must not wait for this rank
        error = own
    said = "" if error is None else " ".join(str(error).split()) or type(error).__name__
    texts = ranks.gather_texts(said)
    failed = [rank for rank, text in enumerate(texts) if text]
    if not failed:
        return value
    if error is None and undo is not None:
        undo(value)
    first = failed[0]
    if error is not None and first == ranks.rank:
        raise error
    raise XentError(texts[first] if first == 0 else f"rank {first}: {texts[first]}")


def _settings(
    recipe: str | Path | None, arguments: Mapping[str, Any], n_ranks: int
) -> tuple[DataSettings, TrainingSettings]:
    data, training = settings_of({} if recipe is None else read_recipe(recipe), arguments)
    refuse_numpy(training.engine, n_ranks)
    return data, seeded(training, resolve_seed(training.random_state))


def _prepared(
    source: object, data: DataSettings, training: TrainingSettings, notes: list[str]
) -> PreparedData:
    with noted_warnings(notes):
        return prepare(source, data, training, training.random_state)


def _refuse_differences(ranks: Ranks, prepared: PreparedData, training: TrainingSettings) -> None:
    """Refuse ranks that would not train the same thing."""
    test = prepared.test_table
    own = {
        **prepared.settings.as_json(),
        **training.as_json(),
        "versions": versions()["xent"],
        "table": prepared.table.fingerprint,
        "test table": None if test is None else test.fingerprint,
    }
    del own["runs"], own["test"]
    texts = [json.loads(text) for text in ranks.gather_texts(json.dumps(own, default=str))]
    for rank, other in enumerate(texts):
        for name, value in texts[0].items():
            if other.get(name) != value:
                raise XentError(
                    f"rank {rank} has another {name} than rank 0: {str(other.get(name))[:80]}, not "
                    f"{str(value)[:80]}. Start all ranks with the same data, settings and xent."
                )


def _take_up_together(
    ranks: Ranks, run_folder: str, callbacks: Sequence[Callback], module: str | None
) -> Session | Follower | Run:
    run = together(ranks, lambda: load_run(run_folder, module))
    if ranks.broadcast_text("finished" if ranks.rank == 0 and is_over(run) else ""):
        return run
    # of the files that follow rank 0 may write some anew while the others read them: always whole, and the same
    run = Run(run.files, run.record, module)
    if ranks.rank == 0:
        return _leading(ranks, lambda: take_up_run(run, callbacks, ranks))
    return _following(ranks, lambda: _resumed_trainer(run, callbacks, ranks))


def _resumed_trainer(run: Run, callbacks: Sequence[Callback], ranks: Ranks) -> Trainer:
    prepared, training = prepared_again(run)
    trainer, _, _ = make_run_trainer(prepared, training, run.record.seed, callbacks, ranks)
    load_checkpoint(trainer, run.files)
    return trainer


def _leading(ranks: Ranks, make: Callable[[], Session]) -> Session:
    session = together(ranks, make, undo=_discard)
    write_launch(ranks.launch, session.folder)
    ranks.broadcast_text(str(session.folder.path.resolve()))
    return session


def _following(ranks: Ranks, make: Callable[[], Trainer]) -> Follower:
    trainer = together(ranks, make)
    return Follower(RunFolder(Path(ranks.broadcast_text(""))), trainer, ranks)


def _discard(session: Session) -> None:
    session.close()
    if session.is_new:
        session.folder.remove()


@contextlib.contextmanager
def _quiet(launch: Launch) -> Iterator[None]:
    """Leave all warnings to rank 0, which has the same."""
    if launch.is_first:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
