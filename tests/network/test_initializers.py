from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.network import INITIALIZERS, default_initializer, initialize, parse_initializer

SHAPE = (300, 500)
VARIANCES = {"glorot": 2 / 800, "he": 2 / 300, "lecun": 1 / 300}


def _draw(name: str, dtype: type = np.float64) -> np.ndarray:
    return initialize(name, SHAPE, np.random.default_rng(0), dtype)


@pytest.mark.parametrize("family", VARIANCES)
@pytest.mark.parametrize("form", ["normal", "uniform"])
def test_variances_are_those_of_the_papers(family, form):
    weights = _draw(f"{family}_{form}")
    assert weights.shape == SHAPE
    assert weights.mean() == pytest.approx(0.0, abs=5e-4)
    assert weights.var() == pytest.approx(VARIANCES[family], rel=0.02)
    bound = math.sqrt(3 * VARIANCES[family])
    outside = np.abs(weights) > bound
    assert outside.any() == (form == "normal")


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("uniform", -0.05, 0.05),
        ("uniform:0.3", -0.3, 0.3),
        ("uniform:-0.3:0.3", -0.3, 0.3),
        ("uniform:0:1", 0.0, 1.0),
    ],
)
def test_uniform_fills_its_interval(name, low, high):
    weights = _draw(name)
    span = high - low
    assert low <= weights.min() < low + 1e-3 * span
    assert high - 1e-3 * span < weights.max() < high


def test_normal_has_the_standard_deviation_that_was_asked():
    assert _draw("normal:0.2").std() == pytest.approx(0.2, rel=0.01)
    assert _draw("normal").std() == pytest.approx(0.05, rel=0.01)
    assert not _draw("zeros").any()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_dtype_starts_from_the_same_numbers(name):
    narrow, wide = _draw(name, np.float32), _draw(name)
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))
    np.testing.assert_array_equal(wide, _draw(name))


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", "he_normal"),
        ("leaky_relu:0.3", "he_normal"),
        ("mish", "he_normal"),
        ("selu", "lecun_normal"),
        ("tanh", "glorot_uniform"),
        ("identity", "glorot_uniform"),
    ],
)
def test_the_default_suits_the_activation(activation, expected):
    assert default_initializer(activation) == expected


def test_signals_keep_their_size_through_twenty_layers():
    # what the defaults are for: the variance of the activations neither vanishes nor explodes
    from xent.network import relu, selu

    rng = np.random.default_rng(1)
    for f, name in ((relu, "he_normal"), (selu, "lecun_normal")):
        a = rng.normal(size=(200, 256))
        for _ in range(20):
            a = f(a @ initialize(name, (256, 256), rng))
        assert 0.1 < np.sqrt(np.mean(a**2)) < 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("he_norml", "Did you mean 'he_normal'"),
        ("Uniform:1", "Did you mean 'uniform'"),
        ("uniform:1:0", "lower end below its upper end"),
        ("uniform:-0.3", "lower end below its upper end"),
        ("uniform:a:b", "An example: uniform:-0.3:0.3"),
        ("uniform:0:1:2", "An example: uniform:-0.3:0.3"),
        ("uniform:0:inf", "An example: uniform:-0.3:0.3"),
        ("uniform:", "An example: uniform:-0.3:0.3"),
        ("normal:-1", "positive standard deviation"),
        ("normal:0", "Use zeros"),
        ("he_normal:2", "a name without numbers"),
        (3, "got 3"),
        (["zeros"], "init must be one of"),
    ],
)
def test_names_that_mean_nothing_are_refused(name, message):
    with pytest.raises(XentError, match=message):
        parse_initializer(name)


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_numbers_in_a_name_are_read_exactly(low, width):
    assert parse_initializer(f"uniform:{low!r}:{low + width!r}").numbers == (low, low + width)
