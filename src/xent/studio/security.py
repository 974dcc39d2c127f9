"""The guard before every page: by which name it was called, who asks, how much comes in, what browsers may do."""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
from dataclasses import dataclass, field
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Access", "Guard", "is_loopback"]

MOST_BYTES: Final = 8 << 20
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "content-security-policy": _PAGE_POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cache-control": "no-store",
    }.items()
)
_READING: Final = {"GET", "HEAD"}
# what else needs no token on this machine; all that is not named here does, however its address is written
_OPEN_POSTS: Final = ("/predict", "/compare")


@dataclass(frozen=True)
class Access:
    """Who may use the studio.

    Parameters
    ----------
    host : str
        What the server is bound to.
    token : str
        Opens everything. On a loopback address it is needed only to stop a training; elsewhere for all.
    names : tuple of str
        Further names by which the machine may be called.

    Examples
    --------
    >>> access = Access("127.0.0.1", "t")
    >>> access.knows_host("localhost:8765"), access.knows_host("evil.example:8765")
    (True, False)
    """

    host: str
    token: str = field(repr=False)
    names: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether reading and predicting need no token."""
        return is_loopback(self.host)

    def knows_host(self, header: str) -> bool:
        """Return whether a Host header names this server; a name from elsewhere is a rebound DNS entry."""
        name = _host_name(header)
        if not name:
            return False
        if self.is_open:
            return is_loopback(name)
        own = {self.host.lower(), "localhost", socket.gethostname().lower(), *self.names}
        return name in own or _is_address(name)


class Guard:
    """ASGI middleware that lets through what `Access` allows, and gives every answer its strict headers.

    Parameters
    ----------
    app : ASGI application
    access : Access
    most_bytes : int
        Of a request's body.
    """

    def __init__(self, app: ASGIApp, access: Access, most_bytes: int = MOST_BYTES) -> None:
        self._app, self._access, self._most_bytes = app, access, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _answer(send, *refusal)
        elif self._has_token_in_address(scope):
            await _to_page(scope, send, self._access.token)
        else:
            await self._app(scope, _limited(receive, self._most_bytes), send)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[int, str] | None:
        access, host = self._access, headers.get("host", "")
        if sum(name == b"host" for name, _ in scope["headers"]) != 1 or not access.knows_host(host):
            return 421, "this server does not go by that name: use the address that it printed"
        if scope["method"] not in _READING and not _is_own_origin(headers, host):
            return 403, "requests from other pages are refused"
        if not self._is_allowed(scope, headers):
            return 401, "a token is needed: open the address that the server printed"
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:20]) > self._most_bytes:
            return 413, f"a request may have at most {self._most_bytes:,} bytes"
        return None

    def _is_allowed(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        is_harmless = scope["method"] in _READING or scope["path"].endswith(_OPEN_POSTS)
        if self._access.is_open and is_harmless:
            return True
        given = [_cookie(scope, headers), _query_token(scope)]
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(bearer.strip())
        token = self._access.token.encode()
        return any(hmac.compare_digest(value.encode("utf-8", "replace"), token) for value in given)

    def _has_token_in_address(self, scope: Scope) -> bool:
        is_page = scope["method"] == "GET" and not scope["path"].startswith("/api/")
        given = _query_token(scope).encode("utf-8", "replace")
        return is_page and hmac.compare_digest(given, self._access.token.encode())


class BodyTooLargeError(Exception):
    """More came in than a request may have."""


@lru_cache(maxsize=64)
def _host_name(header: str) -> str:
    """Return the name in a Host header, without the port; nothing where there is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return whether a host is this machine only.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0")]
    [True, True, True, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def cookie_name(scope: Scope) -> str:
    """Return the name of the cookie with the token; servers of several ports share their cookies."""
    server = scope.get("server") or ("", 0)
    return f"xent_studio_{server[1]}"


def _is_own_origin(headers: Mapping[str, str], host: str) -> bool:
    """Return whether a request comes from the studio's own pages, or from no browser at all."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    return origin in {f"http://{host}", f"https://{host}"}


def _cookie(scope: Scope, headers: Mapping[str, str]) -> str:
    try:
        held = SimpleCookie(headers.get("cookie", "")).get(cookie_name(scope))
    except CookieError:
        return ""
    return "" if held is None else held.value


def _query_token(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    return dict(parse_qsl(query.decode("latin-1"))).get("token", "")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            given = {name.lower() for name, _ in own}
            own += [pair for pair in _HEADERS if pair[0] not in given]
            message = {**message, "headers": own}
        await send(message)

    return sent


def _limited(receive: Receive, most: int) -> Receive:
    """Return a `receive` that stops a body without a declared length where it grows too large."""
    n_bytes = 0

    async def received() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise BodyTooLargeError
        return message

    return received


async def _answer(send: Send, status: int, text: str) -> None:
    body = json.dumps({"error": text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _to_page(scope: Scope, send: Send, token: str) -> None:
    """Keep the token in a cookie, and go to the same page without it: addresses are copied and logged."""
    query = parse_qsl(scope["query_string"].decode("latin-1"))
    rest = urlencode([(name, value) for name, value in query if name != "token"])
    raw = scope.get("raw_path") or scope["path"].encode()
    # a path of two slashes would name another server; browsers take a backslash for one
    place = b"/" + raw.split(b"?")[0].lstrip(b"/\\") + (f"?{rest}".encode() if rest else b"")
    cookie = f"{cookie_name(scope)}={token}; Path=/; HttpOnly; SameSite=Lax"
    headers = [(b"location", place), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
