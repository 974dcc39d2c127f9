"""The server: its life, from the first request to the last."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import time
from typing import TYPE_CHECKING

import uvicorn
from threadpoolctl import threadpool_limits

from xent.studio.app import make_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from xent.studio.security import Access

__all__ = ["StudioServer"]


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
        limits = threadpool_limits(1, user_api="blas")
        with limits, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve())

    def stop(self) -> None:
        """End the server, from any thread."""
        self._server.should_exit = True

    async def _serve(self) -> None:
        self._last = time.monotonic()
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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's event loops, where it is installed, as uvicorn itself would; else asyncio's own."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop]
    factory = importlib.import_module("uvloop").new_event_loop
    return factory
