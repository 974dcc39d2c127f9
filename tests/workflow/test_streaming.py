"""A stream's figures are those of all rows at once."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from xent import evaluate
from xent.errors import XentError
from xent.workflow.prediction_files import PredictionColumns, read_predictions_of
from xent.workflow.streaming import evaluate_stream

GENERATOR = np.random.default_rng(0)
Y = GENERATOR.random(3000) < 0.3
Z = (GENERATOR.normal(size=3000) + Y).round(2)
FRAME = pl.DataFrame(
    {"y": Y, "z": Z, "w": GENERATOR.integers(0, 3, 3000), "label": np.where(Y, 1, -1)}
).with_columns(one=pl.lit(1))


@pytest.fixture
def path(tmp_path):
    FRAME.write_parquet(tmp_path / "p.parquet")
    return tmp_path / "p.parquet"


@pytest.mark.parametrize("weight", [None, "w"])
def test_figures_are_those_of_all_rows_at_once(path, weight):
    streamed = evaluate_stream(path, PredictionColumns("y", logit="z", weight=weight))
    whole = evaluate(Y, logits=Z, weight=None if weight is None else FRAME[weight].to_numpy())
    assert streamed.n_rows == whole.n_rows
    for name, figure in streamed.figures.items():
        assert figure.value == pytest.approx(whole[name].value, rel=1e-12), name
    assert streamed.figures["auc"].value == whole.auc.value or weight is not None
    assert "3,000" in str(streamed) or weight is not None


def test_numbers_as_labels_and_scores(path):
    streamed = evaluate_stream(path, PredictionColumns("label", score="z", positive="1"))
    assert streamed.figures["auc"].value == evaluate(Y, scores=Z).auc.value
    assert math.isnan(streamed.figures["log_loss"].value)
    assert "probability" in streamed.figures["log_loss"].why
    assert "recall" not in streamed.figures
    assert streamed.to_json()["figures"]["log_loss"]["value"] is None
    assert streamed.to_records()[0]["figure"] == "log_loss"


def test_one_class_only(tmp_path):
    pl.DataFrame({"y": [0, 0], "p": [0.1, 0.2]}).write_csv(tmp_path / "p.csv")
    streamed = evaluate_stream(tmp_path / "p.csv", PredictionColumns("y", probability="p"))
    assert "absent" in streamed.figures["auc"].why
    assert "positive" in streamed.figures["average_precision"].why


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (PredictionColumns("y", decision="z"), "exactly one of probability"),
        (PredictionColumns("y", logit="z", group="w"), "no groups"),
        (PredictionColumns("label", logit="z", positive="yes"), "must have two classes"),
        (PredictionColumns("y", logit="z", positive="yes"), "must have two classes"),
        (PredictionColumns("one", logit="z", positive="2"), "positive must be a label"),
        (PredictionColumns("y", logit="zz"), r"logit: p.parquet has no column 'zz'.*'z'"),
        (PredictionColumns("y", logit="z", weight="ww"), "no column 'ww'"),
        (PredictionColumns("y,label", prediction="z"), "one column of labels"),
        (PredictionColumns("y,label", logit="z"), "one column of predictions a label, 2, got 1"),
        (PredictionColumns("y", score="z,w"), "probability or logit, got score"),
        (PredictionColumns("y", logit="w,z", positive="w"), "must come last"),
        (PredictionColumns("label", logit="z"), "0 and 1|0 or 1"),
        (PredictionColumns("y", probability="z"), r"\[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(path, columns, message):
    with pytest.raises(XentError, match=message):
        evaluate_stream(path, columns)


def test_no_rows(tmp_path):
    FRAME.clear().write_parquet(tmp_path / "p.parquet")
    with pytest.raises(XentError, match="no rows"):
        evaluate_stream(tmp_path / "p.parquet", PredictionColumns("y", logit="z"))


P = np.exp(GENERATOR.normal(0, 2, (3000, 3)))
P /= P.sum(axis=1, keepdims=True)
CODES = (P.cumsum(axis=1) > GENERATOR.random((3000, 1))).argmax(axis=1)
NAMES = np.array(["ant", "bee", "cat"])
SIGMOIDS = 1 / (1 + np.exp(-np.log(P) - 1))
HELD = GENERATOR.random((3000, 3)) < SIGMOIDS
TASKS = pl.DataFrame(
    {
        "species": NAMES[CODES],
        "code": CODES,
        "one_based": CODES + 1,
        "weight": GENERATOR.integers(0, 3, 3000).astype(float),
        "two": NAMES[(CODES > 0).astype(int)],
        "is_ant": CODES == 0,
        "number": P[:, 0] + GENERATOR.normal(2, 0.1, 3000),
        "mean": P[:, 0] + 2,
        **{f"p_{name}": P[:, k] for k, name in enumerate(NAMES)},
        **{f"z_{k}": np.log(P[:, k]) for k in range(3)},
        **{f"c_{k + 1}": P[:, k] for k in range(3)},
        **{f"y_{k}": HELD[:, k] for k in range(3)},
        **{f"s_{k}": SIGMOIDS[:, k] for k in range(3)},
        "r_ant": P[:, 0],
        "r_bee": 1 - P[:, 0],
    }
)
CASES = [
    ("multiclass", PredictionColumns("species", probability="p_*")),
    ("multiclass", PredictionColumns("code", probability="p_*", weight="weight")),
    ("multiclass", PredictionColumns("code", logit="z_*")),
    ("multiclass", PredictionColumns("one_based", probability="c_*")),
    ("multiclass", PredictionColumns("code", logit="z_0, z_1, z_2")),
    ("multilabel", PredictionColumns("y_*", probability="s_*", weight="weight")),
    ("regression", PredictionColumns("number", prediction="mean", weight="weight")),
    ("binary", PredictionColumns("two", probability="r_bee", positive="bee")),
    ("binary", PredictionColumns("two", probability="r_*")),
    ("binary", PredictionColumns("two", probability="r_*", positive="bee")),
    ("binary", PredictionColumns("is_ant", probability="r_bee,r_ant")),
    ("binary", PredictionColumns("is_ant", logit="r_bee,r_ant")),
]


@pytest.mark.parametrize(("task", "columns"), CASES)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_every_task_streams(tmp_path, monkeypatch, task, columns, ending):
    monkeypatch.setattr("xent.workflow.stream_columns.MIN_BATCH", 400)
    monkeypatch.setattr("xent.workflow.stream_columns.BATCH_ROWS", 1600)
    path = tmp_path / f"t.{ending}"
    TASKS.write_parquet(path) if ending == "parquet" else TASKS.write_csv(path)
    streamed = evaluate_stream(path, columns)
    whole = read_predictions_of(path, columns).evaluate(n_bootstrap=0)
    assert streamed.task == whole.task == task
    assert streamed.n_rows == whole.n_rows
    assert len(streamed.figures) > 10
    for name, figure in streamed.figures.items():
        exact = whole[name].value
        if figure.method == "bracket":
            assert figure.low <= exact <= figure.high, name
            assert figure.width < 0.01
        else:
            assert figure.value == pytest.approx(exact, rel=1e-12), name
    json.dumps(streamed.to_json(), allow_nan=False)
    # An interval is that of all rows at once, weights included.
    names = {
        "multiclass": ("accuracy", "mcc", "macro_f1", "weighted_precision"),
        "multilabel": ("exact_match",),
        "binary": ("recall", "f1", "kappa"),
        "regression": (),
    }[task]
    for name in names:
        assert streamed.figures[name].low == pytest.approx(whole[name].low, abs=1e-9), name
        assert streamed.figures[name].high == pytest.approx(whole[name].high, abs=1e-9), name


@pytest.mark.parametrize("logit", [False, True])
def test_bins_hold_the_exact_areas(path, logit):
    columns = PredictionColumns("y", **({"logit": "z"} if logit else {"score": "z"}))
    exact, binned = evaluate_stream(path, columns), evaluate_stream(path, columns, n_bins=1024)
    for name in ("auc", "average_precision"):
        bracket = binned.figures[name]
        assert bracket.low <= exact.figures[name].value <= bracket.high
        assert bracket.method == "bracket"
        assert "for certain" in bracket.why
    others = set(exact.figures) - {"auc", "average_precision"}
    for name in others:
        np.testing.assert_equal(binned.figures[name].value, exact.figures[name].value)
        np.testing.assert_equal(binned.figures[name].low, exact.figures[name].low)
    assert ("recall" in others) == logit


def damaged(tmp_path, **values):
    frame = TASKS.with_columns(
        pl.when(pl.int_range(3000) == 1700).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )
    frame.write_parquet(tmp_path / "d.parquet")
    return tmp_path / "d.parquet"


@pytest.mark.parametrize(
    ("values", "columns", "message"),
    [
        ({"p_bee": math.nan}, CASES[0][1], "'p_bee' of d.parquet has NaN in data row 1701"),
        ({"mean": math.nan}, CASES[6][1], "'mean' of d.parquet has NaN in data row 1701"),
        ({"weight": math.nan}, CASES[6][1], "'weight' of d.parquet has NaN in data row 1701"),
        ({"mean": math.inf}, CASES[6][1], "d.parquet, data rows [0-9]+ to [0-9]+: .* finite"),
        ({"species": "beee"}, CASES[0][1], "label 'beee' in data row 1701 .* Did you mean 'bee'"),
        ({"species": None}, CASES[0][1], "'species' of d.parquet has a missing value in data row"),
        ({"code": 3}, CASES[2][1], "label 3 in data row 1701"),
        ({"one_based": 0}, CASES[3][1], "label 0 in data row 1701"),
        ({"s_1": 1.5}, CASES[5][1], r"data rows .* must lie in \[0, 1\]"),
    ],
)
def test_what_is_wrong_is_named_by_row(tmp_path, monkeypatch, values, columns, message):
    monkeypatch.setattr("xent.workflow.stream_columns.MIN_BATCH", 400)
    monkeypatch.setattr("xent.workflow.stream_columns.BATCH_ROWS", 1600)
    path = damaged(tmp_path, **values)
    if columns.weight is not None and "weight" not in values:
        columns = replace(columns, weight=None)
    with pytest.raises(XentError, match=message):
        evaluate_stream(path, columns)


def test_rows_of_weight_zero_vanish_whatever_they_hold(tmp_path):
    path = damaged(tmp_path, mean=math.nan, weight=0.0)
    kept = TASKS.filter(pl.int_range(3000) != 1700)
    kept.write_parquet(tmp_path / "kept.parquet")
    columns = PredictionColumns("number", prediction="mean", weight="weight")
    streamed, expected = (
        evaluate_stream(file, columns) for file in (path, tmp_path / "kept.parquet")
    )
    assert streamed == expected


def test_all_weights_zero_and_bins_for_numbers(tmp_path):
    TASKS.with_columns(weight=pl.lit(0.0)).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(XentError, match="no rows of positive weight"):
        evaluate_stream(tmp_path / "t.parquet", CASES[6][1])
    with pytest.raises(XentError, match="leave out bins"):
        evaluate_stream(tmp_path / "t.parquet", CASES[6][1], n_bins=1024)


def test_categories_are_text(tmp_path):
    TASKS.with_columns(pl.col("species").cast(pl.Categorical)).write_parquet(tmp_path / "c.parquet")
    streamed = evaluate_stream(tmp_path / "c.parquet", CASES[0][1])
    assert streamed.classes == ("ant", "bee", "cat")
    assert streamed.figures["accuracy"].n == 3000


def test_nothing_is_left_on_disk_after_an_error(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spill"))
    (tmp_path / "spill").mkdir()
    path = damaged(tmp_path, r_ant=math.nan)
    monkeypatch.setattr("xent.evaluation.states.binary_state.MEMORY_ROWS", 100)
    with pytest.raises(XentError, match="NaN in data row 1701"):
        evaluate_stream(path, PredictionColumns("is_ant", probability="r_ant"))
    assert list((tmp_path / "spill").iterdir()) == []


def test_labels_and_predictions_are_paired_by_name_whatever_their_order(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (200, 2))
    p = np.clip(0.5 + 0.3 * (2 * y - 1) + 0.2 * rng.normal(size=y.shape), 0, 1)
    straight = {"y_a": y[:, 0], "y_b": y[:, 1], "p_a": p[:, 0], "p_b": p[:, 1]}
    crossed = {name: straight[name] for name in ("y_a", "y_b", "p_b", "p_a")}
    columns, found = PredictionColumns("y_*", probability="p_*"), []
    for name, table in (("straight", straight), ("crossed", crossed)):
        path = tmp_path / f"{name}.parquet"
        pl.DataFrame(table).write_parquet(path)
        streamed = evaluate_stream(path, columns)
        assert streamed.classes == ("y_a", "y_b")
        np.testing.assert_array_equal(read_predictions_of(path, columns).predicted, p)
        found.append(streamed.to_json()["figures"])
    assert found[0] == found[1]
    pl.DataFrame({**straight, "p_c": p[:, 0]}).drop("p_a").write_parquet(tmp_path / "other.parquet")
    for read in (evaluate_stream, read_predictions_of):
        with pytest.raises(XentError, match="label 'a' of y_\\* has no column in p_\\*"):
            read(tmp_path / "other.parquet", columns)
