"""What a second rank brings: a training step by two processes against one, and that both give the same.

Both ranks have one thread. While rank 0 computes alone the other waits. Where two cores are not free, as on a shared
machine, the figures of time say little; those of equality hold anywhere.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from results import Row, report

CASES = (
    "mlp 30-100-100-1, batch 350",
    "mlp 30-1000-1000-1, batch 1,024",
    "small_cnn 64x64, batch 64",
)
WARM_STEPS, STEPS, TURNS = 1, 3, 3
LARGEST_DIFFERENCE = 1e-12


def case(name: str) -> tuple[Any, Any, Any, Any]:
    """Return network, distribution and a batch."""
    from xent.distributions import Bernoulli
    from xent.network import Network, Pixels, mlp
    from xent.network.presets import preset

    generator = np.random.default_rng(0)
    if name.startswith("small_cnn"):
        body = preset("small_cnn", (3, 64, 64), 1)
        network = Network((3, 64, 64), (Pixels((0.5,) * 3, (0.25,) * 3), *body.layers))
        X = generator.integers(0, 256, (64, 3, 64, 64)).astype(np.uint8)
    else:
        width, n = (100, 350) if "100-100" in name else (1000, 1024)
        network = mlp(30, (width, width), 1)
        X = generator.normal(size=(n, 30)).astype(np.float32)
    return network, Bernoulli(), X, (np.arange(len(X)) % 2).astype(np.float32)


def seconds(engine: Any, X: Any, y: Any, n_steps: int) -> float:
    begin = time.perf_counter()
    for _ in range(n_steps):
        engine.loss_and_grad(X, y)
    return (time.perf_counter() - begin) / n_steps


def step(engine: Any, X: Any, y: Any) -> Any:
    """Return the gradient of a first step."""
    engine.init(np.random.default_rng(1))
    engine.loss_and_grad(X if X.dtype == np.uint8 else X.astype(np.float64), y.astype(np.float64))
    return engine.gradient


def measure(path: str) -> None:
    """Measure every case, as each of the two ranks."""
    import torch

    from xent.engines.torch_engine import TorchEngine
    from xent.engines.torch_ranks import Ranks
    from xent.launch import find_launch

    torch.set_num_threads(1)
    launch = find_launch()
    assert launch is not None
    ranks = Ranks(launch)
    found = {}
    for name in CASES:
        network, distribution, X, y = case(name)
        together = TorchEngine(network, distribution, ranks=ranks)
        together.init(np.random.default_rng(1))
        alone = TorchEngine(network, distribution)
        alone.init(np.random.default_rng(1))
        ratios, apart = [], []
        for turn in range(TURNS):
            if launch.is_first:
                apart.append(seconds(alone, X, y, STEPS if turn else STEPS + WARM_STEPS))
            ranks.gather_texts("ready")
            shared = seconds(together, X, y, STEPS if turn else STEPS + WARM_STEPS)
            if launch.is_first:
                ratios.append(shared / apart[-1])
        # in float32 a rounding that moves a maximum to its neighbor says nothing of the ranks
        exact = TorchEngine(network, distribution, "float64", ranks=ranks)
        gradient = step(exact, X, y)
        if launch.is_first:
            expected = step(TorchEngine(network, distribution, "float64"), X, y)
            difference = float(np.max(np.abs(gradient - expected)) / np.max(np.abs(expected)))
            found[name] = [statistics.median(apart), ratios, difference]
    if launch.is_first:
        Path(path).write_text(json.dumps(found))


def main() -> int:
    with socket.socket() as free, tempfile.TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        path = str(Path(folder) / "found.json")
        own = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        ranks = [
            subprocess.Popen(
                [sys.executable, __file__, path],
                env={**os.environ, **own, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            )
            for rank in (0, 1)
        ]
        codes = [rank.wait() for rank in ranks]
        if any(codes):
            return 1
        found = json.loads(Path(path).read_text())
    rows = []
    for name, (apart, ratios, difference) in found.items():
        rows.append(
            Row(
                f"{name}: a step by two ranks, of one's {1000 * apart:.1f} ms",
                f"{statistics.median(ratios):.2f}",
                "none",
                holds=True,
                noise=f"{min(ratios):.2f} to {max(ratios):.2f}",
            )
        )
        rows.append(
            Row(
                f"{name}: float64 gradients differ by, of the largest",
                f"{difference:.1e}",
                f"<= {LARGEST_DIFFERENCE:g}",
                difference <= LARGEST_DIFFERENCE,
            )
        )
    return report("parallel", rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    else:
        sys.exit(main())
