"""Image runs of every task: which rows are shown, where the network looked, in reports and charts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

import xent
from xent.cli import main
from xent.decisions import CostDecision
from xent.distributions import Bernoulli, Categorical
from xent.engines import NumpyEngine
from xent.engines.torch_engine import TorchEngine
from xent.errors import XentError
from xent.figures.image_cases import ImageCase
from xent.network import Dense, Flatten, Network
from xent.runs.decision_file import write_decision
from xent.workflow.diagnosing import diagnose_run
from xent.workflow.image_decisions import (
    ImageDecisions,
    _evidence_for,
    image_decisions,
    image_evidence,
    is_image_run,
)
from xent.workflow.plot_sources import PlotSource
from xent.workflow.plotting import plot
from xent.workflow.reporting import report_run
from xent.workflow.unit_outputs import unit_outputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

N = 240
PICTURE = '<img src="data:image/png;base64,'
COLUMNS = ("corner", "top", "left", "light")
TASKS = {
    "multiclass": {"target": "corner"},
    "binary": {"target": "top"},
    "multilabel": {"targets": ["top", "left"]},
    "regression": {"target": "light"},
}
NAMES = {
    "multiclass": ["Surest mistakes", "Surest hits", "Least sure"],
    "binary": ["Surest mistakes", "Surest hits", "Least sure"],
    "multilabel": [
        "Surest mistakes of top",
        "Surest mistakes of left",
        "Surest hits",
        "Least sure",
    ],
    "regression": ["Largest residuals"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of images with a light in one corner; a tenth have a wrong class."""
    root = tmp_path_factory.mktemp("lights")
    rng = np.random.default_rng(0)
    corner, light = rng.integers(0, 4, N), rng.integers(120, 255, N)
    images = rng.integers(0, 50, (N, 16, 16), dtype=np.uint8)
    (root / "img").mkdir()
    for k, image in enumerate(images):
        row, column = divmod(int(corner[k]), 2)
        image[2 + 8 * row : 6 + 8 * row, 2 + 8 * column : 6 + 8 * column] = light[k]
        Image.fromarray(image).save(root / "img" / f"{k:03d}.png")
    told = np.where(rng.random(N) < 0.1, rng.integers(0, 4, N), corner)
    frame = {
        "image": [f"img/{k:03d}.png" for k in range(N)],
        "corner": [f"c{c}" for c in told],
        "top": np.where(told < 2, 1, 0),
        "left": np.where(told % 2, 0, 1),
        "light": light / 10,
    }
    pl.DataFrame(frame).write_csv(root / "lights.csv")
    return root


@pytest.fixture(scope="module")
def runs(folder: Path) -> Callable[..., Any]:
    """Return a run of a task and a network; each is trained once."""
    held: dict[tuple[str, str], Any] = {}

    def trained(task: str, network: str) -> Any:
        if (task, network) not in held:
            given: dict[str, Any] = dict(TASKS[task])
            learned = {given.get("target"), *given.get("targets", ())}
            given["drop"] = [name for name in COLUMNS if name not in learned]
            if network == "mlp":
                given["hidden"] = [16]
            held[task, network] = xent.train(
                str(folder / "lights.csv"),
                **given,
                task=task,
                image_column="image",
                network=network,
                epochs=6,
                learning_rate=0.003,
                random_state=0,
                runs=str(folder / "runs"),
            )
        return held[task, network]

    return trained


def source_of(run: Any) -> PlotSource:
    return PlotSource(run.folder.name, run)


