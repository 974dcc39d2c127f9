"""Worked examples of the second text: lines, a trapezoid, gradient checks, digits.

Half the mean squared error of the text is Gaussian(sd=1)'s log loss less its constant, ln(2 pi)/2.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from xent.data import batch_bounds, n_batches, one_vs_rest, read_idx, unit_scale
from xent.distributions import Bernoulli, Categorical, Gaussian
from xent.engines import NumpyEngine
from xent.evaluation import accuracy, confusion_matrix, mse, r2, rmse
from xent.network import mlp
from xent.training import Callback, Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
PLAIN = TrainingSettings(
    hidden=(),
    init="zeros",
    optimizer="sgd",
    schedule="constant",
    weight_decay=0.0,
    batch_size=None,
    early_stopping=False,
)


def fitted(X, y, distribution, task="regression", callbacks=(), seed=0, start=None, **changes):
    """Return a trainer after training; `start` gives parameters by name instead of drawn ones."""
    trainer = make_trainer(
        dataclasses.replace(PLAIN, **changes),
        task=task,
        distribution=distribution,
        training=Part(X, y),
        validation=None,
        seed=seed,
        callbacks=callbacks,
    )
    for name, values in (start or {}).items():
        trainer.engine.views(trainer.engine.parameters)[name][:] = values
    run_trainer(trainer)
    return trainer


@pytest.fixture(scope="module")
def houses():
    rng = np.random.RandomState(20)
    x = rng.randn(100, 1) + 5
    return x, (2.8 * x - rng.randn(100, 1))[:, 0]


@pytest.fixture(scope="module")
def trapezoids():
    rng = np.random.RandomState(20)
    x1, x2 = rng.uniform(0.5, 1.5, 50), rng.uniform(0.5, 1.5, 50)
    return np.column_stack([x1, x2]), 0.5 * (x1 + x2) * x1


@pytest.mark.checklist(
    row=64, call="Gaussian(sd=1.0).nll(z, y)", figure="half MSE 0.8333, MSE 1.6667, sum 5"
)
def test_half_mean_square_and_its_reductions():
    y, z = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.0])
    losses = Gaussian(sd=1.0).nll(z, y) - HALF_LOG_2PI
    assert losses.mean() == pytest.approx(0.8333, abs=5e-5)
    assert mse(y, predictions=z) == pytest.approx(1.6667, abs=5e-5)
    assert 2 * losses.sum() == pytest.approx(5)


@pytest.mark.checklist(
    row=61,
    call="mse(y, predictions=z) of the house and trapezoid data",
    figure="the data that the figures draw",
)
@pytest.mark.checklist(
    row=65,
    call="fit of the house data to convergence",
    figure="w 2.876444, b -0.464747, MSE 0.993378",
)
def test_least_squares_on_the_house_data(houses):
    X, y = houses
    np.testing.assert_allclose(X[:3, 0], [5.88389, 5.19587, 5.35754], atol=5e-6)
    np.testing.assert_allclose(y[:3], [17.00698, 13.42266, 14.78244], atol=5e-6)
    mean = X.mean()
    trainer = fitted(X - mean, y, Gaussian(sd=1.0), learning_rate=0.5, epochs=200, dtype="float64")
    weight, bias = trainer.engine.parameters
    assert weight == pytest.approx(2.876444, abs=5e-6)
    assert bias - weight * mean == pytest.approx(-0.464747, abs=5e-6)
    assert mse(y, predictions=trainer.engine.predict(X - mean)[:, 0]) == pytest.approx(
        0.993378, abs=5e-6
    )


@pytest.mark.checklist(row=67, call="the fitted line of row 66", figure="w 2.685404, b 0.508929")
@pytest.mark.checklist(
    row=66,
    call="SGD, learning rate 0.003, 40 epochs from 0",
    figure="w 2.685404, b 0.508929, MSE 1.036197",
)
def test_forty_steps_of_gradient_descent_on_the_house_data(houses):
    X, y = houses
    # the text's objective has the mean of squares, twice the gradient of half of it
    trainer = fitted(X, y, Gaussian(sd=1.0), learning_rate=0.006, epochs=40)
    weight, bias = trainer.engine.parameters
    assert weight == pytest.approx(2.685404, abs=5e-6)
    assert bias == pytest.approx(0.508929, abs=5e-6)
    assert mse(y, predictions=trainer.engine.predict(X)[:, 0]) == pytest.approx(1.036197, abs=5e-6)


@pytest.mark.checklist(
    row=68, call="fit of a line to the trapezoid data", figure="MSE 0.0023958, R2 0.98766"
)
def test_a_line_on_the_trapezoid_data(trapezoids):
    X, y = trapezoids
    np.testing.assert_allclose(
        y[:5], [1.26355453, 1.61181353, 1.85784565, 1.7236208, 0.48818497], atol=5e-9
    )
    trainer = fitted(X - X.mean(0), y, Gaussian(sd=1.0), learning_rate=1.5, epochs=4000)
    z = trainer.engine.predict(X - X.mean(0))[:, 0]
    assert mse(y, predictions=z) == pytest.approx(0.0023958, abs=5e-7)
    assert r2(y, predictions=z) == pytest.approx(0.98766, abs=5e-6)


@pytest.mark.checklist(
    row=70, call="history['loss'] of row 69", figure="flat after about 800 of 1000 steps"
)
@pytest.mark.checklist(
    row=69, call="2-80-1 sigmoid, adam, 1000 steps, learning rate 0.125", figure="MSE 4e-5 to 2e-4"
)
def test_the_trapezoid_network_learns_more_than_a_line(trapezoids):
    """The source's weights and biases start uniform within 1/sqrt(fan-in)."""
    X, y = trapezoids
    rng = np.random.default_rng(0)
    bounds = {
        "layers.0.weight": (2, 80),
        "layers.0.bias": (2,),
        "layers.1.weight": (80, 1),
        "layers.1.bias": (80,),
    }
    shapes = {
        "layers.0.weight": (2, 80),
        "layers.0.bias": 80,
        "layers.1.weight": (80, 1),
        "layers.1.bias": 1,
    }
    start = {
        name: rng.uniform(-1, 1, shapes[name]) / np.sqrt(fan_in[0])
        for name, fan_in in bounds.items()
    }
    network = {
        "hidden": (80,),
        "activation": "sigmoid",
        "optimizer": "adam",
        "learning_rate": 0.125,
        "epochs": 1000,
    }
    trainer = fitted(X, y, Gaussian(sd=1.0), start=start, **network)
    z = trainer.engine.predict(X)[:, 0]
    assert 3e-5 < mse(y, predictions=z) < 2e-4
    assert rmse(y, predictions=z) == pytest.approx(np.sqrt(mse(y, predictions=z)))
    half_mse = np.array(trainer.history["loss"]) - HALF_LOG_2PI
    assert half_mse[800:].max() < 1e-3 * half_mse[0]
    np.testing.assert_allclose(z[:5], [1.2636, 1.6118, 1.8578, 1.7236, 0.4882], atol=0.03)


