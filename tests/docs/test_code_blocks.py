"""The pages are true: their Python runs, their commands run, and what is shown is what comes out.

Blocks of one page share a namespace and a working directory, from top to bottom. A comment right
above a block, ``<!-- needs phishing.csv -->``, puts that file of ../shared/data beside it.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(
    r"(?:^<!--(?P<note>[^\n]*)-->\n)?^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
NEEDS = re.compile(r"needs ([\w./]+)")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes
    ----------
    page : Path
    line : int
        Where its content begins, counted from 1.
    language : str
    body : str
    needs : tuple of str
        Files of ../shared/data, from a comment right above: ``<!-- needs phishing.csv -->``.
    """

    page: Path
    line: int
    language: str
    body: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Command:
    """A command line, and the output shown below it ('' where none is)."""

    text: str
    output: str


def pages() -> list[Path]:
    """Return every page of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page that name their language."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start("body")) + 1,
            match["language"],
            match["body"],
            tuple(NEEDS.findall(match["note"] or "")),
        )
        for match in FENCE.finditer(text)
    ]


def commands_of(block: Block) -> list[Command]:
    """Return the commands of a block: lines after a $, or, without any $, every line but comments.

    A backslash at the end of a line continues it.
    """
    lines = block.body.replace("\\\n", " ").splitlines()
    if not any(line.startswith("$ ") for line in lines):
        bare = [line for line in lines if line.strip() and not line.startswith("#")]
        return [Command(line, "") for line in bare]
    commands: list[Command] = []
    for line in lines:
        if line.startswith("$ "):
            commands.append(Command(line[2:], ""))
        else:
            last = commands.pop()
            commands.append(Command(last.text, f"{last.output}{line}\n"))
    return commands


SHELLS = {"sh", "console"}
# setting up a checkout, and the gate itself, which would call this test again
NOT_RUN = ("make", "git", "cd", ".venv/")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCKS = [
    block for page in pages() for block in blocks_of(page) if block.language in {"python", *SHELLS}
]
# what differs from one run, or one machine, to the next
RUN_NAME = re.compile(r"\b\d{8}T\d{6}Z-([\w-]+)-[0-9a-f]{4}\b")
PROGRESS = re.compile(r"^\d+ (epochs \([a-z ]+\))(, best epoch) \d+, [\d.]+ s$", re.MULTILINE)
DECIMAL = re.compile(r"(?<![\w.])-?\d+\.\d+(?![\w.])")
TOLERANCE = 0.05


def name_of(block: Block) -> str:
    return f"{block.page.relative_to(ROOT)}:{block.line}"


class Room:
    """Where the blocks of one page run: a folder and a namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.namespace: dict[str, Any] = {"__name__": "__page__"}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Room]:
    return {page: Room(tmp_path_factory.mktemp(page.stem)) for page in pages()}


@pytest.fixture
def room(rooms: dict[Path, Room], request: pytest.FixtureRequest) -> Room:
    block: Block = request.node.callspec.params["block"]
    own = rooms[block.page]
    for name in block.needs:
        target = own.folder / name
        if not target.exists():
            target.symlink_to(request.getfixturevalue("shared_data") / name)
    return own


@pytest.mark.parametrize("block", BLOCKS, ids=name_of)
def test_block(block: Block, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    if block.language in SHELLS:
        for command in commands_of(block):
            if not command.text.startswith(NOT_RUN):
                run_command(command, room.folder)
        return
    monkeypatch.chdir(room.folder)
    if block.body.startswith(">>> "):
        run_session(block, room.namespace)
    else:
        code = "\n" * (block.line - 1) + block.body
        exec(compile(code, str(block.page), "exec"), room.namespace)


def test_the_pages_have_blocks() -> None:
    assert sum(block.language == "python" for block in BLOCKS) > 10
    assert sum(block.language in SHELLS for block in BLOCKS) > 3


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("log loss 0.0426\n", "log loss 0.0431\n", True),
        ("log loss 0.0426\n", "log loss 0.1426\n", False),
        ("run: runs/20261121T053650Z-wine-d3c7\n", "run: runs/20301111T113050Z-wine-00ff\n", True),
        ("run: runs/20261121T053650Z-wine-d3c7\n", "run: runs/20301111T113050Z-iris-00ff\n", False),
        (
            "61 epochs (patience), best epoch 41, 0.5 s\n",
            "9 epochs (patience), best epoch 2, 9.1 s\n",
            True,
        ),
        ("364 rows\n", "365 rows\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
    ],
)
def test_the_comparison_can_fail(shown: str, printed: str, fits: bool) -> None:
    assert is_shown(shown, printed) is fits


def run_session(block: Block, namespace: dict[str, Any]) -> None:
    """Run a block of >>> lines and compare what each prints."""
    source = "\n" * (block.line - 1) + block.body
    session = doctest.DocTestParser().get_doctest(source, {}, name_of(block), str(block.page), 0)
    session.globs = namespace
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(session, out=report.append, clear_globs=False)
    assert not report, "".join(report)


def run_command(command: Command, folder: Path) -> None:
    """Run a command as a shell would; one that shows an error must end with code 2."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "COLUMNS": "120"}
    process = subprocess.run(
        ["bash", "-c", command.text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    expected = 2 if command.output.startswith("error:") else 0
    assert process.returncode == expected, f"$ {command.text}\n{process.stdout}"
    if command.output.strip():
        assert is_shown(command.output, process.stdout), f"$ {command.text}\n{process.stdout}"


def is_shown(shown: str, printed: str) -> bool:
    """Tell whether an output is the one that a page shows: the same words, and nearly the same decimals."""
    wanted, got = _settled(shown), _settled(printed)
    wanted_numbers, got_numbers = DECIMAL.findall(wanted), DECIMAL.findall(got)
    same_words = doctest.OutputChecker().check_output(
        DECIMAL.sub("<decimal>", wanted), DECIMAL.sub("<decimal>", got), OPTIONS
    )
    if not same_words or "..." in wanted:
        return same_words
    # the last bits of a product depend on the processor, hundreds of steps make them grow, and one
    # row of a small part decided otherwise is 0.03
    return all(
        abs(float(one) - float(other)) <= TOLERANCE * max(1.0, abs(float(one)))
        for one, other in zip(wanted_numbers, got_numbers, strict=True)
    )


def _settled(output: str) -> str:
    output = RUN_NAME.sub(r"<time>-\1-<token>", output)
    return PROGRESS.sub(r"<n> \1\2 <n>, <t> s", output).strip() + "\n"
