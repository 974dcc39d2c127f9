"""The studio in a real browser: live epochs, two runs compared, a row predicted, hostile names as text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import tests.studio.conftest as studio_fixtures
from tests.studio.conftest import TOKEN, Served, mixed_table

import xent

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>window.broken=1<script>"
IMAGE = "<img src=x onerror=window.broken=1>"
Opener = Callable[..., Any]
serve, trained = studio_fixtures.serve, studio_fixtures.trained


@pytest.fixture
def live(trained: Path, tmp_path: Path, serve: Callable[..., Served]) -> Served:
    """Return a studio of copies, one of them with a hostile name."""
    runs = tmp_path / "runs"
    shutil.copytree(trained, runs)
    (runs / "wine").rename(runs / HOSTILE)
    return serve(runs)


@pytest.fixture
def opened(open_page: Opener, live: Served) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page of the studio; at the end no page complained or asked elsewhere."""
    watched: list[Any] = []

    def at(path: str, **more: Any) -> Any:
        watched.append(open_page(live.url + path, **more))
        return watched[-1].page

    yield at
    for each in watched:
        assert each.said == []
        assert all(url.startswith((live.url, "data:", "blob:")) for url in each.requested)
        assert each.page.locator("script:not([src])").count() == 0


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-ready=true]", timeout=30_000)


def n_points(page: Any, plot: str, series: int = 0) -> int:
    """Return how many points a line of a chart has, by its drawn path."""
    path = page.locator(f"{plot} .mark-line path").nth(series).get_attribute("d") or ""
    return len(re.findall("[ML]", path))


def wait_until(page: Any, holds: Callable[[], bool]) -> None:
    """Wait for what is drawn: charts follow the numbers in turn. The page's policy forbids to wait in it."""
    for _ in range(300):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it is never drawn")


class TestList:
    def test_runs_are_sorted_and_filtered(self, opened: Callable[..., Any]) -> None:
        page = opened("/")
        ready(page)
        names = page.locator("#runs tbody th")
        assert names.count() == 5
        page.click("#runs thead button:has-text('Run')")
        texts = names.all_inner_texts()
        assert texts == sorted(texts, key=str.lower)
        page.fill("#text", "mixed")
        assert names.all_inner_texts() == ["mixed"]
        page.fill("#text", "")
        page.select_option("#figure", "auc")
        page.fill("#bound", "2")
        assert names.count() == 0
        page.select_option("#way", "-1")
        assert names.count() == 2  # the two with such a figure

    def test_a_script_in_a_name_is_text(self, opened: Callable[..., Any]) -> None:
        page = opened("/")
        ready(page)
        assert HOSTILE in page.locator("#runs tbody th").all_inner_texts()
        page.click(f"a:has-text('{HOSTILE[:8]}')")
        page.wait_for_selector("#loss-plot svg", timeout=30_000)
        assert page.inner_text("h1") == HOSTILE
        assert page.evaluate("window.broken") is None

    def test_two_chosen_are_compared(self, opened: Callable[..., Any]) -> None:
        page = opened("/")
        ready(page)
        for name in ("mixed", "wider"):
            page.check(f"input[aria-label='choose {name}']")
        page.click("#compare")
        page.wait_for_url("**/compare?a=mixed&b=wider")


