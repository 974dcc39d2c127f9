"""Thinning keeps what is drawn, column by column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.figures.thinning import drawn_places


def curve(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve with ties, vertical stretches, crowded and empty places."""
    rng = np.random.default_rng(seed)
    x = np.sort(rng.choice([rng.random(n) ** 6, rng.integers(0, 40, n) / 40], axis=0))
    y = np.cumsum(rng.standard_t(2, n)) * rng.choice([0.0, 1.0]) + rng.normal(size=n)
    return x, y


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 4_000), st.integers(1, 200))
def test_columns_keep_their_ends_and_their_heights(seed: int, n: int, n_columns: int) -> None:
    x, y = curve(seed, n)
    kept = drawn_places(x, y, n_columns=n_columns)
    assert np.all(np.diff(kept) > 0)
    assert kept.size <= max(4 * n_columns, 1)
    if n <= 4 * n_columns:
        assert kept.size == n
        return
    width = (x[-1] - x[0]) or 1.0
    column = np.minimum((x - x[0]) / width * n_columns, n_columns - 1).astype(int)
    for cell in np.unique(column):
        whole = np.flatnonzero(column == cell)
        own = kept[column[kept] == cell]
        # the pieces between columns are those of the whole curve
        assert (own[0], own[-1]) == (whole[0], whole[-1])
        # and inside, the line reaches as high and as low
        assert (y[own].min(), y[own].max()) == (y[whole].min(), y[whole].max())


def test_a_vertical_line_is_one_column() -> None:
    y = np.sin(np.arange(5000.0))
    kept = drawn_places(np.full(5000, 0.3), y)
    assert kept.size <= 4
    assert {int(np.argmin(y)), int(np.argmax(y))} <= set(kept.tolist())


def test_what_cannot_be_thinned_is_refused() -> None:
    with pytest.raises(XentError, match="never fall"):
        drawn_places(np.array([0.0, 1.0, 0.5]), np.zeros(3))
    with pytest.raises(XentError, match="of one length"):
        drawn_places(np.zeros(3), np.zeros(4))
