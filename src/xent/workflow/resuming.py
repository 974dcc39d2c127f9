"""xent.resume: an interrupted training goes on where its last checkpoint stands."""

from __future__ import annotations

import dataclasses
import warnings
from typing import TYPE_CHECKING, Any

from xent.data import Split, encoder_from_json
from xent.distributions import from_description
from xent.engines import ONE_RANK
from xent.engines.module_reference import module_version, parse_reference
from xent.errors import XentError
from xent.launch import find_launch
from xent.runs import Run, load_run, write_record
from xent.runs.curve_files import remove_curves_after
from xent.runs.history_file import first_epochs, truncate_history
from xent.runs.lock import RunLock
from xent.runs.reading import damaged, parse_json_object, read_text
from xent.runs.sources import read_source
from xent.runs.table_copies import read_copy
from xent.runs.versions import torch_version, versions
from xent.training import read_checkpoint
from xent.workflow.labelled import label
from xent.workflow.preparing import assemble, fit_target, reading_again, with_test_table
from xent.workflow.recipe import settings_of
from xent.workflow.session import Session, make_session

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from xent.data import ImageReading, Table
    from xent.engines import RankGroup
    from xent.runs import DataRecord, RunFolder, RunRecord
    from xent.training import Callback, Trainer, TrainingSettings
    from xent.workflow.data_parallel import Follower
    from xent.workflow.data_settings import DataSettings
    from xent.workflow.preparing import PreparedData

__all__ = ["is_over", "load_checkpoint", "prepared_again", "resume", "take_up", "take_up_run"]


def resume(
    run_folder: Path | str, callbacks: Sequence[Callback] = (), module: str | None = None
) -> Run:
    """Continue an interrupted training and return its run.

    On the NumPy engine, on the same machine, the result is that of a training never interrupted, bit for bit. A run
    that is finished is returned as it is.

    Parameters
    ----------
    run_folder : path
    callbacks : sequence of Callback
        Those that keep a state must be there again; they get it back.
    module : str, optional
        ``file.py:build``, where the run trains an own module. It is asked for again, although the run knows where the
        file was: no code is executed because a folder names it.

    Raises
    ------
    XentError
        When the folder, its files or the data do not allow it; the message names what is wrong.
    """
    session = take_up(run_folder, callbacks, module)
    return session if isinstance(session, Run) else session.run()


def take_up(
    run_folder: Path | str, callbacks: Sequence[Callback] = (), module: str | None = None
) -> Session | Follower | Run:
    """Return the session of an interrupted run, at its last checkpoint; a finished run as it is."""
    launch = find_launch()
    if launch is not None:
        from xent.workflow.data_parallel import join_run

        return join_run(launch, run_folder, callbacks, module)
    run = load_run(run_folder, module)
    if is_over(run):
        return run
    return take_up_run(run, callbacks)


def is_over(run: Run) -> bool:
    """Tell, with a warning, whether nothing is left to resume."""
    if run.status != "finished":
        return False
    warnings.warn(
        f"{run.folder} is finished ({run.record.stopped_because}): nothing is left to resume.",
        stacklevel=4,
    )
    return True


def take_up_run(run: Run, callbacks: Sequence[Callback], ranks: RankGroup = ONE_RANK) -> Session:
    """Return the session of a run at its last checkpoint, with its lock; what came after that is cut off."""
    folder, lock = run.files, RunLock(run.files)
    try:
        folder.remove_unfinished()
        _compare_versions(run.record)
        prepared, training = prepared_again(run)
        record = run.record.changed(
            status="running", stopped_because="", finished="", files=_inputs(run.record)
        )
        session = make_session(
            folder, record, prepared, training, callbacks, lock=lock, ranks=ranks
        )
        session.is_new = False
        n_done = load_checkpoint(session.trainer, folder)
        truncate_history(folder.history, n_done)
        remove_curves_after(folder.curves, n_done)
        write_record(folder, session.record)
    except BaseException:
        lock.release()
        raise
    return session


def prepared_again(run: Run) -> tuple[PreparedData, TrainingSettings]:
    """Return the data as they were prepared when the run began, and the settings of its training."""
    data, training = _settings(run.record, run.files)
    training = dataclasses.replace(training, module=_code_again(run, training.module))
    return _prepared_again(run.files, run.record, data, str(training.dtype)), training


