from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.network import (
    BatchNorm,
    Dense,
    Dropout,
    Network,
    Scale,
    initial_parameters,
    mlp,
    n_penalized,
    parameter_layout,
)

MIXED = Network(
    4,
    (Scale(), Dense(3, "relu"), BatchNorm(), Dropout(0.5), Scale(), Dense(2, "tanh"), Dense(1)),
)


def test_weights_come_first_then_biases_then_gains():
    layout = [
        (name, shape, (where.start, where.stop)) for name, shape, where in parameter_layout(MIXED)
    ]
    assert layout == [
        ("layers.1.weight", (4, 3), (0, 12)),
        ("layers.5.weight", (3, 2), (12, 18)),
        ("layers.6.weight", (2, 1), (18, 20)),
        ("layers.1.bias", (3,), (20, 23)),
        ("layers.5.bias", (2,), (23, 25)),
        ("layers.6.bias", (1,), (25, 26)),
        ("layers.0.scale", (4,), (26, 30)),
        ("layers.2.gamma", (3,), (30, 33)),
        ("layers.2.beta", (3,), (33, 36)),
        ("layers.4.scale", (3,), (36, 39)),
    ]
    assert MIXED.n_parameters == 39
    assert n_penalized(MIXED) == 20


@given(
    st.integers(1, 50), st.lists(st.integers(1, 50), max_size=5), st.integers(1, 9), st.booleans()
)
def test_the_parts_fill_the_vector_without_gaps(n_inputs, hidden, n_outputs, batch_norm):
    network = mlp(n_inputs, hidden, n_outputs, batch_norm=batch_norm)
    layout = parameter_layout(network)
    end = 0
    for name, shape, where in layout:
        assert where.start == end
        end = where.stop
        assert end - where.start == np.prod(shape)
        assert name.endswith("weight") == (end <= n_penalized(network))
    assert end == network.n_parameters
    assert len({name for name, _, _ in layout}) == len(layout)


@pytest.mark.checklist(row=84, call="network.parameter_layout(mlp(2, (80,), 1))")
def test_shapes_of_the_two_layer_network():
    shapes = [slot.shape for slot in parameter_layout(mlp(2, (80,), 1, activation="sigmoid"))]
    assert shapes == [(2, 80), (80, 1), (80,), (1,)]


def test_training_starts_with_drawn_weights_and_neutral_rest():
    vector = initial_parameters(MIXED, np.random.default_rng(0), np.float32)
    assert vector.dtype == np.float32
    parts = {name: vector[where] for name, _, where in parameter_layout(MIXED)}
    for name, values in parts.items():
        if name.endswith("weight"):
            assert np.ptp(values) > 0
        else:
            expected = 1.0 if name.endswith(("scale", "gamma")) else 0.0
            assert (values == expected).all()


def test_each_layer_has_its_own_initializer():
    network = Network(200, (Dense(300, "relu", "uniform:5:6"), Dense(3, init="zeros")))
    parts = {
        name: initial_parameters(network, np.random.default_rng(0))[where]
        for name, _, where in parameter_layout(network)
    }
    assert ((parts["layers.0.weight"] >= 5) & (parts["layers.0.weight"] < 6)).all()
    assert not parts["layers.1.weight"].any()


def test_one_seed_starts_alike_in_every_dtype():
    wide, narrow = (
        initial_parameters(MIXED, np.random.default_rng(3), dtype)
        for dtype in (np.float64, np.float32)
    )
    np.testing.assert_array_equal(wide.astype(np.float32), narrow)
