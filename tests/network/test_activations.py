from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.network import (
    ACTIVATIONS,
    activation_named,
    elu,
    gelu,
    identity,
    leaky_relu,
    mish,
    relu,
    selu,
    sigmoid,
    softplus,
    tanh,
)
from xent.network.rectifiers import LeakyRelu

FORMS = [*ACTIVATIONS.values(), LeakyRelu(0.2)]
BY_NAME = pytest.mark.parametrize("f", FORMS, ids=lambda f: f.name)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])

mpmath.mp.dps = 60
SELU_SCALE, SELU_ALPHA = (
    mpmath.mpf("1.0507009873554804934193349852946"),
    mpmath.mpf("1.6732632423543772848170429916717"),
)


def _mish_terms(z: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    gate = mpmath.tanh(mpmath.log1p(mpmath.exp(z)))
    return gate, z * (1 - gate**2) / (1 + mpmath.exp(-z))


# name: (value, terms of the derivative), exactly
EXACT = {
    "identity": (lambda z: z, lambda _: [1]),
    "sigmoid": (
        lambda z: 1 / (1 + mpmath.exp(-z)),
        lambda z: [mpmath.exp(-z) / (1 + mpmath.exp(-z)) ** 2],
    ),
    "tanh": (mpmath.tanh, lambda z: [mpmath.sech(z) ** 2]),
    "relu": (lambda z: max(z, mpmath.mpf(0)), lambda z: [1 if z > 0 else 0]),
    "leaky_relu": (
        lambda z: z if z > 0 else z * mpmath.mpf(0.01),
        lambda z: [1 if z > 0 else mpmath.mpf(0.01)],
    ),
    "leaky_relu:0.2": (
        lambda z: z if z > 0 else z * mpmath.mpf(0.2),
        lambda z: [1 if z > 0 else mpmath.mpf(0.2)],
    ),
    "elu": (
        lambda z: z if z > 0 else mpmath.expm1(z),
        lambda z: [1 if z > 0 else mpmath.exp(z)],
    ),
    "selu": (
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mpmath.expm1(z)),
        lambda z: [SELU_SCALE * (1 if z > 0 else SELU_ALPHA * mpmath.exp(z))],
    ),
    "gelu": (
        lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
        lambda z: [mpmath.erfc(-z / mpmath.sqrt(2)) / 2, z * mpmath.npdf(z)],
    ),
    "mish": (lambda z: z * _mish_terms(z)[0], _mish_terms),
    "softplus": (lambda z: mpmath.log1p(mpmath.exp(z)), lambda z: [1 / (1 + mpmath.exp(-z))]),
}


def _grid(dtype: type) -> np.ndarray:
    rng = np.random.default_rng(7)
    sizes = 10.0 ** np.concatenate([rng.uniform(-30, 2.5, 300), np.linspace(-3, 2, 150)])
    near = np.concatenate([np.linspace(-6, 6, 121), [0.0]])
    return np.concatenate([sizes, -sizes, near]).astype(dtype)


def _ulps(measured: np.floating, true: mpmath.mpf, scale: mpmath.mpf, dtype: type) -> float:
    """Return the error in spacings of the dtype at `scale`; below the normal range all is one."""
    info = np.finfo(dtype)
    spacing = max(float(abs(scale)), float(info.tiny))
    unit = mpmath.mpf(2) ** (np.frexp(spacing)[1] - 1) * mpmath.mpf(float(info.eps))
    error = abs(mpmath.mpf(float(measured)) - true)
    if abs(true) < info.tiny and error <= info.tiny:
        return 0.0
    return float(error / unit)


@DTYPES
@BY_NAME
def test_value_and_derivative_are_within_a_few_ulp_of_the_exact_ones(f, dtype):
    limit = 6 if f is gelu else 3  # gelu's tail is a product of four rounded factors
    z = _grid(dtype)
    values, slopes = f(z), f.derivative(z)
    assert values.dtype == slopes.dtype == dtype
    assert values.shape == slopes.shape == z.shape
    exact, terms = EXACT[f.name]
    for z_i, value, slope in zip(z, values, slopes, strict=True):
        x = mpmath.mpf(float(z_i))
        true = exact(x)
        assert _ulps(value, true, true, dtype) <= limit, (z_i, value, true)
        # where two terms cancel (gelu near -0.75, mish near -1.19), the larger one sets the spacing
        parts = terms(x)
        assert _ulps(slope, sum(parts), max(map(abs, parts)), dtype) <= limit, (
            z_i,
            slope,
            sum(parts),
        )


