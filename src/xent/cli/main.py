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

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "make_app"]

USER_MISTAKE = 2
INTERRUPTED = 130

_VERBS = {
    "train": "Train a network on a table, judge it, write a run folder.",
    "predict": "Predict the rows of a table with a trained run.",
    "evaluate": "Judge a trained run on new, labelled rows.",
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
    warnings.showwarning = _print_warning  # type: ignore[assignment]  # the place is not shown
    try:
        app = make_app(next((word for word in given if word in _VERBS), None))
        result = app(given, prog_name="xent", standalone_mode=False)
        sys.stdout.flush()
    except XentError as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(error.format_message())
    except MemoryError as error:
        return _refuse(f"not enough memory ({error}). Use less data or a smaller network.")
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has left; Python must not complain again when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


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


def _refuse(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return USER_MISTAKE


def _print_warning(message: Warning | str, *_: Any) -> None:
    print(f"warning: {' '.join(str(message).split())}", file=sys.stderr)
