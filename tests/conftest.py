"""What every test may use, and what every full run leaves: docs/checklist.md, and in CI no silent skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# scikit-learn's check of array API input is skipped without it; set before SciPy is imported
os.environ.setdefault("SCIPY_ARRAY_API", "1")

settings.register_profile(
    "xent",
    derandomize=True,  # the same examples every time: a failure is a failure of the code
    deadline=None,  # shared machines stall
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("xent")

CHECKLIST_ROWS: pytest.StashKey[list[tuple[int, str, str, str]]] = pytest.StashKey()
SKIP_REASONS: list[str] = []


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/data is absent, and CI has it")
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return folder


ROOT = Path(__file__).resolve().parents[1]
CHECKLIST = ROOT / "docs" / "checklist.md"
IS_CI = os.environ.get("CI") == "true"
# in CI everything is present but a GPU
EXPECTED_SKIPS = ("GPU",)

CHECKLIST_HEAD = """# The checklist of worked examples

Rows of the worked examples in the five texts that xent grew out of, each with the call that gives its figure and the
test that asserts it. Where a text is wrong the figure is the corrected one. Written by a full run of the tests.

| row | call | figure | test |
| ---: | --- | --- | --- |
"""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the checklist's rows before any test is deselected."""
    rows = set()
    for item in items:
        name = item.nodeid.split("[")[0]
        for marker in item.iter_markers("checklist"):
            cells = (marker.kwargs["call"], marker.kwargs.get("figure", ""), f"`{name}`")
            rows.add((marker.kwargs["row"], *(cell.replace("|", "\\|") for cell in cells)))
    config.stash[CHECKLIST_ROWS] = sorted(rows)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the reasons of skips."""
    if report.skipped and isinstance(report.longrepr, tuple):
        SKIP_REASONS.append(f"{report.nodeid}: {report.longrepr[2]}")


def checklist_page(rows: list[tuple[int, str, str, str]]) -> str:
    """Return docs/checklist.md for these rows."""
    return CHECKLIST_HEAD + "".join(
        f"| {row} | `{call}` | {figure} | {test} |\n" for row, call, figure, test in rows
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After a green full run: refuse unexpected skips in CI, and bring the checklist's page up to date."""
    options = session.config.option
    is_full = not (
        options.keyword or options.markexpr or options.collectonly or options.file_or_dir
    )
    if exitstatus != 0 or not is_full:
        return
    unexpected = [
        reason for reason in SKIP_REASONS if not any(word in reason for word in EXPECTED_SKIPS)
    ]
    if IS_CI and unexpected:
        print("\nskipped in CI, where everything but a GPU is present:", *unexpected, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    page = checklist_page(session.config.stash[CHECKLIST_ROWS])
    if CHECKLIST.is_file() and CHECKLIST.read_text() == page:
        return
    if IS_CI:
        print("\ndocs/checklist.md is out of date: run `make test` and commit it.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    else:
        CHECKLIST.write_text(page)
        print("\nwrote docs/checklist.md")
