"""Optimizers and schedules against PyTorch: 200 steps on a function with curvature, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from xent.training.clipping import clip_by_norm, clip_by_value
from xent.training.optimizers import OPTIMIZERS, make_optimizer
from xent.training.schedules import make_schedule

torch = pytest.importorskip("torch")

N_STEPS = 200
# longer than a block, so that several are taken
N_LONG = 70_001

TORCH_DECAY = 0.01  # its default for AdamW
TORCH = {
    "sgd": lambda p, lr: torch.optim.SGD(p, lr=lr),
    "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "adagrad": lambda p, lr: torch.optim.Adagrad(p, lr=lr),
    "rmsprop": lambda p, lr: torch.optim.RMSprop(p, lr=lr),
    "adadelta": lambda p, lr: torch.optim.Adadelta(p, lr=lr),
    "adam": lambda p, lr: torch.optim.Adam(p, lr=lr),
    "adamax": lambda p, lr: torch.optim.Adamax(p, lr=lr),
    "adamw": lambda p, lr: torch.optim.AdamW(p, lr=lr),
}


def _gradient(w: np.ndarray, step: int) -> np.ndarray:
    """Return the gradient of 1/2 a w^2 + sin w, with a that changes from step to step."""
    a = 1.0 + 0.5 * np.sin(step + np.arange(len(w)))
    return a * w + np.cos(w)


def _ours(name: str, start: np.ndarray, rates: np.ndarray, n_steps: int, **options: float):
    w, gradient = start.copy(), np.empty_like(start)
    if name == "adamw":
        options = {"weight_decay": TORCH_DECAY, **options}
    optimizer = make_optimizer(name, w, gradient, **options)
    for step in range(n_steps):
        gradient[:] = _gradient(w, step)
        optimizer.step(float(rates[step]))
    return w


def _torchs(optimizer, w, rates: np.ndarray, n_steps: int) -> np.ndarray:
    for step in range(n_steps):
        for group in optimizer.param_groups:
            group["lr"] = float(rates[step])
        w.grad = torch.tensor(_gradient(w.detach().numpy(), step))
        optimizer.step()
    return w.detach().numpy()


@pytest.mark.parametrize("name", TORCH)
def test_200_steps_equal_pytorch(name):
    assert set(TORCH) == set(OPTIMIZERS)
    start = np.random.default_rng(0).normal(0, 3, 101)
    rates = 0.02 * (1 + 0.9 * np.cos(np.arange(N_STEPS) / 9))
    leaf = torch.tensor(start.copy(), requires_grad=True)
    theirs = _torchs(TORCH[name]([leaf], 0.02), leaf, rates, N_STEPS)
    ours = _ours(name, start, rates, N_STEPS)
    assert np.abs(ours - start).max() > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adadelta", "adam", "adamw"])
def test_several_blocks_equal_pytorch(name):
    start = np.random.default_rng(1).normal(0, 3, N_LONG)
    rates = np.full(5, 0.05)
    leaf = torch.tensor(start.copy(), requires_grad=True)
    theirs = _torchs(TORCH[name]([leaf], 0.05), leaf, rates, 5)
    np.testing.assert_allclose(_ours(name, start, rates, 5), theirs, rtol=0, atol=1e-12)


def test_decoupled_decay_of_the_weights_alone_equals_pytorchs_groups():
    start = np.random.default_rng(2).normal(0, 3, 50)
    rates = np.full(N_STEPS, 0.03)
    weights, biases = (
        torch.tensor(part, requires_grad=True) for part in (start[:40].copy(), start[40:].copy())
    )
    optimizer = torch.optim.AdamW(
        [{"params": [weights], "weight_decay": 0.2}, {"params": [biases], "weight_decay": 0.0}],
        lr=0.03,
    )
    for step in range(N_STEPS):
        w = np.concatenate([weights.detach().numpy(), biases.detach().numpy()])
        gradient = _gradient(w, step)
        weights.grad, biases.grad = torch.tensor(gradient[:40]), torch.tensor(gradient[40:])
        optimizer.step()
    theirs = np.concatenate([weights.detach().numpy(), biases.detach().numpy()])
    ours = _ours("adam", start, rates, N_STEPS, weight_decay=0.2, n_decayed=40)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", TORCH)
def test_float32_follows_pytorch(name):
    start = np.random.default_rng(3).normal(0, 3, 1000).astype(np.float32)
    rates = np.full(50, 0.01)
    w, gradient = start.copy(), np.empty_like(start)
    optimizer = make_optimizer(
        name, w, gradient, weight_decay=TORCH_DECAY if name == "adamw" else None
    )
    leaf = torch.tensor(start.copy(), requires_grad=True)
    reference = TORCH[name]([leaf], 0.01)
    for step in range(50):
        gradient[:] = _gradient(start, step)
        optimizer.step(float(rates[step]))
        leaf.grad = torch.tensor(gradient.copy())
        reference.step()
    np.testing.assert_allclose(w, leaf.detach().numpy(), rtol=2e-5, atol=2e-6)


def _torch_rates(make, n_steps: int, learning_rate: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=learning_rate)
    schedule = make(optimizer)
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cosine", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=100)),
        ("cosine:0.1", lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 100, 0.02)),
        ("step:0.5:10", lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=10, gamma=0.5)),
        ("one_cycle", lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.2, total_steps=101)),
        (
            "one_cycle:0.4",
            lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.2, total_steps=101, pct_start=0.4),
        ),
        ("constant", lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)),
    ],
)
def test_schedules_equal_pytorch(name, make):
    # PyTorch's one-cycle refuses the step after the last, so it is told of one more
    n_steps = 101 if name.startswith("one_cycle") else 100
    schedule = make_schedule(name, 0.2, n_steps)
    expected = _torch_rates(make, 100, 0.2)
    np.testing.assert_allclose([schedule(step) for step in range(100)], expected, rtol=1e-9)


def test_warm_up_equals_pytorchs_linear_one():
    expected = _torch_rates(
        lambda o: torch.optim.lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=9), 100, 0.2
    )
    schedule = make_schedule("warmup:0.1", 0.2, 100)
    np.testing.assert_allclose([schedule(step) for step in range(100)], expected, rtol=1e-9)


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clipping_equals_pytorch(limit):
    gradient = np.random.default_rng(4).normal(size=1000)
    leaf = torch.zeros(1000, dtype=torch.float64, requires_grad=True)
    leaf.grad = torch.tensor(gradient.copy())
    ours = gradient.copy()
    length = clip_by_norm(ours, limit)
    theirs = torch.nn.utils.clip_grad_norm_([leaf], limit)
    assert length == pytest.approx(float(theirs), rel=1e-14)
    np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=2e-6)  # PyTorch adds 1e-6 to the norm
    leaf.grad = torch.tensor(gradient.copy())
    torch.nn.utils.clip_grad_value_([leaf], limit)
    clip_by_value(gradient, limit)
    np.testing.assert_array_equal(gradient, leaf.grad.numpy())
