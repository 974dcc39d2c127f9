"""Layers for images: shapes as PyTorch has them, parameters, refusals, JSON."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.network import (
    Activate,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    MaxPool2d,
    Network,
    Pixels,
    Residual,
    initial_parameters,
    initial_running,
    lenet,
    parameter_layout,
    resnet_small,
    running_layout,
    small_cnn,
)
from xent.network.layer_forms import layer_from_json, layer_to_json
from xent.network.presets import preset

SIDES = st.integers(1, 12)


@given(SIDES, SIDES, st.integers(1, 5), st.integers(1, 3), st.integers(0, 2))
def test_a_convolution_has_the_shape_that_pytorch_gives_it(height, width, kernel, stride, padding):
    torch = pytest.importorskip("torch")
    assume(min(height, width) + 2 * padding >= kernel)
    layer = Conv2d(4, kernel, stride, padding)
    own = torch.nn.Conv2d(2, 4, kernel, stride, padding)(torch.zeros(1, 2, height, width))
    assert layer.output_shape((2, height, width)) == tuple(own.shape[1:])


@given(SIDES, SIDES, st.integers(1, 4), st.none() | st.integers(1, 3))
@pytest.mark.parametrize("form", [MaxPool2d, AvgPool2d])
def test_a_pool_has_the_shape_that_pytorch_gives_it(form, height, width, kernel, stride):
    torch = pytest.importorskip("torch")
    assume(min(height, width) >= kernel)
    own = getattr(torch.nn, form.__name__)(kernel, stride)(torch.zeros(1, 3, height, width))
    assert form(kernel, stride).output_shape((3, height, width)) == tuple(own.shape[1:])


def test_an_odd_kernel_keeps_the_size_of_the_image_by_default():
    for kernel in (1, 3, 5, 7):
        assert Conv2d(2, kernel).output_shape((1, 9, 8)) == (2, 9, 8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(0), "n_filters must be a whole number from 1"),
        (lambda: Conv2d(4, 2), "padding must be given for an even kernel"),
        (lambda: Conv2d(4, 3, padding=-1), "padding must be a whole number from 0"),
        (lambda: Conv2d(4, activation="rleu"), "Did you mean 'relu'"),
        (lambda: Conv2d(4, init="he"), "init must be one of"),
        (lambda: MaxPool2d(0), "kernel must be"),
        (lambda: AvgPool2d(2, 0), "stride must be"),
        (lambda: LayerNorm(0.0), "epsilon must be positive"),
        (lambda: Embedding(0, 3), "n_values must be"),
        (lambda: Activate("no"), "activation must be one of"),
        (lambda: Pixels((0.5,), (0.0,)), "sd positive"),
        (lambda: Pixels(0.5, (1.0,)), "mean must hold a number for each channel"),
        (lambda: Pixels((0.5,), (1.0, 1.0)), "of one length"),
        (lambda: Residual(()), "at least one layer"),
        (lambda: Residual((3,)), "layers must hold layers"),
        (lambda: Network((1, 8), (Dense(1),)), "a number of features or"),
        (
            lambda: Network((1, 8, 8), (Dense(1),)),
            r"Put Flatten\(\) or GlobalAvgPool\(\) before it",
        ),
        (lambda: Network(8, (Conv2d(4), Flatten(), Dense(1))), r"rows of shape \(channels, height"),
        (
            lambda: Network((1, 2, 2), (MaxPool2d(3), Flatten(), Dense(1))),
            "does not fit on an image",
        ),
        (lambda: Network((3, 8, 8), (Pixels((0,), (1,)), Flatten(), Dense(1))), "1 channels, and"),
        (
            lambda: Network((1, 8, 8), (Residual((Conv2d(4),)), Flatten(), Dense(1))),
            "must meet in one shape",
        ),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(XentError, match=message):
        make()


def test_blocks_are_not_nested_without_end():
    block = Residual((Dropout(0.1),))
    for _ in range(3):
        block = Residual((block,))
    with pytest.raises(XentError, match="nested deeper than 4"):
        Residual((block,))
    description = layer_to_json(block)
    for _ in range(3):
        description = {"kind": "residual", "layers": [description]}
    with pytest.raises(XentError, match="nested deeper"):
        layer_from_json(description)


LAYERS = [
    Conv2d(4, 5, 2, 1, "leaky_relu:0.2", "he_normal"),
    MaxPool2d(3, 2),
    AvgPool2d(),
    GlobalAvgPool(),
    Flatten(),
    LayerNorm(1e-3),
    Embedding(10, 4),
    Activate("gelu"),
    Pixels((0.1, 0.2, 0.3), (1.0, 0.5, 2.0)),
    Residual((Conv2d(4), BatchNorm()), (Conv2d(4, 1),), "tanh"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_a_layer_survives_json(layer):
    assert layer_from_json(json.loads(json.dumps(layer_to_json(layer)))) == layer


@pytest.mark.parametrize(("make", "shape"), [
    (lenet, (1, 28, 28)), (small_cnn, (3, 32, 32)), (resnet_small, (3, 32, 32)),
])  # fmt: skip
def test_presets_survive_json_and_their_parameters_fill_the_vector(make, shape):
    network = make(shape, 10)
    assert Network.from_json(json.loads(json.dumps(network.to_json()))) == network
    places = sorted((slot.where.start, slot.where.stop) for slot in parameter_layout(network))
    assert places[0][0] == 0
    assert places[-1][1] == network.n_parameters
    assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(places))
    assert len(initial_parameters(network, np.random.default_rng(0))) == network.n_parameters


def test_published_sizes():
    # LeCun et al. (1998) with full connections; He et al. (2016) report 0.27 million for 20 layers
    assert lenet((1, 28, 28), 10).n_parameters == 61_706
    assert resnet_small((3, 32, 32), 10).n_parameters == 273_258


def test_the_layers_of_a_block_have_names_and_running_moments():
    network = resnet_small((3, 8, 8), 2)
    names = {slot.name for slot in parameter_layout(network)}
    assert {
        "layers.6.layers.0.weight",
        "layers.6.shortcut.0.weight",
        "layers.6.shortcut.1.gamma",
    } <= names
    slots = running_layout(network)
    assert [slot.name for slot in slots[:3]] == [
        "layers.1",
        "layers.3.layers.1",
        "layers.3.layers.4",
    ]
    moments = initial_running(network)
    for slot in slots:
        mean, variance = moments[slot.where].reshape(slot.shape)
        assert not mean.any()
        assert (variance == 1).all()


def test_filters_start_with_the_spread_of_their_fans():
    network = Network((64, 8, 8), (Conv2d(64, 3, activation="relu"), Flatten(), Dense(1)))
    slot = parameter_layout(network)[0]
    filters = initial_parameters(network, np.random.default_rng(0))[slot.where]
    assert slot.shape == (64, 64, 3, 3)
    assert filters.std() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


def test_a_preset_by_its_name():
    assert preset("small_cnn", (3, 32, 32), 1, batch_norm=False) == small_cnn(
        (3, 32, 32), 1, batch_norm=False
    )
    with pytest.raises(XentError, match="Did you mean 'lenet'"):
        preset("lenett", (1, 28, 28), 10)
    with pytest.raises(XentError, match="Pool less, or use larger images"):
        preset("small_cnn", (3, 8, 8), 1)


def test_the_summary_shows_images():
    text = lenet((1, 28, 28), 10).summary()
    assert "(n, 1, 28, 28)" in text
    assert "Conv2d(6, 5x5, relu, he_normal)" in text
    assert "61,706" in text
    assert "Residual(Conv2d + BatchNorm" in resnet_small((3, 32, 32), 10).summary()
