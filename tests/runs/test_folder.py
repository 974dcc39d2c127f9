"""The run folder's name and place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.runs import create_run_folder, open_run_folder

if TYPE_CHECKING:
    from pathlib import Path

NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9_-]+-[0-9a-f]{4}")


def test_folders_are_new_every_time(tmp_path: Path) -> None:
    folders = [create_run_folder(tmp_path / "deep" / "runs", "a.csv").path for _ in range(30)]
    assert len(set(folders)) == 30
    assert all(folder.is_dir() for folder in folders)


@given(st.text(max_size=80))
def test_any_data_name_makes_a_plain_folder_name(name: str) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as runs:
        path = create_run_folder(runs, name).path
        assert path.parent == Path(runs)
        assert NAME.fullmatch(path.name)
        assert len(path.name) < 80


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\My table.csv.gz", "my-table"),
        ("表.csv", "data"),
        ("<script>", "script"),
    ],
)
def test_stem(name: str, stem: str, tmp_path: Path) -> None:
    assert create_run_folder(tmp_path, name).path.name[17:-5] == stem


def test_open_accepts_the_folder_and_its_record(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    assert open_run_folder(tmp_path) == open_run_folder(tmp_path / "run.json")


def test_open_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "20261121T050000Z-a-0001").mkdir()
    with pytest.raises(XentError, match=r"Did you mean .*a-0001"):
        open_run_folder(tmp_path / "20261121T050000Z-a-0002")
    with pytest.raises(XentError, match="there is no run folder"):
        open_run_folder(tmp_path / "none" / "at all")


def test_hidden_files_of_a_killed_process_go(tmp_path: Path) -> None:
    folder = create_run_folder(tmp_path, "a")
    folder.curves.mkdir()
    for path in (
        folder.path / ".run.json.x1",
        folder.curves / ".3.json.y",
        folder.path / "split.json",
    ):
        path.write_text("")
    folder.remove_unfinished()
    assert [path.name for path in folder.path.rglob("*") if path.is_file()] == ["split.json"]
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_a_name_in_use_is_never_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["0000", "0000", "0001"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(tokens))
    names = [create_run_folder(tmp_path, "a").path.name[-4:] for _ in range(2)]
    assert names == ["0000", "0001"]


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "b.csv").write_text("y\n")
    with pytest.raises(XentError, match="is a file; a run's folder is needed"):
        open_run_folder(tmp_path / "b.csv")
