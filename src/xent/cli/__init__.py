"""The command line: one file a verb."""

from __future__ import annotations

from xent.cli.entry import main as main

__all__ = ["main"]
