"""What holds on a CUDA GPU: the NumPy engine's steps, bits that repeat, half precision, compiled steps."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import Bernoulli, Categorical
from xent.engines import make_engine
from xent.network import Network, Pixels, lenet, mlp, resnet_small, small_cnn
from xent.training import Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer
from xent.training.optimizers import OPTIMIZERS, make_optimizer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")


def part(seed: int) -> Part:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 5))
    return Part(X, (X[:, 0] + rng.normal(size=60) > 0).astype(float))


def trained(engine: str, device: str, **settings):
    """Return a trainer after 100 steps."""
    given = {"hidden": (7, 6), "epochs": 25, "batch_size": 15, "early_stopping": False}
    trainer = make_trainer(
        TrainingSettings(engine=engine, device=device, **{**given, **settings}),
        task="binary",
        distribution=Bernoulli(),
        training=part(0),
        validation=part(1),
        seed=3,
    )
    run_trainer(trainer)
    assert trainer.step == 100
    return trainer


@pytest.mark.parametrize(
    "settings",
    [
        *({"optimizer": name} for name in OPTIMIZERS),
        {"l1": 1e-3, "l2": 1e-2, "weight_decay": 0.1, "clip_norm": 0.05},
        {"batch_norm": True, "dropout": 0.3, "label_smoothing": 0.1},
        {"early_stopping": True, "schedule": "one_cycle:0.3"},
    ],
    ids=str,
)
def test_a_hundred_steps_are_those_of_numpy(settings):
    ours, theirs = trained("numpy", "cpu", **settings), trained("torch", "cuda", **settings)
    assert theirs.engine.parameters.is_cuda
    for name, state in ours.engine.state().items():
        np.testing.assert_allclose(theirs.engine.state()[name], state, rtol=0, atol=1e-9)
    for mine, other in zip(ours.history, theirs.history, strict=True):
        for name, value in mine.items():
            assert other[name] == pytest.approx(value, rel=1e-8, abs=1e-11), name


def images(network: Network, precision: str = "full", device: str = "cuda", **settings):
    n = network.row_shape[0]
    whole = Network(network.row_shape, (Pixels((0.5,) * n, (0.25,) * n), *network.layers))
    distribution = Bernoulli() if network.n_outputs == 1 else Categorical(network.n_outputs)
    engine = make_engine(
        "torch", whole, distribution, device=device, precision=precision, **settings
    )
    engine.init(np.random.default_rng(0))
    return engine


def batch(network: Network, n_rows: int = 32):
    rng = np.random.default_rng(1)
    X = rng.integers(0, 256, (n_rows, *network.row_shape), dtype=np.uint8)
    return X, rng.integers(0, max(network.n_outputs, 2), n_rows)


NETWORKS = {
    "lenet": lenet((1, 28, 28), 10),
    "small_cnn": small_cnn((3, 32, 32), 1),
    "resnet_small": resnet_small((3, 32, 32), 10),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("precision", "near"), [("full", 2e-3), ("bf16", 0.1), ("fp16", 0.02)])
def test_image_networks_are_those_of_the_cpu(name, precision, near):
    network = NETWORKS[name]
    X, y = batch(network)
    losses = [
        images(network, precision if device == "cuda" else "full", device).loss_and_grad(X, y)
        for device in ("cpu", "cuda")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=near)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_two_runs_are_alike_bit_by_bit(name, precision):
    network = NETWORKS[name]
    X, y = batch(network)
    ends = []
    for _ in range(2):
        engine = images(network, precision)
        optimizer = make_optimizer("adam", engine.parameters, engine.gradient)
        for _ in range(5):
            engine.loss_and_grad(X, y)
            optimizer.step(0.01)
        ends.append(engine.state()["parameters"].tobytes())
    assert ends[0] == ends[1]
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_compiled_step_takes_the_same_steps():
    network = mlp(5, (8, 8), 1, activation="tanh", batch_norm=True, dropout=0.2)
    X, y = part(0).X.astype(np.float32), part(0).y
    ends = []
    for compiled in (False, True):
        engine = make_engine("torch", network, Bernoulli(), device="cuda", compiled=compiled)
        engine.init(np.random.default_rng(0))
        engine.reserve(60)
        for n in (60, 60, 60, 12):
            engine.loss_and_grad(X[:n], y[:n])
            engine.parameters -= 0.1 * engine.gradient
        ends.append(engine.predict(X))
    np.testing.assert_allclose(ends[1], ends[0], rtol=0, atol=1e-5)


def test_a_run_on_the_gpu_predicts_anywhere(tmp_path):
    import xent

    run = xent.train(
        "example:breast_cancer",
        target="target",
        engine="torch",
        device="cuda",
        epochs=3,
        random_state=0,
        runs=tmp_path,
    )
    assert run.history[-1]["validation_accuracy"] > 0.9