@DTYPES
@BY_NAME
def test_the_largest_numbers_are_silent(f, dtype):
    largest = float(np.finfo(dtype).max)
    z = np.array([-largest, -1e30, -1e4, 1e4, 1e30, largest], dtype)
    values, slopes = f(z), f.derivative(z)
    assert not np.isnan(values).any()
    assert np.isfinite(slopes).all()
    in_range = values if f is not selu else values[:-1]  # selu of the largest number is beyond it
    assert np.isfinite(in_range).all()


@BY_NAME
def test_infinity_gives_the_limit(f):
    below, above = f(np.array([-np.inf, np.inf]))
    assert above == (1.0 if f in (sigmoid, tanh) else np.inf)
    limits = {
        "sigmoid": 0.0,
        "tanh": -1.0,
        "relu": 0.0,
        "elu": -1.0,
        "gelu": 0.0,
        "mish": 0.0,
        "softplus": 0.0,
    }
    if f is selu:
        assert below == pytest.approx(-float(SELU_SCALE * SELU_ALPHA), rel=1e-15)
    else:
        assert below == limits.get(f.name, -np.inf)
    assert np.isfinite(f.derivative(np.array([-np.inf, np.inf]))).all()


@BY_NAME
def test_nan_stays_nan(f):
    assert np.isnan(f(np.nan))
    if f is not identity:
        assert np.isnan(f.derivative(np.nan))


@BY_NAME
def test_scalars_lists_integers_and_empty_arrays_are_taken(f):
    assert f(1).dtype == np.float64
    assert f(1) == f(1.0) == f([1.0])[0]
    assert f(np.zeros((0, 3))).shape == (0, 3)
    assert f(np.float16(0.5)).dtype == np.float16
    assert f(np.ones((2, 3), np.int32)).shape == (2, 3)


@pytest.mark.parametrize("z", [["a"], 1j, None])
def test_what_is_no_real_number_is_refused(z):
    with pytest.raises(XentError, match="z must hold real numbers, got an array of"):
        relu(z)


@BY_NAME
def test_the_given_array_is_left_alone(f):
    z = np.linspace(-2, 2, 9)
    before = z.copy()
    value = f(z)
    value[...] = 99.0
    np.testing.assert_array_equal(z, before)


@given(st.floats(-40, 40), st.sampled_from(FORMS))
def test_derivative_is_the_limit_of_differences(z, f):
    h = 1e-6 * max(1.0, abs(z))
    if f.name.startswith(("relu", "leaky", "elu", "selu")) and abs(z) <= h:
        return  # the kink
    difference = (f(z + h) - f(z - h)) / (2 * h)
    assert f.derivative(z) == pytest.approx(difference, abs=2e-8, rel=1e-6)


# ---------------------------------------------------------------- the forms of training loops


def _in_place(f, z):
    """Return activation and derivative by `forward` and `backward`."""
    pre = z.copy() if f.needs_input else None
    a = np.empty_like(z) if f.needs_input else z.copy()
    scratch = np.full_like(z, np.nan)
    f.forward(a if pre is None else pre, a, scratch)
    if pre is not None:
        np.testing.assert_array_equal(pre, z)
    delta = np.ones_like(z)
    kept = a.copy()
    f.backward(pre, a, delta, np.full_like(z, np.nan))
    np.testing.assert_array_equal(a, kept)
    return a, delta


@DTYPES
@BY_NAME
def test_in_place_forms_agree_with_the_plain_ones(f, dtype):
    rng = np.random.default_rng(3)
    z = np.concatenate([rng.normal(0, 4, (350, 99)), np.zeros((350, 1))], axis=1).astype(dtype)
    a, slope = _in_place(f, z)
    unit = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(a, f(z), rtol=unit, atol=unit)
    np.testing.assert_allclose(slope, f.derivative(z), rtol=unit, atol=2 * unit)


@DTYPES
@BY_NAME
def test_in_place_forms_are_silent_at_the_ends(f, dtype):
    largest = float(np.finfo(dtype).max)
    ends = [-np.inf, -largest, -1e4, -104.0, -0.0, 0.0, 104.0, 1e4, largest, np.inf]
    z = np.array([ends], dtype)
    a, slope = _in_place(f, z)
    assert not np.isnan(a).any()
    assert np.isfinite(a[:, 1:-1]).all()
    np.testing.assert_allclose(slope, f.derivative(z), atol=1e-6)


