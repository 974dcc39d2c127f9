"""Exported runs say what the runs say: every task, decision and recalibrator, on rows made to tell them apart."""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.exports.check_rows import check_rows, drawn_rows
from xent.exports.model import onnx_model
from xent.exports.parity import Parity, check_parity
from xent.exports.session import feeds
from xent.runs import Run, load_run
from xent.workflow.deciding import decide_run, decide_run_by_costs
from xent.workflow.exporting import export
from xent.workflow.recalibrating import recalibrate_run

if TYPE_CHECKING:
    from pathlib import Path


def table(n: int = 1200) -> pl.DataFrame:
    """Return rows with numbers of all sizes, missing values, booleans and categories of every kind."""
    rng = np.random.default_rng(0)
    age, far = rng.normal(45, 12, n).round(), 1e7 + rng.normal(0, 1, n)
    city = rng.choice(["Oslo", "Rome", "東京", "Ærø"], n, p=[0.4, 0.3, 0.2, 0.1])
    score = (age - 45) / 12 + (far - 1e7) + (city == "Oslo") + rng.normal(0, 1, n)
    income = pl.Series(rng.lognormal(10, 1, n)).set(pl.Series(rng.random(n) < 0.1), None)
    return pl.DataFrame(
        {
            "age": age,
            "far off": far,
            "income": income,
            "smokes": rng.random(n) < 0.3,
            "city": pl.Series(city).set(pl.Series(rng.random(n) < 0.05), None),
            "grade": rng.integers(1, 5, n),
            "code": [f"v{k}" for k in rng.integers(0, 150, n)],
            "two": score > 0.3,
            "three": np.where(score > 1, "high", np.where(score > -0.5, "middle", "")),
            "rank": np.where(score > 1, 30, np.where(score > -0.5, 20, -10)),
            "tag_a": (score > 0).astype(int),
            "tag_b": (rng.random(n) < 0.2).astype(int),
            "amount": 100 * score + 5,
            "count": rng.poisson(np.exp(np.clip(score, -3, 2))),
        }
    ).with_columns(pl.col("three").replace("", "low"))


TARGETS = ["two", "three", "rank", "tag_a", "tag_b", "amount", "count"]
TASKS: dict[str, dict[str, Any]] = {
    "binary": {"target": "two"},
    "multiclass": {"target": "three"},
    "whole classes": {"target": "rank", "task": "multiclass"},
    "multilabel": {"targets": ("tag_*",)},
    "competing labels": {"targets": ("tag_*",), "distribution": "multilabel_softmax"},
    "regression": {"target": "amount"},
    "counts": {"target": "count", "task": "regression", "distribution": "poisson"},
}


def trained(folder: Path, **settings: Any) -> Run:
    given = {
        "epochs": 4, "hidden": (12,), "random_state": 0, "runs": str(folder),
        "categorical": ("grade",), **settings,
    }  # fmt: skip
    names = {given.get("target"), *(["tag_a", "tag_b"] if "targets" in given else [])}
    return xent.train(table(), drop=[name for name in TARGETS if name not in names], **given)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: trained(folder, **settings) for name, settings in TASKS.items()}


@pytest.fixture
def binary(runs: dict[str, Run], tmp_path: Path) -> Run:
    """Return a copy of the binary run, to be changed."""
    return load_run(shutil.copytree(runs["binary"].folder, tmp_path / "run"))


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("task", TASKS)
def test_every_task_agrees_on_every_kind_of_row(runs, task: str, tmp_path: Path) -> None:
    done = export(runs[task], tmp_path / "model.onnx", n_checked=1000)
    parity = done.parity
    assert parity.n_rows == 1000
    assert parity.n_flips == 0
    assert parity.agrees
    assert {kind: parity.n_of_kind[kind] for kind in ("missing", "strange text", "offset")} == {
        "missing": 100, "strange text": 100, "offset": 100,
    }  # fmt: skip
    has_threshold = runs[task].model.task != "regression"
    assert (parity.n_of_kind["near the threshold"] > 60) == has_threshold
    plain = [parity.differences[kind] for kind in ("plain", "missing", "strange text")]
    assert max(plain) <= 1e-6
    assert done.rows == "drawn from the encoder"
    first = "mean" if runs[task].model.task == "regression" else "probabilities"
    assert done.outputs == (first, "decision", "decided")
    rows = drawn_rows(runs[task].column_encoder, 50, np.random.default_rng(1))
    _, decision, decided = session(done.path).run(None, feeds(done.columns, rows))
    assert decided.all()
    expected = runs[task].predict(rows)
    if has_threshold:
        np.testing.assert_array_equal(decision, expected)
    else:
        np.testing.assert_allclose(decision, expected, rtol=1e-5)


