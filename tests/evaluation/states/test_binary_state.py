"""Binary states: any split, order and grouping equals one pass, on disk and in memory."""

from __future__ import annotations

import math
import resource
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.states import BinaryState, BinnedState

if TYPE_CHECKING:
    from pathlib import Path

SCORES = st.sampled_from([0.0, -0.0, 5e-324, -1.5, 0.25, 0.25 + 2**-54, 3.0, np.inf, -np.inf])
WEIGHTS = st.sampled_from([0.0, 0.1, 0.2, 1.0, 1e-9, 3e7])
ROWS = st.lists(st.tuples(st.booleans(), SCORES, WEIGHTS), max_size=40)


def fill(state: Any, rows: list[tuple[bool, float, float]], *, weighted: bool) -> Any:
    y, scores, weight = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
    state.update(y, scores=scores, weight=weight if weighted else None)
    return state


@settings(derandomize=True, deadline=None, max_examples=60)
@given(ROWS, ROWS, ROWS, st.booleans(), st.sampled_from(["memory", "disk", "bins"]))
def test_any_grouping_is_one_pass(a: Any, b: Any, c: Any, weighted: bool, kind: str) -> None:
    def new() -> Any:
        if kind == "bins":
            return BinnedState(n_bins=1024)
        return BinaryState(spill=kind == "disk", memory_rows=7)

    whole = fill(new(), a + b + c, weighted=weighted)
    left = fill(fill(new(), c, weighted=weighted), a, weighted=weighted)
    merged = fill(new(), b[::-1], weighted=weighted).merge(left)
    assert merged == whole
    for figure in ("auc", "average_precision", "weight", "n_rows"):
        np.testing.assert_equal(getattr(merged, figure), getattr(whole, figure))


@pytest.mark.parametrize("spill", [False, True])
def test_figures_are_those_of_one_pass(spill: bool) -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000, dtype=np.float32).round(4)
    y = rng.random(20_000) < p
    with BinaryState(spill=spill, memory_rows=999) as state:
        for start in range(0, 20_000, 700):
            state.update(y[start : start + 700], probabilities=p[start : start + 700])
        assert state.auc == ev.roc_auc(y, p)
        assert state.counts == ev.score_counts(y, p)
        assert state.confusion(0.7) == ev.score_counts(y, p).at(0.7)
        assert state.average_precision == pytest.approx(ev.average_precision(y, p), rel=1e-14)
        assert state.log_loss == pytest.approx(ev.log_loss(y, probabilities=p), rel=1e-14)
        assert state.brier == pytest.approx(ev.brier(y, probabilities=p), rel=1e-14)
        assert state.n_disk_bytes <= 12 * 20_000 * spill
        bins = BinnedState()
        bins.update(y, probabilities=p)
        assert bins.auc.low <= state.auc <= bins.auc.high
        assert bins.average_precision.low <= state.average_precision <= bins.average_precision.high
        assert BinnedState.from_json(bins.to_json()) == bins
        assert bins.log_loss == state.log_loss


def test_more_rows_of_a_score_than_a_record_counts() -> None:
    y = np.arange(200_000) % 3 == 0
    with BinaryState(spill=True) as state:
        state.update(y, scores=np.zeros(200_000))
        assert state.counts.positives.tolist() == [y.sum()]
        assert state.auc == 0.5


def test_empty_and_one_class() -> None:
    state = BinaryState()
    assert math.isnan(state.auc)
    assert math.isnan(state.log_loss)
    state.update([1, 1], logits=[0.0, 800.0])
    assert math.isnan(state.auc)
    assert state.average_precision == 1.0


def test_nan_and_mixed_inputs_are_refused_whole() -> None:
    state = BinaryState()
    state.update([0, 1], scores=[1.0, 2.0])
    with pytest.raises(XentError, match="scores must not hold NaN"):
        state.update([0, 1], scores=[math.nan, 1.0])
    with pytest.raises(XentError, match="scores=, as the first did"):
        state.update([0, 1], logits=[0.0, 1.0])
    assert state.n_rows == 2


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    state = BinaryState(spill=tmp_path, memory_rows=50_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(XentError, match="cannot write the spilled scores"):
            state.update(rng.random(50_000) < 0.5, scores=rng.random(50_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(XentError, match="closed"):
        _ = state.auc


def test_a_changed_file_is_noticed() -> None:
    state = BinaryState(spill=True, memory_rows=2)
    state.update([0, 1], scores=[1.0, 2.0])
    assert state._file is not None
    state._file._file.seek(0)
    state._file._file.write(b"\xff")
    with pytest.raises(XentError, match="checksum"):
        _ = state.auc
