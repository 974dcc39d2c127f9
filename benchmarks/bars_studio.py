"""The studio under load: many open connections, requests at planned times; one client at a time; its memory.

The small form (`bars_studio.py --small`) takes a few seconds and holds no bar.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from results import Row, report


@dataclass(frozen=True)
class Load:
    n_connections: int
    n_seconds: float
    rate: float


WHOLE = Load(200, 30.0, 1000.0)
SMALL = Load(20, 2.0, 100.0)
CITIES = ["Oslo", "Rome", "Bonn"]


def train_run(runs: Path) -> str:
    """Train on numbers, texts and gaps, and return the run's name."""
    import numpy as np
    import polars as pl

    import xent

    rng = np.random.default_rng(1)
    columns = {f"x{k}": rng.normal(size=600) for k in range(6)}
    city = rng.choice(CITIES, 600)
    score = columns["x0"] + (city == "Rome") + rng.normal(0, 0.5, 600)
    x1 = columns["x1"].tolist()
    x1[::9] = [None] * len(x1[::9])
    table = pl.DataFrame({**columns, "x1": x1, "city": city, "y": (score > 0).astype(int)})
    return xent.train(table, target="y", epochs=10, random_state=1, runs=runs).folder.name


def request_of(run: str, port: int) -> bytes:
    """Return one request: a row with a text and a missing value."""
    row = {f"x{k}": round(random.gauss(0, 1), 3) for k in range(6)}
    body = json.dumps([{**row, "x1": None, "city": random.choice(CITIES)}]).encode()
    head = (
        f"POST /api/runs/{run}/predict HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client:
    """One open connection; its requests go one after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.lock = reader, writer, asyncio.Lock()

    async def ask(self, request: bytes) -> int:
        async with self.lock:
            self.writer.write(request)
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            length = re.search(rb"content-length: (\d+)", head)
            assert length is not None
            await self.reader.readexactly(int(length[1]))
            return int(head.split()[1])


async def loaded(run: str, port: int, load: Load) -> tuple[list[float], int]:
    """Return the latencies in ms from the planned times, and how many requests failed."""
    clients = [
        Client(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(load.n_connections)
    ]
    n = int(load.rate * load.n_seconds)
    requests = [request_of(run, port) for _ in range(200)]
    latencies: list[float] = []
    n_failed = 0
    begin = time.perf_counter() + 0.1

    async def one(place: int) -> None:
        nonlocal n_failed
        planned = begin + place / load.rate
        await asyncio.sleep(max(0.0, planned - time.perf_counter()))
        try:
            status = await clients[place % len(clients)].ask(requests[place % 200])
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        n_failed += status != 200
        latencies.append(1000 * (time.perf_counter() - planned))

    for first in range(0, n, int(load.rate)):  # a second's tasks at a time
        await asyncio.gather(
            *(one(place) for place in range(first, min(n, first + int(load.rate))))
        )
    for client in clients:
        client.writer.close()
    return latencies, n_failed


async def alone(run: str, port: int, n: int) -> list[float]:
    """Return the latencies in ms of one client, one request at a time."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    latencies = []
    for _ in range(n):
        begin = time.perf_counter()
        assert await client.ask(request_of(run, port)) == 200
        latencies.append(1000 * (time.perf_counter() - begin))
    client.writer.close()
    return latencies


def memory_of(process: subprocess.Popen[str]) -> float:
    """Return the resident memory in MB."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


def rows_of(single: list[float], together: list[float], n_failed: int, grown: float) -> list[Row]:
    median, high = statistics.median(together), statistics.quantiles(together, n=100)[98]
    one = statistics.median(single)
    return [
        Row("requests that failed", f"{n_failed} of {len(together):,}", "0", n_failed == 0),
        Row("median latency from the planned time", f"{median:.1f} ms", "< 25 ms", median < 25),
        Row("99th percentile", f"{high:.1f} ms", "< 250 ms", high < 250),
        Row("one client at a time, median", f"{one:.2f} ms", "< 5 ms", one < 5),
        Row("memory gained under load", f"{grown:.1f} MB", "< 20 MB", grown < 20),
    ]


def main() -> int:
    is_small = "--small" in sys.argv[1:]
    load = SMALL if is_small else WHOLE
    with tempfile.TemporaryDirectory() as folder:
        run = train_run(Path(folder))
        command = [sys.executable, "-m", "xent", "studio", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().split(":")[3].split("/")[0])
            try:
                single = asyncio.run(alone(run, port, 100 if is_small else 1000))[10:]
                asyncio.run(loaded(run, port, SMALL))  # buffers and caches take their size
                before = memory_of(process)
                together, n_failed = asyncio.run(loaded(run, port, load))
                grown = memory_of(process) - before
            finally:
                process.terminate()
    rows = rows_of(single, together, n_failed, grown)
    if is_small:
        for row in rows:
            print(f"{row.figure}: {row.measured}")
        return int(n_failed > 0)
    name = f"studio: {load.n_connections} connections, {load.rate:.0f} requests a second"
    return report(name, rows, notes=["client and server share the machine's cores"])


if __name__ == "__main__":
    sys.exit(main())
