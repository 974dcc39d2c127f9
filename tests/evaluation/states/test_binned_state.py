"""Bins: brackets that hold the exact areas, exact losses, exact counts at the middle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent import evaluation as ev
from xent.errors import XentError
from xent.evaluation.states import BinaryState, BinnedState

UNIT = st.sampled_from([0.0, 5e-324, 1e-12, 0.25, 0.5 - 2**-54, 0.5, 0.75, 1 - 2**-53, 1.0])
REAL = st.sampled_from([-np.inf, -40.0, -1.0, -5e-324, -0.0, 0.0, 1e-300, 1e-5, 33.0, np.inf])
WEIGHTS = st.sampled_from([0.0, 0.5, 1.0, 3.0])


@pytest.mark.parametrize("name", ["probabilities", "logits", "scores"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_brackets_hold_the_exact_areas(name: str, dtype: type) -> None:
    values = UNIT if name == "probabilities" else REAL

    @settings(derandomize=True, deadline=None, max_examples=40)
    @given(st.lists(st.tuples(st.booleans(), values, WEIGHTS), max_size=30), st.booleans())
    def check(rows: Any, weighted: bool) -> None:
        y, scores, weight = (np.array([row[k] for row in rows], dtype=float) for k in range(3))
        given: Any = {name: scores.astype(dtype)}
        exact, binned = BinaryState(memory_rows=5), BinnedState(n_bins=1024)
        for state in (exact, binned):
            state.update(y, weight=weight if weighted else None, **given)
        for figure in ("auc", "average_precision"):
            area, bracket = getattr(exact, figure), getattr(binned, figure)
            if math.isnan(area):
                assert math.isnan(bracket.low)
                assert math.isnan(bracket.error_bound)
            else:
                assert bracket.low - 1e-12 <= area <= bracket.high + 1e-12
                assert bracket.low <= bracket.middle <= bracket.high
        np.testing.assert_equal(binned.log_loss, exact.log_loss)
        np.testing.assert_equal(binned.brier, exact.brier)
        assert binned.weight == exact.weight
        if binned.n_rows and name == "scores":
            with pytest.raises(XentError, match="no neutral threshold"):
                _ = binned.neutral_counts
        else:
            middle = 0.5 if name == "probabilities" else 0.0
            assert binned.neutral_counts == exact.confusion(middle)

    check()


def test_more_bins_a_narrower_bracket() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = rng.random(20_000) < p
    widths = []
    for n_bins in (1 << 10, 1 << 14, 1 << 18):
        state = BinnedState(n_bins=n_bins)
        state.update(y, probabilities=p)
        assert abs(state.auc.middle - ev.roc_auc(y, p)) <= state.auc.error_bound
        widths.append(state.auc.error_bound)
    assert widths[0] > 10 * widths[1] > 100 * widths[2]


def test_float32_losses_are_those_of_one_pass() -> None:
    # the fast way for float32: certain, tiny and ordinary probabilities, right and wrong
    p = np.array([0.0, 1e-45, 1e-12, 2.0**-29, 0.3, 1 - 2.0**-24], dtype=np.float32)
    for y in (np.zeros(6), np.ones(6), np.array([1, 0, 1, 0, 1, 0])):
        kept = np.flatnonzero(~((p == 0) & (y == 1)))
        state, wide = BinnedState(), BinnedState()
        state.update(y[kept], probabilities=p[kept])
        wide.update(y[kept], probabilities=p[kept].astype(np.float64))
        assert state.log_loss == pytest.approx(wide.log_loss, rel=1e-15)
        expected = ev.log_loss(y[kept], probabilities=p[kept])
        assert state.log_loss == pytest.approx(expected, rel=1e-14)
        assert state.brier == pytest.approx(wide.brier, rel=1e-15)
    certain = BinnedState()
    certain.update([1], probabilities=np.zeros(1, dtype=np.float32))
    assert certain.log_loss == math.inf
    # A weight is exact, also where the loss is infinite.
    certain.update([1], probabilities=np.ones(1, dtype=np.float32), weight=[0.1])
    assert certain.log_loss == math.inf


def test_mistakes_are_named_and_leave_the_batch_out() -> None:
    state, other = BinnedState(), BinnedState(n_bins=1024)
    for n_bins in (0, 1000, 1 << 23):
        with pytest.raises(XentError, match="n_bins must be a power of two"):
            BinnedState(n_bins=n_bins)
    for wrong in (-0.5, 1.5, math.nan):
        with pytest.raises(XentError, match="probabilities must"):
            state.update([0, 1], probabilities=[0.5, wrong])
    with pytest.raises(XentError, match="got probabilities and logits"):
        state.update([1], probabilities=[0.5], logits=[0.0])
    assert state == BinnedState()
    assert state != 3
    with pytest.raises(XentError, match="n_bins must be the same"):
        state.merge(other)
    logits = BinnedState()
    logits.update([1], logits=[0.0])
    state.update([1], probabilities=[0.5])
    before = state.to_json()
    with pytest.raises(XentError, match="must give probabilities="):
        state.merge(logits)
    assert state.to_json() == before
