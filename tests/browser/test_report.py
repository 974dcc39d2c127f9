"""The report in a real browser: every control moves every view, to the numbers that xent gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from xent.decisions import Costs, Decision, choose, choose_threshold
from xent.evaluation.evaluations import evaluate
from xent.evaluation.evaluations.binary import BinaryEvaluation
from xent.reports import report_page
from xent.reports.task_sections import Named, task_sections
from xent.reports.threshold_views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</script><script>alert(1)</script>"
Opener = Callable[..., Any]
# where the mark of the present threshold is among the layers of each view
NOW = {"roc": 4, "pr": 4, "histogram": 3, "cost": 6, "figures": 3, "cost_curve": 4}


@dataclass
class Report:
    """A page on disk with what it is about."""

    address: str
    evaluation: BinaryEvaluation
    decision: Decision


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    generator = np.random.default_rng(3)
    p = generator.beta(0.6, 1.4, 900)
    y = generator.random(900) < p
    e = evaluate(y[:600], probabilities=p[:600])
    assert isinstance(e, BinaryEvaluation)
    decision = choose(y[600:], p[600:], costs=Costs(4, 1), prevalence=0.2, n_bootstrap=20)
    sections = task_sections(e, Named(("good", HOSTILE), "test rows"), decision)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(f"data {HOSTILE}", HOSTILE, sections))
    return Report(path.as_uri(), e, decision)


@pytest.fixture(scope="module")
def page(report: Report, browser: Any) -> Iterator[Any]:
    """Return the page, opened once; every test sets what it needs."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.goto(report.address)
    opened.wait_for_selector("html[data-ready=true]", timeout=20_000)
    yield opened
    context.close()


