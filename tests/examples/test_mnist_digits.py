"""Rows 109 to 122 of the checklist as the example has them; the network in a small form, whole in the bars."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from xent.data import n_batches

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "mnist_digits.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("mnist_digits", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits(example, shared_data):
    return example.read_digits(shared_data / "mnist")


@pytest.mark.checklist(
    row=101, call="examples/mnist_digits.py", figure="a 5 whose pixels begin 0.012, 0.071, 0.071"
)
@pytest.mark.checklist(
    row=108, call="unit_scale(read_idx(...))", figure="[0, 1] from whole numbers (errata 35)"
)
def test_pixels_are_whole_numbers_brought_into_the_unit_interval(digits):
    X, y = digits
    assert X.shape == (60_000, 784)
    assert (X.min(), X.max(), y[0]) == (0, 1, 5)
    np.testing.assert_allclose(X[0][X[0] > 0][:5], [0.012, 0.071, 0.071, 0.071, 0.494], atol=5e-4)


@pytest.mark.checklist(
    row=109,
    call="784-10, optimizer='sgd', learning_rate=0.03, batch_size=128",
    figure="469 batches; accuracy 0.89 after 2 epochs, with 0.001 no more than 0.75 (errata 37)",
)
def test_softmax_regression_learns_at_the_corrected_rate(example, digits):
    X, y = digits
    done = example.fit(X, y, example.REGRESSION)
    assert (done.trainer.n_batches, len(done.losses)) == (469, 2 * 469)
    assert done.losses[0] == pytest.approx(np.log(10), rel=1e-6)
    assert done.accuracy(X, y) == pytest.approx(0.89, abs=0.01)
    printed = example.fit(X[:12_800], y[:12_800], {**example.REGRESSION, "learning_rate": 0.001})
    assert printed.accuracy(X, y) < 0.75
    assert np.mean(printed.losses[-20:]) > 2


@pytest.mark.checklist(
    row=119,
    call="784-1024-1024-10, activation='sigmoid', init='uniform:-0.3:0.3', batch_size=64",
    figure="938 batches an epoch (errata 39); first loss 3 to 8.5; 0.9115 on the training images: `make bars-accuracy`",
)
def test_the_network_of_the_text_learns(example, digits):
    X, y = digits
    done = example.fit(X[:6400], y[:6400], {**example.NETWORK, "epochs": 1})
    assert n_batches(60_000, example.NETWORK["batch_size"]) == 938
    assert done.trainer.n_batches == 100
    assert done.trainer.engine.network.n_parameters == 1_863_690
    assert 3 < done.losses[0] < 8.5
    assert done.accuracy(X[:6400], y[:6400]) > 0.5
