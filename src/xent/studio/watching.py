"""A studio beside a training: a process of its own, so that the training does nothing more than it does without."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from xent.studio.addresses import has_display, listening_socket, new_token, studio_url
from xent.studio.security import Access

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["start_watching"]

_HOST: Final = "127.0.0.1"
_PORT: Final = 8765
# seconds without a request after which the server of a training ends by itself
IDLE_LIMIT: Final = 600.0


def start_watching(run: Path) -> str:
    """Start a studio for the folder of a run, in the background, and return the address of the run's page.

    It opens the page where there is a display, outlives the training, and ends when nobody has looked for ten minutes.

    Parameters
    ----------
    run : path
        The run's folder.

    Raises
    ------
    XentError
        When no port is free.
    """
    run = run.resolve()
    access = Access(_HOST, new_token())
    with listening_socket(_HOST, _PORT) as listening:
        url = studio_url(access, listening, run.name)
        asked = {
            "runs": str(run.parent),
            "token": access.token,
            "open": url if has_display() else None,
            "idle_limit": IDLE_LIMIT,
        }
        # the child serves on this very socket: a browser that comes before it is ready waits
        process = subprocess.Popen(  # noqa: S603 - this program
            [sys.executable, "-m", "xent.studio.watching", *_handed_over(listening)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C for the training is not for it
            **_inherited(listening),
        )
    assert process.stdin is not None
    with process.stdin as pipe:  # not an argument: those are seen by every user of the machine
        pipe.write(json.dumps(asked).encode())
    process.returncode = 0  # it is not waited for
    return url


def serve_watched(arguments: list[str], asked: dict[str, Any]) -> None:
    """Serve as `start_watching` asked, until nobody looks any more."""
    from xent.studio.addresses import open_browser
    from xent.studio.serving import StudioServer

    with _taken_over(arguments) as listening:
        server = StudioServer(
            asked["runs"],
            Access(_HOST, asked["token"]),
            listening,
            idle_limit=asked["idle_limit"],
        )
        if asked["open"]:
            open_browser(asked["open"])
        server.run()


def _handed_over(listening: socket.socket) -> list[str]:
    if os.name == "posix":
        return ["fd", str(listening.fileno())]
    return ["port", str(listening.getsockname()[1])]  # pragma: no cover - Windows


def _inherited(listening: socket.socket) -> dict[str, Any]:
    return {"pass_fds": (listening.fileno(),)} if os.name == "posix" else {}


def _taken_over(arguments: list[str]) -> socket.socket:
    kind, value = arguments
    if kind == "fd":
        return socket.socket(fileno=int(value))
    return listening_socket(_HOST, int(value))  # pragma: no cover - Windows


if __name__ == "__main__":
    serve_watched(sys.argv[1:], json.loads(sys.stdin.buffer.read()))