# the epochs that a test adds to a finished run do not have its fingerprint, of which the doctor warns
@pytest.mark.filterwarnings("ignore::xent.runs.history_file.HistoryWarning")
class TestLive:
    def test_epochs_come_as_they_are_written(
        self, opened: Callable[..., Any], live: Served
    ) -> None:
        page = opened("/runs/mixed")
        page.wait_for_selector("html[data-epochs='12']", timeout=30_000)
        page.wait_for_selector("#loss-plot .mark-line path", state="attached", timeout=30_000)
        wait_until(page, lambda: n_points(page, "#loss-plot") == 12)
        history = live.root / "mixed" / "history.jsonl"
        last = json.loads(history.read_text().splitlines()[-1])
        with history.open("a") as file:
            for epoch in range(13, 31):
                file.write(json.dumps({**last, "epoch": epoch, "loss": 0.125}) + "\n")
        page.wait_for_selector("html[data-epochs='30']", timeout=5_000)
        page.wait_for_selector(".tile:has-text('0.1250')")
        wait_until(page, lambda: n_points(page, "#loss-plot") == 30)

    def test_ten_thousand_epochs_are_thinned_and_no_spike_is_lost(
        self, opened: Callable[..., Any], live: Served
    ) -> None:
        history = live.root / "mixed" / "history.jsonl"
        last = json.loads(history.read_text().splitlines()[-1])
        with history.open("a") as file:
            for epoch in range(13, 10_001):
                loss = 50.0 if epoch == 7_777 else 0.5 + epoch % 7 / 100
                file.write(json.dumps({**last, "epoch": epoch, "loss": loss}) + "\n")
        page = opened("/runs/mixed")
        page.wait_for_selector("html[data-epochs='10000']", timeout=30_000)
        line = page.locator("#loss-plot .mark-line path").first

        def has_spike() -> bool:
            """Tell whether the highest point of the line, whose y counts from the top, is that of epoch 7,777."""
            points = re.findall(r"[ML]([-\d.]+),([-\d.]+)", line.get_attribute("d") or "")
            (x, _), last = min(points, key=lambda point: float(point[1])), points[-1]
            return abs(float(x) / float(last[0]) - 0.7777) < 0.002

        line.wait_for(state="attached", timeout=30_000)
        wait_until(page, has_spike)
        assert 500 < n_points(page, "#loss-plot") <= 610

    def test_everything_of_a_finished_run_is_there(self, opened: Callable[..., Any]) -> None:
        page = opened("/runs/mixed")
        for plot in ("loss", "metric", "roc", "scores", "norms", "layers"):
            marks = f"#{plot}-plot svg :is(.mark-line, .mark-rect) path"
            page.wait_for_selector(marks, timeout=30_000, state="attached")
        page.wait_for_selector("#verdict:not([hidden])")
        assert "logistic regression" in page.inner_text("#verdict-table")
        # figures have as many digits as their neighbors, also where they are 0 or 1
        assert not {"0", "1"} & set(page.locator("#verdict-table td").all_inner_texts())
        assert (
            page.locator("#roc-plot .mark-line path").count() >= 10
        )  # a line an epoch, and chance
        assert page.is_hidden("#stop")
        page.select_option("#metric-name", "accuracy")
        assert page.inner_text("#badge") == "finished"

    def test_every_chart_is_as_wide_as_its_place(self, opened: Callable[..., Any]) -> None:
        # the first is drawn while it has the row for itself; those beside it come later
        page = opened("/runs/mixed")
        plots = ("loss", "metric", "norms", "layers")
        for plot in plots:
            line = f"#{plot}-plot svg .mark-line path"
            page.wait_for_selector(line, timeout=30_000, state="attached")
        for plot in plots:
            fits = (
                f"(() => {{ const svg = document.querySelector('#{plot}-plot svg');"
                " return svg.getBoundingClientRect().width / svg.viewBox.baseVal.width > 0.99; })()"
            )
            page.wait_for_function(fits, timeout=10_000)

    def test_the_scores_are_those_of_the_run(
        self, opened: Callable[..., Any], live: Served
    ) -> None:
        page = opened("/runs/mixed")
        page.wait_for_selector("#scores-plot .mark-rect path", timeout=30_000, state="attached")
        bars = page.locator("#scores-plot .mark-rect path[aria-label]")
        labels = bars.evaluate_all("bars => bars.map(bar => bar.getAttribute('aria-label'))")
        pattern = re.compile(r"share of the class's rows: ([\d.e-]+)%")
        shares = [float(found[1]) for text in labels if (found := pattern.search(text))]
        assert len(shares) == 40
        assert sum(shares) == pytest.approx(200, abs=1e-3)  # per cent: each class's add up to one

    def test_a_stream_is_let_go_and_taken_up_without_a_gap(
        self, opened: Callable[..., Any], live: Served
    ) -> None:
        page = opened("/runs/mixed")
        page.wait_for_selector("html[data-epochs='12']", timeout=30_000)
        hide = (
            "value => {Object.defineProperty(document, 'hidden', {value, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))}"
        )
        page.evaluate(hide, True)
        history = live.root / "mixed" / "history.jsonl"
        last = json.loads(history.read_text().splitlines()[-1])
        with history.open("a") as file:
            file.write(json.dumps({**last, "epoch": 13}) + "\n")
        page.wait_for_timeout(700)
        assert page.get_attribute("html", "data-epochs") == "12"
        page.evaluate(hide, False)
        page.wait_for_selector("html[data-epochs='13']", timeout=5_000)

    def test_a_training_is_stopped_by_its_button(
        self, open_page: Opener, tmp_path: Path, serve: Callable[..., Served]
    ) -> None:
        import threading

        runs = tmp_path / "stopped"
        runs.mkdir()
        served, made = serve(runs), []
        settings: dict[str, Any] = {"epochs": 1_000_000, "patience": 1_000_000, "hidden": (4,)}
        thread = threading.Thread(
            target=lambda: made.append(
                xent.train(mixed_table(), target="answer", runs=runs, random_state=1, **settings)
            )
        )
        thread.start()
        while not (found := list(runs.glob("*/history.jsonl"))):
            pass
        name = found[0].parent.name
        watched = open_page(f"{served.url}/runs/{name}?token={TOKEN}")
        page = watched.page
        page.wait_for_selector("#stop:not([hidden])", timeout=30_000)
        page.click("#stop")
        thread.join(30)
        page.wait_for_selector(".badge.finished", timeout=30_000)
        assert made[0].record.stopped_because == "a stop was asked for"
        assert watched.said == []


