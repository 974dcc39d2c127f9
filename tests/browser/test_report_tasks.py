"""Reports of runs, and of every task, in a real browser: silent, whole, as wide as the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from xent.evaluation.evaluations import evaluate
from xent.reports import report_page
from xent.reports.task_sections import Named, task_sections

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</script><script>alert(1)</script>"
Opener = Callable[..., Any]
MARKS = "svg .mark-symbol path, svg .mark-line path, svg .mark-rect path, svg .mark-rule line"


def ready(open_page: Opener, address: str, **settings: Any) -> Any:
    """Open a page and wait until its charts are drawn."""
    watched = open_page(address, **settings)
    watched.page.wait_for_selector("html[data-ready=true]", timeout=20_000)
    return watched


def test_the_report_of_a_run_opens(tmp_path: Path, open_page: Opener) -> None:
    import xent
    from xent.cli import main

    run = xent.train(
        "example:breast_cancer", target="target", epochs=4, random_state=1, runs=tmp_path
    )
    assert (
        main(
            [
                "threshold",
                str(run.folder),
                "--cost-fn",
                "5",
                "--cost-fp",
                "1",
                "--n-bootstrap",
                "20",
            ]
        )
        == 0
    )
    assert main(["report", str(run.folder)]) == 0
    path = run.folder / "report.html"
    assert path.stat().st_size < 2e6
    watched = ready(open_page, path.as_uri())
    assert watched.said == []
    assert watched.requested == []
    for figure in watched.page.locator("figure.chart").all():
        assert figure.locator(MARKS).count() > 0
    chosen = xent.load_run(run.folder).decision
    assert chosen is not None
    assert float(watched.page.evaluate("document.documentElement.dataset.threshold")) == (
        chosen.threshold.value
    )


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reports_of_the_other_tasks_draw_every_chart(
    task: str, scheme: str, tmp_path: Path, open_page: Opener
) -> None:
    generator = np.random.default_rng(4)
    z = generator.normal(size=(200, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    named = Named(("a", "b", HOSTILE), "rows")
    evaluation = {
        "multiclass": lambda: evaluate(
            (z + generator.normal(size=(200, 3))).argmax(axis=1), probabilities=p
        ),
        "multilabel": lambda: evaluate(z > 0.3, probabilities=p),
        "regression": lambda: evaluate(z[:, 0], predictions=z[:, 0] + 0.1 * z[:, 1]),
    }[task]()
    path = tmp_path / "report.html"
    path.write_text(report_page(task, "", task_sections(evaluation, named, None)))
    watched = ready(open_page, path.as_uri(), width=480, scheme=scheme)
    assert watched.said == []
    assert watched.requested == []
    figures = watched.page.locator("figure.chart")
    assert figures.count() >= 2
    for place in range(figures.count()):
        assert figures.nth(place).locator(MARKS).count() > 2
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 480
