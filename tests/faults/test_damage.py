"""Damaged, truncated, altered and unreadable files of a run: each is named, and nothing else ever comes up."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.conftest import train_until, use_all

import xent
from xent.data import Encoder, Split
from xent.errors import XentError
from xent.runs import RunFolder, read_model, read_predictions, read_record
from xent.runs.curve_files import read_curves
from xent.runs.evaluation_file import read_evaluation
from xent.runs.history_file import HistoryWarning, read_whole_history
from xent.runs.reading import parse_json_object, read_text
from xent.training import read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    Copy = Callable[[Path], Path]

FILES = [
    "run.json",
    "encoder.json",
    "model.safetensors",
    "history.jsonl",
    "evaluation.json",
    "predictions.parquet",
    "curves/1.json",
]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def doubled(content: bytes) -> bytes:
    return content + content


DAMAGES = {
    "truncated": cut,
    "a bit flipped": flip,
    "doubled": doubled,
    "emptied": lambda _: b"",
    "other": lambda _: b"\xff\x00{",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_damage_is_named(
    name: str, damage: str, finished: xent.Run, copy_of: Copy, fault_table: Path
) -> None:
    run = copy_of(finished.folder)
    path = run / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    if name == "history.jsonl":  # what can be read of it is used
        with pytest.warns(HistoryWarning, match=r"history\.jsonl"):
            assert len(xent.load_run(run).history) <= len(finished.history)
        use_all(run, fault_table)
        return
    with pytest.raises(XentError, match=name.replace(".", r"\.")) as caught:
        use_all(run, fault_table)
    assert "damaged" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(("run", "curves"))])
def test_missing_is_named(name: str, finished: xent.Run, copy_of: Copy, fault_table: Path) -> None:
    run = copy_of(finished.folder)
    (run / name).unlink()
    with pytest.raises(XentError, match=f"{name} is missing"):
        use_all(run, fault_table)


@pytest.mark.parametrize("name", FILES)
def test_unreadable_is_named(
    name: str, finished: xent.Run, copy_of: Copy, fault_table: Path
) -> None:
    run = copy_of(finished.folder)
    path = run / name
    path.unlink()
    path.mkdir()  # root may read any file, but nobody reads a folder as one
    with pytest.raises(XentError, match=path.name.replace(".", r"\.")):
        use_all(run, fault_table)


def test_whole_run_is_read(finished: xent.Run, copy_of: Copy, fault_table: Path) -> None:
    use_all(copy_of(finished.folder), fault_table)


@pytest.mark.parametrize("name", ["model.safetensors", "encoder.json"])
def test_file_of_another_run(
    name: str, finished: xent.Run, copy_of: Copy, fault_table: Path, tmp_path: Path
) -> None:
    other = xent.train(
        fault_table,
        target="y",
        drop="b",
        hidden=(2,),
        epochs=1,
        random_state=0,
        runs=tmp_path / "other",
    )
    run = copy_of(finished.folder)
    shutil.copy(other.folder / name, run / name)
    with pytest.raises(XentError, match=name):
        use_all(run, fault_table)


@pytest.mark.parametrize("name", ["evaluation.json", "encoder.json"])
def test_newer_file(name: str, finished: xent.Run, copy_of: Copy) -> None:
    path = copy_of(finished.folder) / name
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "version": 99}))
    with pytest.raises(XentError, match="newer xent"):
        READERS[name](path)


# the readers themselves, without the fingerprints that catch most damage before them
READERS = {
    "run.json": lambda path: read_record(RunFolder(path.parent)),
    "encoder.json": lambda path: Encoder.from_json(parse_json_object(read_text(path), path)),
    "split.json": lambda path: Split.from_json(parse_json_object(read_text(path), path)),
    "model.safetensors": read_model,
    "history.jsonl": read_whole_history,
    "evaluation.json": read_evaluation,
    "predictions.parquet": read_predictions,
    "curves/1.json": lambda path: read_curves(path.parent, 1),
    "checkpoints/slot-0.safetensors": lambda path: read_checkpoint(path.parent),
}


def readable(reader: Callable[[Path], object], path: Path) -> bool:
    """Return whether a file could be read; anything but a clear refusal goes through."""
    try:
        reader(path)
    except XentError:
        return False
    return True


@pytest.fixture(scope="module")
def corpus(
    finished: xent.Run, broken_off: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    folder = finished.folder
    corpus = {
        name: (folder / name).read_bytes() for name in READERS if not name.startswith("check")
    }
    name = "checkpoints/slot-0.safetensors"
    return {**corpus, name: (broken_off / name).read_bytes()}


@pytest.mark.parametrize("name", READERS)
def test_fuzzed_files(
    name: str, corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / name
    path.parent.mkdir(exist_ok=True)
    content = corpus[name]
    path.write_bytes(content)
    assert readable(READERS[name], path)

    @settings(max_examples=120)
    @given(
        st.lists(
            st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255)), min_size=1, max_size=4
        ),
        st.one_of(st.none(), st.integers(0, len(content))),
    )
    def fuzz(flips: list[tuple[int, int]], length: int | None) -> None:
        damaged = bytearray(content)
        for place, mask in flips:
            damaged[place] ^= mask
        path.write_bytes(bytes(damaged[:length]))
        readable(READERS[name], path)

    fuzz()


NUMBERS = st.one_of(st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False))
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=4))
JSON_VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith(".json")])
def test_json_with_other_values(
    name: str, corpus: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("values") / name
    path.parent.mkdir(exist_ok=True)
    values = json.loads(corpus[name])

    @settings(max_examples=120)
    @given(st.data())
    def replace(data: st.DataObject) -> None:
        changed = json.loads(corpus[name])
        place = changed
        keys: list[object] = []
        while isinstance(place, dict | list) and place and (not keys or data.draw(st.booleans())):
            key = data.draw(
                st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
            )
            keys.append(key)
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner:
                break
            place = inner
        target = changed
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = data.draw(JSON_VALUES)
        if name == "run.json" and "seal" in changed:
            from xent.runs.record import _seal

            changed["seal"] = _seal({key: value for key, value in changed.items() if key != "seal"})
        path.write_text(json.dumps(changed))
        readable(READERS[name], path)

    assert isinstance(values, dict)
    replace()


def test_resume_survives_one_torn_slot(broken_off: Path, copy_of: Copy) -> None:
    whole = xent.resume(copy_of(broken_off))
    for slot in (0, 1):
        run = copy_of(broken_off)
        path = run / "checkpoints" / f"slot-{slot}.safetensors"
        path.write_bytes(cut(path.read_bytes()))
        again = xent.resume(run)
        assert (again.folder / "history.jsonl").read_bytes() == (
            whole.folder / "history.jsonl"
        ).read_bytes()
        np.testing.assert_array_equal(again.model.engine.parameters, whole.model.engine.parameters)


def test_resume_names_torn_checkpoints(broken_off: Path, copy_of: Copy) -> None:
    run = copy_of(broken_off)
    for path in (run / "checkpoints").iterdir():
        path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(XentError, match=r"slot-0\.safetensors"):
        xent.resume(run)


@pytest.mark.parametrize("name", ["encoder.json", "split.json", "history.jsonl", "run.json"])
def test_resume_names_damage(name: str, broken_off: Path, copy_of: Copy) -> None:
    run = copy_of(broken_off)
    path = run / name
    path.write_bytes(cut(path.read_bytes()))
    with pytest.raises(XentError, match=name.replace(".", r"\.")):
        xent.resume(run)


def test_resume_refuses_changed_data(fault_table: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    shutil.copy(fault_table, table)
    with pytest.raises(RuntimeError):
        train_until(2, table, tmp_path / "runs", epochs=4)
    (run,) = (tmp_path / "runs").iterdir()
    table.write_text(table.read_text().replace("yes", "no", 1))
    with pytest.raises(XentError, match="has changed"):
        xent.resume(run)
    table.unlink()
    with pytest.raises(XentError, match="no file"):
        xent.resume(run)


def test_unfinished_run_says_how_to_go_on(broken_off: Path, fault_table: Path) -> None:
    run = xent.load_run(broken_off)
    assert run.status == "failed"
    assert "own error" in run.record.stopped_because
    assert len(run.history) == 3
    for use in (lambda: run.verdict, lambda: run.predict(fault_table), lambda: run.predictions):
        with pytest.raises(XentError, match=f"xent train --resume {broken_off}"):
            use()
    assert str(run).startswith(str(broken_off))


def test_no_pickle_is_read(finished: xent.Run, copy_of: Copy, fault_table: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, ("touch evil",)

    run = copy_of(finished.folder)
    (run / "model.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(XentError):
        use_all(run, fault_table)
    with pytest.raises(XentError):
        read_model(run / "model.safetensors")
    assert not Path("evil").exists()
