"""What every test may use: the real data beside the checkout, and reproducible hypothesis runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "xent",
    derandomize=True,  # the same examples every time: a failure is a failure of the code
    deadline=None,  # shared machines stall
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("xent")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/data is absent, and CI has it")
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return folder
