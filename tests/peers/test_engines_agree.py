"""Both engines start from the same weights and stay together, in float64 to the last digits."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import (
    Bernoulli,
    Categorical,
    ClassWeights,
    Focal,
    Gaussian,
    Laplace,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
    SoftDice,
)
from xent.engines import NumpyEngine, make_engine
from xent.network import ACTIVATIONS, BatchNorm, Dense, Dropout, Network, Scale, mlp
from xent.training import Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer
from xent.training.optimizers import OPTIMIZERS

torch = pytest.importorskip("torch")
N_ROWS, N_FEATURES = 60, 5


def part(seed: int, weighted: bool = False) -> Part:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N_ROWS, N_FEATURES))
    y = (X[:, 0] + rng.normal(size=N_ROWS) > 0).astype(float)
    return Part(X, y, rng.random(N_ROWS) + 0.1 if weighted else None)


def trained(engine: str, weighted: bool = False, **settings):
    """Return a trainer after 100 steps."""
    given = {"hidden": (7, 6), "epochs": 25, "batch_size": 15, "validation_fraction": 0.2}
    trainer = make_trainer(
        TrainingSettings(engine=engine, device="cpu", **{**given, **settings}),
        task="binary",
        distribution=Bernoulli(),
        training=part(0, weighted),
        validation=part(1, weighted),
        seed=3,
    )
    run_trainer(trainer)
    assert trainer.step == 100
    return trainer


def assert_together(**settings) -> None:
    assert_alike(*(trained(engine, **settings) for engine in ("numpy", "torch")))


def assert_alike(ours, theirs) -> None:
    """Assert that parameters, moments and every number of the history agree."""
    for name, state in ours.engine.state().items():
        np.testing.assert_allclose(theirs.engine.state()[name], state, rtol=0, atol=1e-9)
    assert len(ours.history.records) == len(theirs.history.records)
    for mine, other in zip(ours.history, theirs.history, strict=True):
        assert mine.keys() == other.keys()
        for name, value in mine.items():
            assert other[name] == pytest.approx(value, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer):
    assert_together(optimizer=optimizer, early_stopping=False)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, "leaky_relu:0.3"])
def test_every_activation(activation):
    assert_together(activation=activation, early_stopping=False)


@pytest.mark.parametrize(
    "settings",
    [
        {"l1": 1e-3},
        {"l2": 1e-2},
        {"weight_decay": 0.1},
        {"clip_norm": 0.05},
        {"label_smoothing": 0.1},
        {"batch_norm": True},
        {"batch_norm": True, "weighted": True},
        {"dropout": 0.3},
        {"dropout": 0.3, "batch_norm": True, "optimizer": "sgd"},
        {"schedule": "constant"},
        {"schedule": "step:0.5:4"},
        {"schedule": "warmup:0.1"},
        {"schedule": "one_cycle:0.3"},
        {"schedule": "coslog4"},
        {"patience": 30, "early_stopping": True},
        {"init": "uniform:-0.3:0.3"},
    ],
    ids=str,
)
def test_every_setting(settings):
    assert_together(**{"early_stopping": False, **settings})


TASKS = {
    "categorical": ("multiclass", Categorical(3), lambda rng, n: rng.integers(0, 3, n), {}),
    "categorical, smoothed": (
        "multiclass",
        Categorical(3),
        lambda rng, n: rng.integers(0, 3, n),
        {"label_smoothing": 0.1},
    ),
    "multilabel": ("multilabel", MultiLabel(3), lambda rng, n: rng.random((n, 3)).round(), {}),
    "multilabel, weighted": (
        "multilabel",
        MultiLabel(3),
        lambda rng, n: rng.random((n, 3)).round(),
        {"class_weight": {"a": 2.0, "c": 0.5}, "label_smoothing": 0.05},
    ),
    "multilabel softmax": (
        "multilabel",
        MultiLabelSoftmax(3),
        lambda rng, n: rng.random((n, 3)).round(),
        {},
    ),
    "gaussian": ("regression", Gaussian(), lambda rng, n: rng.normal(size=n), {}),
    "laplace": ("regression", Laplace(), lambda rng, n: rng.normal(size=n), {}),
    "poisson": ("regression", Poisson(), lambda rng, n: rng.poisson(2.0, n).astype(float), {}),
    "focal": (
        "binary",
        Focal(Bernoulli(), 2.0),
        lambda rng, n: rng.integers(0, 2, n).astype(float),
        {},
    ),
    "focal, weighted": (
        "multiclass",
        Focal(ClassWeights(Categorical(3), (1.0, 2.0, 0.5)), 2.0),
        lambda rng, n: rng.integers(0, 3, n),
        {},
    ),
    "sum": (
        "binary",
        Bernoulli() + 0.5 * SoftDice(),
        lambda rng, n: rng.integers(0, 2, n).astype(float),
        {},
    ),
}


@pytest.mark.parametrize("name", TASKS)
def test_every_distribution_for_a_hundred_steps(name):
    task, distribution, targets, settings = TASKS[name]
    rng = np.random.default_rng(0)
    parts = [
        Part(rng.normal(size=(N_ROWS, N_FEATURES)), targets(rng, N_ROWS), rng.random(N_ROWS) + 0.1)
        for _ in range(2)
    ]
    trainers = []
    for engine in ("numpy", "torch"):
        trainer = make_trainer(
            TrainingSettings(
                engine=engine,
                device="cpu",
                hidden=(6,),
                activation="tanh",
                epochs=25,
                batch_size=15,
                early_stopping=False,
                **settings,
            ),
            task=task,
            distribution=distribution,
            training=parts[0],
            validation=parts[1],
            seed=3,
            labels=("a", "b", "c"),
        )
        run_trainer(trainer)
        assert trainer.step == 100
        trainers.append(trainer)
    assert_alike(*trainers)


@pytest.mark.parametrize("init", [None, "uniform:-0.3:0.3", "normal:0.05", "he_normal"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_seed_is_the_same_start_bit_by_bit(init, dtype):
    starts = []
    for name in ("numpy", "torch"):
        network = mlp(4, (5, 3), 2, init=init, batch_norm=True)
        engine = make_engine(name, network, Gaussian(), dtype, device="cpu")
        engine.init(np.random.default_rng(7))
        starts.append({key: array.tobytes() for key, array in engine.state().items()})
    assert starts[0] == starts[1]


@pytest.mark.parametrize("name", TASKS)
def test_every_layer_of_both_engines(name):
    _, distribution, targets, _ = TASKS[name]
    layers = (Dense(6, "tanh"), BatchNorm(), Dropout(0.3), Scale(), Dense(distribution.n_outputs))
    network = Network(4, layers)
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(9, 4)), targets(rng, 9), rng.random(9)
    engines = [
        make_engine(name, network, distribution, "float64", device="cpu")
        for name in ("numpy", "torch")
    ]
    for engine in engines:
        engine.init(np.random.default_rng(5))
    ours, theirs = engines
    assert theirs.loss_and_grad(X, y, weight) == pytest.approx(
        ours.loss_and_grad(X, y, weight), rel=1e-13
    )
    np.testing.assert_allclose(theirs.gradient, ours.gradient, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-12, atol=1e-14)
    for mine, other in zip(ours.activations(X), theirs.activations(X), strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-12, atol=1e-14)


def test_a_single_row_passes_batch_norm():
    X, y = np.ones((1, 3)), np.array([1.0])
    found = []
    for name in ("numpy", "torch"):
        engine = make_engine(name, mlp(3, (4,), 1, batch_norm=True), Bernoulli(), "float64")
        engine.init(np.random.default_rng(0))
        found.append((engine.loss_and_grad(X, y), engine.running.copy()))
    assert found[0][0] == pytest.approx(found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1])


def test_rows_that_are_only_read_are_no_matter():
    """Such as those of a file mapped into memory."""
    X = np.random.default_rng(0).normal(size=(9, 3))
    X.setflags(write=False)
    found = []
    for name in ("numpy", "torch"):
        engine = make_engine(name, mlp(3, (4,), 1), Bernoulli(), "float64", device="cpu")
        engine.init(np.random.default_rng(0))
        found.append(engine.predict(X))
    np.testing.assert_allclose(*found, rtol=1e-12)


def test_vectors_of_a_device_take_the_same_steps(monkeypatch):
    """What lies on a GPU is a tensor: here such a one on the CPU."""
    from xent.engines.torch_engine import TorchEngine

    ours = trained("numpy", l1=1e-3, l2=1e-3, clip_norm=0.5, batch_norm=True)
    monkeypatch.setattr(TorchEngine, "_as_vector", lambda _, own: own)
    theirs = trained("torch", l1=1e-3, l2=1e-3, clip_norm=0.5, batch_norm=True)
    assert isinstance(theirs.engine.parameters, torch.Tensor)
    assert not isinstance(ours.engine, type(theirs.engine))
    assert isinstance(ours.engine, NumpyEngine)
    for name, state in ours.engine.state().items():
        np.testing.assert_allclose(theirs.engine.state()[name], state, rtol=0, atol=1e-9)
