"""Real runs, trained once, and a real server on a free port."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import polars as pl
import pytest

import xent
from xent.studio.addresses import listening_socket
from xent.studio.security import Access
from xent.studio.serving import StudioServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "a-token-for-tests"


@dataclass(frozen=True)
class Served:
    """A running studio.

    Attributes
    ----------
    root : Path
        Its folder of runs, which a test may change.
    url : str
    """

    root: Path
    url: str
    server: StudioServer

    def get(self, path: str, **more: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return httpx.post(self.url + path, timeout=30, **more)


def mixed_table(n_rows: int = 240) -> pl.DataFrame:
    """Return numbers, a boolean, texts, gaps, and a class that depends on them."""
    rng = np.random.default_rng(5)
    age, member = rng.normal(40, 10, n_rows), rng.random(n_rows) < 0.5
    city = rng.choice(["Oslo", "Rome", "Bonn"], n_rows)
    score = (age - 40) / 10 + member + (city == "Rome") + rng.normal(0, 0.5, n_rows)
    ages: list[float | None] = age.tolist()
    ages[::17] = [None] * len(ages[::17])
    return pl.DataFrame(
        {
            "age": ages,
            "member": member,
            "city": city,
            "answer": np.where(score > 0.8, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run of each task, and two that can be compared."""
    runs = tmp_path_factory.mktemp("trained") / "runs"
    settings: dict[str, Any] = {"runs": runs, "random_state": 3, "epochs": 12, "hidden": (8,)}
    labels = mixed_table().with_columns(
        (pl.col("answer") == "yes").cast(pl.Int64).alias("a"),
        pl.col("member").cast(pl.Int64).alias("b"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, run in {
            "mixed": xent.train(mixed_table(), target="answer", positive="yes", **settings),
            "wider": xent.train(
                mixed_table(), target="answer", positive="yes", **{**settings, "hidden": (16,)}
            ),
            "wine": xent.train("example:wine", target="target", **settings),
            "diabetes": xent.train("example:diabetes", target="target", **settings),
            "labels": xent.train(labels, targets=["a", "b"], drop=["answer", "member"], **settings),
        }.items():
            run.folder.rename(runs / name)
    return runs


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of the trained runs, for a test to damage."""
    return Path(shutil.copytree(trained, tmp_path / "runs"))


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., Served]]:
    """Return a function that serves a folder of runs."""
    ends: list[Callable[[], None]] = []

    def started(root: Path, host: str = "127.0.0.1", **more: Any) -> Served:
        listening = listening_socket(host, 0)
        server = StudioServer(root, Access(host, TOKEN), listening, **more)
        thread = threading.Thread(target=server.run)
        thread.start()

        def end() -> None:
            server.stop()
            thread.join()
            listening.close()

        ends.append(end)
        while not server.is_started:
            time.sleep(0.005)
        return Served(root, f"http://127.0.0.1:{listening.getsockname()[1]}", server)

    yield started
    for end in ends:
        end()


@pytest.fixture(scope="session")
def studio(trained: Path, serve: Callable[..., Served]) -> Served:
    """Return a studio of the trained runs, which no test may change."""
    return serve(trained)


@pytest.fixture
def own_studio(runs: Path, serve: Callable[..., Served]) -> Served:
    """Return a studio of runs that the test may damage."""
    return serve(runs)