@pytest.fixture(autouse=True)
def _fields_as_at_first(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "page" in request.fixturenames:
        page = request.getfixturevalue("page")
        page.emulate_media(media="screen")
        for field, text in (("cost-fn", "4"), ("cost-fp", "1"), ("prevalence", "0.2")):
            fill(page, field, text)


def ready(open_page: Opener, address: str, **settings: Any) -> Any:
    watched = open_page(address, **settings)
    watched.page.wait_for_selector("html[data-ready=true]", timeout=20_000)
    return watched


def stepped(page: Any, act: Callable[[], object]) -> None:
    """Do something and wait until every view has followed."""
    # the page's policy lets nothing be compiled, so that the browser cannot be asked to wait for an expression
    before = page.get_attribute("html", "data-steps")
    act()
    page.wait_for_selector(f'html[data-steps]:not([data-steps="{before}"])')


def slide(page: Any, index: int) -> float:
    """Move the slider as a mouse would, and return the threshold."""
    move = f"""(() => {{ const s = document.getElementById('slider'); s.value = {index};
        s.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"""
    stepped(page, lambda: page.evaluate(move))
    return float(
        page.evaluate("document.documentElement.dataset.threshold").replace("Infinity", "inf")
    )


def fill(page: Any, field: str, text: str) -> None:
    stepped(page, lambda: page.fill(f"#{field}", text))


def marked(page: Any, view: str, layer: int | None = None) -> list[float]:
    """Return the numbers in the label of a view's mark, which assistive technology reads."""
    place = NOW[view] if layer is None else layer
    selector = f"figure[data-linked={view}] svg .layer_{place}_marks [aria-label]"
    label = page.eval_on_selector(selector, "e => e.getAttribute('aria-label')")
    return [float(n) for n in re.findall(r": (-?[0-9.e+-]+)", label)]


def number(page: Any, identifier: str) -> float:
    text = page.inner_text(f"#{identifier}").replace(",", "")
    return float("nan") if text == "–" else float(text)


def test_the_slider_moves_every_view_to_the_numbers_of_the_evaluation(
    report: Report, page: Any
) -> None:
    e = report.evaluation
    n = int(page.get_attribute("#slider", "max"))
    assert n == 602  # every threshold that differs, 0.5 and the chosen one
    for index in (1, n // 5, n // 2, n - 100, n - 1):
        at = e.at(slide(page, index))
        for name in ("tp", "fn", "fp", "tn"):
            assert number(page, f"count-{name}") == getattr(at.counts, name)
        for name in ("precision", "recall", "specificity", "npv", "fpr", "accuracy"):
            assert number(page, f"figure-{name}") == pytest.approx(at[name].value, abs=6e-5)
            low, high = page.inner_text(f"#interval-{name}").split(" to ")
            assert float(low) == pytest.approx(at[name].low, abs=6e-5)
            assert float(high) == pytest.approx(at[name].high, abs=6e-5)
        for name in ("balanced_accuracy", "f1", "mcc"):
            assert number(page, f"figure-{name}") == pytest.approx(at[name].value, abs=6e-5)
        cost = Costs(4, 1).mean(at.counts, 0.2)
        assert number(page, "cost-now") == pytest.approx(cost, abs=6e-5)
        assert marked(page, "roc") == pytest.approx([at.fpr.value, at.recall.value])
        assert marked(page, "pr") == pytest.approx([at.recall.value, at.precision.value])
        for view in ("histogram", "figures"):
            assert marked(page, view) == pytest.approx([at.threshold])
        top = 1.25 * min(0.8 * 1, 0.2 * 4)
        assert marked(page, "cost") == pytest.approx([at.threshold, min(cost, top)])
        mix = 0.2 * 4 / (0.2 * 4 + 0.8 * 1)
        drawn = marked(page, "cost_curve")
        assert drawn == pytest.approx([mix, at.fnr.value * mix + at.fpr.value * (1 - mix)])


def test_the_histogram_shows_full_what_is_called_positive(report: Report, page: Any) -> None:
    for index in (100, 400):
        threshold = slide(page, index)
        bars = page.eval_on_selector_all(
            "figure[data-linked=histogram] svg .layer_0_marks path",
            "es => es.map(e => [e.getAttribute('aria-label'), Number(e.getAttribute('opacity'))])",
        )
        assert len(bars) > 40
        for label, opacity in bars:
            high = float(re.findall(r"high: ([0-9.]+)", label)[0])
            assert (opacity > 0.5) == (high > threshold), label


@pytest.mark.parametrize(
    ("fn", "fp", "prevalence"),
    [("4", "1", "0.2"), ("1", "1", ""), ("50", "0.5", ""), ("1", "3", "0.05"), ("0.001", "9", "")],
)
def test_the_fields_move_the_cheapest_threshold_to_that_of_xent_decide(
    report: Report, page: Any, fn: str, fp: str, prevalence: str
) -> None:
    e = report.evaluation
    for field, text in (("cost-fn", fn), ("cost-fp", fp), ("prevalence", prevalence)):
        fill(page, field, text)
    share = float(prevalence) if prevalence else None
    expected = choose_threshold(e.counts, costs=Costs(float(fn), float(fp)), prevalence=share)
    best = page.evaluate("document.documentElement.dataset.best").replace("Infinity", "inf")
    assert float(best) == expected.threshold
    assert number(page, "cost-best") == pytest.approx(expected.value, abs=6e-5)
    stepped(page, lambda: page.click("#jump-best"))
    assert number(page, "count-tp") == expected.counts.tp
    assert number(page, "cost-now") == number(page, "cost-best")


def test_of_equally_cheap_thresholds_the_highest_is_taken(
    tmp_path: Path, open_page: Opener
) -> None:
    e: Any = evaluate([0, 0, 1, 1], probabilities=[0.1, 0.4, 0.35, 0.8])
    path = tmp_path / "tie.html"
    path.write_text(report_page("tie", "", task_sections(e, Named(("a", "b"), "rows"), None)[:1]))
    best = ready(open_page, path.as_uri()).page.get_attribute("html", "data-best")
    assert float(best) == choose_threshold(e.counts, costs=Costs(1, 1)).threshold
    assert float(best) == pytest.approx(0.6)


def test_each_control_changes_each_view(report: Report, page: Any) -> None:

    def drawn() -> dict[str, str]:
        return {
            view: page.inner_html(f"figure[data-linked={view}] .plot svg.marks") for view in VIEWS
        }

    slide(page, 300)
    before = drawn()
    slide(page, 200)
    after = drawn()
    assert [view for view in VIEWS if before[view] == after[view]] == []
    for field, text in (("cost-fn", "90"), ("cost-fp", "40"), ("prevalence", "0.7")):
        before = drawn()
        fill(page, field, text)
        after = drawn()
        # the cheapest threshold is marked in all of them
        assert [view for view in VIEWS if before[view] == after[view]] == [], field


def test_the_page_works_without_a_mouse(report: Report, page: Any) -> None:
    page.focus("#slider")
    start = int(page.input_value("#slider"))
    for key, moved in (("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowUp", 1), ("ArrowDown", 0)):
        stepped(page, lambda key=key: page.keyboard.press(key))
        assert int(page.input_value("#slider")) == start + moved
    stepped(page, lambda: page.keyboard.press("End"))
    assert page.inner_text("#threshold-value") == "above every score"
    assert page.inner_text("#figure-precision") == "–"
    stepped(page, lambda: page.keyboard.press("Home"))
    assert number(page, "figure-recall") == 1
    assert "recall 1.00" in page.get_attribute("#slider", "aria-valuetext")
    passed = []
    for _ in range(6):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.id"))
    assert passed == [
        "jump-neutral",
        "jump-chosen",
        "jump-best",
        "cost-fn",
        "cost-fp",
        "prevalence",
    ]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.focus("#jump-chosen")
    stepped(page, lambda: page.keyboard.press("Enter"))
    chosen = report.decision.threshold.value
    assert float(page.evaluate("document.documentElement.dataset.threshold")) == chosen
    for identifier in ("slider", "cost-fn", "cost-fp", "prevalence"):
        assert page.locator(f"label[for={identifier}]").count() == 1


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("cost-fn", ""),
        ("cost-fn", "-2"),
        ("cost-fp", "0"),
        ("prevalence", "1.5"),
        ("prevalence", "0"),
    ],
)
def test_a_field_that_holds_nothing_usable_says_so_and_changes_nothing(
    report: Report, page: Any, field: str, text: str
) -> None:
    before = page.inner_text("#cost-now"), page.inner_text("#best-value")
    fill(page, field, text)
    assert page.get_attribute(f"#{field}", "aria-invalid") == "true"
    assert page.inner_text("#field-note") != ""
    assert (page.inner_text("#cost-now"), page.inner_text("#best-value")) == before
    fill(page, field, "0.5")
    assert page.inner_text("#field-note") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 480])