@pytest.mark.parametrize("settings", [
    {"target": "two", "dtype": "float64"},
    {"target": "amount", "dtype": "float64", "activation": "gelu"},
    {"target": "three", "activation": "mish", "batch_norm": True, "dropout": 0.2},
    {"target": "two", "hidden": ()},
], ids=["float64", "float64 gelu", "mish batch norm", "linear"])  # fmt: skip
def test_settings_agree(settings: dict[str, Any], tmp_path: Path) -> None:
    run = trained(tmp_path, **settings)
    parity = export(run, tmp_path / "model.onnx", n_checked=500).parity
    if settings.get("dtype") == "float64":
        assert parity.largest_difference < 1e-9
    assert parity.agrees


RECALIBRATIONS = {
    "temperature": ("binary", "temperature", None),
    "platt": ("binary", "platt", None),
    "isotonic": ("binary", "isotonic", None),
    "prior shift": ("binary", "prior_shift", 0.1),
    "temperature of classes": ("multiclass", "temperature", None),
    "isotonic of classes": ("multiclass", "isotonic", None),
}


@pytest.mark.parametrize("name", RECALIBRATIONS)
def test_recalibrated_runs_agree(runs, name: str, tmp_path: Path) -> None:
    task, method, prevalence = RECALIBRATIONS[name]
    run = load_run(shutil.copytree(runs[task].folder, tmp_path / "run"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # isotonic maps want more rows
        recalibrate_run(run, method, prevalence=prevalence)
    done = export(run, tmp_path / "model.onnx", n_checked=1000)
    assert done.parity.agrees
    metadata = session(done.path).get_modelmeta().custom_metadata_map
    assert json.loads(metadata["recalibrator"]) == run.recalibrator.to_json()


def test_a_threshold_is_inside_and_can_be_given(binary: Run, tmp_path: Path) -> None:
    decide_run(binary, {"cost_fn": 5.0, "cost_fp": 1.0})
    done = export(binary, tmp_path / "model.onnx", n_checked=1000)
    assert done.parity.agrees
    assert done.parity.n_of_kind["near the threshold"] > 60
    used = session(done.path)
    given = {
        "age": [[40.0], [70.0]], "far off": [[1e7], [1e7]], "income": [[np.nan], [2e4]],
        "smokes": [[0.0], [1.0]],
    }  # fmt: skip
    feeds = {name: np.array(values) for name, values in given.items()}
    feeds |= {"grade": np.array([[1.0], [2.0]])}
    feeds |= {name: np.array([["Oslo"], [""]], dtype=object) for name in ("city", "code")}
    p, decision, decided = used.run(None, feeds)
    frame = pl.DataFrame(
        {name: pl.Series(value[:, 0].tolist()).fill_nan(None) if value.dtype != object else value[:, 0].tolist()
         for name, value in feeds.items()}
    )  # fmt: skip
    np.testing.assert_allclose(p, binary.predict_proba(frame), atol=1e-6)
    np.testing.assert_array_equal(decision, binary.predict(frame))
    assert decided.all()
    _, none, _ = used.run(None, feeds | {"threshold": np.array(1.5)})
    assert not none.any()
    empty = used.run(None, {name: values[:0] for name, values in feeds.items()})
    assert [out.shape for out in empty] == [(0, 2), (0,), (0,)]
    metadata = used.get_modelmeta().custom_metadata_map
    assert float(metadata["threshold"]) == binary.decision.threshold.value
    assert json.loads(metadata["costs"])["fn"] == 5.0
    assert json.loads(metadata["classes"]) == [False, True]


@pytest.mark.parametrize("task", ["binary", "multiclass", "whole classes"])
def test_costs_and_abstention_are_inside(runs, task: str, tmp_path: Path) -> None:
    run = load_run(shutil.copytree(runs[task].folder, tmp_path / "run"))
    n_classes = len(run.model.target.classes)
    costs = 1.0 + np.arange(n_classes**2).reshape(n_classes, n_classes) / 7
    np.fill_diagonal(costs, 0)
    decide_run_by_costs(run, costs, 0.35)
    done = export(run, tmp_path / "model.onnx", n_checked=1000)
    assert done.parity.agrees
    assert done.parity.n_of_kind["near the threshold"] > 30
    rows = drawn_rows(run.column_encoder, 400, np.random.default_rng(0))
    undecided = np.array([value is None for value in run.predict(rows)])
    assert undecided.any()


def test_the_metadata_say_what_a_user_must_know(runs, tmp_path: Path) -> None:
    path = export(runs["multiclass"], tmp_path / "model.onnx", n_checked=100).path
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["format"] == "xent-onnx"
    assert metadata["version"] == "1"
    assert metadata["xent_version"] == xent.__version__
    assert metadata["task"] == "multiclass"
    assert json.loads(metadata["classes"]) == ["high", "low", "middle"]
    assert json.loads(metadata["target"]) == ["three"]
    kinds = {one["column"]: one["kind"] for one in json.loads(metadata["columns"])}
    assert kinds == {
        "age": "number", "far off": "number", "income": "number", "smokes": "boolean",
        "city": "text", "grade": "category number", "code": "text",
    }  # fmt: skip
    assert [value.name for value in model.graph.input] == list(kinds)


def test_rows_that_the_run_refuses_get_no_decision(binary: Run, tmp_path: Path) -> None:
    model = onnx_model(binary)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.content)
    rows = drawn_rows(binary.column_encoder, 3, np.random.default_rng(0))
    given = feeds(model.columns, rows)
    given["age"] = np.array([[40.0], [np.inf], [40.0]])
    p, decision, decided = session(path).run(None, given)
    assert np.isnan(p[1]).all()
    assert decided.tolist() == [True, False, True]
    assert not decision[1]
    with pytest.raises(XentError, match="infinite"):
        binary.predict(rows.with_columns(pl.Series("age", [40.0, np.inf, 40.0])))


def test_another_model_is_noticed(binary: Run) -> None:
    model = onnx_model(binary)
    drawn = drawn_rows(binary.column_encoder, 400, np.random.default_rng(0))
    assert check_parity(binary, model, drawn).agrees
    binary.model.engine.parameters[-1] += 1e-5  # the bias of the logit
    parity = check_parity(binary, model, drawn)
    assert not parity.agrees
    with pytest.raises(XentError, match="does not agree with the run, and is not written"):
        parity.require()


def test_an_answer_that_is_none_is_no_agreement(binary: Run) -> None:
    model = onnx_model(binary)
    drawn = drawn_rows(binary.column_encoder, 400, np.random.default_rng(0))
    binary.model.engine.parameters[-1] = np.nan
    assert not check_parity(binary, model, drawn).agrees


def test_nothing_is_written_of_a_model_that_differs(
    binary: Run, tmp_path: Path, monkeypatch
) -> None:
    from xent.exports import network

    def forgetful(graph, layer, a, own):
        return graph.add("Gemm", a, graph.constant(own["weight"]))

    monkeypatch.setitem(network._FORMS, xent.network.Dense, forgetful)
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the old one")
    with pytest.raises(XentError, match="decided differently"):
        export(binary, path)
    assert path.read_bytes() == b"the old one"


def test_check_rows_leave_the_drawn_ones_alone(binary: Run) -> None:
    drawn = drawn_rows(binary.column_encoder, 200, np.random.default_rng(0))
    before = drawn.clone()
    rows = check_rows(binary.column_encoder, drawn, np.random.default_rng(1), None)
    assert drawn.equals(before)
    assert not rows.rows.equals(before)
    plain = rows.kind == "plain"
    assert rows.rows.filter(plain).equals(before.filter(plain))
    assert rows.rows.filter(rows.kind == "missing").null_count().sum_horizontal()[0] >= 20


def test_the_rows_of_the_run_s_own_table_are_used(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    table().select("age", "city", "smokes", "two").write_csv(path)
    run = xent.train(path, target="two", epochs=2, random_state=0, runs=str(tmp_path))
    assert export(run, tmp_path / "model.onnx").rows == "rows of table.csv"
    with path.open("a") as file:
        file.write("41,Oslo,true,true\n")
    assert export(run, tmp_path / "model.onnx").rows == "drawn from the encoder"
    path.unlink()
    assert export(run, tmp_path / "model.onnx").rows == "drawn from the encoder"


@pytest.mark.parametrize("network", ["lenet"])
def test_a_model_of_images_takes_raw_pixels(network: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 120, (240, 1, 16, 16), dtype=np.uint8)
    bright = rng.integers(0, 3, 240)
    pixels[np.arange(240), :, 5 * bright, :] = 255
    np.savez(tmp_path / "bars.npz", images=pixels, labels=np.array(["a", "b", "c"])[bright])
    run = xent.train(
        tmp_path / "bars.npz", network=network, epochs=2, random_state=0, runs=str(tmp_path)
    )
    done = export(run, tmp_path / "model.onnx", n_checked=100)
    assert done.columns == ()
    assert done.parity.n_rows == 100
    assert done.parity.n_flips == 0
    assert done.parity.largest_difference <= 1e-6
    assert done.rows == "rows of bars.npz"
    used = session(done.path)
    (pixel_input,) = used.get_inputs()
    assert (pixel_input.name, pixel_input.type) == ("pixels", "tensor(uint8)")
    assert pixel_input.shape == ["n", 1, 16, 16]
    p, decision, _ = used.run(None, {"pixels": pixels[:50]})
    np.testing.assert_allclose(p, run.predict_proba({"images": pixels[:50]}), atol=1e-6)
    np.testing.assert_array_equal(decision, run.predict({"images": pixels[:50]}))
    (tmp_path / "bars.npz").unlink()
    again = export(run, tmp_path / "model.onnx", n_checked=100)
    assert again.rows == "drawn from the encoder"
    assert again.parity.agrees


def test_the_same_run_gives_the_same_bytes(runs, tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        export(runs["binary"].folder, tmp_path / name, n_checked=100)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_mistakes(runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs["binary"]
    for path, said in (
        (tmp_path, "is a folder. Name one in it"),
        (tmp_path / "model.bin", r"must end in \.onnx"),
        (tmp_path / "nowhere" / "model.onnx", "there is no folder"),
    ):
        with pytest.raises(XentError, match=said):
            export(run, path)
    with pytest.raises(XentError, match="n_checked"):
        export(run, tmp_path / "model.onnx", n_checked=10)
    with pytest.raises(XentError, match="there is no run folder"):
        export(tmp_path / "no run", tmp_path / "model.onnx")
    for name in ("onnx", "onnxruntime"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, name, None)
            with pytest.raises(XentError, match=r"pip install 'xent\[onnx\]'"):
                export(run, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_finished_says_so(binary: Run, tmp_path: Path) -> None:
    from xent.runs.record import write_record

    files = {k: v for k, v in binary.record.files.items() if k != "model.safetensors"}
    write_record(binary.files, binary.record.changed(status="interrupted", files=files))
    with pytest.raises(XentError, match="is not finished"):
        export(binary.folder, tmp_path / "model.onnx")


def test_parity_is_told_in_words() -> None:
    both = {"plain": 2e-7, "missing": 0.0}
    parity = Parity(10, {"plain": 10, "missing": 0}, both, both, 2, 0, 1)
    assert (
        str(parity).splitlines()[0] == "10 rows, 0 decided differently, largest difference 2.0e-07"
    )
    assert "2 of them within 1e-06 of another decision" in str(parity)
    assert "missing" not in str(parity)
    assert json.dumps(parity.to_json())