def _code_again(run: Run, recorded: str | None) -> str | None:
    """Return where the code of an own module is, as it was told again; the record's word is not enough."""
    given = run.module
    if recorded is None:
        if given is not None:
            raise XentError(f"{run.folder} trains a network of xent's own. Leave module out.")
        return None
    if given is None:
        raise XentError(
            f"{run.folder} trains an own module, whose code is no part of a run. It was {recorded}; to execute it, "
            f"give it again: xent train --resume {run.folder} --module {recorded}, in Python module={recorded!r}."
        )
    if not isinstance(given, str):
        raise XentError(
            f"module must be 'path/to/file.py:build' to resume a run, got {given!r:.200}."
        )
    if module_version(given)["module"] != run.record.versions.get("module"):
        warnings.warn(
            f"{given} has changed since the training began: the result may be another one.",
            stacklevel=2,
        )
    return parse_reference(given).absolute()


def _prepared_again(
    folder: RunFolder, record: RunRecord, data: DataSettings, dtype: str
) -> PreparedData:
    """Return the data as they were prepared when the run began: the same parts, the same encoder."""
    table = _table_again(record.data, folder.table, record, images=data.image_reading())
    split = _read(folder.split, record, Split.from_json)
    if split.n_rows != table.n_rows:
        raise damaged(
            folder.split, f"it deals out {split.n_rows:,} rows, and the data have {table.n_rows:,}"
        )
    target = fit_target(table, data)
    encoder = _read(folder.encoder, record, encoder_from_json)
    prepared = assemble(
        label(table, target, data), data, target, split, dtype=dtype, encoder=encoder
    )
    if record.test is None:
        return prepared
    test_table = _table_again(
        record.test,
        folder.test_table,
        record,
        text=prepared.text_columns,
        images=reading_again(prepared),
    )
    return with_test_table(prepared, test_table, data, dtype)


def _inputs(record: RunRecord) -> dict[str, str]:
    """Return the fingerprints of the files that a training starts from; the others are written again."""
    return {
        name: value
        for name, value in record.files.items()
        if name in {"split.json", "encoder.json"} or name.startswith("checkpoints/")
    }


def _settings(record: RunRecord, folder: RunFolder) -> tuple[DataSettings, TrainingSettings]:
    # the record says where the test table is, or that it was in memory
    recipe = {name: value for name, value in record.recipe.items() if name != "test"}
    try:
        if isinstance(recipe.get("distribution"), dict):
            recipe["distribution"] = from_description(recipe["distribution"])
        return settings_of(recipe, {})
    except XentError as error:
        raise damaged(folder.record, str(error).rstrip(".")) from None


def load_checkpoint(trainer: Trainer, folder: RunFolder) -> int:
    """Put the trainer where the newest checkpoint stands, and return how many epochs were done."""
    if not any(folder.checkpoints.glob("*.safetensors")):
        # killed before its first batch: the start is all there is, and it is the same again
        return 0
    values, arrays = read_checkpoint(folder.checkpoints)
    try:
        n_done = int(values["epoch"]) - 1
        trainer.load_snapshot(values, arrays, first_epochs(folder.history, n_done))
        if trainer.checkpointer is not None:
            trainer.checkpointer.continue_from(int(values["sequence"]))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, XentError):
            raise
        raise damaged(
            folder.checkpoints, f"the checkpoint does not fit this run ({error})"
        ) from None
    return n_done


def _table_again(
    data: DataRecord,
    copy: Path,
    record: RunRecord,
    text: Collection[str] = (),
    images: ImageReading | None = None,
) -> Table:
    """Return the table that was trained on, and no other."""
    if data.path is None:
        return read_copy(copy, record.files)
    table = read_source(data.path, text=text, images=images)
    if table.fingerprint != data.fingerprint:
        raise XentError(
            f"{data.path} has changed since the training began (its fingerprint differs). Train again."
        )
    return table


def _read(path: Path, record: RunRecord, from_json: Callable[[object], Any]) -> Any:
    document = parse_json_object(read_text(path, record.files.get(path.name)), path)
    try:
        return from_json(document)
    except XentError as error:
        raise damaged(path, str(error).rstrip(".")) from None


def _compare_versions(record: RunRecord) -> None:
    current = {**versions(), **(torch_version() if "torch" in record.versions else {})}
    changed = [
        f"{name} {record.versions.get(name)} -> {now}"
        for name, now in current.items()
        if record.versions.get(name) != now
    ]
    if changed:
        warnings.warn(
            f"the run began with other versions ({'; '.join(changed)}): the last bits may differ.",
            stacklevel=2,
        )