@pytest.mark.parametrize(
    ("task", "network"),
    [
        ("multiclass", "mlp"),
        ("binary", "mlp"),
        ("binary", "lenet"),
        ("multilabel", "mlp"),
        ("regression", "lenet"),
    ],
)
def test_each_task_shows_its_images(runs: Any, folder: Path, task: str, network: str) -> None:
    run = runs(task, network)
    source = source_of(run)
    shown = image_decisions(source)
    assert set(shown.cases) <= set(NAMES[task])
    assert next(iter(shown.cases)) in NAMES[task][:2]
    assert [case.row for case in shown.in_order] == list(range(len(shown.images)))
    for image, name in zip(shown.images, shown.files, strict=True):
        with Image.open(folder / name) as there:
            np.testing.assert_array_equal(image[0], np.asarray(there))
    evidence = image_evidence(run.model.engine, task, shown)
    assert evidence.how == ("occlusion" if network == "mlp" else "grad_cam")
    assert evidence.heats.shape == (len(shown.images), 16, 16)
    assert np.isfinite(evidence.heats).all()
    page = report_run(run)
    assert 'id="images"' in page
    assert page.count(PICTURE) == 2 * len(shown.images)
    assert len(page) < 2_000_000
    for case, name in zip(shown.in_order, shown.files, strict=True):
        assert f"{name}: is {case.truth}, said {case.said}" in page


def test_the_cases_are_those_of_the_predictions(runs: Any) -> None:
    run = runs("binary", "mlp")
    rows = run.predictions.filter(pl.col("part") == "test")
    by_file = {row["file"]: row for row in rows.iter_rows(named=True)}
    shown = image_decisions(source_of(run))
    for group, cases in shown.cases.items():
        for case in cases:
            row = by_file[shown.files[case.row]]
            p = row["p_1"]
            said = "1" if p >= 0.5 else "0"
            assert case.truth == str(row["y"])
            assert case.said.split(",")[0] == said == str(case.outcome)
            if group != "Least sure":
                assert (case.truth == said) == (group == "Surest hits")


def test_heat_is_where_the_light_is(runs: Any) -> None:
    # the corner that is said is the one that has the light: nothing else tells it
    run = runs("multiclass", "mlp")
    shown = image_decisions(source_of(run))
    evidence = image_evidence(run.model.engine, "multiclass", shown)
    inside = 0
    for image, heat, case in zip(shown.images, evidence.heats, shown.in_order, strict=True):
        row, column = divmod(case.outcome, 2)
        quarter = (slice(8 * row, 8 * row + 8), slice(8 * column, 8 * column + 8))
        positive = np.maximum(heat, 0)
        assert image[0][quarter].mean() > 30
        inside += positive[quarter].sum() > 0.5 * positive.sum()
    assert inside >= 0.75 * len(shown.images)


def test_evidence_for_the_negative_class_is_what_speaks_against_the_positive() -> None:
    network = Network((1, 8, 8), (Flatten(), Dense(1)))
    engine = TorchEngine(network, Bernoulli(), "float64")
    weight = np.zeros((8, 8))
    weight[:4], weight[4:] = 0.1, -0.1
    engine.parameters[:64] = weight.ravel()
    images = np.full((2, 1, 8, 8), 100, np.uint8)
    images[:, :, 0, 0] = images[:, :, 7, 7] = 200
    cases = {"a": [ImageCase(0, "", "", 1), ImageCase(1, "", "", 0)]}
    heats = image_evidence(engine, "binary", ImageDecisions(images, cases, ["a", "b"])).heats
    assert heats[0, 0, 0] == -heats[0, 7, 7] > 0
    np.testing.assert_allclose(heats[1], -heats[0])


def test_log_odds_keep_their_digits_where_probabilities_are_one() -> None:
    engine = NumpyEngine(Network((3,), (Dense(3),)), Categorical(3), "float64")
    z = np.array([[0.0, 1.0, 2.0], [800.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1e4, 50.0, 49.0]])
    found = _evidence_for(engine, "multiclass", z)
    p = np.exp(z[[0, 2]]) / np.exp(z[[0, 2]]).sum(1, keepdims=True)
    np.testing.assert_allclose(found[[0, 2]], np.log(p / (1 - p)), rtol=1e-13)
    np.testing.assert_allclose(found[1], [800 - np.logaddexp(0, 1), -800, -799])
    np.testing.assert_allclose(found[3], [-1e4 - np.logaddexp(50, 49), 1, -1])


