"""run.json: sealed, versioned, checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from xent.errors import XentError
from xent.runs import DataRecord, RunFolder, RunRecord, read_record, write_record
from xent.runs.record import _seal
from xent.runs.versions import versions

if TYPE_CHECKING:
    from pathlib import Path

RECORD = RunRecord(
    task="binary",
    recipe={"target": "y", "positive": -1, "hidden": [3]},
    seed=5,
    data=DataRecord("a <b>.csv", "/a.csv", "ff", 10),
    test=None,
    versions={"xent": "0"},
    n_threads=1,
    threads_are_set=True,
    started="2026-01-01T00:00:00+00:00",
    warnings=["schön", "\ud800"],
)


def test_comes_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    record = RECORD.changed(warnings=["schön"], test=DataRecord("t", None, "00", 3))
    write_record(folder, record)
    assert read_record(folder) == record
    assert "schön" in folder.record.read_text(encoding="utf-8")


def altered(folder: RunFolder, *, reseal: bool, **values: Any) -> None:
    written = {**json.loads(folder.record.read_text(encoding="utf-8")), **values}
    if reseal:
        written["seal"] = _seal({name: value for name, value in written.items() if name != "seal"})
    folder.record.write_text(json.dumps(written))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"format": "other"}, "'format' must be 'xent-run'"),
        ({"version": "1"}, "'version' must be of type int"),
        ({"seed": True}, "'seed' must be of type int"),
        ({"seed": None}, "'seed' must be of type int"),
        ({"status": "done"}, "'status' must be one of"),
        ({"data": {"name": "a"}}, "'fingerprint' must be of type str, got nothing"),
        ({"test": []}, "'test' must be of type dict"),
    ],
)
def test_refuses_what_is_no_record(values: dict[str, Any], words: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_record(folder, RECORD.changed(warnings=[]))
    altered(folder, reseal=True, **values)
    with pytest.raises(XentError, match=r"run\.json is damaged") as caught:
        read_record(folder)
    assert words in str(caught.value)


def test_altered_and_newer(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_record(folder, RECORD.changed(warnings=[]))
    altered(folder, reseal=False, seed=6)
    with pytest.raises(XentError, match="the seal does not fit"):
        read_record(folder)
    altered(folder, reseal=True, version=2)
    with pytest.raises(XentError, match="newer xent"):
        read_record(folder)


@pytest.mark.parametrize(
    "text", ["[]", "NaN", '{"a": Infinity}', "[" * 100_000, '{"a": 1', "\udcff"]
)
def test_refuses_what_is_no_json_object(text: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.record.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(XentError, match="damaged"):
        read_record(folder)


def test_versions_name_what_counts() -> None:
    found = versions()
    assert set(found) == {"xent", "python", "numpy", "blas", "machine"}
