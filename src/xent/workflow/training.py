"""xent.train: from a table to a trained, judged network in a run folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Never

from xent.engines import ONE_RANK
from xent.engines.module_reference import module_version
from xent.files import write_atomically
from xent.launch import find_launch
from xent.runs import DataRecord, Run, RunRecord, create_run_folder, write_record
from xent.runs.lock import RunLock
from xent.runs.reading import fingerprint, read_bytes
from xent.runs.sources import path_of
from xent.runs.table_copies import write_copy
from xent.runs.versions import versions
from xent.training.fitting import resolve_seed
from xent.workflow.preparing import PreparedData, prepare
from xent.workflow.recipe import read_recipe, refuse_unknown, settings_of
from xent.workflow.session import Session, make_session, noted_warnings, now, seeded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xent.data import Table
    from xent.engines import RankGroup
    from xent.runs import RunFolder
    from xent.training import Callback, TrainingSettings
    from xent.workflow.data_parallel import Follower

__all__ = ["begin", "open_session", "train"]


class _NotGiven:
    """Stands for a setting that was not given: the recipe's value holds, or the default."""

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN: Any = _NotGiven()


def train(
    source: object,
    *,
    target: str | None = NOT_GIVEN,
    targets: str | Sequence[str] = NOT_GIVEN,
    positive: object = NOT_GIVEN,
    task: str | None = NOT_GIVEN,
    weight: str | None = NOT_GIVEN,
    group: str | None = NOT_GIVEN,
    time: str | None = NOT_GIVEN,
    split: str | None = NOT_GIVEN,
    test: object = NOT_GIVEN,
    test_fraction: float = NOT_GIVEN,
    numeric: str | Sequence[str] = NOT_GIVEN,
    categorical: str | Sequence[str] = NOT_GIVEN,
    drop: str | Sequence[str] = NOT_GIVEN,
    image_column: str | None = NOT_GIVEN,
    image_size: str | int | None = NOT_GIVEN,
    skip_corrupt: bool = NOT_GIVEN,
    runs: str | Path = NOT_GIVEN,
    network: str | None = NOT_GIVEN,
    module: str | None = NOT_GIVEN,
    hidden: int | Sequence[int] = NOT_GIVEN,
    activation: str = NOT_GIVEN,
    dropout: float | None = NOT_GIVEN,
    batch_norm: bool | None = NOT_GIVEN,
    init: str | None = NOT_GIVEN,
    augment: str | Sequence[str] = NOT_GIVEN,
    distribution: object = NOT_GIVEN,
    optimizer: str = NOT_GIVEN,
    learning_rate: float | None = NOT_GIVEN,
    momentum: float = NOT_GIVEN,
    schedule: str = NOT_GIVEN,
    batch_size: int | None = NOT_GIVEN,
    epochs: int = NOT_GIVEN,
    l1: float = NOT_GIVEN,
    l2: float = NOT_GIVEN,
    weight_decay: float | None = NOT_GIVEN,
    clip_norm: float | None = NOT_GIVEN,
    label_smoothing: float = NOT_GIVEN,
    class_weight: str | Mapping[Any, float] | None = NOT_GIVEN,
    validation_fraction: float = NOT_GIVEN,
    early_stopping: bool = NOT_GIVEN,
    patience: int = NOT_GIVEN,
    checkpoint_every: int | None = NOT_GIVEN,
    engine: str = NOT_GIVEN,
    device: str = NOT_GIVEN,
    precision: str = NOT_GIVEN,
    deterministic: bool = NOT_GIVEN,
    compile: bool = NOT_GIVEN,  # noqa: A002 (the field's word for it)
    dtype: str | None = NOT_GIVEN,
    random_state: object = NOT_GIVEN,
    callbacks: Sequence[Callback] = (),
    recipe: str | Path | None = None,
    **unknown: Never,
) -> Run:
    """Train a network on a table, judge it, and write everything into a run folder.

    Without `test`, `test_fraction` of the rows (20%) are held out; of the others, `validation_fraction` (20%)
    decide when to stop. Both parts are stratified, and rows with identical features are never on both sides. The
    encoder is fitted on the training part only.

    Parameters
    ----------
    source : path, data frame or array
        A CSV, TSV, Parquet or Arrow file (also .gz), ``example:<name>``, a pandas, polars or Arrow table, or an
        array, whose columns are called x0, x1, ...
    target, targets, positive, task, weight, group, time, split, test, test_fraction, numeric, categorical, drop, runs
        What the table means; see `DataSettings`.
    network, module, hidden, activation, dropout, batch_norm, init, augment, distribution, optimizer, learning_rate, \
momentum, schedule
        The network and its steps; see `TrainingSettings`, as for all that follow.
    batch_size, epochs, l1, l2, weight_decay, clip_norm, label_smoothing, class_weight, validation_fraction
        The objective and the rows.
    early_stopping, patience, checkpoint_every, engine, device, precision, deterministic, compile, dtype, random_state
        When to stop, what to save, what computes. `dtype` is float32 by default.
    callbacks : sequence of Callback
        Called at the beginning and the end of training, epochs and batches.
    recipe : path, optional
        A TOML file with any of these settings; arguments win over it.

    Returns
    -------
    Run
        With ``verdict``, ``history``, ``predict`` and the folder; printing it shows the verdict.

    Raises
    ------
    XentError
        When the table or a setting does not fit; no folder is left behind then.

    Examples
    --------
    >>> import tempfile, xent
    >>> run = xent.train("example:breast_cancer", target="target", positive="malignant", epochs=20,
    ...                  random_state=1, runs=tempfile.mkdtemp())
    >>> run.verdict.parts["test"]["auc"].value > 0.98
    True
    """
    given = dict(locals())
    for name in ("source", "callbacks", "recipe", "unknown"):
        del given[name]
    for name in unknown:
        refuse_unknown(name)
    arguments = {name: value for name, value in given.items() if value is not NOT_GIVEN}
    session = begin(source, arguments, recipe=recipe, callbacks=callbacks)
    return session if isinstance(session, Run) else session.run()