@pytest.mark.checklist(
    row=79, call="NumpyEngine(mlp(3, (4,), 2)).predict(X)", figure="f(x W + b) layer by layer"
)
@pytest.mark.checklist(
    row=80,
    call="NumpyEngine.loss_and_grad(X, y), one sample",
    figure="sum over all paths of the chain rule",
)
def test_forward_and_the_paths_of_the_chain_rule_in_a_3_4_2_network():
    engine = NumpyEngine(mlp(3, (4,), 2, activation="sigmoid"), Categorical(2), "float64")
    engine.init(np.random.default_rng(0))
    W1, W2, b1, b2 = (engine.views(engine.parameters)[n] for n in _names(2))
    x, y = np.array([[0.5, -1.0, 2.0]]), np.array([1])
    hidden = 1 / (1 + np.exp(-(x @ W1 + b1)))
    z = hidden @ W2 + b2
    np.testing.assert_allclose(engine.predict(x), z, rtol=1e-14)
    p = np.exp(z) / np.exp(z).sum()
    engine.loss_and_grad(x, y)
    gradient = engine.views(engine.gradient)["layers.0.weight"]
    for i in range(3):
        for j in range(4):
            slope = hidden[0, j] * (1 - hidden[0, j])
            paths = [(p[0, k] - (k == 1)) * W2[j, k] * slope * x[0, i] for k in range(2)]
            assert gradient[i, j] == pytest.approx(sum(paths), rel=1e-12)