def test_the_page_is_silent_asks_for_nothing_and_fits(
    report: Report, open_page: Opener, width: int, scheme: str
) -> None:
    watched = ready(open_page, report.address, width=width, scheme=scheme)
    slide(watched.page, 50)
    assert watched.said == []
    assert watched.requested == []
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    light = watched.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (light == "rgb(255, 255, 255)") == (scheme == "light")
    for view in VIEWS:
        box = watched.page.locator(f"figure[data-linked={view}] svg.marks").bounding_box()
        assert 250 < box["width"] <= width
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_a_hostile_name_is_shown_as_text(report: Report, open_page: Opener) -> None:
    watched = ready(open_page, report.address)
    assert watched.page.inner_text("h1") == f"data {HOSTILE}"
    assert f"is {HOSTILE}" in watched.page.inner_text(".matrix")
    assert watched.said == []


def test_no_other_script_runs_and_nothing_is_compiled_from_text(report: Report, page: Any) -> None:
    policy = page.get_attribute("meta[http-equiv=Content-Security-Policy]", "content")
    assert re.fullmatch(
        r"default-src 'none'; script-src( 'sha256-[A-Za-z0-9+/=]{44}'){2}; "
        r"style-src 'unsafe-inline'; img-src data:",
        policy,
    )
    tried = """() => new Promise((done) => setTimeout(() => {
        const s = document.createElement('script');
        s.textContent = 'window.intruder = 1';
        document.body.append(s);
        let made;
        try { new Function('return 1')(); made = 'ran'; } catch (error) { made = error.name; }
        done([window.intruder ?? null, made]);
    }, 20))"""
    assert page.evaluate(tried) == [None, "EvalError"]


def test_the_library_leaves_one_name_and_its_menu_leads_nowhere(
    report: Report, page: Any, open_page: Opener, tmp_path: Path
) -> None:
    (tmp_path / "bare.html").write_text("<!doctype html>")
    bare = open_page((tmp_path / "bare.html").as_uri()).page
    names = "Object.getOwnPropertyNames(window)"
    left = set(page.evaluate(names)) - set(bare.evaluate(names))
    # an element with an id is a property of the window as well, but no own one
    assert left - {"event"} == {"xent"}
    links = page.locator(".vega-actions a").all_inner_texts()
    assert set(
        page.eval_on_selector_all(".vega-actions a", "es => es.map(e => e.textContent)")
    ) == {
        "Save as SVG",
        "Save as PNG",
    }
    assert len(links) == 2 * page.locator("svg.marks").count()


def test_a_change_of_the_scheme_draws_the_charts_anew(report: Report, open_page: Opener) -> None:
    watched = ready(open_page, report.address)
    ink = "figure[data-linked=roc] svg .role-axis-title text"
    before = watched.page.get_attribute(ink, "fill")
    watched.page.emulate_media(color_scheme="dark")
    watched.page.wait_for_selector("html[data-charts=dark]")
    assert watched.page.get_attribute(ink, "fill") != before
    assert watched.page.locator("svg.marks").count() == watched.page.locator(".plot").count()
    threshold = slide(watched.page, 77)
    assert marked(watched.page, "histogram") == pytest.approx([threshold])


def test_the_page_is_printed_without_controls(report: Report, page: Any) -> None:
    page.emulate_media(media="print")
    assert not page.is_visible("#slider")
    assert not page.is_visible("#jump-best")
    assert page.is_visible("#threshold-value")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.controls')).position") == "static"
    )
