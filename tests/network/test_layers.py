from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.network import ACTIVATIONS, INITIALIZERS, BatchNorm, Dense, Dropout, Scale
from xent.network.layer_forms import layer_from_json, layer_to_json

LAYERS = st.one_of(
    st.builds(
        Dense,
        st.integers(1, 2**24),
        st.sampled_from([*ACTIVATIONS, "leaky_relu:0.2"]),
        st.sampled_from([None, "uniform:-0.3:0.3", *INITIALIZERS]),
    ),
    st.builds(Dropout, st.floats(0, 1, exclude_max=True)),
    st.builds(BatchNorm, st.floats(0, 1, exclude_min=True), st.floats(1e-12, 1)),
    st.just(Scale()),
)


@given(LAYERS)
def test_a_layer_survives_json(layer):
    assert layer_from_json(json.loads(json.dumps(layer_to_json(layer)))) == layer


@given(LAYERS)
def test_a_layer_prints_as_what_makes_it_and_is_frozen(layer):
    assert eval(repr(layer)) == layer
    assert hash(layer) == hash(dataclasses.replace(layer))
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        layer.rate = 0.5


def test_the_initializer_in_force():
    assert Dense(3, "relu").initializer == "he_normal"
    assert Dense(3, "relu", "zeros").initializer == "zeros"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(0), "n_units must be a whole number from 1 to 16,777,216, got 0"),
        (lambda: Dense(2.5), "got 2.5"),
        (lambda: Dense(True), "got True"),
        (lambda: Dense(2**24 + 1), "got 16777217"),
        (lambda: Dense(3, "rellu"), "Did you mean 'relu'"),
        (lambda: Dense(3, init="he"), "init must be one of"),
        (lambda: Dropout(1.0), r"rate must be in \[0, 1\), got 1.0"),
        (lambda: Dropout(-0.1), r"rate must be in \[0, 1\), got -0.1"),
        (lambda: Dropout("0.5"), "rate must be a finite number, got '0.5'"),
        (lambda: Dropout(float("nan")), "rate must be a finite number, got nan"),
        (lambda: BatchNorm(momentum=0.0), "momentum must be above 0 and at most 1"),
        (lambda: BatchNorm(momentum=1.5), "momentum must be above 0 and at most 1"),
        (lambda: BatchNorm(epsilon=0.0), "epsilon must be positive"),
        (lambda: BatchNorm(epsilon=True), "epsilon must be a finite number"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(XentError, match=message):
        make()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ([], "a layer must be a JSON object, got list"),
        (None, "a layer must be a JSON object, got NoneType"),
        ({}, "kind of a layer must be one of dense, .*, got None"),
        ({"kind": "dence"}, "Did you mean 'dense'"),
        ({"kind": ["dense"]}, "the kind of a layer"),
        ({"kind": "dense"}, "a dense layer needs n_units, activation, init, got none of them"),
        (
            {"kind": "dense", "activation": "relu"},
            "needs n_units, activation, init, got activation",
        ),
        ({"kind": "dense", "n_units": 3, "units": 3}, "Did you mean 'n_units'"),
        ({"kind": "dense", "n_units": "3"}, "n_units must be a whole number"),
        ({"kind": "dense", "n_units": 3, "activation": None}, "activation must be one of"),
        ({"kind": "dense", "n_units": 3, "activation": {}}, "activation must be one of"),
        ({"kind": "dense", "n_units": 3, "init": 7}, "init must be one of"),
        ({"kind": "scale", "n": 3}, "a scale layer has nothing but its kind; got 'n'"),
        ({"kind": "dropout", "rate": None}, "rate must be a finite number"),
        ({"kind": "dropout", "rate": 10**400}, "rate must be"),
    ],
)
def test_hostile_descriptions_are_refused(description, message):
    with pytest.raises(XentError, match=message):
        layer_from_json(description)


def test_the_description_is_not_changed_by_reading_it():
    description = {"kind": "dense", "n_units": 3}
    layer_from_json(description)
    assert description == {"kind": "dense", "n_units": 3}
