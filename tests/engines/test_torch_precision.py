"""Mixed precision, runs that repeat bit by bit, and the compiled step."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from xent import XentClassifier
from xent.distributions import Bernoulli, Categorical
from xent.engines import make_engine
from xent.errors import XentError
from xent.network import Conv2d, Dense, Flatten, MaxPool2d, Network, mlp
from xent.training import Part, TrainingSettings
from xent.training.fitting import make_trainer, run_trainer

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from xent.engines.torch_precision import (  # noqa: E402 (needs torch)
    FIRST_SCALE,
    STEPS_BEFORE_GROWTH,
    Arithmetic,
    LossScale,
    same_algorithms,
)


@pytest.fixture(scope="module")
def cancer():
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X = ((X - X.mean(0)) / X.std(0)).astype(np.float32)
    return Part(X[::2], y[::2].astype(float)), Part(X[1::2], y[1::2].astype(float))


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = (X.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    return Part(X[::2], y[::2]), Part(X[1::2], y[1::2])


def trainer_of(task, distribution, parts, **settings):
    given = {"epochs": 12, "early_stopping": False, "engine": "torch", "device": "cpu"}
    return make_trainer(
        TrainingSettings(**{**given, **settings}),
        task=task,
        distribution=distribution,
        training=parts[0],
        validation=parts[1],
        seed=0,
    )


def accuracies(task, distribution, parts, **settings) -> dict[str, float]:
    found = {}
    for precision in ("full", "bf16", "fp16"):
        trainer = trainer_of(task, distribution, parts, precision=precision, **settings)
        run_trainer(trainer)
        assert trainer.engine.logits.dtype == trainer.engine.gradient.dtype == np.float32
        found[precision] = trainer.history["validation_accuracy"][-1]
    return found


def test_a_table_is_learned_as_well_in_half_precision(cancer):
    found = accuracies("binary", Bernoulli(), cancer, hidden=(32,), batch_norm=True, dropout=0.1)
    assert found["full"] > 0.95
    assert found["bf16"] == pytest.approx(found["full"], abs=0.015)
    assert found["fp16"] == pytest.approx(found["full"], abs=0.015)


def test_images_are_learned_as_well_in_half_precision(digits):
    found = {}
    for precision in ("full", "bf16", "fp16"):
        network = Network(
            (1, 8, 8), (Conv2d(8, activation="relu"), MaxPool2d(), Flatten(), Dense(10))
        )
        engine = make_engine("torch", network, Categorical(10), device="cpu", precision=precision)
        engine.init(np.random.default_rng(0))
        from xent.training.optimizers import make_optimizer

        optimizer = make_optimizer("adam", engine.parameters, engine.gradient)
        for epoch in range(12):
            for rows in np.array_split(np.random.default_rng(epoch).permutation(899), 14):
                engine.loss_and_grad(digits[0].X[rows], digits[0].y[rows])
                optimizer.step(0.01)
        found[precision] = np.mean(engine.predict(digits[1].X).argmax(1) == digits[1].y)
    assert found["full"] > 0.93
    assert found["bf16"] == pytest.approx(found["full"], abs=0.015)
    assert found["fp16"] == pytest.approx(found["full"], abs=0.015)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_is_half_whatever_the_dtype_of_the_rows(precision):
    """PyTorch's autocast leaves float64 as it is: full precision under another name."""
    with pytest.raises(XentError, match=f"precision '{precision}' goes with dtype float32"):
        make_engine("torch", mlp(2, (3,), 1), Bernoulli(), "float64", precision=precision)
    X = np.random.default_rng(0).normal(size=(200, 4))
    settings = {"engine": "torch", "device": "cpu", "epochs": 2, "random_state": 0}
    fitted = [
        XentClassifier(precision=own, dtype="float32", **settings).fit(X, X[:, 0] > 0)
        for own in ("full", precision)
    ]
    fitted.append(XentClassifier(precision=precision, **settings).fit(X, X[:, 0] > 0))
    full, half, of_float64 = (own.predict_proba(X) for own in fitted)
    np.testing.assert_array_equal(half, of_float64)
    assert not np.array_equal(half, full)


def test_a_precision_that_there_is_not_is_refused():
    with pytest.raises(XentError, match="precision must be full, bf16 or fp16, got 'half'"):
        tiny("half")


def tiny(precision: str, hidden=(4,)):
    engine = make_engine("torch", mlp(2, hidden, 1), Bernoulli(), device="cpu", precision=precision)
    engine.init(np.random.default_rng(0))
    return engine


def test_gradients_too_small_for_fp16_are_kept():
    """The mean over ten million rows makes gradients of 1e-8: below the smallest number of fp16."""
    X, y = np.ones((4, 2), np.float32), np.ones(4)
    exact, scaled = tiny("full"), tiny("fp16")
    for engine in (exact, scaled):
        engine.loss_and_grad(X, y, total=1e7)
    assert np.any(exact.gradient)
    np.testing.assert_allclose(scaled.gradient, exact.gradient, rtol=5e-3)
    scaled._arithmetic.scale.factor = 1.0
    scaled.loss_and_grad(X, y, total=1e10)
    first = scaled.views(scaled.gradient)["layers.0.weight"]
    assert not np.any(first)