@DTYPES
@BY_NAME
def test_in_place_forms_write_into_parts_of_larger_buffers(f, dtype):
    rng = np.random.default_rng(5)
    z = rng.normal(size=(40, 7)).astype(dtype)
    buffer, scratch = np.full((64, 7), 99.0, dtype), np.empty((64, 7), dtype)
    f.forward(z.copy(), buffer[:40], scratch[:40])
    np.testing.assert_allclose(buffer[:40], f(z), atol=1e-6)
    assert (buffer[40:] == 99.0).all()


@DTYPES
@BY_NAME
def test_in_place_derivative_multiplies_what_came(f, dtype):
    rng = np.random.default_rng(6)
    z, delta = rng.normal(size=(2, 30, 5)).astype(dtype)
    product = delta.copy()
    a = f(z)
    f.backward(z if f.needs_input else None, a, product, np.empty_like(z))
    np.testing.assert_allclose(product, delta * f.derivative(z), atol=2e-6)


def test_no_gradient_is_lost_to_a_leak_of_the_mask():
    # (1 - slope) + slope must be 1 exactly, for every slope and dtype
    for slope in np.random.default_rng(0).uniform(1e-6, 1, 200):
        for dtype in (np.float32, np.float64):
            delta = np.ones((1, 1), dtype)
            one = np.ones_like(delta)
            LeakyRelu(float(slope)).backward(None, one, delta, np.empty_like(delta))
            assert delta[0, 0] == 1.0


@pytest.mark.parametrize("f", [gelu, mish])
def test_backward_says_what_is_missing(f):
    a = np.zeros((2, 2))
    with pytest.raises(TypeError, match="needs the pre-activation z"):
        f.backward(None, a, a.copy(), a.copy())


# ---------------------------------------------------------------- names


@BY_NAME
def test_every_name_makes_its_activation_again(f):
    assert activation_named(f.name) == f


