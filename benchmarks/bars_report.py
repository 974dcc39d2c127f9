"""The report's file and its page in Chromium: size, first paint, requests, and how long a step of the slider takes."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from results import Row, report

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
N_STEPS = 60
MOVE = """(index) => { const s = document.getElementById('slider'); s.value = index;
    s.dispatchEvent(new Event('input', {bubbles: true})); }"""
STEPS = "performance.getEntriesByName('xent-step').map((entry) => entry.duration)"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def page_of(n_rows: int) -> tuple[str, float]:
    """Return the report on so many predictions, and the seconds that writing it took."""
    from xent.workflow.prediction_files import LabelledPredictions
    from xent.workflow.reporting import report_predictions

    generator = np.random.default_rng(1)
    p = generator.beta(0.7, 2.0, n_rows)
    y = (generator.random(n_rows) < p).astype(np.int64)
    predictions = LabelledPredictions(f"{n_rows} rows", y, "probabilities", p, (0, 1))
    begin = time.perf_counter()
    html = report_predictions(predictions, predictions.evaluate())
    return html, time.perf_counter() - begin


def measured(browser: Any, path: Path) -> dict[str, Any]:
    """Return what happened when the page was opened and its slider moved."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    page = context.new_page()
    said: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=true]", timeout=30_000)
    ready = page.evaluate("performance.now()")
    last = int(page.get_attribute("#slider", "max"))
    for step in range(N_STEPS):
        before = page.get_attribute("html", "data-steps")
        page.evaluate(MOVE, 1 + (step * 37 * last // N_STEPS) % (last - 1))
        page.wait_for_selector(f'html[data-steps]:not([data-steps="{before}"])')
    found = {
        "paint": page.evaluate(PAINT),
        "ready": ready,
        "steps": page.evaluate(STEPS),
        "said": said,
        "requested": requested[1:],
    }
    context.close()
    return found


def rows_of(browser: Any, folder: Path, n_rows: int, most: float) -> list[Row]:
    html, seconds = page_of(n_rows)
    path = folder / f"{n_rows}.html"
    path.write_text(html)
    size, label = path.stat().st_size / 1e6, f"report on {n_rows:,} predictions"
    runs = [measured(browser, path) for _ in range(3)]
    paints, steps = [run["paint"] for run in runs], [step for run in runs for step in run["steps"]]
    paint, step = statistics.median(paints), statistics.quantiles(steps, n=20)[-1]
    n_noises = sum(len(run["said"]) + len(run["requested"]) for run in runs)
    quartiles = statistics.quantiles(steps, n=4)
    return [
        Row(f"{label}: size ({seconds:.1f} s to write)", f"{size:.2f} MB", f"<= {most:g} MB", size <= most),
        Row(f"{label}: first paint", f"{paint:.0f} ms", "<= 1000 ms", paint <= 1000,
            f"{min(paints):.0f} to {max(paints):.0f} ms"),
        Row(f"{label}: a step of the slider, 95th percentile of {len(steps)}", f"{step:.0f} ms", "< 50 ms", step < 50,
            f"{quartiles[0]:.0f} to {quartiles[2]:.0f} ms"),
        Row(f"{label}: console messages and requests", str(n_noises), "0", n_noises == 0),
    ]  # fmt: skip


def main() -> int:
    if not Path(CHROMIUM).exists():
        print(f"skipped: there is no Chromium at {CHROMIUM}")
        return 0
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        rows = [
            row
            for n_rows, most in ((20_000, 2.0), (1_000_000, 3.0))
            for row in rows_of(browser, Path(folder), n_rows, most)
        ]
        browser.close()
    return report("report", rows)


if __name__ == "__main__":
    sys.exit(main())
