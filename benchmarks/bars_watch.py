"""The live page: what it costs the training, its server and its browsers; how soon an epoch is seen."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from results import Row, report

N_TURNS, N_PAGES = 7, 2
# of each training: windows alone, watched, and beside programs that have nothing to do with it and take as much
N_ROUNDS = 3
KINDS = ("alone", "watched", "strangers")
# seconds until all charts are there, until those who were held have caught up, and of a window
OPENING, SETTLING, WINDOW = 4.0, 2.0, 2.5
N_STARTS, MANY = 5, 1_000_000
N_LONG, LONG_SECONDS = 10_000, 8.0
TRAINER = """
import json, resource, sys, threading
from xent.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print("USED " + json.dumps([code, used.ru_utime + used.ru_stime, threading.active_count()]))
"""
STRANGER = """
import sys, time
share, numbers = float(sys.argv[1]), list(range(200_000))
while True:
    end = time.process_time() + 0.1 * share
    while time.process_time() < end:
        sum(numbers[:20_000])
    time.sleep(0.1 * (1 - share))
"""
# seconds from one frame of a page to the next
FRAMES = """(seconds) => new Promise((done) => {
  const gaps = [];
  const begin = performance.now();
  let before = begin;
  const frame = (now) => {
    gaps.push((now - before) / 1000);
    before = now;
    if (now - begin < 1000 * seconds) requestAnimationFrame(frame);
    else done(gaps);
  };
  requestAnimationFrame(frame);
})"""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TICKS = os.sysconf("SC_CLK_TCK")


def write_data(folder: Path) -> None:
    """Write a table whose epochs take about ten milliseconds."""
    import polars as pl

    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 10))
    y = (x @ rng.normal(size=10) + rng.normal(size=3000) > 0).astype(int)
    pl.DataFrame({**{f"x{k}": x[:, k] for k in range(10)}, "y": y}).write_csv(folder / "data.csv")


def start(folder: Path, n_epochs: int, *more: str) -> subprocess.Popen[str]:
    """Start a training of 133 to 260 epochs a second."""
    settings = ["--target", "y", "--hidden", "32", "--batch-size", "100", "--seed", "1"]
    settings += ["--epochs", str(n_epochs), "--no-early-stopping", "--runs", str(folder / "runs")]
    return subprocess.Popen(
        [sys.executable, "-c", TRAINER, "train", str(folder / "data.csv"), *settings, *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "DISPLAY": ""},
    )  # fmt: skip


def end(process: subprocess.Popen[str]) -> tuple[float, int]:
    """Return the CPU seconds and the Python threads of a training that ended, or was interrupted."""
    out, said = process.communicate()
    found = re.search(r"USED (.*)", out)
    assert found is not None, said
    code, seconds, n_threads = json.loads(found.group(1))
    assert code in {0, 130}, said
    return seconds, n_threads


def address(process: subprocess.Popen[str]) -> str:
    """Return where the page of a training is."""
    assert process.stderr is not None
    line = next(line for line in process.stderr if "watch:" in line)
    return re.search(r"http\S+", line).group()


def start_cost(folder: Path) -> tuple[float, int]:
    """Return what --watch takes of the training's CPU once, in seconds, and the threads without it."""
    plain, watched = [], []
    for _ in range(N_STARTS):
        plain.append(end(start(folder, 1)))
        process = start(folder, 1, "--watch")
        url = address(process)
        watched.append(end(process))
        end_server(url)
    # what disturbs only adds
    cost = min(w for w, _ in watched) - min(p for p, _ in plain)
    return cost, max(n for _, n in plain)