def begin(
    source: object,
    arguments: Mapping[str, Any],
    *,
    recipe: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
) -> Session | Follower | Run:
    """Make a training ready: settings, data, folder, network; what is wrong is found here.

    A run comes only where torchrun has started the ranks again after its end.

    Parameters
    ----------
    source : path, data frame or array
    arguments : mapping of str to value
        The settings that were given.
    recipe : path, optional
    callbacks : sequence of Callback

    Raises
    ------
    XentError
        As `train`.
    """
    launch = find_launch()
    if launch is not None:
        from xent.workflow.data_parallel import begin_together

        return begin_together(launch, source, arguments, recipe=recipe, callbacks=callbacks)
    data, training = settings_of({} if recipe is None else read_recipe(recipe), arguments)
    training = seeded(training, resolve_seed(training.random_state))
    notes: list[str] = []
    with noted_warnings(notes):
        prepared = prepare(source, data, training, training.random_state)
    return open_session(source, prepared, training, notes, callbacks)


def open_session(
    source: object,
    prepared: PreparedData,
    training: TrainingSettings,
    notes: list[str],
    callbacks: Sequence[Callback] = (),
    ranks: RankGroup = ONE_RANK,
) -> Session:
    """Make the folder of a new run and write down what it starts from.

    Parameters
    ----------
    source : path, data frame or array
    prepared : PreparedData
    training : TrainingSettings
        Seeded.
    notes : list of str
        What was warned of so far.
    callbacks : sequence of Callback
    ranks : RankGroup, optional
    """
    record = _first_record(source, prepared, training, notes)
    folder = create_run_folder(prepared.settings.runs, prepared.table.name)
    lock = RunLock(folder)
    try:
        session = make_session(
            folder, record, prepared, training, callbacks, lock=lock, ranks=ranks
        )
        session.record = session.record.changed(
            files=_write_inputs(folder, session.record, prepared)
        )
        write_record(folder, session.record)
    except BaseException:
        lock.release()
        folder.remove()
        raise
    return session


def _first_record(
    source: object, prepared: PreparedData, training: TrainingSettings, notes: list[str]
) -> RunRecord:
    test, data = prepared.test_table, prepared.settings
    return RunRecord(
        task=prepared.target.task,
        recipe={**data.as_json(), **training.as_json()},
        seed=training.random_state,
        data=_data_record(prepared.table, path_of(source)),
        test=None if test is None else _data_record(test, path_of(data.test)),
        versions={**versions(), **module_version(training.module)},
        n_threads=0,
        threads_are_set=True,
        started=now(),
        warnings=notes,
    )


def _data_record(table: Table, path: str | None) -> DataRecord:
    return DataRecord(table.name, path, table.fingerprint, table.n_rows)


def _write_inputs(folder: RunFolder, record: RunRecord, prepared: PreparedData) -> dict[str, str]:
    """Write split, encoder, and copies of tables that cannot be read again; return their fingerprints."""
    write_atomically(folder.split, json.dumps(prepared.split.to_json()) + "\n")
    write_atomically(
        folder.encoder, json.dumps(prepared.encoder.to_json(), ensure_ascii=False) + "\n"
    )
    written = [folder.split, folder.encoder]
    if record.data.path is None:
        written += write_copy(folder.table, prepared.table)
    if record.test is not None and record.test.path is None and prepared.test_table is not None:
        written += write_copy(folder.test_table, prepared.test_table)
    return {
        path.relative_to(folder.path).as_posix(): fingerprint(read_bytes(path)) for path in written
    }
