"""The studio: all runs in the browser, live ones too, and the JSON API behind the pages."""

from __future__ import annotations

__all__: list[str] = []