def watch(folder: Path, browser: Any) -> dict[str, float]:
    """Train once, watched by two pages, and return what each window took.

    The windows alternate within one training: another minute, or another process, is another speed here.
    """
    process = start(folder, MANY, "--watch")
    url = address(process)
    pages = [browser.new_page() for _ in range(N_PAGES)]
    for page in pages:
        page.goto(url)
        page.wait_for_selector("#loss-plot .mark-line path", state="attached")
    identifier = url.split("/runs/")[1].split("?", maxsplit=1)[0]
    history = folder / "runs" / identifier / "history.jsonl"
    time.sleep(OPENING)
    watching = others()
    _, share, _ = window(process.pid, history, watching)
    found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in KINDS}
    with strangers(share) as beside:
        for turn in range(N_ROUNDS):
            for kind in KINDS if turn % 2 else KINDS[::-1]:
                hold(watching, kind != "watched")
                hold(beside, kind != "strangers")
                time.sleep(SETTLING)
                found[kind].append(window(process.pid, history, watching + beside))
    hold(watching, False)
    lag = epoch_lag(pages[0], history)
    process.send_signal(signal.SIGINT)
    _, n_threads = end(process)
    for page in pages:
        page.close()
    end_server(url)
    cost, cores, speed = (
        {kind: statistics.median(values) for kind, values in zip(KINDS, column, strict=True)}
        for column in zip(*(zip(*found[kind], strict=True) for kind in KINDS), strict=True)
    )
    return {
        "more": cost["watched"] / cost["alone"] - 1,
        "strangers": cost["strangers"] / cost["alone"] - 1,
        "cores": cores["watched"],
        "strangers_cores": cores["strangers"],
        "epochs_a_second": speed["watched"],
        "lag": lag,
        "threads": n_threads,
    }


@contextlib.contextmanager
def strangers(cores: float) -> Iterator[list[int]]:
    """Start one program a page, held at first, that together take as many cores and do nothing of use."""
    share = str(min(1.0, cores / N_PAGES))
    running = [subprocess.Popen([sys.executable, "-c", STRANGER, share]) for _ in range(N_PAGES)]
    try:
        yield [each.pid for each in running]
    finally:
        for each in running:
            each.kill()
            each.wait()


def window(trainer: int, history: Path, watching: list[int]) -> tuple[float, float, float]:
    """Return the trainer's CPU seconds an epoch, the cores of the others, and the epochs a second."""

    def now() -> tuple[float, int, float, float]:
        n = history.read_bytes().count(b"\n")
        return time.perf_counter(), n, cpu(trainer), sum(map(cpu, watching))

    before = now()
    time.sleep(WINDOW)
    seconds, n, own, theirs = (b - a for a, b in zip(before, now(), strict=True))
    return own / n, theirs / seconds, n / seconds


def hold(watching: list[int], is_held: bool) -> None:
    """Stop the server and its pages, or let them go on."""
    for process in watching:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP if is_held else signal.SIGCONT)


def cpu(process: int) -> float:
    """Return the CPU seconds of a process so far, those of its ended threads too; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def epoch_lag(page: Any, history: Path) -> float:
    """Return the median time from an epoch's line in the file to its number on the page, in seconds."""
    waiting, lags = [], []
    while len(lags) < 60:
        waiting.append((history.read_bytes().count(b"\n"), time.perf_counter()))
        text = page.locator("#said").inner_text()
        shown = re.search(r"epoch ([\d,]+)", text)
        n_shown = int(shown.group(1).replace(",", "")) if shown else 0
        now = time.perf_counter()
        lags += [now - then for n, then in waiting if n <= n_shown]
        waiting = [(n, then) for n, then in waiting if n > n_shown]
        time.sleep(0.02)
    return statistics.median(lags)


