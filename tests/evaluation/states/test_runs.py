"""Runs: keys of any dtype, weights beside none, and files that are gone whatever happens."""

from __future__ import annotations

import gc
import math
import resource
from typing import TYPE_CHECKING

import numpy as np
import pytest

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.states import BinaryState
from xent.evaluation.states.runs import combine, count_rows, sort_keys
from xent.evaluation.states.spill import SpillFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64, np.float16, np.float32, bool])
def test_scores_of_any_dtype(dtype: type) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 100, 400).astype(dtype)
    y = rng.random(400) < 0.5
    state = BinaryState(memory_rows=90)
    state.update(y, scores=scores)
    assert state.auc == ev.roc_auc(y, scores)


def test_scores_that_float64_cannot_tell_apart_are_refused() -> None:
    state = BinaryState()
    for scores in ([0, 2**53 + 1], [0, -(2**53) - 1]):
        with pytest.raises(XentError, match=r"must not exceed 2\^53"):
            state.update([0, 1], scores=np.array(scores))
    if np.dtype(np.longdouble).itemsize > 8:
        with pytest.raises(XentError, match="float64 or shorter"):
            state.update([0, 1], scores=np.zeros(2, dtype=np.longdouble))
    assert state.n_rows == 0


def test_batches_with_and_without_weights_and_of_mixed_precision() -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.random(300) < 0.5, rng.normal(size=300).round(1)
    narrow = scores[:100].astype(np.float32)
    weight = np.concatenate([np.ones(200), np.full(100, 2.5)])
    for spill in (False, True):
        state = BinaryState(spill=spill, memory_rows=50)
        state.update(y[:100], scores=narrow)
        state.update(y[100:200], scores=scores[100:200])
        state.update(y[200:], scores=scores[200:], weight=weight[200:])
        given = np.concatenate([narrow.astype(float), scores[100:]])
        assert state.auc == pytest.approx(ev.roc_auc(y, given, weight=weight), rel=1e-13)
        assert state.weight == 450.0
        assert len(state.counts.thresholds) == np.unique(given).size


def test_no_rows_make_an_empty_run() -> None:
    run = count_rows(np.zeros(0, dtype=bool), sort_keys(np.zeros(0), "scores"), None)
    assert len(combine([run])) == 0


def test_an_empty_state_has_no_counts() -> None:
    state = BinaryState()
    state.update([], scores=[])
    state.update([0, 1], scores=[0.0, 1.0], weight=[0.0, 0.0])
    assert state.counts.thresholds.size == 0
    assert state.n_rows == 0
    assert math.isnan(state.average_precision)
    assert state == BinaryState(spill=True)
    assert state != 3
    with pytest.raises(XentError, match="memory_rows must be at least 1"):
        BinaryState(memory_rows=0)


def test_states_of_other_rows_differ() -> None:
    one, other = BinaryState(), BinaryState()
    one.update([1], scores=[0.5])
    other.update([0], scores=[0.5])
    assert one != other
    logits = BinaryState()
    logits.update([1], logits=[0.5])
    assert one != logits
    with pytest.raises(XentError, match="must give scores="):
        one.merge(logits)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(XentError, match="spill must be a folder"):
        BinaryState(spill=tmp_path / "absent")


@pytest.mark.parametrize("how", ["error", "close", "forgotten"])
def test_spilled_files_are_gone(tmp_path: Path, how: str) -> None:
    state = BinaryState(spill=tmp_path, memory_rows=2)
    state.update([0, 1, 1, 0], scores=[1.0, 2.0, 3.0, 4.0])
    assert state.n_disk_bytes == 4 * 12
    assert state._file is not None
    file = state._file._file
    if how == "error":
        with pytest.raises(ZeroDivisionError), state:
            raise ZeroDivisionError
    elif how == "close":
        state.close()
    else:
        del state
        gc.collect()
    assert file.closed
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_back(tmp_path: Path) -> None:
    state = BinaryState(spill=tmp_path, memory_rows=2)
    state.update([0, 1], scores=[1.0, 2.0])
    assert state._file is not None
    state._file._file.close()
    with pytest.raises(XentError, match="cannot read the spilled scores back"):
        _ = state.auc


def test_a_closed_state_takes_and_gives_nothing() -> None:
    state, other = BinaryState(), BinaryState()
    state.update([1, 0], scores=[1.0, 0.0])
    state.close()
    for use in (
        lambda: state.update([1], scores=[1.0]),
        lambda: other.merge(state),
        lambda: state.merge(other),
        lambda: state.counts,
    ):
        with pytest.raises(XentError, match="the state is closed"):
            use()


@pytest.mark.parametrize("name", ["probabilities", "logits"])
def test_weighted_losses_are_those_of_one_pass(name: str) -> None:
    rng = np.random.default_rng(0)
    weight, y = rng.random(500), rng.random(500) < 0.5
    values = rng.random(500) if name == "probabilities" else rng.normal(size=500)
    state = BinaryState()
    for rows in np.array_split(np.arange(500), 4):
        state.update(y[rows], weight=weight[rows], **{name: values[rows]})
    expected = ev.log_loss(y, weight=weight, **{name: values})
    assert state.log_loss == pytest.approx(expected, rel=1e-13)
    p = values if name == "probabilities" else 1 / (1 + np.exp(-values))
    assert state.brier == pytest.approx(ev.brier(y, probabilities=p, weight=weight), rel=1e-13)


def test_a_file_that_cannot_be_written_is_closed(tmp_path: Path) -> None:
    file = SpillFile(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    run = count_rows(np.ones(5000, dtype=bool), sort_keys(np.arange(5000.0), "scores"), None)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(XentError, match="cannot write the spilled scores"):
            file.write([run])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file._file.closed
