"""Reports of runs and of predictions, as HTML: what must stand in them, for every task."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import xent
from xent.cli import main
from xent.errors import XentError
from xent.reports import Section, report_page
from xent.reports.scripts import chart_library, page_policy, page_script
from xent.workflow.prediction_files import PredictionColumns, read_predictions_of
from xent.workflow.reporting import report_predictions, report_run, training_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "</script><script>alert(1)</script>"


class _Page(HTMLParser):
    """The texts, identifiers and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.headings, self.ids, self.scripts = "", [""], [""], [""]
        self.within: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.attributes.append((tag, held))
        if held.get("id"):
            self.ids.append(str(held["id"]))
        if tag not in {"meta", "input", "br"}:
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "script" in self.within:
            self.scripts.append(data)
        elif "style" not in self.within:
            self.text += data + " "
        if "h2" in self.within:
            self.headings.append(data)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Return a trained run of a task; each is trained once."""
    folder = tmp_path_factory.mktemp("runs")
    held: dict[str, Any] = {}

    def trained(task: str) -> Any:
        if task not in held:
            held[task] = _train(task, folder)
        return held[task]

    return trained


def _train(task: str, folder: Path) -> Any:
    generator = np.random.default_rng(5)
    x = generator.normal(size=(300, 3))
    table = pl.DataFrame(x, schema=["a", "b", HOSTILE])
    settings: dict[str, Any] = {"runs": folder, "epochs": 3, "random_state": 2, "hidden": 8}
    score = x[:, 0] + 0.5 * generator.normal(size=300)
    if task == "binary":
        y = np.where(score > 0.5, HOSTILE, "fine")
        return xent.train(
            table.with_columns(y=pl.Series(y)), target="y", positive=HOSTILE, **settings
        )
    if task == "multiclass":
        y = np.digitize(score, [-0.5, 0.7])
        return xent.train(
            table.with_columns(y=pl.Series(np.array(["low", HOSTILE, "high"])[y])),
            target="y",
            **settings,
        )
    if task == "multilabel":
        labels = table.with_columns(
            l_first=pl.Series((score > 0).astype(int)),
            l_second=pl.Series((x[:, 1] > 0).astype(int)),
        )
        return xent.train(labels, targets=["l_first", "l_second"], **settings)
    return xent.train(table.with_columns(y=pl.Series(score)), target="y", **settings)


EXPECTED = {
    "binary": ["Verdict", "Threshold", "Calibration"],
    "multiclass": ["Verdict", "Classes"],
    "multilabel": ["Verdict", "Labels"],
    "regression": ["Verdict"],
}


@pytest.mark.parametrize("task", EXPECTED)
def test_a_report_of_each_task_says_what_was_asked_and_how_it_went(
    task: str, runs: Callable[[str], Any]
) -> None:
    run = runs(task)
    html = report_run(run)
    page = _Page(html)
    held = [heading for heading in page.headings if heading]
    for heading in [*EXPECTED[task], "Training", "Doctor", "Data", "What was asked"]:
        assert heading in held
    assert "alert(1)" not in re.sub(r"<style>.*?</style>", "", _without_library(html)).replace(
        "&lt;script&gt;alert(1)", ""
    ).replace("\\u003cscript\\u003ealert(1)", "")
    verdict, (*_, last) = run.verdict, run.verdict.parts
    figure = next(iter(verdict.parts[last].figures.values()))
    assert f"{figure.value:.4f}" in page.text
    assert f"{figure.constant:.4f}" in page.text
    assert run.evaluation.baseline_name in page.text
    assert run.record.data.fingerprint in page.text
    assert f"{run.record.seed}" in page.text
    assert run.record.versions["numpy"] in page.text
    assert len(page.ids) == len(set(page.ids))
    assert page.within == []


def _without_library(html: str) -> str:
    return html.replace(chart_library(), "").replace(page_script(), "")


def test_the_rows_of_every_part_are_counted_by_class(runs: Callable[[str], Any]) -> None:
    run = runs("binary")
    text = _Page(report_run(run)).text
    assert f"rows {run.verdict['training'].n_rows}" in " ".join(text.split())
    y = run.predictions.filter(pl.col("part") == "test")["y"].to_list()
    assert f"{y.count('fine')} ({y.count('fine') / len(y):.1%})" in text


def test_a_chosen_threshold_is_explained_and_marked(
    runs: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs("binary")
    folder = str(run.folder)
    assert (
        main(["threshold", folder, "--cost-fn", "7", "--cost-fp", "2", "--n-bootstrap", "9"]) == 0
    )
    html = report_run(xent.load_run(folder))
    run.files.decision.unlink()
    page = _Page(html)
    assert "Decision" in page.headings
    assert "a miss 7, a false alarm 2" in page.text
    assert "jump-chosen" in page.ids
    fields = {held.get("id"): held.get("value") for tag, held in page.attributes if tag == "input"}
    assert (fields["cost-fn"], fields["cost-fp"]) == ("7", "2")
    assert "saving a row against 0.5" in page.text


def test_a_recalibrated_run_shows_what_it_now_predicts(runs: Callable[[str], Any]) -> None:
    from xent.workflow.recalibrating import recalibrate_run, remove_recalibrator

    run = runs("binary")
    before = report_run(run)
    recalibrate_run(run, "prior_shift", prevalence=0.9)
    after = report_run(xent.load_run(run.folder))
    remove_recalibrator(run)
    assert "The run has a recalibrator" in after
    assert "The run has a recalibrator" not in before

    def thresholds(html: str) -> list[float]:
        (block,) = re.findall(r'id="threshold-data">(.*?)</script>', html)
        held: dict[str, list[float]] = json.loads(block)
        return held["thresholds"][1:-1]

    assert np.mean(thresholds(after)) > np.mean(thresholds(before))


def test_the_command_repeats_the_training(runs: Callable[[str], Any], tmp_path: Path) -> None:
    run = runs("multilabel")
    words = training_command(run)
    assert words[:2] == ["xent", "train"]
    table = pl.DataFrame({"a": np.arange(240) % 97, "q,x": ["u", "v"] * 120, "y": [0, 1, 1] * 80})
    table.write_csv(tmp_path / "d.csv")
    asked = ["train", str(tmp_path / "d.csv"), "--target", "y", "--drop", '"q,x"', "--epochs", "2"]
    asked += ["--no-early-stopping", "--hidden", "4", "--runs", str(tmp_path / "r"), "--seed", "3"]
    assert main(asked) == 0
    (folder,) = (tmp_path / "r").iterdir()
    first = xent.load_run(folder)
    words = training_command(first)
    assert shlex.split(shlex.join(words)) == words
    assert main(words[1:]) == 0
    second = xent.load_run(next(f for f in (tmp_path / "r").iterdir() if f != folder))
    assert second.record.recipe == first.record.recipe
    assert second.record.files["model.safetensors"] == first.record.files["model.safetensors"]


def test_only_the_pages_own_scripts_may_run() -> None:
    html = report_page(HOSTILE, HOSTILE, [Section("a", HOSTILE, xent_markup(HOSTILE))])
    page = _Page(html)
    policy = next(
        held["content"]
        for tag, held in page.attributes
        if tag == "meta" and held.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == page_policy(chart_library(), page_script())
    assert [s for s in page.scripts if s] == [chart_library(), page_script()]
    assert page.headings[-1] == HOSTILE
    assert not re.search(r"(src|href)=\"(?!#)", _without_library(html))


def xent_markup(text: str) -> Any:
    from xent.reports.markup import element

    return element("p", None, text)


def _predictions(tmp_path: Path, columns: dict[str, Any]) -> Path:
    path = tmp_path / "made.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return path


P = np.linspace(0.05, 0.95, 40)
THREE = np.stack([P / 2, P / 2, 1 - P], axis=1)
KINDS: dict[str, tuple[dict[str, Any], dict[str, str], list[str]]] = {
    "probability": ({"y": [0, 1] * 20, "p": P}, {"probability": "p"}, ["Threshold", "Calibration"]),
    "logit": ({"y": [0, 1] * 20, "p": P - 0.5}, {"logit": "p"}, ["Threshold", "Calibration"]),
    "score": ({"y": [0, 1] * 20, "p": P}, {"score": "p"}, ["Threshold"]),
    "decision": ({"y": [0, 1] * 20, "p": [0, 1, 1, 1] * 10}, {"decision": "p"}, ["Verdict"]),
    "one class": ({"y": [1] * 40, "p": P}, {"probability": "p"}, ["Threshold"]),
    "weighted": (
        {"y": [0, 1] * 20, "p": P, "w": P * 3},
        {"probability": "p", "weight": "w"},
        ["Threshold"],
    ),
    "classes": (
        {"y": [0, 1, 2, 1] * 10, **{f"p_{k}": THREE[:, k] for k in range(3)}},
        {"probability": "p_*"},
        ["Classes"],
    ),
    "class decisions": (
        {"y": [0, 1, 2, 1] * 10, "d": [0, 2, 2, 1] * 10},
        {"decision": "d"},
        ["Classes"],
    ),
    "labels": (
        {"l_a": [0, 1] * 20, "l_b": [1, 1, 0, 0] * 10, "q_a": P, "q_b": 1 - P},
        {"probability": "q_*", "label": "l_*"},
        ["Labels"],
    ),
    "label scores": (
        {"l_a": [0, 1] * 20, "l_b": [1, 1, 0, 0] * 10, "q_a": P * 3, "q_b": -P},
        {"score": "q_*", "label": "l_*"},
        ["Labels"],
    ),
    "numbers": ({"y": P * 2, "p": P * 2 + 0.1}, {"prediction": "p"}, ["Verdict"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_of_every_kind_have_their_report(kind: str, tmp_path: Path) -> None:
    columns, named, headings = KINDS[kind]
    path = _predictions(tmp_path, columns)
    settings = {"label": "y"} | named
    predictions = read_predictions_of(str(path), PredictionColumns(**settings))
    evaluation = predictions.evaluate(n_bootstrap=20)
    page = _Page(report_predictions(predictions, evaluation))
    for heading in [*headings, "Data"]:
        assert heading in page.headings
    name = next(iter(evaluation.figures))
    estimate = evaluation[name]
    assert not estimate.is_defined or f"{estimate.value:.4f}" in page.text


def test_the_command_line_writes_the_report_where_it_is_told(
    runs: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    run = runs("regression")
    assert main(["report", str(run.folder)]) == 0
    assert capsys.readouterr().out == f"report: {run.folder / 'report.html'}\n"
    assert (run.folder / "report.html").read_text().startswith("<!doctype html>")
    path = _predictions(tmp_path, KINDS["probability"][0])
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or len(opened) > 1)
    arguments = ["report", str(path), "--label", "y", "--probability", "p"]
    assert main([*arguments, "--json", "--open"]) == 0
    out, err = capsys.readouterr()
    described = json.loads(out)
    assert described == {
        "report": "made.report.html",
        "bytes": (tmp_path / "made.report.html").stat().st_size,
    }
    assert opened == [(tmp_path / "made.report.html").as_uri()]
    assert "no browser could be started" in err
    assert main([*arguments, "--output", "other.html", "--open"]) == 0
    assert (tmp_path / "other.html").exists()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["made.parquet"], "is a table: name its truth with --label"),
        (["made.parquet", "--probability", "p"], "--probability needs --label"),
        (["made.parquet", "--label", "y"], "exactly one of probability"),
        (["none"], "none"),
        (["made.parquet", "--label", "y", "--probability", "p", "--output", "."], "is a folder"),
        (["none", "--output", "nowhere/r.html"], "there is no folder nowhere"),  # before any work
    ],
)
def test_mistakes_are_explained(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    _predictions(tmp_path, KINDS["probability"][0])
    assert main(["report", *arguments]) == 2
    assert complaint in unescape(capsys.readouterr().err)


def test_an_unfinished_run_is_refused(runs: Callable[[str], Any]) -> None:
    run = runs("regression")
    from xent.runs import Run

    begun = Run(run.files, run.record.changed(status="running", files={}))
    with pytest.raises(XentError, match="is not finished"):
        report_run(begun)
