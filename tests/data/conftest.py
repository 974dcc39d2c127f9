"""The real tables, each read once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from xent.data import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def real_table(shared_data: Path) -> Callable[[str], Table]:
    """Return the reader of the real tables beside the checkout."""
    return cache(lambda name: read_table(shared_data / name))
