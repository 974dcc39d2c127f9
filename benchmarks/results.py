"""The table of measured bars: each program replaces its own section of RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = """# What was measured

Written by the programs in this folder: `make bars` runs all of them, `make bars-NAME` one. Times on
shared machines mean little: programs run in turn, in both orders, in one process, and a ratio is
the median over the turns. "Noise" is its interquartile range, or that of what is measured.
"""


@dataclass(frozen=True)
class Row:
    """One bar: what was measured, what it must be, whether it holds."""

    figure: str
    measured: str
    bar: str
    holds: bool
    noise: str = ""


def report(name: str, rows: Sequence[Row], *, notes: Sequence[str] = ()) -> int:
    """Print the rows, write them into RESULTS.md, and return the exit status: 1 when a bar is missed."""
    lines = ["| figure | measured | bar | holds | noise |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row.figure} | {row.measured} | {row.bar} | {'yes' if row.holds else '**no**'} | {row.noise} |"
        for row in rows
    ]
    text = "\n".join(
        [_conditions(), "", *lines, *([""] if notes else []), *(f"- {note}" for note in notes)]
    )
    print(f"{name}\n{text}")
    _replace_section(name, text)
    return 0 if all(row.holds for row in rows) else 1


def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or end the program saying that it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        print("skipped: the real data (../shared/data) is not beside this checkout")
        sys.exit(0)
    return folder


def take_turns(
    programs: Mapping[str, Callable[[], object]], n_turns: int = 7
) -> dict[str, list[float]]:
    """Return seconds of every program and turn; the order is reversed every other turn, after one warm-up each."""
    for program in programs.values():
        program()
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(n_turns):
        names = list(programs) if turn % 2 == 0 else list(programs)[::-1]
        for name in names:
            begin = time.perf_counter()
            programs[name]()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def ratio(a: Sequence[float], b: Sequence[float]) -> tuple[float, str]:
    """Return the median over the turns of a / b, and its interquartile range."""
    by_turn = [x / y for x, y in zip(a, b, strict=True)]
    low, middle, high = statistics.quantiles(by_turn, n=4)
    return middle, f"{low:.2f} to {high:.2f}"


def _conditions() -> str:
    commit = _output(["git", "rev-parse", "--short", "HEAD"])
    dirty = "+" if _output(["git", "status", "--porcelain", "src"]) else ""
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{today}, commit {commit}{dirty}, {os.cpu_count()} cores ({_processor()}), "
        f"Python {platform.python_version()}, {_versions()}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.is_file():
        found = re.search(r"model name\s*:\s*(.+)", path.read_text())
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()


def _versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for name in ("numpy", "scipy", "scikit-learn", "torch"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def _output(command: list[str]) -> str:
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=RESULTS.parent
    )
    return result.stdout.strip()


def _replace_section(name: str, text: str) -> None:
    content = RESULTS.read_text() if RESULTS.is_file() else TITLE
    sections = dict(
        re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", content, flags=re.MULTILINE | re.DOTALL)
    )
    sections[name] = text
    parts = [TITLE, *(f"## {key}\n\n{sections[key].strip()}\n" for key in sorted(sections))]
    RESULTS.write_text("\n".join(parts))
