"""Batches: every row once, the last one smaller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.data import batch_bounds, epoch_order, iterate_batches, n_batches, read_idx, unit_scale
from xent.errors import XentError


@given(st.integers(0, 300), st.integers(1, 80))
def test_bounds_cover_every_row_once(n_rows, batch_size):
    bounds = batch_bounds(n_rows, batch_size)
    assert len(bounds) == n_batches(n_rows, batch_size)
    assert [row for start, stop in bounds for row in range(start, stop)] == list(range(n_rows))
    assert all(stop - start == batch_size for start, stop in bounds[:-1])


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 99))
def test_a_shuffled_epoch_has_every_row_once(n_rows, batch_size, seed):
    X = np.arange(n_rows)
    order = epoch_order(n_rows, np.random.default_rng(seed))
    assert order.dtype == np.int64
    seen = np.concatenate(
        [x for x, _ in iterate_batches(X, X * 2, batch_size=batch_size, order=order)]
    )
    assert seen.tolist() == order.tolist()
    assert sorted(seen.tolist()) == X.tolist()


def test_batches_in_order_are_views():
    X = np.zeros((10, 3))
    first = next(iterate_batches(X, batch_size=4))[0]
    first[0, 0] = 7
    assert X[0, 0] == 7


@pytest.mark.checklist(
    row=106, call="iterate_batches(X, batch_size=32)", figure="3 x [32,3,16,16], [4,3,16,16]"
)
def test_batches_of_images():
    X = np.zeros((100, 3, 16, 16))
    shapes = [x.shape for (x,) in iterate_batches(X, batch_size=32)]
    assert shapes == [(32, 3, 16, 16)] * 3 + [(4, 3, 16, 16)]


@pytest.mark.checklist(
    row=105, call="iterate_batches(images, labels, batch_size=32)", figure="1875 batches"
)
def test_batches_of_mnist(shared_data):
    images = unit_scale(read_idx(shared_data / "mnist" / "train-images-idx3-ubyte.gz"))[:, None]
    labels = read_idx(shared_data / "mnist" / "train-labels-idx1-ubyte.gz")
    shapes = [(x.shape, y.shape) for x, y in iterate_batches(images, labels, batch_size=32)]
    assert shapes == [((32, 1, 28, 28), (32,))] * 1875


@pytest.mark.checklist(
    row=117, call="batch_bounds(60_000, 64)", figure="938 batches, the last has 32"
)
def test_the_last_batch_is_smaller():
    assert n_batches(60_000, 64) == 938
    start, stop = batch_bounds(60_000, 64)[-1]
    assert stop - start == 32


@pytest.mark.checklist(
    row=110, call="batch_bounds(n, 128)", figure="steps of 1/128 and 1/96: 0.1172 to 0.8958"
)
def test_a_batch_accuracy_is_a_multiple_of_one_over_its_size():
    # 60,000 rows end in a batch of 96: there an accuracy can only be a multiple of 1/96.
    sizes = [stop - start for start, stop in batch_bounds(60_000, 128)]
    assert set(sizes[:-1]) == {128}
    assert sizes[-1] == 96
    right = [(15, 0, 0.1172), (17, 0, 0.1328), (117, 0, 0.9141), (108, 0, 0.8438), (86, -1, 0.8958)]
    for n_right, batch, expected in right:
        assert round(n_right / sizes[batch], 4) == expected


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_other_batch_sizes_are_refused(size):
    with pytest.raises(XentError, match="batch_size must be a whole number of at least 1"):
        batch_bounds(10, size)


def test_arrays_of_other_lengths_are_refused_at_once():
    with pytest.raises(XentError, match=r"same number of rows, got \[3, 4\]"):
        iterate_batches(np.zeros(3), np.zeros(4), batch_size=2)
    with pytest.raises(XentError, match="at least one array"):
        iterate_batches(batch_size=2)
