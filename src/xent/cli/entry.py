"""The command `xent`: verbs, and what happens to a mistake."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from xent import __version__
from xent.errors import XentError
from xent.launch import give_way, is_first, is_heard

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "make_app"]

USER_MISTAKE = 2
INTERRUPTED = 130
OUTPUT_GONE = 1

_VERBS = {
    "train": "Train a network on a table, judge it, write a run folder.",
    "predict": "Predict the rows of a table with a trained run.",
    "evaluate": "Judge a trained run on new rows, or predictions from anywhere.",
    "compare": "Say whether one run is better than another, by how much, how sure.",
    "audit": "Look into a torch or Keras model and its loss: what they do wrong, what it costs.",
    "diagnose": "Look for what is wrong: with predictions, a table, a run.",
    "recalibrate": "Make a run's probabilities mean what they say.",
    "threshold": "Choose the threshold that costs least, or keeps to constraints.",
    "plot": "Draw one chart of a run, or of predictions from anywhere, as a file.",
    "report": "Write a run, or predictions from anywhere, as one page with a threshold to move.",
    "export": "Write a run as one ONNX file, from raw columns to the decision.",
    "studio": "Show all runs in the browser, live ones too; compare, predict, stop.",
}


def make_app(called: str | None = None) -> typer.Typer:
    """Return the application.

    Parameters
    ----------
    called : str, optional
        The verb that will run. The others are only listed: what they need takes half a second to load.
    """
    app = typer.Typer(
        help="From labelled data to a decision that can be defended.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_without_verb)
    for name, summary in _VERBS.items():
        if name == called:
            verb = import_module(f"xent.cli.{name}")
            app.command(name, help=verb.HELP)(verb.command())
        else:
            app.command(name, help=summary)(_listed)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, 2 for a mistake of the user, 130 after Ctrl-C.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # the place is not shown; of several ranks the first speaks for all
    warnings.showwarning = _print_warning if is_first() else _keep_quiet  # type: ignore[assignment]
    try:
        app = make_app(next((word for word in given if word in _VERBS), None))
        result = app(given, prog_name="xent", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        if is_first():
            print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()  # whoever read it has left
        return OUTPUT_GONE
    except (XentError, typer.TyperException, MemoryError, OSError) as error:
        if is_heard(error):
            print(f"error: {' '.join(_message(error).split())}", file=sys.stderr, flush=True)
        else:
            give_way()
        return USER_MISTAKE
    return result if isinstance(result, int) else 0


def _message(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, MemoryError):
        return f"not enough memory ({error}). Use less data or a smaller network."
    if isinstance(error, OSError):
        _drop_output()
        return f"{error.filename or 'the output'}: {error.strerror or error}."
    return str(error)


def _drop_output() -> None:
    """Keep Python from complaining again when it flushes what could not be written, at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_verb(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    if version:
        typer.echo(f"xent {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _listed() -> None:
    """Stand in for a verb that is only listed."""


def _keep_quiet(*_: Any) -> None:
    """Leave a warning to rank 0."""


def _print_warning(message: Warning | str, *_: Any) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)