def test_a_scale_that_overflows_is_halved_until_the_gradient_is_whole():
    X, y = np.ones((4, 2), np.float32), np.ones(4)
    exact, scaled = tiny("full"), tiny("fp16")
    scale = scaled._arithmetic.scale
    scale.factor = 2.0**24
    exact.loss_and_grad(X, y)
    scaled.loss_and_grad(X, y)
    assert scale.factor < 2.0**18
    assert scale.n_steps == 1
    np.testing.assert_allclose(scaled.gradient, exact.gradient, rtol=5e-3)


def test_a_loss_that_is_no_number_leaves_the_scale_alone():
    engine = tiny("fp16")
    engine.loss_and_grad(np.full((4, 2), np.nan, np.float32), np.ones(4))
    assert not np.all(np.isfinite(engine.gradient))
    assert engine._arithmetic.scale.factor == FIRST_SCALE


def test_activations_show_where_the_range_of_fp16_is_left():
    X = np.full((4, 2), 3e4, np.float32)
    for precision, is_finite in (("full", True), ("fp16", False)):
        engine = tiny(precision)
        engine.views(engine.parameters)["layers.0.weight"][:] = 2
        (hidden,) = engine.activations(X, [0])
        assert hidden.dtype == np.float32
        assert bool(np.all(np.isfinite(hidden))) is is_finite


def test_the_scale_grows_after_many_good_steps():
    scale = LossScale()
    w = torch.ones(1, requires_grad=True)
    w.grad = gradient = torch.zeros(1)
    for _ in range(STEPS_BEFORE_GROWTH):
        scale.backward(2 * w, torch.ones(1), gradient)
    assert gradient.item() == 2
    assert (scale.factor, scale.n_steps) == (2 * FIRST_SCALE, 0)


def test_several_processes_do_the_pass_again_together():
    """One whose own gradient is whole follows the others, for they may exchange numbers in it."""
    others = iter([1, 0])
    scale = LossScale(lambda own: int(own) + next(others))
    w = torch.ones(1, requires_grad=True)
    w.grad = gradient = torch.zeros(1)
    scale.backward(2 * w, torch.ones(1), gradient)
    assert gradient.item() == 2
    assert scale.factor == FIRST_SCALE / 2


