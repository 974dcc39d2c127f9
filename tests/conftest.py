"""What every test may use, and what every full run leaves: its pages, and in CI no silent skip.

The pages docs/checklist.md and docs/agreement.md are tables of what tests assert, one row a marker.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# scikit-learn's check of array API input is skipped without it; set before SciPy is imported
os.environ.setdefault("SCIPY_ARRAY_API", "1")

settings.register_profile(
    "xent",
    derandomize=True,  # the same examples every time: a failure is a failure of the code
    deadline=None,  # shared machines stall
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("xent")

Rows = list[tuple[str, ...]]
CHECKLIST_ROWS: pytest.StashKey[Rows] = pytest.StashKey()
AGREEMENT_ROWS: pytest.StashKey[Rows] = pytest.StashKey()
SKIP_REASONS: list[str] = []


@pytest.fixture(autouse=True)
def same_start() -> None:
    """Let PyTorch draw the same numbers in a test whatever ran before it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("../shared/data is absent, and CI has it")
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def run_ranks() -> Callable[..., list[subprocess.CompletedProcess[str]]]:
    """Return a function that runs Python with some arguments as the ranks of one training, without torchrun."""
    distributed = pytest.importorskip("torch.distributed", reason="PyTorch is not installed")
    if not (distributed.is_available() and distributed.is_gloo_available()):
        pytest.skip("this PyTorch has no gloo")

    def run(
        arguments: Sequence[str], cwd: Path, n: int = 2
    ) -> list[subprocess.CompletedProcess[str]]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ranks = []
        for rank in range(n):
            own = {"RANK": rank, "WORLD_SIZE": n, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": n}
            own |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            own |= {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}
            environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
            ranks.append(
                subprocess.Popen(
                    [sys.executable, *arguments],
                    cwd=cwd,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        found = []
        try:
            for process in ranks:
                out, error = process.communicate(timeout=300)
                found.append(
                    subprocess.CompletedProcess(process.args, process.returncode, out, error)
                )
        finally:
            for process in ranks:
                process.kill()
        return found

    return run


ROOT = Path(__file__).resolve().parents[1]
IS_CI = os.environ.get("CI") == "true"
# in CI everything is present but a GPU
EXPECTED_SKIPS = ("GPU",)

CHECKLIST_HEAD = """# The checklist of worked examples

Rows of the worked examples in the five texts that xent grew out of, each with the call that gives its figure and the
test that asserts it. Where a text is wrong the figure is the corrected one. Written by a full run of the tests.

| row | call | figure | test |
| ---: | --- | --- | --- |
"""

AGREEMENT_HEAD = """# Agreement with scikit-learn

Every figure of `xent.evaluation` beside its counterpart in scikit-learn, on random inputs: what was tried, how closely
the two agree (relative difference; *exact* is to the last bit), and where xent differs on purpose. The differences are
asserted as well as the agreement. Everywhere the inputs are small and hard: one row to forty, two to five classes or
labels, and, where nothing else is said, weights that are zero or differ a millionfold. Infinite scores, which
scikit-learn refuses, are given to it as finite ones of the same order; float32, which it computes as such, as float64.

In general: where scikit-learn gives a number and a warning for something undefined, xent gives NaN; a row of weight 0
is absent; nothing is clipped. Written by a full run of the tests (`tests/peers/test_agreement_*.py`).

| figure | scikit-learn | inputs | agreement | differs on purpose |
| --- | --- | --- | --- | --- |
"""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of a row of docs/agreement.md."""
    config.addinivalue_line(
        "markers",
        "agreement(figure, peer, inputs, agreement, difference): holds a figure against another "
        "package's",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note the rows of the pages before any test is deselected."""
    checklist, agreement = set(), {}
    for item in items:
        for marker in item.iter_markers("checklist"):
            name, row = item.nodeid.split("[")[0], marker.kwargs
            checklist.add((row["row"], f"`{row['call']}`", row.get("figure", ""), f"`{name}`"))
        for marker in item.iter_markers("agreement"):
            row = marker.kwargs
            cells = (f"`{row['figure']}`", row["peer"], row["inputs"], row["agreement"])
            agreement[(*cells, row["difference"])] = None
    config.stash[CHECKLIST_ROWS] = [(str(row), *cells) for row, *cells in sorted(checklist)]
    config.stash[AGREEMENT_ROWS] = list(agreement)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over the rows that a worker found: each collects all tests."""
    rows = getattr(node, "workeroutput", {}).get("rows")
    if rows is not None:
        stash = node.config.stash
        stash[CHECKLIST_ROWS], stash[AGREEMENT_ROWS] = (
            [tuple(row) for row in page] for page in rows
        )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note the reasons of skips."""
    if report.skipped and isinstance(report.longrepr, tuple):
        SKIP_REASONS.append(f"{report.nodeid}: {report.longrepr[2]}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After a green full run: refuse unexpected skips in CI, and bring the pages up to date."""
    options = session.config.option
    is_full = not (
        options.keyword or options.markexpr or options.collectonly or options.file_or_dir
    )
    stash = session.config.stash
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker: the one who started it writes the pages
        output["rows"] = [stash.get(page, []) for page in (CHECKLIST_ROWS, AGREEMENT_ROWS)]
        return
    if exitstatus != 0 or not is_full:
        return
    unexpected = [
        reason for reason in SKIP_REASONS if not any(word in reason for word in EXPECTED_SKIPS)
    ]
    if IS_CI and unexpected:
        print("\nskipped in CI, where everything but a GPU is present:", *unexpected, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for name, text in (
        ("checklist.md", CHECKLIST_HEAD + table_lines(stash[CHECKLIST_ROWS])),
        ("agreement.md", AGREEMENT_HEAD + table_lines(stash[AGREEMENT_ROWS])),
    ):
        bring_up_to_date(session, ROOT / "docs" / name, text)


def table_lines(rows: Rows) -> str:
    """Return the rows of a table in Markdown."""
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "".join(f"| {line} |\n" for line in lines)


def bring_up_to_date(session: pytest.Session, page: Path, text: str) -> None:
    """Write a page whose text has changed; in CI fail, for the commit lacks it."""
    name = page.relative_to(ROOT)
    if page.is_file() and page.read_text(encoding="utf-8") == text:
        return
    if IS_CI:
        print(f"\n{name} is out of date: run `make test` and commit it.")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    else:
        page.write_text(text, encoding="utf-8")
        print(f"\nwrote {name}")
