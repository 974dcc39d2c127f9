"""xent train: from a table to a trained, judged network."""

from __future__ import annotations

import inspect
import json
import sys
import time
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from xent.cli.options import given_settings, option_parameters
from xent.cli.progress import progress_callbacks
from xent.cli.sparkline import loss_line
from xent.cli.tables import print_verdict
from xent.errors import XentError
from xent.launch import is_first
from xent.network import ModuleNetwork
from xent.training import TrainingSettings
from xent.workflow import DataSettings, Follower, Session, begin, take_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xent.cli.progress import ProgressBar, ProgressLines
    from xent.network import Network
    from xent.runs import Run

__all__ = ["HELP", "command"]

HELP = """Train a network on a table, judge it, write a run folder.

FILE is CSV, TSV (both also .gz), Parquet, Arrow, or example:NAME; or images: a folder of class folders, its zip, IDX
files, .npz. Settings are called as in Python, with dashes; a recipe file (TOML) may hold any of them, and options win
over it."""

INTERRUPTED = 130
_RECORDS = (DataSettings, TrainingSettings)


def command() -> Callable[..., int]:
    """Return the verb as a function with one parameter an option, those of the settings' records included."""
    own = list(inspect.signature(_train, eval_str=True).parameters.values())[:-1]
    parameters = [
        *own,
        *(parameter for record in _RECORDS for parameter in option_parameters(record)),
    ]

    def train(**options: Any) -> int:
        first = {parameter.name: options.pop(parameter.name) for parameter in own}
        return _train(**first, settings=given_settings(_RECORDS, options))

    # typer makes the options from these two
    train.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    train.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return train


def _train(
    *,
    file: Annotated[str | None, typer.Argument(help="The table.", show_default=False)] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="TOML file with settings.", show_default=False)
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Run folder to continue.", show_default=False)
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the training in the browser, live.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    settings: dict[str, Any],
) -> int:
    bars = progress_callbacks() if is_first() else []
    session = _session(file, recipe, resume, settings, bars)
    if not is_first():
        return _follow(session)
    if isinstance(session, Session):
        if not as_json:
            _print_beginning(session)
        if watch:
            _watch(session)
        start = time.monotonic()
        try:
            run = session.run()
        except KeyboardInterrupt:
            return _interrupted(session.folder.path, session.trainer.settings.module)
        finally:
            for bar in bars:
                bar.close()
        seconds = time.monotonic() - start
    else:
        run, seconds = cast("Run", session), 0.0
    if as_json:
        print(json.dumps(_summary(run), allow_nan=False))
    else:
        _print_end(run, seconds)
    module = run.record.recipe.get("module")
    return _interrupted(run.folder, module) if run.status == "interrupted" else 0


def _session(
    file: str | None,
    recipe: Path | None,
    resume: Path | None,
    settings: dict[str, Any],
    callbacks: Sequence[ProgressBar | ProgressLines],
) -> Session | Follower | Run:
    if resume is None:
        if file is None:
            raise XentError("FILE is needed: the table to train on, or --resume RUN.")
        return begin(file, settings, recipe=recipe, callbacks=callbacks)
    module = settings.pop("module", None)
    others = [name for name, value in (("FILE", file), ("--recipe", recipe)) if value is not None]
    others += [f"--{name.replace('_', '-')}" for name in settings]
    if others:
        raise XentError(
            f"--resume continues a run with its own data and settings. Leave out {', '.join(others)}."
        )
    return take_up(resume, callbacks, module)


def _follow(session: Session | Follower | Run) -> int:
    """Train as another rank than the first: it has nothing to say."""
    run = session.run() if isinstance(session, Follower) else cast("Run", session)
    return INTERRUPTED if run.status == "interrupted" else 0


def _print_beginning(session: Session) -> None:
    for line in session.prepared.report():
        print(line)
    trainer, settings = session.trainer, session.trainer.settings
    network = trainer.engine.network
    print(
        f"{_network_text(network, settings)}, {network.n_parameters:,} parameters; {session.distribution_text}; "
        f"{settings.optimizer}, batch {trainer.batch_size}, at most {settings.epochs} epochs; "
        f"seed {session.record.seed}"
    )
    if trainer.step:
        print(f"resumed at epoch {trainer.epoch}, batch {trainer.batch + 1}")
    sys.stdout.flush()


def _network_text(network: Network | ModuleNetwork, settings: TrainingSettings) -> str:
    if isinstance(network, ModuleNetwork):
        return f"module {network.name}, {network.n_inputs} to {network.n_outputs}"
    if len(network.row_shape) == 3:
        shape = "x".join(map(str, network.row_shape))
        return f"network {settings.network or 'small_cnn'}, images {shape} to {network.n_outputs}"
    widths = "-".join(map(str, (network.n_inputs, *settings.hidden, network.n_outputs)))
    return f"network {widths}" + (f" {settings.activation}" if settings.hidden else "")


def _watch(session: Session) -> None:
    from xent.studio.watching import start_watching

    try:
        url = start_watching(session.folder.path)
    except BaseException:
        session.close()
        if session.is_new:
            session.folder.remove()
        raise
    print(f"watch: {url}", file=sys.stderr, flush=True)


def _print_end(run: Run, seconds: float) -> None:
    record = run.record
    best = f", best epoch {record.best_epoch}" if record.best_epoch else ""
    plural = "s" * (record.n_epochs != 1)
    print(f"{record.n_epochs} epoch{plural} ({record.stopped_because}){best}, {seconds:.1f} s")
    line = loss_line(run.history.records, sys.stdout.encoding) if sys.stdout.isatty() else ""
    print(f"{line}\n" if line else "")
    evaluation = run.evaluation
    print_verdict(evaluation.verdict, evaluation.baseline_name, evaluation.baseline)
    print(f"\nrun: {run.folder}")


def _summary(run: Run) -> dict[str, Any]:
    record, evaluation = run.record, run.evaluation
    return {
        "run": str(run.folder),
        "status": record.status,
        "stopped_because": record.stopped_because,
        "n_epochs": record.n_epochs,
        "best_epoch": record.best_epoch,
        "seed": record.seed,
        "warnings": record.warnings,
        "verdict": evaluation.verdict.to_json(),
        "baseline": {"name": evaluation.baseline_name, "verdict": evaluation.baseline.to_json()},
    }


def _interrupted(folder: Path, module: str | None) -> int:
    code = "" if module is None else f" --module {module}"
    print(f"interrupted; continue with: xent train --resume {folder}{code}", file=sys.stderr)
    return INTERRUPTED
