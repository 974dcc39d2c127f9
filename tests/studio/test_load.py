"""The small form of the studio's load test: no request fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "bars_studio.py"


def test_no_request_fails_under_a_small_load() -> None:
    command = [sys.executable, str(PROGRAM), "--small"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "requests that failed: 0 of 200" in ended.stdout