def frames_of_a_long_run(browser: Any, runs: Path) -> list[float]:
    """Return the pauses between the frames of a page on 10,000 epochs, to which a hundred a second are added."""
    history = max(runs.glob("*/history.jsonl"), key=lambda path: path.stat().st_mtime)
    last = json.loads(history.read_text().splitlines()[-1])
    lines = itertools.count(max(last["epoch"], N_LONG) + 1)
    studio = subprocess.Popen(
        [sys.executable, "-m", "xent", "studio", str(runs), "--port", "8790"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "DISPLAY": ""},
    )  # fmt: skip
    page, is_over = browser.new_page(), threading.Event()

    def grow() -> None:
        while not is_over.wait(0.01):
            append(next(lines))

    def append(epoch: int) -> None:
        noise = random.Random(epoch).random()
        file.write(json.dumps({**last, "epoch": epoch, "loss": 1 / epoch + noise / 10}) + "\n")

    with history.open("a", buffering=1) as file:
        for epoch in range(last["epoch"] + 1, N_LONG + 1):
            append(epoch)
        growing = threading.Thread(target=grow)
        growing.start()
        try:
            assert studio.stdout is not None
            address = next(line for line in studio.stdout if "http" in line)
            root = re.search(r"http://[\d.:]+", address).group()
            page.goto(f"{root}/runs/{history.parent.name}")
            page.wait_for_selector("#loss-plot .mark-line path", state="attached")
            time.sleep(OPENING)
            gaps: list[float] = page.evaluate(FRAMES, LONG_SECONDS)
            assert int(page.get_attribute("html", "data-epochs")) > N_LONG
        finally:
            is_over.set()
            growing.join()
            studio.terminate()
            page.close()
    return gaps


def end_server(url: str) -> None:
    """End the studio that serves an address: the one process that listens on its port."""
    port = re.search(r":(\d+)/", url)
    assert port is not None
    listening = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(f":{int(port[1]):04X}") and fields[3] == "0A"
    }
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another's
            if b"xent.studio.watching" in (process / "cmdline").read_bytes():
                held = {str(link.readlink()) for link in (process / "fd").iterdir()}
                if held & {f"socket:[{inode}]" for inode in listening}:
                    os.kill(int(process.name), signal.SIGTERM)


def others() -> list[int]:
    """Return the processes of the server and the browser."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            command = (folder / "cmdline").read_bytes()
            if b"chromium" in command or b"xent.studio.watching" in command:
                found.append(int(folder.name))
    return found


def main(n_turns: int) -> int:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        write_data(folder)
        once, n_threads = start_cost(folder)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        turns = [watch(folder, browser) for _ in range(n_turns)]
        gaps = sorted(frames_of_a_long_run(browser, folder / "runs"))
        browser.close()
    middle = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    least, most = min(turn["more"] for turn in turns), max(turn["more"] for turn in turns)
    threads = {n_threads} | {turn["threads"] for turn in turns}
    late = gaps[int(0.99 * len(gaps))]
    speed = f"at {middle['epochs_a_second']:.0f} epochs a second"
    rows = [
        Row(
            "CPU of the training's epochs beside the server and two pages, more than alone",
            f"{100 * middle['more']:.1f} %",
            "<= 3 %",
            middle["more"] <= 0.03,
            f"{100 * least:.1f} to {100 * most:.1f} %",
        ),
        Row(
            "the same beside programs that only take as much",
            f"{100 * middle['strangers']:.1f} %",
            "",
            True,
            f"{middle['strangers_cores']:.2f} cores",
        ),
        Row("the same once, to start the server", f"{once:.2f} s", "", True),
        Row(
            "threads of the training's Python, watched or not",
            str(sorted(threads)),
            "[1]",
            threads == {1},
        ),
        Row(
            "an epoch is on the page after, median",
            f"{middle['lag']:.2f} s",
            "<= 0.5 s",
            middle["lag"] <= 0.5,
            speed,
        ),
        Row(
            "server and two pages together",
            f"{middle['cores']:.2f} cores",
            "<= 1",
            middle["cores"] <= 1.0,
            speed,
        ),
        Row(
            "10,000 epochs and 100 more a second: 99 of 100 frames come within",
            f"{1000 * late:.0f} ms",
            "<= 100 ms (own aim)",
            late <= 0.1,
            f"the slowest {1000 * gaps[-1]:.0f} ms",
        ),
    ]
    method = (
        f"{n_turns} trainings of {N_ROUNDS} rounds of windows of {WINDOW} s, in both orders: the server and "
        "the pages at work, all of them held, and strangers in their place; each ratio is that of a training's medians"
    )
    return report("live page", rows, notes=[method])


if __name__ == "__main__":
    sys.exit(main(2 if "--quick" in sys.argv else N_TURNS))
