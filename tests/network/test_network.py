from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.network import BatchNorm, Dense, Dropout, Network, Scale, mlp

PHISHING = (
    "Layer                                  Output      Parameters\n"
    "-------------------------------------------------------------\n"
    "Input                                  (n, 30)              0\n"
    "Dense(100, sigmoid, glorot_uniform)    (n, 100)         3,100\n"
    "Dense(100, sigmoid, glorot_uniform)    (n, 100)        10,100\n"
    "Dense(1, identity, glorot_uniform)     (n, 1)             101\n"
    "-------------------------------------------------------------\n"
    "Total                                                  13,301"
)


@pytest.mark.checklist(row=6, call="network.mlp(30, (100, 100), 1).n_parameters", figure="13,301")
def test_the_phishing_network_has_13_301_parameters():
    network = mlp(30, (100, 100), 1, activation="sigmoid")
    assert network.n_parameters == 13_301
    assert network.summary() == PHISHING


@pytest.mark.checklist(
    row=112, call="network.mlp(784, (1024, 1024), 10).n_parameters", figure="1,863,690"
)
def test_the_digit_network_has_1_863_690_parameters():
    network = mlp(784, (1024, 1024), 10, activation="sigmoid", init="uniform:-0.3:0.3")
    assert network.n_parameters == 1_863_690
    assert network.sizes == (784, 1024, 1024, 10)
    assert network.summary().splitlines()[-1].split() == ["Total", "1,863,690"]


def test_mlp_puts_normalization_before_dropout():
    network = mlp(4, [8, 6], 3, activation="elu", dropout=0.25, batch_norm=True, init="zeros")
    assert network == Network(
        4,
        (
            Dense(8, "elu", "zeros"),
            BatchNorm(),
            Dropout(0.25),
            Dense(6, "elu", "zeros"),
            BatchNorm(),
            Dropout(0.25),
            Dense(3, "identity", "zeros"),
        ),
    )
    assert network.n_outputs == 3
    assert network.sizes == (4, 8, 8, 8, 6, 6, 6, 3)


def test_without_hidden_layers_it_is_linear():
    assert mlp(5, (), 2).layers == (Dense(2),)


def test_every_kind_of_layer_is_counted():
    network = Network(7, (Scale(), Dense(5, "relu"), BatchNorm(), Dropout(0.1), Dense(2)))
    assert network.n_parameters == 7 + (7 * 5 + 5) + 2 * 5 + 0 + (5 * 2 + 2)
    text = network.summary()
    for label in ("Scale()", "BatchNorm(momentum=0.1, epsilon=1e-05)", "Dropout(rate=0.1)"):
        assert label in text


def test_layers_may_come_as_a_list_and_are_frozen_all_the_same():
    network = Network(2, [Dense(3, "tanh"), Dense(1)])
    assert network == Network(2, (Dense(3, "tanh"), Dense(1)))
    assert hash(network) == hash(Network(2, (Dense(3, "tanh"), Dense(1))))


@given(
    st.integers(1, 1000),
    st.lists(st.integers(1, 1000), max_size=4),
    st.integers(1, 100),
    st.sampled_from(["relu", "gelu", "leaky_relu:0.2"]),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
)
def test_a_network_survives_json(n_inputs, hidden, n_outputs, activation, rate, batch_norm):
    network = mlp(
        n_inputs, hidden, n_outputs, activation=activation, dropout=rate, batch_norm=batch_norm
    )
    assert Network.from_json(json.loads(json.dumps(network.to_json()))) == network


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network(0, (Dense(1),)), "n_inputs must be a whole number"),
        (lambda: Network(3, ()), "layers must hold 1 to 10,000 layers, got 0"),
        (lambda: Network(3, Dense(1)), "expected several layers, got Dense"),
        (
            lambda: Network(3, (Dense,)),
            r"layers must hold layers \(Dense, Dropout, .*Residual\), got",
        ),
        (lambda: Network(3, (Dense(1), Dropout(0.5))), "the last layer must be Dense"),
        (lambda: Network(3, (Dense(1, "sigmoid"),)), "A network ends in logits"),
        (lambda: Network(3, (Dense(1),) * 10_001), "got 10001"),
        (lambda: mlp(3, 100, 1), r"For a single one write \(100,\)"),
        (lambda: mlp(3, (100,), 0), "n_units must be a whole number"),
    ],
)
def test_networks_that_cannot_be_are_refused(make, message):
    with pytest.raises(XentError, match=message):
        make()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("network", "a network must be a JSON object, got str"),
        ({"n_inputs": 3}, "layers of a network must be a JSON array, got NoneType"),
        ({"n_inputs": 3, "layers": {}}, "layers of a network must be a JSON array, got dict"),
        ({"n_inputs": 3, "layers": [3]}, "a layer must be a JSON object, got int"),
        ({"layers": [{"kind": "dense", "n_units": 1}]}, "n_inputs must be a whole number"),
        (
            {"n_inputs": 10**30, "layers": [{"kind": "dense", "n_units": 1}]},
            "n_inputs must be a whole number",
        ),
        ({"inputs": 3, "layers": []}, "Did you mean 'n_inputs'"),
    ],
)
def test_hostile_descriptions_are_refused(description, message):
    with pytest.raises(XentError, match=message):
        Network.from_json(description)