class TestCompare:
    def test_curves_and_the_paired_test(self, opened: Callable[..., Any], live: Served) -> None:
        page = opened("/compare?a=mixed&b=wider")
        ready(page)
        assert n_points(page, "#history-plot", 0) == n_points(page, "#history-plot", 1) == 12
        assert page.locator("#roc-plot .mark-line path").count() == 3
        expected = live.post("/api/compare", json={"a": "mixed", "b": "wider"}).json()
        row = page.locator("#figures tr:has-text('log loss') td").all_inner_texts()
        figure = expected["figures"]["log_loss"]
        assert row[:2] == [f"{figure['a']:.4f}", f"{figure['b']:.4f}"]
        assert "hidden" in page.inner_text("#settings-table")

    def test_what_cannot_be_compared_says_why(self, open_page: Opener, live: Served) -> None:
        page = open_page(f"{live.url}/compare?a=mixed&b=diabetes").page
        ready(page)
        assert "no rows in common" in page.inner_text("#said")
        assert page.locator("#figures tr").count() == 0


class TestPredict:
    def test_a_row(self, opened: Callable[..., Any], live: Served) -> None:
        page = opened("/runs/mixed/predict")
        ready(page)
        page.get_by_label("age").fill("31.5")
        page.get_by_label("member").select_option("true")
        page.get_by_label("city").fill("Oslo")
        page.click("button.main")
        page.wait_for_selector("#result:not([hidden])")
        rows = [{"age": 31.5, "member": True, "city": "Oslo"}]
        expected = live.post("/api/runs/mixed/predict", json=rows).json()["predictions"][0]
        assert page.inner_text("#result .value") == expected["decision"]
        assert f"{expected['probabilities']['yes']:.4f}" in page.inner_text("#result")

    def test_a_wrong_field_is_named(self, open_page: Opener, live: Served) -> None:
        page = open_page(f"{live.url}/runs/mixed/predict").page
        ready(page)
        page.get_by_label("age").fill(IMAGE)
        page.click("button.main")
        page.wait_for_selector("label.wrong:has-text('age')")
        assert "<img" in page.inner_text("#alert")
        assert page.evaluate("window.broken") is None

    def test_a_file(self, opened: Callable[..., Any], live: Served) -> None:
        page = opened("/runs/mixed/predict")
        ready(page)
        content = mixed_table().write_csv().encode()
        page.set_input_files(
            "#file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": content}
        )
        page.wait_for_selector("#save:not([hidden])")
        assert "240 rows predicted" in page.inner_text("#said")
        expected = xent.load_run(live.root / "mixed").predict(mixed_table()).tolist()
        with page.expect_download() as waited:
            page.click("#save")
        saved = waited.value.path().read_text().splitlines()
        assert [line.split(",")[1] for line in saved[1:]] == expected

    @pytest.mark.parametrize("width", [480, 1200])
    @pytest.mark.parametrize(
        "path", ["/", "/runs/mixed", "/compare?a=mixed&b=wider", "/runs/mixed/predict", "/api"]
    )
    def test_no_page_is_wider_than_its_screen(
        self, opened: Callable[..., Any], path: str, width: int
    ) -> None:
        page = opened(path, width=width, scheme="dark")
        page.wait_for_timeout(600)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