def _names(n_layers):
    return [f"layers.{i}.{part}" for part in ("weight", "bias") for i in range(n_layers)]


@pytest.mark.checklist(
    row=85,
    call="NumpyEngine: init, predict, loss_and_grad; Trainer.run",
    figure="the from-scratch parts",
)
@pytest.mark.checklist(
    row=86, call="NumpyEngine.loss_and_grad(X, y)", figure="relative error of the gradient 1.1e-8"
)
@pytest.mark.checklist(
    row=115,
    call="NumpyEngine.loss_and_grad(X, y)",
    figure="all six arrays of a three-layer classifier",
)
@pytest.mark.parametrize(
    ("network", "distribution"),
    [
        (mlp(2, (80,), 1, activation="sigmoid"), Gaussian(sd=1.0)),
        (mlp(5, (6, 7), 3, activation="sigmoid"), Categorical(3)),
    ],
)
def test_the_backward_pass_is_right_where_the_listing_was_not(network, distribution):
    rng = np.random.default_rng(1)
    engine = NumpyEngine(network, distribution, "float64")
    engine.init(rng)
    X = rng.normal(size=(9, network.n_inputs))
    y = rng.integers(0, 3, 9) if network.n_outputs == 3 else rng.normal(size=9)
    engine.loss_and_grad(X, y)
    gradient, numerical = engine.gradient.copy(), np.empty_like(engine.gradient)
    for place in range(len(gradient)):
        kept = engine.parameters[place]
        values = []
        for shift in (1e-5, -1e-5):
            engine.parameters[place] = kept + shift
            values.append(engine.loss_and_grad(X, y))
        engine.parameters[place] = kept
        numerical[place] = (values[0] - values[1]) / 2e-5
    error = np.linalg.norm(gradient - numerical) / np.linalg.norm(gradient + numerical)
    assert error < 1.1e-8
    assert len(engine.layout) == 2 * len(network.layers)


@pytest.mark.checklist(
    row=87,
    call="U[0, 1) weights, learning rate 0.08, 1600 epochs",
    figure="half MSE 0.065 with correct gradients",
)
@pytest.mark.checklist(row=90, call="history['loss'] of row 87", figure="408.42 at first")
def test_the_books_settings_with_correct_gradients(trapezoids):
    X, y = trapezoids
    rng = np.random.RandomState(20)
    rng.uniform(0.5, 1.5, 100)  # the data come first in the source's stream
    start = {
        "layers.0.weight": rng.uniform(0, 1, (2, 80)),
        "layers.1.weight": rng.uniform(0, 1, (80, 1)),
    }
    network = {"hidden": (80,), "activation": "sigmoid", "learning_rate": 0.08, "epochs": 1600}
    trainer = fitted(X, y, Gaussian(sd=1.0), start=start, **network)
    half_mse = np.array(trainer.history["loss"]) - HALF_LOG_2PI
    assert half_mse[0] == pytest.approx(408.42, abs=0.005)
    assert mse(y, predictions=trainer.engine.predict(X)[:, 0]) / 2 == pytest.approx(0.065, abs=5e-4)


