"""Every figure by name, from real runs of every task."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import xent
from xent import figures
from xent.errors import XentError
from xent.workflow import layer_figures, plotting
from xent.workflow.plot_sources import PlotSource
from xent.workflow.plotting import FIGURES, PlotSettings, plot

if TYPE_CHECKING:
    from pathlib import Path

N_ROWS = 200
OF_ALL = {
    "dashboard",
    "history",
    "metric",
    "gradients",
    "weights",
    "network",
    "activations",
    "activation-map",
    "idle-units",
    "correlation",
    "importance",
    "comparison",
}
OF_IMAGES = {"mistakes", "saliency"}
OF_TASK = {
    "binary": {"roc", "pr", "det", "roc-epochs", "cost", "cost-curve", "gain", "lift"}
    | {"histogram", "calibration", "thresholds", "confusion", "retrieved", "clipping"},
    "multiclass": {"classes", "confusion", "roc-epochs"},
    "multilabel": {"labels", "cooccurrence", "roc-epochs"},
    "regression": {"predicted", "residuals", "residual-histogram"},
}


def frame() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((2, N_ROWS))
    noise = 0.5 * rng.standard_normal(N_ROWS)
    city = rng.choice(["Oslo", "Rome", "Bonn"], N_ROWS)
    return pl.DataFrame(
        {
            "a": np.where(rng.random(N_ROWS) < 0.1, np.nan, a),
            "b": b,
            "city": city,
            "binary": np.where(b + noise > 0, "yes", "no"),
            "multiclass": np.digitize(b + noise, [-0.5, 0.5]).astype(str),
            "regression": 3 * b + noise,
            "label_x": (b + noise > 0).astype(int),
            "label_y": (b + noise > 0.3).astype(int),
            "w": rng.integers(0, 3, N_ROWS),
        }
    ).with_columns(pl.col("a").fill_nan(None))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("plots")
    path = folder / "rows.csv"
    frame().write_csv(path)
    trained = {}
    for task in OF_TASK:
        used = {"a", "b", "city", "w", task}
        named: dict[str, Any] = {"target": task}
        if task == "multilabel":
            named = {"targets": ["label_x", "label_y"]}
            used |= {"label_x", "label_y"}
        trained[task] = xent.train(
            path,
            **named,
            numeric=["a", "b"],
            categorical=["city"],
            weight="w",
            drop=[name for name in frame().columns if name not in used],
            epochs=15,
            learning_rate=0.02,
            hidden=[6],
            random_state=0,
            runs=str(folder / "runs"),
        )
    return trained


def source_of(run: Any, **more: Any) -> PlotSource:
    return PlotSource(run.folder.name, run, **more)


def test_every_chart_of_the_room_has_a_name() -> None:
    assert set(FIGURES) == OF_ALL.union(OF_IMAGES, *OF_TASK.values())
    source = inspect.getsource(plotting) + inspect.getsource(layer_figures)
    without_rows = {
        "decision_step",
        "loss_by_probability",
        "fitted_line",
        "surface_map",
        "batch_losses",
        "image_values",
    }  # of functions, of batches and of single images, not of a run
    without_rows |= {"loss_by_logit", "usable_logits"}  # of an audit
    without_rows |= {"class_cases", "label_cases", "number_cases"}  # choose what is drawn
    charts = set(figures.__all__) - {"DARK", "LIGHT", "Theme", "save"} - without_rows
    assert [name for name in sorted(charts) if name not in source] == []


@pytest.mark.parametrize("task", list(OF_TASK))
def test_every_figure_of_a_task_is_drawn(runs: dict[str, Any], task: str) -> None:
    source = source_of(runs[task])
    for name in sorted(OF_ALL | OF_TASK[task]):
        settings = PlotSettings(cost_fn=5.0, cost_fp=1.0) if name == "cost" else None
        for theme in ("light", "dark"):
            chart = plot(name, [source], settings, theme=theme, width=400).to_dict()
            assert chart["background"] == getattr(figures, theme.upper()).background, name
    for name in sorted(OF_IMAGES):
        with pytest.raises(XentError, match=r"needs images, and .* learned from a table's columns"):
            plot(name, [source])
    refused = set().union(*OF_TASK.values()) - OF_TASK[task] - {"roc-epochs"}
    for name in sorted(refused):
        with pytest.raises(XentError, match=f"target, and that of {source.name} is {task}"):
            plot(name, [source], PlotSettings(cost_fn=5.0, cost_fp=1.0) if name == "cost" else None)


def test_columns_of_a_table_are_shuffled_as_one_feature(runs: dict[str, Any]) -> None:
    source = source_of(runs["binary"])
    features = source.features
    assert list(features) == ["a", "b", "city"]
    encoder = runs["binary"].encoder
    assert sorted(j for columns in features.values() for j in columns) == list(
        range(encoder.n_features)
    )
    for name, columns in features.items():
        assert all(encoder.feature_names[j].startswith(name) for j in columns)
    ranked = plot("importance", [source]).layer[0].data.values
    assert ranked[0]["feature"] == "b"  # the only one that the truth follows


def test_rows_are_those_of_the_part(runs: dict[str, Any]) -> None:
    run = runs["regression"]
    validation = source_of(run, part="validation")
    held = run.predictions.filter(run.predictions["part"] == "validation")
    np.testing.assert_array_equal(validation.rows["row"], held["row"])
    assert validation.evaluation.n_rows == (held["weight"] > 0).sum()
    np.testing.assert_allclose(
        run.model.engine.predict(validation.encoded)[:, 0], held["z_0"].to_numpy(), rtol=1e-4
    )


def test_a_regression_has_no_curves(runs: dict[str, Any]) -> None:
    with pytest.raises(XentError, match=r"needs classes, and the target of .* is regression"):
        plot("roc-epochs", [source_of(runs["regression"])])


def test_several_runs_are_drawn_by_name(runs: dict[str, Any]) -> None:
    run = runs["binary"]
    sources = [PlotSource("first", run), PlotSource("second", run, part="validation")]
    for name in ("roc", "pr", "det", "comparison"):
        text = str(plot(name, sources).to_dict())
        assert "first" in text
        assert "second" in text
    with pytest.raises(XentError, match="takes one run or table, got 2"):
        plot("lift", sources)


def test_a_chosen_threshold_is_marked(runs: dict[str, Any]) -> None:
    from xent.workflow.deciding import decide_run

    run = runs["binary"]
    assert source_of(run).thresholds == {}
    decide_run(run, {"objective": "youden_j", "n_bootstrap": 0})
    source = source_of(run)
    assert source.thresholds == {"decision": run.decision.threshold.value}
    for name in ("roc", "histogram", "thresholds"):
        assert "decision" in str(plot(name, [source]).to_dict())
    # no row may be positive: a threshold without a place on an axis, but with decisions
    decide_run(run, {"objective": "youden_j", "capacity": 0, "n_bootstrap": 0})
    assert run.decision.threshold.value == np.inf
    assert source.thresholds == {}
    cells = plot("confusion", [source_of(run)]).to_dict()["data"]["values"]
    assert [cell["rows"] for cell in cells if cell["decision"] == "yes"] == [0, 0]
    run.files.decision.unlink()


def test_a_table_that_moved_is_asked_for_and_another_refused(runs: dict[str, Any]) -> None:
    run = runs["binary"]
    moved = frame()
    with pytest.raises(XentError, match="is not the table that"):
        plot("correlation", [source_of(run, data=moved.head(50))])
    memory = xent.train(
        moved,
        target="regression",
        epochs=1,
        hidden=[2],
        random_state=0,
        runs=str(run.folder.parent),
    )
    with pytest.raises(XentError, match="came from memory"):
        plot("activations", [source_of(memory)])
    assert plot("activations", [source_of(memory, data=moved)]).to_dict()
