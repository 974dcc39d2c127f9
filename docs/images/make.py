"""Makes the pictures of the README and the pages: `make images`. Needs Chromium and Playwright."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sheets import draw_sheets
from sklearn.datasets import load_digits

import xent
from xent import figures
from xent.workflow.deciding import decide_run
from xent.workflow.image_decisions import image_decisions, image_evidence
from xent.workflow.plot_sources import PlotSource
from xent.workflow.reporting import report_run

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SETTINGS: dict[str, Any] = {"target": "target", "positive": "malignant", "random_state": 1}


def evaluated(run: xent.Run) -> Any:
    """Return the evaluation of a run's test rows."""
    rows = run.predictions.filter(run.predictions["part"] == "test")
    y = run.model.target.encode(rows["y"].to_numpy())
    return xent.evaluate(y, probabilities=rows["p_malignant"].to_numpy())


def draw(run: xent.Run, small: xent.Run) -> None:
    """Draw figures without a browser."""
    pair = {"256-256": evaluated(run), "4 units": evaluated(small)}
    charts: dict[str, Callable[[str], Any]] = {
        "roc": lambda theme: figures.roc_curve(pair, theme=theme),
    }
    for name, chart in charts.items():
        for theme in ("light", "dark"):
            figures.save(chart(theme), HERE / f"{name}-{theme}.png", scale=1.5)


def draw_digits(runs: Path) -> None:
    """Draw what decided for handwritten digits: scikit-learn's, with noise, which may be shown."""
    digits = load_digits()
    images = np.kron((digits.images * 15.9).astype(np.uint8), np.ones((1, 2, 2), np.uint8))
    noisy = images + np.random.default_rng(0).normal(0, 40, images.shape)
    arrays = {"images": noisy.clip(0, 255).astype(np.uint8), "labels": digits.target.astype(str)}
    run = xent.train(
        arrays, task="multiclass", network="lenet", epochs=12, random_state=1, runs=runs
    )
    source = PlotSource("digits", run, data=arrays)
    decisions = image_decisions(source)
    mistakes = decisions.cases["Surest mistakes"][:6]
    evidence = image_evidence(run.model.engine, run.model.task, decisions)
    for theme in ("light", "dark"):
        chart = figures.image_sheet(
            decisions.images,
            {"Surest mistakes": mistakes},
            heats=evidence.heats[: len(mistakes)],
            title="What decided",
            subtitle=evidence.legend,
            theme=theme,
        )
        figures.save(chart, HERE / f"saliency-{theme}.png", scale=1)


def shoot(address: str, name: str, *, height: int) -> None:
    """Take a picture of a page, light and dark."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for scheme in ("light", "dark"):
            size = {"width": 1200, "height": height}
            page = browser.new_page(viewport=size, color_scheme=scheme)
            page.goto(address)
            page.wait_for_timeout(3000)
            page.screenshot(path=HERE / f"{name}-{scheme}.png")
        browser.close()


def main() -> int:
    """Train, draw, and take pictures."""
    draw_sheets()
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        run = xent.train("example:breast_cancer", runs=runs, **SETTINGS)
        small = xent.train("example:breast_cancer", runs=runs, hidden=(4,), epochs=12, **SETTINGS)
        draw(run, small)
        draw_digits(runs)
        decide_run(small, {"cost_fn": 20.0, "cost_fp": 1.0})
        page = Path(folder) / "report.html"
        page.write_text(report_run(small), encoding="utf-8")
        shoot(f"{page.as_uri()}#threshold", "report", height=1150)
        studio = [sys.executable, "-m", "xent", "studio", str(runs), "--port", "8790"]
        # the program that is documented here, on a folder made above
        with subprocess.Popen(studio, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            assert server.stdout is not None
            address = re.search(r"http\S+?(?=/\?)", server.stdout.readline())
            assert address is not None
            shoot(f"{address.group()}/runs/{run.folder.name}", "studio", height=900)
            server.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
