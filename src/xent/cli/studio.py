"""xent studio: all runs in the browser."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HELP", "command"]

HELP = """Show all runs in the browser, live ones too: compare them, predict with them, stop a training.

RUNS_DIR is the folder of runs, or one run's folder. Open the printed address: it carries a token, without which no
training can be stopped, and nothing at all be seen unless the host is this machine (127.0.0.1)."""


def command() -> Callable[..., int]:
    """Return the verb."""
    return _studio


def _studio(
    runs: Annotated[Path, typer.Argument(metavar="[RUNS_DIR]", help="The folder of runs.")] = Path(
        "runs"
    ),
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 is every one of the machine.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port; the next free one is taken where it is in use.")
    ] = 8765,
    is_open: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the address as one JSON object.")
    ] = False,
) -> int:
    from xent.studio.addresses import listening_socket, new_token, open_browser, studio_url
    from xent.studio.security import Access
    from xent.studio.serving import StudioServer

    run = None
    if (runs / "run.json").is_file():
        runs, run = runs.resolve().parent, runs.resolve().name
    listening = listening_socket(host, port)
    with listening:
        access = Access(host, new_token())
        server = StudioServer(runs, access, listening)
        taken = listening.getsockname()[1]
        if port and taken != port:
            typer.echo(f"warning: port {port} is in use; {taken} is taken instead", err=True)
        url = studio_url(access, listening, run)
        typer.echo(json.dumps({"studio": url}) if as_json else f"studio: {url}\nCtrl-C ends it")
        if is_open and not open_browser(url):
            typer.echo("warning: no browser could be started; open the address in one", err=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    return 0