def test_a_decision_by_costs_says_what_is_a_mistake(runs: Any) -> None:
    run = runs("multiclass", "mlp")
    costs = np.where(np.eye(4), 0.0, 1.0)
    costs[:, 3] = 0  # c3 costs nothing: it is always decided
    decision = CostDecision(run.model.target.classes, costs)
    fingerprint = run.record.files[run.files.model.name]
    try:
        write_decision(run.files.decision, decision, None, fingerprint)
        shown = image_decisions(source_of(xent.load_run(run.folder)))
        assert {case.said.split(",")[0] for case in shown.in_order} == {"c3"}
        assert {case.truth for case in shown.cases["Surest hits"]} == {"c3"}
    finally:
        run.files.decision.unlink()


def test_images_that_are_gone_are_said_to_be(runs: Any, folder: Path, tmp_path: Path) -> None:
    run = runs("regression", "lenet")
    away = tmp_path / "away"
    table = folder / "lights.csv"
    shutil.move(table, away)
    try:
        page = report_run(run)
        with pytest.raises(XentError, match=r"lights\.csv"):
            plot("mistakes", [source_of(run)])
    finally:
        shutil.move(away, table)
    assert "The images are left out:" in page
    assert 'id="images"' not in page
    assert PICTURE not in page


def test_a_run_of_arrays_in_memory_says_that_they_were_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (60, 6, 6), dtype=np.uint8)
    labels = np.where(images[:, :3].mean((1, 2)) > images[:, 3:].mean((1, 2)), "top", "bottom")
    run = xent.train(
        {"images": images, "labels": labels},
        task="binary",
        network="mlp",
        hidden=[4],
        epochs=2,
        validation_fraction=0,
        random_state=0,
        runs=tmp_path,
    )
    page = report_run(run)
    assert "The images are left out:" in page
    # with the arrays at hand the charts can be drawn
    source = PlotSource("a", run, data={"images": images, "labels": labels})
    assert plot("saliency", [source], width=300).to_dict()["width"] == 300
    assert {file.split()[0] for file in image_decisions(source).files} == {"image"}


def test_every_chart_of_a_run_is_drawn_or_refused_clearly(runs: Any) -> None:
    source = source_of(runs("binary", "lenet"))
    for name in ("mistakes", "saliency", "network", "activations", "activation-map", "idle-units"):
        assert plot(name, [source], theme="dark").to_dict(validate=False)
    for name in ("correlation", "importance"):
        with pytest.raises(XentError, match="images, which have no columns"):
            plot(name, [source])


def test_units_of_images_are_channels(runs: Any) -> None:
    engine = runs("binary", "lenet").model.engine
    assert is_image_run(engine)
    X = np.random.default_rng(0).integers(0, 256, (7, 1, 16, 16), dtype=np.uint8)
    found = unit_outputs(engine, X)
    outputs = engine.activations(X)
    assert [own.shape[1] for own in found] == [own.shape[1] for own in outputs]
    np.testing.assert_allclose(found[1], outputs[1].mean((2, 3)), rtol=1e-6)


def test_units_are_computed_in_blocks(runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = runs("multiclass", "mlp").model.engine
    X = np.random.default_rng(0).integers(0, 256, (7, 1, 16, 16), dtype=np.uint8)
    whole = unit_outputs(engine, X)
    monkeypatch.setattr("xent.workflow.unit_outputs.BLOCK_NUMBERS", 2000)
    for one, other in zip(unit_outputs(engine, X), whole, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_doctor_looks_at_the_units_of_a_convolutional_network(runs: Any) -> None:
    found = diagnose_run(runs("binary", "lenet"))
    assert {"training", "test", "units", "data"} <= set(found)
    assert "dead units" in found["units"].ran


def test_the_command_line_draws_and_reports(runs: Any, tmp_path: Path, capsys: Any) -> None:
    run = runs("binary", "lenet")
    file = tmp_path / "mistakes.png"
    assert main(["plot", "mistakes", str(run.folder), "--output", str(file)]) == 0
    with Image.open(file) as shown:
        assert shown.width > 480
    assert main(["plot", "saliencey", str(run.folder)]) != 0
    assert "Did you mean 'saliency'" in capsys.readouterr().err
