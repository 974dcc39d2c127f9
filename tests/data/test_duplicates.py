"""Identical rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.data import duplicates, n_duplicates, row_groups
from xent.errors import XentError

few = st.sampled_from([0.0, -0.0, 1.0, np.nan, -1.0, 1e300])
dtypes = st.sampled_from([np.float32, np.float64])


def groups_by_comparison(X: np.ndarray) -> list[int]:
    codes: list[int] = []
    for i in range(len(X)):
        same = [j for j in range(i) if np.array_equal(X[i], X[j], equal_nan=True)]
        codes.append(codes[same[0]] if same else max(codes, default=-1) + 1)
    return codes


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(0, 3)),
        elements=few,
        fill=st.nothing(),
    ),
    dtypes,
)
def test_groups_are_those_of_comparing_every_pair(X, dtype):
    with np.errstate(over="ignore"):
        X = X.astype(dtype)
    assert row_groups(X).tolist() == groups_by_comparison(X)


small_shapes = st.tuples(st.integers(1, 20), st.integers(1, 2))


@given(hnp.arrays(np.int8, small_shapes, elements=st.integers(0, 2), fill=st.nothing()))
def test_groups_survive_when_every_hash_collides(X):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_row_hashes", lambda rows: np.zeros(len(rows), np.uint64))
        assert row_groups(X).tolist() == groups_by_comparison(X)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "i1", "u8", "bool"])
def test_every_dtype(dtype):
    X = np.array([[1, 0], [0, 1], [1, 0]]).astype(dtype)
    assert row_groups(X).tolist() == [0, 1, 0]


def test_large_integers_are_not_rounded():
    assert row_groups(np.array([[2**53], [2**53 + 1]])).tolist() == [0, 1]


def test_images_and_rows_far_apart():
    images = np.random.default_rng(0).integers(0, 255, (3000, 28, 28)).astype(np.uint8)
    images[2999] = images[1]
    groups = row_groups(images)
    assert groups[2999] == 1
    assert n_duplicates(groups) == 1


def test_every_bit_pattern_of_nan_is_one_value():
    bits = np.array([0x7FF8000000000000, 0x7FF8000000000001, 0xFFF8000000000000], dtype=np.uint64)
    assert row_groups(bits.view(np.float64)[:, None]).tolist() == [0, 0, 0]


@pytest.mark.parametrize("X", [np.array([["a"]]), np.array([1j]), np.array(1.0)])
def test_other_arrays_are_refused(X):
    with pytest.raises(XentError, match="rows of real numbers"):
        row_groups(X)


def test_known_counts(real_table):
    from xent.data import find_roles, identical_rows

    expected = {
        "phishing.csv": ("Result", 5206, 5270),
        "wine_quality.csv": ("quality", 1177, None),
        "spambase.csv": ("spam", 391, None),
        "scene.csv": ("label_*", 7, None),
        "adult.csv": (None, 52, None),
        "creditcard_subset.parquet": ("Class", 19, 19),
    }
    for name, (target, with_target, without) in expected.items():
        table = real_table(name)
        columns = [column for column in table.columns if column != "split"]
        assert n_duplicates(identical_rows(table, columns)) == with_target, name
        if without is not None:
            features = find_roles(table, target=target).features
            assert n_duplicates(identical_rows(table, features)) == without, name