@pytest.mark.checklist(
    row=88,
    call="normal weights, learning rate 0.05, 1000 epochs",
    figure="half MSE 0.003, no better than a line's 0.0012",
)
@pytest.mark.checklist(
    row=89, call="engine.predict of two new trapezoids", figure="true areas 0.42 and 0.77"
)
def test_the_printed_settings_end_near_a_line(trapezoids):
    X, y = trapezoids
    trainer = fitted(
        X,
        y,
        Gaussian(sd=1.0),
        hidden=(80,),
        activation="sigmoid",
        init="normal:1",
        learning_rate=0.05,
        epochs=1000,
        seed=1,
    )
    assert 0.001 < mse(y, predictions=trainer.engine.predict(X)[:, 0]) / 2 < 0.01
    new = np.array([[0.6, 0.8], [0.7, 1.5]])
    np.testing.assert_allclose(trainer.engine.predict(new)[:, 0], [0.42, 0.77], atol=0.15)


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.RandomState(10)
    y = np.repeat([0, 1, 2], [67, 67, 66])
    return np.array([[1, 1], [2, 2], [1, 3]])[y] + 0.15 * rng.randn(200, 2), y


@pytest.mark.checklist(
    row=91,
    call="Bernoulli().mean(z) > 0.5 iff w.x + b > 0",
    figure="the boundary of a logistic regression",
)
@pytest.mark.checklist(
    row=93, call="three one-vs-rest fits", figure="3 separating lines, all 200 points right"
)
@pytest.mark.checklist(row=96, call="argmax of the three probabilities", figure="accuracy 1")
def test_one_vs_rest_separates_three_blobs_with_fitted_lines(blobs):
    X, y = blobs
    scores = []
    for column in one_vs_rest(y, 3).T:
        target = np.asarray(column, float)
        trainer = fitted(X, target, Bernoulli(), task="binary", learning_rate=2.0, epochs=3000)
        z = trainer.engine.predict(X)[:, 0]
        w1, w2, b = trainer.engine.parameters
        np.testing.assert_array_equal(Bernoulli().mean(z) > 0.5, X @ [w1, w2] + b > 0)
        scores.append(Bernoulli().mean(z))
    predicted = np.argmax(scores, axis=0)
    assert accuracy(y == 2, labels=predicted == 2) == 1
    assert np.trace(confusion_matrix(y, labels=predicted)) == 200


@pytest.mark.checklist(
    row=49,
    call="roc_curve, score_counts(y, scores).at(t)",
    figure="a tuned threshold beats 0.5 in accuracy",
)
def test_a_threshold_can_be_tuned():
    from xent.evaluation import roc_curve

    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    scores = np.clip(0.2 + 0.2 * y + 0.1 * rng.normal(size=400), 0, 1)
    curve = roc_curve(y, scores)
    best = curve.thresholds[np.argmax(curve.tpr - curve.fpr)]
    assert accuracy(y, labels=scores >= best) > 0.8 > accuracy(y, labels=scores >= 0.5)


@pytest.mark.checklist(
    row=60, call="mlp(3, (4,), 2).sizes", figure="what a network diagram is drawn from: 3, 4, 2"
)
def test_a_network_tells_what_a_diagram_needs():
    assert mlp(3, (4,), 2).sizes == (3, 4, 2)


@pytest.mark.checklist(
    row=116,
    call="NumpyEngine(... sigmoid before softmax ...)",
    figure="(0.0796768, 0.0411472, -0.0585059)",
)
def test_a_sigmoid_before_the_softmax_shrinks_the_gradient():
    """Dense(3, sigmoid), then an identity map: its bias gradient is the delta of the text."""
    from xent.network import Dense, Network

    engine = NumpyEngine(Network(3, (Dense(3, "sigmoid"), Dense(3))), Categorical(3), "float64")
    views = engine.views(engine.parameters)
    views["layers.0.weight"][:] = np.eye(3)
    views["layers.1.weight"][:] = np.eye(3)
    engine.loss_and_grad(np.array([[0.3, -1.2, 2.0]]), np.array([2]))
    np.testing.assert_allclose(
        engine.views(engine.gradient)["layers.0.bias"],
        [0.0796768, 0.0411472, -0.0585059],
        atol=5e-8,
    )


