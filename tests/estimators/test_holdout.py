from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.estimators.holdout import SMALLEST, hold_out_distinct


def rows(n, n_distinct=None, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_distinct or n, 3))
    if n_distinct:
        X = X[rng.integers(n_distinct, size=n)]
    return X, (X[:, 0] + 0.1 * rng.normal(size=n) > 0).astype(float)


@given(st.integers(0, 2**32), st.data())
@settings(max_examples=25)
def test_depends_on_the_rows_alone_not_on_their_number_or_order(seed, data):
    X, y = rows(SMALLEST + 40, seed=data.draw(st.integers(0, 9)))
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 5, size=len(X)).astype(float)
    held = hold_out_distinct(X, y, 0.2, seed, task="binary", weight=weight)
    repeated = np.repeat(np.arange(len(X)), weight.astype(int))
    order = rng.permutation(repeated)
    again = hold_out_distinct(X[order], y[order], 0.2, seed, task="binary")
    assert np.array_equal(again, held[order])


def test_copies_stay_together_also_minus_zero_and_nan():
    X, y = rows(2000, n_distinct=400)
    X[X[:, 0] < 0, 1] = np.where(np.arange((X[:, 0] < 0).sum()) % 2, 0.0, -0.0)
    X[X[:, 0] > 1, 2] = np.nan
    held = hold_out_distinct(X, y, 0.25, 1, task="binary")
    parts = {}
    for row, is_held in zip(np.nan_to_num(X, nan=9.0) + 0.0, held, strict=True):
        parts.setdefault(row.tobytes(), set()).add(bool(is_held))
    assert all(len(sides) == 1 for sides in parts.values())
    assert sum(side == {True} for side in parts.values()) == round(0.25 * len(parts))


def test_which_zero_or_nan_comes_first_does_not_matter():
    X, y = rows(600)
    X[:, 0] = np.where(np.arange(600) % 3 == 0, 0.0, X[:, 0])
    X[:, 1] = np.where(np.arange(600) % 3 == 1, np.nan, X[:, 1])
    other = X.copy()
    other[X == 0.0] = -0.0
    other[np.isnan(X)] = -np.nan
    one, two = (hold_out_distinct(features, y, 0.2, 1, task="binary") for features in (X, other))
    assert np.array_equal(one, two)


def test_too_few_distinct_rows_hold_nothing_out():
    X, y = rows(SMALLEST)
    assert hold_out_distinct(X, y, 0.2, 0, task="binary").sum() == SMALLEST // 5
    assert hold_out_distinct(X[1:], y[1:], 0.2, 0, task="binary") is None
    twice = np.repeat(X[1:], 2, axis=0)
    assert hold_out_distinct(twice, np.repeat(y[1:], 2), 0.2, 0, task="binary") is None
    assert hold_out_distinct(X, y, 0.0, 0, task="binary") is None


def test_classes_are_dealt_out_in_proportion():
    X, _ = rows(1000)
    y = np.repeat([0, 1, 2], [900, 80, 20])
    held = hold_out_distinct(X, y, 0.2, 3, task="multiclass")
    assert np.bincount(y[held]).tolist() == [180, 16, 4]


def test_numbers_and_label_sets_are_dealt_out_in_proportion():
    X, _ = rows(500)
    number = X[:, 0]
    held = hold_out_distinct(X, number, 0.2, 3, task="regression")
    assert held.sum() == 100
    assert abs((number[held] > np.median(number)).sum() - 50) <= 1
    labels = np.stack([number > 1.5, X[:, 1] > 0], axis=1).astype(float)
    held = hold_out_distinct(X, labels, 0.2, 3, task="multilabel")
    assert held.sum() == pytest.approx(100, abs=1)
    assert labels[held][:, 0].sum() == pytest.approx(0.2 * labels[:, 0].sum(), abs=2)


def test_the_seed_decides():
    X, y = rows(300)
    one, same, other = (hold_out_distinct(X, y, 0.2, k, task="binary") for k in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
