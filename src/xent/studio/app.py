"""The application: its routes, and what each answers."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from xent.errors import XentError
from xent.reports.scripts import chart_library, page_policy, page_script, page_style
from xent.runs import load_run
from xent.studio.events import run_events
from xent.studio.liveness import is_trained_now
from xent.studio.openapi import api_page, openapi_json
from xent.studio.predict import Predictor
from xent.studio.run_views import ReportShelf, curves_json, findings_json, run_json
from xent.studio.runs_index import RunNotFoundError, RunsIndex, history_records
from xent.studio.security import BodyTooLargeError, Guard
from xent.workflow.comparing import compare_runs
from xent.workflow.stop_request import request_stop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from xent.studio.security import Access

__all__ = ["make_app"]

_PAGES: Final = {"/": "runs.html", "/runs/{id}": "run.html", "/compare": "compare.html"}
_KINDS: Final = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_ASSETS: Final = (
    "studio.css",
    "shared.js",
    "charts.js",
    "curves.js",
    "redraws.js",
    "runs.js",
    "run.js",
    "compare.js",
    "predict.js",
    "icon.svg",
)
# what the report has too
_SHARED: Final[dict[str, Callable[[], str]]] = {
    "library.js": chart_library,
    "report.css": page_style,
}
# seconds that a body may take to come in
_BODY_TIME: Final = 30.0
_MOST_STREAMS: Final = 200
_MOST_DIGITS: Final = 12


class Studio:
    """The answers of the server for one folder of runs.

    Parameters
    ----------
    index : RunsIndex
    is_closing : callable
        Tells the streams when to end.
    """

    def __init__(self, index: RunsIndex, is_closing: Callable[[], bool]) -> None:
        self.index, self.is_closing = index, is_closing
        self.predictor = Predictor(index)
        self.reports = ReportShelf(index)
        self.comparing = asyncio.Lock()
        self.n_streams = 0

    def routes(self) -> list[Route]:
        """Return every address with its answer."""
        run = "/api/runs/{id}"
        return [
            # the first that fits is taken: what is asked a thousand times a second stands first
            Route(f"{run}/predict", self.predict, methods=["POST"]),
            *(
                Route(path, _page(name))
                for path, name in {**_PAGES, "/runs/{id}/predict": "predict.html"}.items()
            ),
            Route("/assets/{name}", _asset),
            Route("/api", _api_page),
            Route("/api/openapi.json", _openapi),
            Route("/api/runs", self.runs),
            Route(run, self.run),
            Route(f"{run}/history", self.history),
            Route(f"{run}/events", self.events),
            Route(f"{run}/curves/{{epoch}}", self.curves),
            Route(f"{run}/findings", self.findings),
            Route(f"{run}/report", self.report),
            Route(f"{run}/stop", self.stop, methods=["POST"]),
            Route("/api/compare", self.compare, methods=["POST"]),
        ]

    def runs(self, request: Request) -> Response:  # noqa: ARG002 - what a route calls takes the request
        """GET /api/runs."""
        return _json({"folder": self.index.root.name, "runs": self.index.summaries()})

    def run(self, request: Request) -> Response:
        """GET /api/runs/<id>."""
        return _json(run_json(self.index, request.path_params["id"]))

    def history(self, request: Request) -> Response:
        """GET /api/runs/<id>/history?from=."""
        first = _count(request.query_params.get("from", "0"), "from")
        records, damaged = history_records(self.index.folder(request.path_params["id"]), first)
        return _json({"records": records, "damaged": damaged})

    async def events(self, request: Request) -> Response:
        """GET /api/runs/<id>/events."""
        identifier = request.path_params["id"]
        self.index.folder(identifier)
        given = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        after = int(given) if _is_count(given) else 0
        if self.n_streams >= _MOST_STREAMS:
            raise HTTPException(503, "too many pages are open")
        stream = self._counted(run_events(self.index, identifier, after, self.is_closing))
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _counted(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        self.n_streams += 1
        try:
            async for chunk in stream:
                yield chunk
        finally:
            self.n_streams -= 1

    def curves(self, request: Request) -> Response:
        """GET /api/runs/<id>/curves/<epoch>."""
        epoch = _count(request.path_params["epoch"], "epoch")
        run = self.index.run(request.path_params["id"])
        if epoch not in run.curve_epochs:
            raise HTTPException(404, f"there are no curves of epoch {epoch}")
        return _json(curves_json(run, epoch))

    def findings(self, request: Request) -> Response:
        """GET /api/runs/<id>/findings."""
        return _json(findings_json(self.index, request.path_params["id"]))

    def report(self, request: Request) -> Response:
        """GET /api/runs/<id>/report."""
        html = self.reports.report(request.path_params["id"])
        # its texts come from data: it gets an origin of its own, from which nothing here can be reached
        own = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'"
        policy = f"{page_policy(chart_library(), page_script())}; {own}"
        return HTMLResponse(html, headers={"content-security-policy": policy})

    async def predict(self, request: Request) -> Response:
        """POST /api/runs/<id>/predict."""
        kind = _content_type(request, "application/json", "text/csv")
        identifier = request.path_params["id"]
        self.predictor.check_run(identifier)
        answer = await self.predictor.predict(
            identifier, await _body(request), is_csv=kind == "text/csv"
        )
        return Response(answer.body, answer.status, media_type="application/json")

    async def stop(self, request: Request) -> Response:
        """POST /api/runs/<id>/stop."""
        run = await run_in_threadpool(self.index.run, request.path_params["id"])
        if run.status != "running" or not is_trained_now(run.files):
            raise HTTPException(409, f"it is not being trained: it is {run.status}")
        await run_in_threadpool(request_stop, run.files)
        return _json({"stopping": True}, 202)

    async def compare(self, request: Request) -> Response:
        """POST /api/compare."""
        _content_type(request, "application/json")
        try:
            asked = json.loads(await _body(request))
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, f"the body is no JSON: {error}") from None
        if not isinstance(asked, dict) or not all(isinstance(asked.get(k), str) for k in "ab"):
            raise HTTPException(422, 'an object with the names of two runs, "a" and "b", is needed')
        async with self.comparing:  # each may take all cores
            return _json(await run_in_threadpool(self._compared, asked["a"], asked["b"]))

    def _compared(self, a: str, b: str) -> dict[str, Any]:
        runs = [load_run(self.index.folder(name).path) for name in (a, b)]
        comparison, n_left_out = compare_runs(*runs)
        return {"a": a, "b": b, "n_left_out": n_left_out, **comparison.to_json()}


def make_app(
    root: Path | str, access: Access, *, is_closing: Callable[[], bool] = lambda: False
) -> ASGIApp:
    """Return the studio of a folder of runs as an ASGI application.

    Parameters
    ----------
    root : path
    access : Access
    is_closing : callable
        Tells open streams when to end.

    Raises
    ------
    XentError
        When there is no such folder.
    """
    studio = Studio(RunsIndex(root), is_closing)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        studio.predictor.close()

    app = Starlette(
        routes=studio.routes(),
        lifespan=lifespan,
        exception_handlers={
            HTTPException: _http_error,
            XentError: _user_error,
            OSError: _user_error,
            BodyTooLargeError: _too_large,
        },
    )
    app.state.studio = studio
    return Guard(app, access)


def _page(name: str) -> Callable[[Request], Response]:
    html = _text(name)

    def page(_request: Request) -> Response:
        return HTMLResponse(html)

    return page


def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in {*_ASSETS, *_SHARED}:
        raise HTTPException(404, "there is no such file")
    text = _SHARED[name]() if name in _SHARED else _text(name)
    headers = {"cache-control": "max-age=600"} if name == "library.js" else {}
    return Response(text, media_type=_KINDS[name.rpartition(".")[2]], headers=headers)


@lru_cache(maxsize=32)
def _text(name: str) -> str:
    return (files("xent.studio") / "pages" / name).read_text(encoding="utf-8")


def _api_page(_request: Request) -> Response:
    return HTMLResponse(api_page())


def _openapi(_request: Request) -> Response:
    return _json(openapi_json())


def _json(content: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(_plain(content), allow_nan=False, default=str),
        status,
        media_type="application/json",
    )


def _plain(value: Any) -> Any:
    """Return a value without what JSON cannot hold: what is not finite is null."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


async def _body(request: Request) -> bytes:
    try:
        async with asyncio.timeout(_BODY_TIME):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408, "the body did not come in time") from None


def _content_type(request: Request, *kinds: str) -> str:
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in kinds:
        raise HTTPException(415, f"content-type must be {' or '.join(kinds)}")
    return given


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _count(text: str, name: str) -> int:
    if not _is_count(text):
        raise HTTPException(422, f"{name} must be a number from 0 on")
    return int(text)


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _user_error(request: Request, error: Exception) -> Response:
    text = request.app.state.studio.index.told(error)
    status = 404 if isinstance(error, RunNotFoundError) else 409
    return JSONResponse({"error": text}, status)


def _too_large(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "the request is too large"}, 413, headers={"connection": "close"})