def test_the_scale_is_part_of_the_state(cancer):
    engine, other = tiny("fp16"), tiny("fp16")
    engine._arithmetic.scale.factor = 4.0
    engine._arithmetic.scale.n_steps = 7
    other.load_state(engine.state())
    assert (other._arithmetic.scale.factor, other._arithmetic.scale.n_steps) == (4.0, 7)
    trainer = trainer_of("binary", Bernoulli(), cancer, epochs=1, precision="fp16")
    run_trainer(trainer)
    _, arrays = trainer.snapshot()
    assert arrays["loss_scale"].tolist() == [FIRST_SCALE, len(trainer.batches.X) // 64 + 1]
    tiny("full").load_state(engine.state())  # of no use there, and no harm


@pytest.mark.parametrize("bad", [[0.0, 1.0], [np.nan, 1.0], [4.0, -1.0], [4.0]])
def test_a_scale_from_a_spoiled_file_is_refused(bad):
    with pytest.raises(XentError, match="loss_scale must hold a factor and a number of steps"):
        tiny("fp16").load_state({**tiny("full").state(), "loss_scale": np.array(bad)})


def test_what_holds_outside_a_run_is_restored(monkeypatch):
    memory = torch.utils.deterministic
    torch.use_deterministic_algorithms(True, warn_only=False)
    try:
        with same_algorithms():
            assert torch.is_deterministic_algorithms_warn_only_enabled()
            assert not memory.fill_uninitialized_memory
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.is_deterministic_algorithms_warn_only_enabled()
        assert memory.fill_uninitialized_memory
    finally:
        torch.use_deterministic_algorithms(False)


def test_algorithms_of_cuda_are_chosen_for_each_pass_alone(monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    for precision, dtype in (("full", torch.float32), ("bf16", torch.bfloat16)):
        arithmetic = Arithmetic(torch.device("cpu"), precision)
        arithmetic._is_strict = True  # as on CUDA
        assert not torch.are_deterministic_algorithms_enabled()
        with arithmetic.forward():
            assert torch.are_deterministic_algorithms_enabled()
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
        w = torch.ones(1, requires_grad=True)
        w.grad = torch.zeros(1)
        arithmetic.backward(3 * w, torch.ones(1), w.grad)
        assert w.grad.item() == 3
        assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16"])
def test_two_runs_are_alike_bit_by_bit(cancer, precision):
    ends = []
    for _ in range(2):
        trainer = trainer_of(
            "binary",
            Bernoulli(),
            cancer,
            epochs=3,
            dropout=0.2,
            batch_norm=True,
            precision=precision,
        )
        run_trainer(trainer)
        ends.append((trainer.engine.parameters.tobytes(), trainer.history.records))
    assert ends[0] == ends[1]


def test_what_needs_pytorch_chooses_it(cancer):
    from xent.engines.torch_engine import TorchEngine

    trainer = trainer_of("binary", Bernoulli(), cancer, engine="auto", precision="bf16")
    assert isinstance(trainer.engine, TorchEngine)


@pytest.mark.parametrize("settings", [{"precision": "bf16"}, {"compile": True}], ids=str)
def test_numpy_refuses_what_needs_pytorch(settings, cancer):
    with pytest.raises(XentError, match="needs engine='torch'"):
        trainer_of("binary", Bernoulli(), cancer, engine="numpy", **settings)


COMPILED = """
import numpy as np
import torch._inductor.config as inductor
from xent.distributions import Bernoulli
from xent.engines import make_engine
from xent.errors import XentError
from xent.network import mlp

network = mlp(5, (8,), 1, activation="tanh", batch_norm=True)
rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 5)), rng.integers(0, 2, 20).astype(float)

def trained(compiled):
    engine = make_engine("torch", network, Bernoulli(), "float64", device="cpu", compiled=compiled)
    engine.init(np.random.default_rng(1))
    engine.reserve(16)
    losses = []
    for step in range(6):
        n = 16 if step < 5 else 4  # the last batch is short
        losses.append(engine.loss_and_grad(X[:n], y[:n]))
        engine.parameters -= 0.1 * engine.gradient
    return [losses, engine.parameters.copy(), engine.running.copy(), engine.predict(X)]

with inductor.patch({"cpp.cxx": (None, "/no/compiler")}):
    try:
        trained(True)
    except XentError as error:
        assert "compile needs a C++ compiler and Python's headers" in str(error), error
        assert "apt install g++ python3-dev" in str(error), error
    else:
        raise AssertionError("compiled without a compiler")
for eager, compiled in zip(trained(False), trained(True)):
    np.testing.assert_allclose(compiled, eager, rtol=0, atol=1e-9)
"""


@pytest.mark.bars
def test_a_compiled_step_takes_the_same_steps_and_without_a_compiler_says_what_to_install(tmp_path):
    """In a process of its own: the compiler of PyTorch takes seconds to load, and leaves much behind."""
    own = {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path), "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", COMPILED],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **own},
    )
    assert done.returncode == 0, done.stderr[-2000:]


def steps_taken(compiled: bool, backend: object):
    from xent.engines import torch_compiling

    network = mlp(5, (8,), 1, activation="tanh", batch_norm=True, dropout=0.2)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 5)), rng.integers(0, 2, 20).astype(float)
    engine = make_engine("torch", network, Bernoulli(), "float64", device="cpu")
    if compiled:
        engine._forward = torch_compiling.CompiledModule(
            engine.module, engine.device, backend=backend
        )
    engine.init(np.random.default_rng(1))
    engine.reserve(16)
    losses = []
    for n in (16, 16, 4):  # the last batch is short
        losses.append(engine.loss_and_grad(X[:n], y[:n]))
        engine.parameters -= 0.1 * engine.gradient
    return [losses, engine.parameters.copy(), engine.running.copy(), engine.predict(X)]


def test_the_traced_step_is_the_same():
    for eager, compiled in zip(steps_taken(False, ""), steps_taken(True, "eager"), strict=True):
        np.testing.assert_allclose(compiled, eager, rtol=0, atol=1e-12)


def test_a_step_is_one_graph_traced_once_whatever_the_rows_weigh():
    from torch._dynamo.utils import counters

    from xent.engines import torch_compiling

    torch._dynamo.reset()
    counters.clear()
    rng = np.random.default_rng(0)
    network = mlp(5, (8,), 1, batch_norm=True, dropout=0.2)
    engine = make_engine("torch", network, Bernoulli(), device="cpu")
    engine._forward = torch_compiling.CompiledModule(engine.module, engine.device, backend="eager")
    engine.init(rng)
    engine.reserve(16)
    for _ in range(3):
        X, y = rng.normal(size=(16, 5)).astype(np.float32), rng.integers(0, 2, 16).astype(float)
        assert np.isfinite(engine.loss_and_grad(X, y, rng.random(16)))
    assert counters["stats"]["unique_graphs"] == 1
    assert not counters["graph_break"]


def test_what_cannot_be_compiled_says_what_to_install():
    def broken(*_):
        raise OSError("no compiler here")

    with pytest.raises(XentError, match="compile needs a C") as caught:
        steps_taken(True, broken)
    assert "no compiler here Install what is missing (on Debian: apt install g++" in str(
        caught.value
    )