class Losses(Callback):
    def __init__(self):
        self.losses = []

    def batch_end(self, moment):
        self.losses.append(moment.loss)


@pytest.fixture(scope="module")
def digits(shared_data):
    folder = shared_data / "mnist"
    X = (
        unit_scale(read_idx(folder / "train-images-idx3-ubyte.gz"))
        .reshape(60_000, 784)
        .astype(np.float32)
    )
    return X, read_idx(folder / "train-labels-idx1-ubyte.gz").astype(np.int64)


@pytest.mark.checklist(
    row=109,
    call="784-10, SGD 0.03, batches of 128, 2 epochs",
    figure="469 batches, the last of 96; loss 0.4, accuracy 0.89",
)
@pytest.mark.checklist(
    row=111, call="Callback.batch_end: moment.loss", figure="938 losses, falling from 2.3"
)
def test_softmax_regression_on_mnist(digits):
    X, y = digits
    losses = Losses()
    trainer = fitted(
        X,
        y,
        Categorical(10),
        task="multiclass",
        callbacks=[losses],
        learning_rate=0.03,
        batch_size=128,
        epochs=2,
    )
    assert trainer.n_batches == n_batches(60_000, 128) == 469
    assert list(batch_bounds(60_000, 128))[-1] == (59_904, 60_000)
    assert len(losses.losses) == 2 * 469
    assert losses.losses[0] == pytest.approx(np.log(10), rel=1e-6)
    assert np.mean(losses.losses[-100:]) == pytest.approx(0.41, abs=0.05)
    predicted = trainer.engine.predict(X).argmax(axis=1)
    assert np.mean(predicted == y) == pytest.approx(0.89, abs=0.01)


@pytest.mark.checklist(row=121, call="argmax of engine.predict(X[:1])", figure="[5]")
def test_the_first_digit_is_recognized(digits):
    X, y = digits
    settings = {"hidden": (100,), "init": None, "optimizer": "adam", "batch_size": 64, "epochs": 2}
    trainer = fitted(X, y, Categorical(10), task="multiclass", **settings)
    assert trainer.engine.predict(X[:1]).argmax(axis=1).tolist() == [5]


BOOK = {
    "hidden": (1024, 1024),
    "activation": "sigmoid",
    "init": "uniform:-0.3:0.3",
    "learning_rate": 0.03,
    "batch_size": 64,
}


@pytest.mark.checklist(
    row=119,
    call="784-1024-1024-10, SGD 0.03, batches of 64",
    figure="first loss 3 to 8.5; 0.9115 after 2 epochs: `make bars-accuracy`",
)
@pytest.mark.checklist(
    row=120, call="Callback.batch_end: moment.loss", figure="accuracies in 64ths"
)
@pytest.mark.checklist(
    row=122,
    call="Callback.batch_end: moment.loss",
    figure="the loss halves within 50 batches",
)
def test_the_books_classifier_starts_as_printed_and_learns(digits):
    X, y = digits[0][:3200], digits[1][:3200]
    losses = Losses()
    trainer = fitted(X, y, Categorical(10), task="multiclass", callbacks=[losses], epochs=1, **BOOK)
    assert trainer.engine.network.n_parameters == 1_863_690
    assert 3 < losses.losses[0] < 8.5
    assert np.mean(losses.losses[-10:]) < 0.5 * losses.losses[0]
    labels = trainer.engine.predict(X[:64]).argmax(axis=1)
    assert (64 * np.mean(labels == y[:64])) % 1 == 0
