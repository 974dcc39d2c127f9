"""A real browser: Chromium, headless, without a network, watched for errors and requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """A page with all that it said and asked for.

    Attributes
    ----------
    page : Page
    said : list of str
        Console messages and uncaught errors.
    requested : list of str
        Addresses, but for the first: the page itself.
    """

    page: Page
    said: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """Return an element's text."""
        return self.page.inner_text(selector)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a Chromium with an empty profile."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Return a function that opens an address in a window of its own, watched from the first byte."""
    contexts: list[Any] = []

    def opened(address: str, *, width: int = 1200, scheme: str = "light") -> Watched:
        context: Any = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.on("console", lambda m: watched.said.append(f"{m.type}: {m.text}"))
        watched.page.on("pageerror", lambda error: watched.said.append(str(error)))
        watched.page.on("request", lambda request: watched.requested.append(request.url))
        watched.page.goto(address)
        watched.requested = [url for url in watched.requested if url != watched.page.url]
        return watched

    yield opened
    for context in contexts:
        context.close()