def test_the_ten_of_the_field_are_there():
    expected = {"sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "mish", "softplus"}
    assert set(ACTIVATIONS) == expected | {"identity"}
    needing_input = {name for name, f in ACTIVATIONS.items() if f.needs_input}
    assert needing_input == {"gelu", "mish"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rellu", "Did you mean 'relu'"),
        ("sigmoid:2", "activation must be one of sigmoid"),
        ("leaky_relu:", "the slope must be a number between 0 and 1, got ''"),
        ("leaky_relu:x", "the slope must be a number between 0 and 1, got 'x'"),
        ("leaky_relu:1.5", "the slope must be a number between 0 and 1, got '1.5'"),
        ("leaky_relu:nan", "the slope must be a number between 0 and 1, got 'nan'"),
        (None, "got None"),
        (["relu"], "got "),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(name, message):
    with pytest.raises(XentError, match=message):
        activation_named(name)


@pytest.mark.parametrize("slope", [0.0, 1.0, -0.1, float("nan")])
def test_slopes_that_are_no_leak_are_refused(slope):
    with pytest.raises(XentError, match="A slope of 0 is relu"):
        LeakyRelu(slope)


# ---------------------------------------------------------------- the checklist


@pytest.mark.checklist(row=173, call="network.sigmoid(z), .derivative(z)")
def test_sigmoid_lies_in_0_to_1_and_its_derivative_reaches_a_quarter():
    z = np.linspace(-30, 30, 601)
    assert ((sigmoid(z) > 0) & (sigmoid(z) < 1)).all()
    slope = sigmoid.derivative(z)
    assert ((slope > 0) & (slope <= 0.25)).all()
    assert sigmoid.derivative(0.0) == 0.25
    assert z[np.argmax(slope)] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.checklist(row=174, call="network.sigmoid(z)")
def test_sigmoid_of_the_ten_sample_values():
    z = [-0.0901, 1.11, -0.633, 0.326, -0.747, -0.838, 0.189, -0.415, -0.549, 1.11e-4]
    expected = [0.4775, 0.7521, 0.3468, 0.5808, 0.3215, 0.3020, 0.5471, 0.3977, 0.3661, 0.5000]
    np.testing.assert_allclose(sigmoid(z), expected, atol=5.1e-5)
    # The inputs are printed to three digits; the sixth is misprinted, 0.3034 belongs to -0.831.
    printed = [0.4775, 0.7525, 0.3467, 0.5810, 0.3214, 0.3020, 0.5473, 0.3977, 0.3661, 0.5000]
    np.testing.assert_allclose(sigmoid(z), printed, atol=4e-4)
    assert sigmoid(-0.831) == pytest.approx(0.3034, abs=5e-5)


@pytest.mark.checklist(row=175, call="network.tanh(z), .derivative(z)")
def test_tanh_lies_in_minus_1_to_1_and_is_a_stretched_sigmoid():
    z = np.linspace(-15, 15, 301)
    assert (np.abs(tanh(z)) < 1).all()
    slope = tanh.derivative(z)
    assert ((slope > 0) & (slope <= 1)).all()
    np.testing.assert_allclose(tanh(z), 2 * sigmoid(2 * z) - 1, atol=1e-15)


@pytest.mark.checklist(row=176, call="network.tanh(z)")
def test_tanh_of_the_ten_sample_values():
    z = [-0.2107, 0.3643, 0.3670, 0.3385, 0.7338, 1.0832, -0.3375, 2.1993, -1.1353, 0.9691]
    expected = [-0.2076, 0.3490, 0.3514, 0.3261, 0.6254, 0.7944, -0.3253, 0.9757, -0.8128, 0.7483]
    np.testing.assert_allclose(tanh(z), expected, atol=1e-4)


@pytest.mark.checklist(row=177, call="network.relu(z), .derivative(z)")
def test_relu_and_its_derivative():
    np.testing.assert_array_equal(relu([-2.0, 0.0, 3.0]), [0.0, 0.0, 3.0])
    np.testing.assert_array_equal(relu.derivative([-2.0, 0.0, 3.0]), [0.0, 0.0, 1.0])


@pytest.mark.checklist(row=178, call="network.relu(z)")
def test_relu_of_the_ten_sample_values():
    z = [0.4586, -2.1994, 0.6357, -1.7937, 0.1907, 1.1383, 0.9027, 1.8619, -0.9388, -0.1586]
    expected = [0.4586, 0, 0.6357, 0, 0.1907, 1.1383, 0.9027, 1.8619, 0, 0]
    np.testing.assert_array_equal(relu(z), expected)
    assert not np.signbit(relu(z)).any()


@pytest.mark.checklist(row=179, call="network.activation_named('leaky_relu:0.2')")
def test_leaky_relu_has_the_derivative_plus_gamma():
    f = activation_named("leaky_relu:0.2")
    np.testing.assert_array_equal(f.derivative([-3.0, 0.0, 2.0]), [0.2, 0.2, 1.0])
    np.testing.assert_allclose(f([-3.0, 0.0, 2.0]), [-0.6, 0.0, 2.0], rtol=1e-15)
    assert leaky_relu.slope == 0.01


@pytest.mark.checklist(row=180, call="network.activation_named('leaky_relu:0.2')(z)")
def test_leaky_relu_of_the_ten_sample_values():
    z = [-0.0888, -0.5845, -0.8447, -0.9255, 1.1864, 0.7030, -0.2215, -0.7323, 1.4960, 0.7068]
    expected = [-0.0178, -0.1169, -0.1689, -0.1851, 1.1864, 0.7030, -0.0443, -0.1465, 1.4960]
    np.testing.assert_allclose(
        activation_named("leaky_relu:0.2")(z), [*expected, 0.7068], atol=5e-5
    )


@pytest.mark.checklist(row=181, call="network.ACTIVATIONS, Dense(1, name)")
def test_each_activation_is_a_function_and_a_layer():
    from xent.network import Dense

    for name, f in ACTIVATIONS.items():
        assert Dense(3, name).function is f
    # saturation: no gradient is left far out; a dead unit gets none at all
    assert sigmoid.derivative(40.0) < 1e-17
    assert tanh.derivative(-40.0) < 1e-34
    assert relu.derivative(-1e-9) == 0.0
    # naive forms are NaN here: x (x >= 0), (e^z - e^-z) / (e^z + e^-z)
    for z in (-1e308, 1e308):
        assert np.isfinite([f(z) for f in (sigmoid, tanh, relu, leaky_relu, elu, gelu, mish)]).all()
        assert np.isfinite([softplus(z), identity(z)]).all()
