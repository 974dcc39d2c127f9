"""Strata of numbers and of label sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.data import label_set_strata, quantile_strata


@given(
    hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-5, 5), fill=st.nothing()),
    st.integers(1, 8),
)
def test_bins_are_ordered_intervals(y, n_bins):
    strata = quantile_strata(y, n_bins)
    assert strata.dtype == np.int64
    assert strata.min() >= 0
    assert strata.max() < n_bins
    order = np.argsort(y, kind="stable")
    assert (np.diff(strata[order]) >= 0).all()
    for value in np.unique(y):
        assert np.unique(strata[y == value]).size == 1


def test_bins_have_equal_sizes_where_numbers_differ():
    strata = quantile_strata(np.random.default_rng(0).normal(size=1000), 10)
    assert np.bincount(strata).tolist() == [100] * 10


@given(
    hnp.arrays(
        np.int8,
        st.tuples(st.integers(1, 60), st.integers(1, 4)),
        elements=st.integers(0, 1),
        fill=st.nothing(),
    ),
    st.integers(1, 12),
)
def test_equal_label_sets_share_a_stratum_that_is_large_enough(Y, n_smallest):
    strata = label_set_strata(Y, n_smallest)
    sizes = np.bincount(strata)
    assert sizes.min() >= min(n_smallest, len(Y))
    for row in np.unique(Y, axis=0):
        assert np.unique(strata[(row == Y).all(axis=1)]).size == 1


@pytest.mark.parametrize("name", ["emotions.csv", "yeast.csv", "scene.csv"])
def test_labels_keep_their_share_in_real_splits(real_table, name):
    from xent.data import split_rows, target_values

    table = real_table(name)
    Y = target_values(table, [c for c in table.columns if c.startswith("label_")])
    strata = label_set_strata(Y)
    errors = []
    for seed in range(10):
        test = split_rows(len(Y), random_state=seed, stratify=strata).test
        errors.append(Y[test].sum(axis=0) - Y.sum(axis=0) * test.size / len(Y))
    rows = np.random.default_rng(0).permuted(np.tile(np.arange(len(Y)), (10, 1)), axis=1)
    plain = [Y[part].sum(axis=0) - Y.sum(axis=0) * 0.2 for part in rows[:, : len(Y) // 5]]
    # Both in rows of a label: much nearer to its share than a split that looks at no label.
    assert np.abs(errors).mean() < 0.5 * np.abs(plain).mean()
    rarest = int(Y.sum(axis=0).argmin())
    assert np.abs(np.array(errors)[:, rarest]).max() < 2
