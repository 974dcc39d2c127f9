"""The NumPy engine: shapes, gradients by finite differences, predictions by blocks, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical, Gaussian, LabelSmoothing, MultiLabel, Poisson
from xent.engines import NumpyEngine
from xent.errors import XentError
from xent.network import ACTIVATIONS, BatchNorm, Dense, Dropout, Network, Scale, mlp


def make_engine(network, distribution, dtype="float64", seed=0):
    engine = NumpyEngine(network, distribution, dtype)
    engine.init(np.random.default_rng(seed))
    return engine


def targets(distribution, n, rng):
    if isinstance(distribution, (Bernoulli, LabelSmoothing)):
        return rng.integers(0, 2, n).astype(float)
    if isinstance(distribution, Categorical):
        return rng.integers(0, distribution.n_outputs, n)
    if isinstance(distribution, MultiLabel):
        return rng.integers(0, 2, (n, distribution.n_outputs)).astype(float)
    if isinstance(distribution, Poisson):
        return rng.poisson(2.0, n).astype(float)
    return rng.normal(size=n)


def numerical_gradient(engine, X, y, weight, epsilon=1e-6):
    gradient = np.empty_like(engine.parameters)
    for place in range(len(gradient)):
        kept = engine.parameters[place]
        values = []
        for shift in (epsilon, -epsilon):
            engine.parameters[place] = kept + shift
            values.append(engine.loss_and_grad(X, y, weight))
        engine.parameters[place] = kept
        gradient[place] = (values[0] - values[1]) / (2 * epsilon)
    return gradient


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.checklist(
    row=81, call="NumpyEngine.loss_and_grad(X, y)", figure="relative error to finite differences"
)
def test_gradient_equals_finite_differences_for_every_activation(activation):
    rng = np.random.default_rng(1)
    engine = make_engine(mlp(3, (5, 4), 1, activation=activation), Bernoulli())
    X, y = rng.normal(size=(7, 3)), targets(Bernoulli(), 7, rng)
    weight = rng.uniform(0.1, 3, 7)
    expected = numerical_gradient(engine, X, y, weight)
    engine.loss_and_grad(X, y, weight)
    np.testing.assert_allclose(engine.gradient, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "distribution",
    [
        Bernoulli(),
        Categorical(3),
        MultiLabel(4),
        Gaussian(),
        Gaussian(sd=0.7),
        Poisson(),
        LabelSmoothing(Bernoulli(), 0.1),
    ],
    ids=str,
)
def test_gradient_equals_finite_differences_for_every_distribution(distribution):
    rng = np.random.default_rng(2)
    network = Network(3, (Scale(), Dense(6, "tanh"), BatchNorm(), Dense(distribution.n_outputs)))
    engine = make_engine(network, distribution)
    X, y = rng.normal(size=(9, 3)), targets(distribution, 9, rng)
    weight = rng.uniform(0.1, 3, 9)
    expected = numerical_gradient(engine, X, y, weight)
    engine.loss_and_grad(X, y, weight)
    np.testing.assert_allclose(engine.gradient, expected, rtol=2e-6, atol=1e-8)


def test_a_layer_before_the_first_dense_layer_gets_its_gradient():
    rng = np.random.default_rng(3)
    engine = make_engine(Network(4, (BatchNorm(), Scale(), Dense(1))), Bernoulli())
    X, y = rng.normal(2, 3, size=(8, 4)), targets(Bernoulli(), 8, rng)
    expected = numerical_gradient(engine, X, y, None)
    engine.loss_and_grad(X, y)
    np.testing.assert_allclose(engine.gradient, expected, rtol=1e-6, atol=1e-8)
    assert np.abs(expected).max() > 1e-3


def test_a_short_batch_uses_the_buffers_of_a_long_one():
    rng = np.random.default_rng(4)
    engine = make_engine(mlp(3, (5,), 2), Categorical(2))
    X, y = rng.normal(size=(10, 3)), rng.integers(0, 2, 10)
    engine.reserve(10)
    engine.loss_and_grad(X, y)
    loss = engine.loss_and_grad(X[:4], y[:4])
    short = engine.gradient.copy()
    fresh = make_engine(mlp(3, (5,), 2), Categorical(2))
    assert fresh.loss_and_grad(X[:4], y[:4]) == loss
    np.testing.assert_array_equal(short, fresh.gradient)


def test_weights_are_repetitions_also_in_batch_normalization():
    rng = np.random.default_rng(5)
    network = mlp(3, (6,), 1, batch_norm=True, activation="tanh")
    X, y = rng.normal(size=(6, 3)), targets(Bernoulli(), 6, rng)
    times = np.array([1, 2, 3, 1, 2, 4])
    weighted, repeated = make_engine(network, Bernoulli()), make_engine(network, Bernoulli())
    loss = weighted.loss_and_grad(X, y, times.astype(float))
    assert loss == pytest.approx(
        repeated.loss_and_grad(X.repeat(times, axis=0), y.repeat(times)), rel=1e-13
    )
    np.testing.assert_allclose(weighted.gradient, repeated.gradient, rtol=1e-11, atol=1e-14)


def test_prediction_by_blocks_equals_one_by_one_and_leaves_dropout_out():
    engine = make_engine(mlp(3, (50,), 1, dropout=0.5), Bernoulli())
    X = np.random.default_rng(6).normal(size=(2500, 3))
    z = engine.predict(X)
    assert z.shape == (2500, 1)
    np.testing.assert_allclose(z[1030:1033], engine.predict(X[1030:1033]), rtol=1e-12)


@pytest.mark.checklist(
    row=102, call="NumpyEngine.activations(X)", figure="hidden activations of any input"
)
def test_hidden_activations_are_those_of_the_formulas():
    engine = make_engine(
        Network(3, (Dropout(0.2), Dense(5, "sigmoid"), Dropout(0.5), Dense(2))), Categorical(2)
    )
    X = np.random.default_rng(7).normal(size=(1500, 3))
    first, hidden, dropped, z = engine.activations(X)
    views = engine.views(engine.parameters)
    np.testing.assert_array_equal(first, X)
    np.testing.assert_allclose(
        hidden,
        1 / (1 + np.exp(-(X @ views["layers.1.weight"] + views["layers.1.bias"]))),
        rtol=1e-12,
    )
    np.testing.assert_array_equal(dropped, hidden)
    np.testing.assert_array_equal(z, engine.predict(X))


@pytest.mark.checklist(
    row=164,
    call="Network(10, (Dropout(0.2), Dense(1)))",
    figure="kept values times 1.25, zeros where dropped",
)
def test_dropout_keeps_the_mean_and_scales_what_it_keeps():
    engine = make_engine(Network(10, (Dropout(0.2), Dense(1))), Bernoulli())
    X = np.full((20_000, 10), 2.0)
    engine.loss_and_grad(X, np.zeros(len(X)))
    output = engine._training.steps[0].output
    assert set(np.unique(output)) == {0.0, 2.5}
    assert output.mean() == pytest.approx(2, abs=0.01)


def test_running_moments_move_towards_those_of_the_batch():
    engine = make_engine(Network(2, (BatchNorm(momentum=0.1), Dense(1))), Bernoulli())
    X = np.random.default_rng(8).normal([1, -2], [3, 0.5], size=(64, 2))
    for _ in range(400):
        engine.loss_and_grad(X, np.zeros(64))
    np.testing.assert_allclose(engine.running, [*X.mean(0), *X.var(0, ddof=1)], rtol=1e-10)


@pytest.mark.checklist(
    row=164,
    call="NumpyEngine(Network(3, (Dense(5), Scale(), Dropout(0.2), Dense(1))))",
    figure="gradient through the kept units",
)
def test_the_gradient_passes_through_scale_and_the_units_that_were_kept():
    network = Network(3, (Dense(5, "gelu"), Scale(), Dropout(0.4), Dense(1)))
    engine = make_engine(network, Bernoulli())
    rng = np.random.default_rng(12)
    X, y = rng.normal(size=(8, 3)), targets(Bernoulli(), 8, rng)
    state = engine.dropout_generator.bit_generator.state

    def loss_and_grad():
        engine.dropout_generator.bit_generator.state = state  # the same units again
        return engine.loss_and_grad(X, y)

    loss_and_grad()
    gradient = engine.gradient.copy()
    for place in range(len(gradient)):
        kept = engine.parameters[place]
        values = []
        for shift in (1e-6, -1e-6):
            engine.parameters[place] = kept + shift
            values.append(loss_and_grad())
        engine.parameters[place] = kept
        assert gradient[place] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-5, abs=1e-9)


def test_state_goes_to_another_engine_and_back():
    one, other = (
        make_engine(mlp(3, (4,), 1, batch_norm=True), Bernoulli(), seed=s) for s in (0, 1)
    )
    X = np.random.default_rng(9).normal(size=(5, 3))
    one.loss_and_grad(X, np.zeros(5))
    other.load_state(one.state())
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


def test_what_does_not_fit_is_refused():
    engine = make_engine(mlp(3, (4,), 1), Bernoulli())
    with pytest.raises(XentError, match=r"X must have shape \(n, 3\), got \(2, 4\)"):
        engine.predict(np.zeros((2, 4)))
    with pytest.raises(XentError, match="must end in 3 outputs"):
        NumpyEngine(mlp(3, (4,), 1), Categorical(3))
    with pytest.raises(XentError, match="parameters must have shape"):
        engine.load_state({"parameters": np.zeros(3), "running": np.zeros(0)})
