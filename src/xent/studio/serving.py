"""The server's process: its port, its address, its life."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import socket
import sys
import time
import webbrowser
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import uvicorn
from threadpoolctl import threadpool_limits

from xent.errors import XentError
from xent.studio.app import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from xent.studio.security import Access

__all__ = [
    "StudioServer",
    "has_display",
    "listening_socket",
    "new_token",
    "open_browser",
    "studio_url",
]

_N_PORTS: Final = 20


class StudioServer:
    """A studio on a listening socket.

    Parameters
    ----------
    root : path
        The folder of runs.
    access : Access
    listening : socket
    idle_limit : float, optional
        Seconds without any request after which the server ends by itself.
    """

    def __init__(
        self,
        root: Path | str,
        access: Access,
        listening: socket.socket,
        *,
        idle_limit: float | None = None,
    ) -> None:
        self._listening, self._idle_limit = listening, idle_limit
        self._n_active, self._last = 0, time.monotonic()
        app = make_app(root, access, is_closing=lambda: self._server.should_exit)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._counted(app),
                log_level="warning",
                access_log=False,
                server_header=False,
                # one connection more than this answers 503
                limit_concurrency=1000,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=3,
            )
        )

    @property
    def is_started(self) -> bool:
        """Whether requests are answered."""
        return self._server.started

    def run(self) -> None:
        """Serve until a signal comes, `stop` is called, or nobody has asked for long enough."""
        # rows come a few at a time: handing them to other cores costs more than it saves
        with threadpool_limits(1, user_api="blas"):
            asyncio.run(self._serve())

    def stop(self) -> None:
        """End the server, from any thread."""
        self._server.should_exit = True

    async def _serve(self) -> None:
        watch = asyncio.create_task(self._watch())
        try:
            await self._server.serve(sockets=[self._listening])
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while self._idle_limit is not None:
            await asyncio.sleep(min(1.0, self._idle_limit))
            if not self._n_active and time.monotonic() - self._last > self._idle_limit:
                self.stop()

    def _counted(self, app: ASGIApp) -> ASGIApp:
        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            with self._active() if scope["type"] == "http" else contextlib.nullcontext():
                await app(scope, receive, send)

        return counted

    @contextlib.contextmanager
    def _active(self) -> Iterator[None]:
        self._n_active += 1
        try:
            yield
        finally:
            self._n_active -= 1
            self._last = time.monotonic()


def listening_socket(host: str, port: int, *, n_ports: int = _N_PORTS) -> socket.socket:
    """Return a socket that listens on a port, or on the next one that is free.

    Parameters
    ----------
    host : str
    port : int
        0: any that is free.
    n_ports : int
        How many are tried.

    Raises
    ------
    XentError
        When the host is unknown, or no port can be had.
    """
    if not 0 <= port <= 65535:
        raise XentError(f"port must be from 0 to 65535, got {port}.")
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise XentError(f"host {host!r} is not known here.") from None
    for candidate in range(port, min(port + n_ports, 65536)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere this would share a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address[0], candidate))
            listening.listen(1024)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise XentError(
                    f"port {candidate} of {host} cannot be had: {error.strerror or error}."
                ) from None
        else:
            return listening
    raise XentError(f"ports {port} to {port + n_ports - 1} are in use. Name another with --port.")


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


def studio_url(access: Access, listening: socket.socket, run: str | None = None) -> str:
    """Return the address to open, with the token, of the list or of one run."""
    host, port = access.host, listening.getsockname()[1]
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - a comparison; nothing is bound here
        host = socket.gethostname()
    if ":" in host:
        host = f"[{host}]"
    path = "" if run is None else f"runs/{quote(run, safe='')}"
    return f"http://{host}:{port}/{path}?token={access.token}"


def has_display() -> bool:
    """Return whether a browser would have somewhere to show itself."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def open_browser(url: str) -> bool:
    """Open a page; return whether that could be tried."""
    try:
        return has_display() and webbrowser.open(url)
    except webbrowser.Error:
        return False
