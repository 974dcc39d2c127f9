"""Checkpoints: whole or refused, readable by anything, at their pace."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from xent.errors import XentError
from xent.training import Checkpointer, read_checkpoint
from xent.training import checkpoint as module


def some_arrays(value, n=1000):
    return {
        "parameters": np.full(n, value, np.float32),
        "best.parameters": np.full(n + 3, value, np.float64),
        "optimizer.n_steps": np.array(value, np.int64),
        "running": np.zeros(0, np.float32),
    }


def test_what_was_written_last_is_read(tmp_path):
    checkpointer = Checkpointer(tmp_path / "checkpoints")
    for epoch in range(1, 6):
        checkpointer.write({"epoch": epoch}, some_arrays(epoch))
    values, arrays = read_checkpoint(tmp_path / "checkpoints")
    assert values["epoch"] == 5
    for name, array in some_arrays(5).items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_a_checkpoint_is_a_safetensors_file_that_anything_reads(tmp_path):
    Checkpointer(tmp_path).write({"epoch": 3}, some_arrays(7))
    tensors = load_file(tmp_path / "slot-1.safetensors")
    assert tensors["parameters"][0] == 7
    assert json.loads(tensors["values.json"].tobytes())["epoch"] == 3


@pytest.fixture(scope="module")
def two_generations(tmp_path_factory):
    """Return a folder whose slots hold epochs 4 and 5, and the slot of 5 as it was when it held 3."""
    folder = tmp_path_factory.mktemp("checkpoints")
    checkpointer = Checkpointer(folder)
    for epoch in (1, 2, 3):
        checkpointer.write({"epoch": epoch}, some_arrays(epoch))
    newest = folder / "slot-1.safetensors"
    before = newest.read_bytes()
    for epoch in (4, 5):
        checkpointer.write({"epoch": epoch}, some_arrays(epoch))
    after = newest.read_bytes()
    assert len(before) == len(after)
    return folder, before, after


@given(share=st.floats(0, 0.999))
def test_killed_while_overwriting_a_slot_leaves_the_one_before(two_generations, share):
    """New bytes up to some place, old ones behind it."""
    folder, before, after = two_generations
    place = int(share * len(after))
    torn = after[:place] + before[place:]
    (folder / "slot-1.safetensors").write_bytes(torn)
    values, arrays = read_checkpoint(folder)
    assert values["epoch"] == (5 if torn == after else 4)
    assert np.all(arrays["parameters"] == values["epoch"])


@given(share=st.floats(0, 0.999), bit=st.integers(0, 7))
def test_a_wrong_bit_is_noticed_wherever_it_matters(two_generations, share, bit):
    folder, _, after = two_generations
    content = bytearray(after)
    place = int(share * len(content))
    content[place] ^= 1 << bit
    (folder / "slot-1.safetensors").write_bytes(bytes(content))
    values, arrays = read_checkpoint(folder)
    # either the older checkpoint, or the newer one with nothing in it changed: the bit was in padding or in white space
    assert np.all(arrays["parameters"] == values["epoch"])
    assert values["sequence"] == values["epoch"]


def test_a_folder_without_a_whole_checkpoint_is_refused_with_the_reasons(tmp_path):
    with pytest.raises(XentError, match=r"no whole checkpoint in .* holds none"):
        read_checkpoint(tmp_path)
    Checkpointer(tmp_path).write({"epoch": 1}, some_arrays(1))
    path = tmp_path / "slot-1.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(XentError, match=r"slot-1\.safetensors: damaged"):
        read_checkpoint(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(XentError, match="no whole checkpoint"):
        read_checkpoint(tmp_path)


def test_what_one_system_call_does_not_take_is_written_by_several(tmp_path, monkeypatch):
    """Parameters of 2 GiB and more; here as if it took 999 bytes."""
    monkeypatch.setattr(module, "MOST_AT_ONCE", 999)
    arrays = {"parameters": np.random.default_rng(0).normal(size=777)}
    Checkpointer(tmp_path).write({"epoch": 3}, arrays)
    values, found = read_checkpoint(tmp_path)
    assert values["epoch"] == 3
    np.testing.assert_array_equal(found["parameters"], arrays["parameters"])


@pytest.mark.parametrize("value", [float("nan"), np.float32(1), {1}], ids=["NaN", "NumPy", "set"])
def test_a_state_of_a_callback_that_is_no_json_is_said(tmp_path, value):
    with pytest.raises(
        XentError, match=r"state of a callback cannot be saved: .* plain JSON values"
    ):
        Checkpointer(tmp_path).write({"callbacks": [["Mine", {"best": value}]]}, some_arrays(1))


def test_a_newer_format_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FORMAT", "xent-checkpoint/9")
    Checkpointer(tmp_path).write({"epoch": 1}, some_arrays(1))
    monkeypatch.undo()
    with pytest.raises(
        XentError, match=r"format 'xent-checkpoint/9', expected 'xent-checkpoint/1'"
    ):
        read_checkpoint(tmp_path)


def test_the_durable_file_serves_when_both_slots_are_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_DURABLE", 0.0)
    checkpointer = Checkpointer(tmp_path)
    checkpointer.write({"epoch": 1}, some_arrays(1))
    checkpointer.write({"epoch": 2}, some_arrays(2))
    for name in module.SLOTS:
        (tmp_path / name).unlink()
    values, arrays = read_checkpoint(tmp_path)
    assert values["epoch"] == 2
    assert arrays["parameters"][0] == 2


def test_a_wished_pace_is_kept(tmp_path):
    checkpointer = Checkpointer(tmp_path, every=3)
    for epoch in range(1, 10):
        checkpointer.at_epoch_end(epoch, lambda: ({"epoch": epoch}, some_arrays(epoch)))  # noqa: B023 - called at once
        checkpointer.within_epoch(
            lambda: pytest.fail("a wished pace has no checkpoints within an epoch")
        )
    assert checkpointer.n_written == 3


def test_the_default_pace_leaves_out_epochs_shorter_than_the_budget_allows(tmp_path):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.write({"epoch": 0}, some_arrays(0))
    checkpointer.costs.extend([0.5] * 9)  # as if a checkpoint took half a second
    checkpointer.at_epoch_end(1, lambda: pytest.fail("20 s must pass first"))
    checkpointer.within_epoch(lambda: pytest.fail("20 s must pass first"))
    checkpointer.last -= 21
    checkpointer.at_epoch_end(2, lambda: ({"epoch": 2}, some_arrays(2)))
    checkpointer.last = time.monotonic() - 31
    checkpointer.within_epoch(lambda: ({"epoch": 3}, some_arrays(3)))
    assert read_checkpoint(tmp_path)[0]["epoch"] == 3


def test_counting_goes_on_after_a_resume(tmp_path):
    Checkpointer(tmp_path).write({"epoch": 1}, some_arrays(1))
    checkpointer = Checkpointer(tmp_path)
    checkpointer.continue_from(read_checkpoint(tmp_path)[0]["sequence"])
    checkpointer.write({"epoch": 2}, some_arrays(2))
    assert read_checkpoint(tmp_path)[0]["epoch"] == 2


def test_a_full_disk_is_one_clear_line(tmp_path):
    """A real limit on the size of files, in a process of its own."""
    program = f"""
import resource, signal
import numpy as np
from xent.errors import XentError
from xent.training import Checkpointer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpointer = Checkpointer({str(tmp_path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, {resource.RLIM_INFINITY}))
try:
    checkpointer.write({{"epoch": 1}}, {{"parameters": np.zeros(10_000)}})
except XentError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("cannot write ")
    assert "Free some space and resume the run." in done.stdout
