"""Speed of the torch engine against the loops that a user of PyTorch would write.

On a CPU: the network of the phishing data against a plain loop with indexed batches and with
DataLoader, small_cnn against the same net written plainly, and what compiling and half precision
change. On a CUDA GPU, where there is one: the phishing network and resnet_small at batch 512
against a plain loop and against torch.compile. Programs run in turn, in both orders.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bars_speed import BASE, EPOCHS, phishing_half, torch_loop, xent_fit
from results import Row, ratio, report, take_turns
from xent.cores import n_cores
from xent.distributions import Bernoulli, Categorical
from xent.engines import make_engine
from xent.engines.threads import blas_threads
from xent.network import Network, Pixels, mlp, resnet_small, small_cnn
from xent.training.optimizers import make_optimizer

if TYPE_CHECKING:
    from xent.arrays import Array

MEAN, SD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def phishing_rows() -> list[Row]:
    X, y = phishing_half()
    n_steps = EPOCHS * -(-len(X) // 350)
    settings = dataclasses.replace(BASE, engine="torch", device="cpu")
    programs = {
        "xent": xent_fit(settings, X, y),
        "indexed": torch_loop(X, y, loader=False),
        "DataLoader": torch_loop(X, y, loader=True),
    }
    with blas_threads(1):
        seconds = take_turns(programs, 9)
    step = 1e6 * float(np.median(seconds["xent"])) / n_steps
    rows = []
    value, noise = ratio(seconds["xent"], seconds["indexed"])
    name = f"phishing step, torch engine ({step:.0f} us) / PyTorch eager, indexed batches"
    rows.append(Row(name, f"{value:.2f}", "<= 1.0", value <= 1, noise))
    value, noise = ratio(seconds["DataLoader"], seconds["xent"])
    name = "phishing step, PyTorch eager with DataLoader / torch engine"
    rows.append(Row(name, f"{value:.2f}", ">= 2.0", value >= 2, noise))
    return rows


def engine_step(
    network: Network, distribution: Any, X: Array, y: Array, device: str = "cpu", **settings: Any
) -> Callable[[], None]:
    """Return a step of the torch engine and Adam, on one batch."""
    engine = make_engine("torch", network, distribution, device=device, **settings)
    engine.init(np.random.default_rng(0))
    engine.reserve(len(X))
    optimizer = make_optimizer("adam", engine.parameters, engine.gradient)

    def step() -> None:
        engine.loss_and_grad(X, y)
        optimizer.step(1e-3)

    return step


def plain_step(
    net: nn.Module,
    criterion: nn.Module,
    X: Array,
    y: Array,
    device: str = "cpu",
    *,
    compiled: bool = False,
) -> Callable[[], None]:
    """Return the step that a user of PyTorch would write for pixels, with indexed batches."""
    net = net.to(device)
    optimizer = torch.optim.Adam(net.parameters())
    inputs, labels = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device)
    rows = torch.arange(len(X), device=device)
    forward: Any = torch.compile(net, mode="reduce-overhead") if compiled else net

    def step() -> None:
        optimizer.zero_grad()
        batch = inputs[rows]
        if batch.dtype == torch.uint8:
            batch = (batch.float() / 255 - 0.5) / 0.25
        z = forward(batch)
        loss = criterion(z.squeeze(1) if z.shape[1] == 1 else z, labels[rows])
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def plain_small_cnn() -> nn.Module:
    parts: list[nn.Module] = []
    for below, n_filters in itertools.pairwise((3, 16, 32, 64, 128)):
        parts += [nn.Conv2d(below, n_filters, 3, padding=1), nn.BatchNorm2d(n_filters)]
        parts += [nn.ReLU(), nn.MaxPool2d(2)]
    parts += [nn.Flatten(), nn.Dropout(0.5), nn.Linear(8192, 128), nn.BatchNorm1d(128)]
    parts += [nn.ReLU(), nn.Linear(128, 1)]
    return nn.Sequential(*parts)


class PlainBlock(nn.Module):
    def __init__(self, below: int, n_filters: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(below, n_filters, 3, stride, 1)
        self.second = nn.Conv2d(n_filters, n_filters, 3, 1, 1)
        self.norms = nn.ModuleList(nn.BatchNorm2d(n_filters) for _ in range(2))
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(below, n_filters, 1, stride), nn.BatchNorm2d(n_filters)
            )

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        long = functional.relu(self.norms[0](self.first(a)))
        return functional.relu(self.norms[1](self.second(long)) + self.shortcut(a))


def plain_resnet() -> nn.Module:
    parts: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1), nn.BatchNorm2d(16), nn.ReLU()]
    below = 16
    for n_filters, first_stride in ((16, 1), (32, 2), (64, 2)):
        for stride in (first_stride, 1, 1):
            parts.append(PlainBlock(below, n_filters, stride))
            below = n_filters
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def with_pixels(network: Network) -> Network:
    return Network(network.row_shape, (Pixels(MEAN, SD), *network.layers))


def image_rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (64, 3, 128, 128), dtype=np.uint8)
    y = rng.integers(0, 2, 64).astype(np.float32)
    network = with_pixels(small_cnn((3, 128, 128), 1))
    ours = functools.partial(engine_step, network, Bernoulli(), X, y)
    programs = {
        "xent": ours(),
        "plain": plain_step(plain_small_cnn(), nn.BCEWithLogitsLoss(), X, y),
        "bf16": ours(precision="bf16"),
    }
    torch.set_num_threads(n_cores())
    seconds = take_turns(programs, 5)
    value, noise = ratio(seconds["xent"], seconds["plain"])
    step = 1e3 * float(np.median(seconds["xent"]))
    name = f"small_cnn, 64 images of 128x128, torch engine ({step:.0f} ms) / written plainly"
    rows = [Row(name, f"{value:.2f}", "<= 1.05", value <= 1.05, noise)]
    value, noise = ratio(seconds["bf16"], seconds["xent"])
    return [*rows, Row("small_cnn step, in bf16 / as it is", f"{value:.2f}", "told", True, noise)]


def compiled_rows() -> list[Row]:
    X, y = phishing_half()
    network = mlp(30, (100, 100), 1, activation="sigmoid")
    programs = {
        str(compiled): many(
            engine_step(network, Bernoulli(), X[:350], y[:350], compiled=compiled), 100
        )
        for compiled in (False, True)
    }
    with blas_threads(1):
        seconds = take_turns(programs, 9)
    value, noise = ratio(seconds["True"], seconds["False"])
    row = Row("phishing step, compiled / as it is", f"{value:.2f}", "told", True, noise)
    return [row, *agreement_rows()]


def agreement_rows() -> list[Row]:
    """How far a compiled step is from the plain one, in float32."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(350, 30)).astype(np.float32), rng.integers(0, 2, 350).astype(float)
    network = mlp(30, (100, 100), 1, activation="sigmoid", batch_norm=True, dropout=0.2)
    ends = []
    for compiled in (False, True):
        engine = make_engine("torch", network, Bernoulli(), device="cpu", compiled=compiled)
        engine.init(np.random.default_rng(1))
        engine.reserve(350)
        for _ in range(20):
            engine.loss_and_grad(X, y)
            engine.parameters -= np.float32(0.1) * engine.gradient
        ends.append(engine.predict(X))
    far = float(np.max(np.abs(ends[1] - ends[0])))
    name = "logits after 20 steps, compiled - as it is, batch norm and dropout"
    return [Row(name, f"{far:.1e}", "<= 1e-06", far <= 1e-6)]


