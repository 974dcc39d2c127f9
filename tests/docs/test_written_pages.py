"""Pages that tests write: a full run writes what has changed, and in CI a stale page fails it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def writer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Return tests/conftest.py as pytest loaded it, with its pages in a folder of their own."""
    plugins = request.config.pluginmanager.get_plugins()
    found = next(plugin for plugin in plugins if hasattr(plugin, "bring_up_to_date"))
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(found, "ROOT", tmp_path)
    monkeypatch.setattr(found, "SKIP_REASONS", [])
    return found


def finish(writer: Any, exitstatus: int = 0, **options: Any) -> int:
    """Return the exit status after a session that noted one row for each page."""
    full = {"keyword": "", "markexpr": "", "collectonly": False, "file_or_dir": []}
    stash = {
        writer.CHECKLIST_ROWS: [("1", "`f(a|b)`", "", "`t`")],
        writer.AGREEMENT_ROWS: [("`roc_auc`", "`roc_auc_score`", "ties", "exact", "")],
    }
    config = SimpleNamespace(option=SimpleNamespace(**(full | options)), stash=stash)
    session: Any = SimpleNamespace(config=config, exitstatus=exitstatus)
    writer.pytest_sessionfinish(session, exitstatus)
    return int(session.exitstatus)


def pages(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "docs").iterdir())


def test_a_green_full_run_writes_both_pages(
    writer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer, "IS_CI", False)
    assert finish(writer) == 0
    assert pages(tmp_path) == ["agreement.md", "checklist.md"]
    text = (tmp_path / "docs" / "checklist.md").read_text(encoding="utf-8")
    assert text.endswith("| 1 | `f(a\\|b)` |  | `t` |\n")


@pytest.mark.parametrize("options", [{"keyword": "auc"}, {"file_or_dir": ["tests/docs"]}])
def test_a_partial_or_failed_run_writes_nothing(
    writer: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    assert finish(writer, **options) == 0
    assert finish(writer, exitstatus=1) == 1
    assert pages(tmp_path) == []


def test_a_stale_page_fails_in_ci(
    writer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer, "IS_CI", True)
    assert finish(writer) == 1
    assert pages(tmp_path) == []
    monkeypatch.setattr(writer, "IS_CI", False)
    finish(writer)
    monkeypatch.setattr(writer, "IS_CI", True)
    assert finish(writer) == 0
    with (tmp_path / "docs" / "agreement.md").open("a", encoding="utf-8") as page:
        page.write("stale")
    assert finish(writer) == 1
