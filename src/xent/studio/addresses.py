"""Where a studio is found: its port, its token, the address to open."""

from __future__ import annotations

import errno
import os
import secrets
import socket
import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from xent.errors import XentError

if TYPE_CHECKING:
    from xent.studio.security import Access

__all__ = ["has_display", "listening_socket", "new_token", "open_browser", "studio_url"]

_N_PORTS: Final = 20


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
        # with the protocol named asyncio turns Nagle's algorithm off, which would hold an answer back for 40 ms
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
    import webbrowser

    try:
        return has_display() and webbrowser.open(url)
    except webbrowser.Error:
        return False