def cuda_rows() -> list[Row]:
    rng = np.random.default_rng(0)
    X, y = phishing_half()
    table = (X[:350], y[:350])
    images = rng.integers(0, 256, (512, 3, 32, 32), dtype=np.uint8)
    digits = rng.integers(0, 10, 512)
    sigmoid = nn.Sigmoid

    def plain_mlp() -> nn.Module:
        return nn.Sequential(
            nn.Linear(30, 100), sigmoid(), nn.Linear(100, 100), sigmoid(), nn.Linear(100, 1)
        )

    cases: dict[str, tuple[Any, ...]] = {
        "phishing network": (
            mlp(30, (100, 100), 1, activation="sigmoid"), Bernoulli(), plain_mlp,
            nn.BCEWithLogitsLoss(), table,
        ),
        "resnet_small, batch 512": (
            with_pixels(resnet_small((3, 32, 32), 10)), Categorical(10), plain_resnet,
            nn.CrossEntropyLoss(), (images, digits),
        ),
    }  # fmt: skip
    rows = []
    for name, (network, distribution, plain, criterion, batch) in cases.items():
        ours = functools.partial(engine_step, network, distribution, *batch, "cuda")
        theirs = functools.partial(plain_step, criterion=criterion, X=batch[0], y=batch[1])
        programs = {
            "xent": many(ours()),
            "xent compiled": many(ours(compiled=True)),
            "plain": many(theirs(plain(), device="cuda")),
            "plain compiled": many(theirs(plain(), device="cuda", compiled=True)),
        }
        seconds = take_turns(programs, 9)
        better = min(("plain", "plain compiled"), key=lambda key: float(np.median(seconds[key])))
        own = min(("xent", "xent compiled"), key=lambda key: float(np.median(seconds[key])))
        value, noise = ratio(seconds[own], seconds[better])
        label = f"{name} on {torch.cuda.get_device_name()}, {own} / {better}"
        rows.append(Row(label, f"{value:.2f}", "<= 1.0", value <= 1, noise))
    return rows


def many(step: Callable[[], None], n: int = 50) -> Callable[[], None]:
    def run() -> None:
        for _ in range(n):
            step()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return run


PARTS: dict[str, Callable[[], list[Row]]] = {
    "tables": phishing_rows,
    "images": image_rows,
    "compiled": compiled_rows,
    "cuda": cuda_rows,
}


def main(names: list[str]) -> int:
    """Measure the parts of these names, or all; each has its section in the results."""
    status = 0
    for name in names or PARTS:
        if name == "cuda" and not torch.cuda.is_available():
            print("skipped: no CUDA GPU here")
            continue
        status = max(status, report(f"torch engine: {name}", PARTS[name]()))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
