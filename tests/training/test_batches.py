"""The batches of an epoch are the rows in its order, however many are gathered at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.training import batches as batches_module
from xent.training.batches import Batches


@given(
    n=st.integers(1, 60),
    batch_size=st.integers(1, 60),
    block_bytes=st.integers(1, 2000),
    seed=st.integers(0, 9),
)
def test_batches_are_the_rows_in_order(n, batch_size, block_bytes, seed):
    generator = np.random.default_rng(seed)
    X, y, weight = generator.normal(size=(n, 3)), np.arange(n), generator.random(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches_module, "BLOCK_BYTES", block_bytes)
        batches = Batches(X, y, weight, min(batch_size, n))
    order = generator.permutation(n)
    batches.start(order)
    n_batches = -(-n // batches.batch_size)
    for index in range(n_batches):
        rows = order[index * batches.batch_size : (index + 1) * batches.batch_size]
        batch = batches[index]
        np.testing.assert_array_equal(batch.X, X[rows])
        np.testing.assert_array_equal(batch.y, rows)
        np.testing.assert_array_equal(batch.weight, weight[rows])


def test_an_epoch_can_begin_in_the_middle():
    batches = Batches(np.arange(10.0)[:, None], np.arange(10), None, batch_size=3)
    order = np.arange(10)[::-1]
    batches.start(order)
    batches[0]
    batches.start(order + 0)
    assert batches[3].y.tolist() == [0]
    assert batches[1].y.tolist() == [6, 5, 4]
    assert batches[1].weight is None
