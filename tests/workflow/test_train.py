"""xent.train: settings, parts, the encoder, the verdict, the run folder and its files."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import xent
from xent.distributions import Bernoulli, Focal, Laplace
from xent.errors import XentError
from xent.runs import read_model
from xent.training import TrainingSettings
from xent.workflow import DataSettings, train

if TYPE_CHECKING:
    from pathlib import Path

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 3, "random_state": 1}


def table(n_rows: int = 300, seed: int = 0) -> pl.DataFrame:
    rng = np.random.Generator(np.random.PCG64(seed))
    X = rng.normal(size=(n_rows, 2))
    score = X @ [1.0, -1.0] + 0.3 * rng.normal(size=n_rows)
    return pl.DataFrame(
        {
            "a": X[:, 0],
            "b": X[:, 1],
            "c": rng.choice(["u", "v"], n_rows),
            "y": np.where(score > 0, 1, -1),
            "k": np.digitize(score, [-1, 1]),
            "l_p": (score > 0).astype(int),
            "l_q": (X[:, 1] > 0).astype(int),
            "v": 50_000 + 1000 * score,
            "w": rng.integers(0, 3, n_rows),
            "g": np.arange(n_rows) // 5,
            "t": rng.permutation(n_rows),
        }
    )


TASKS: dict[str, dict[str, Any]] = {
    "binary": {"target": "y", "positive": -1},
    "multiclass": {"target": "k"},
    "multilabel": {"targets": "l_*"},
    "regression": {"target": "v", "task": "regression"},
}
OTHERS = {"y", "k", "l_p", "l_q", "v", "w", "g", "t"}


def settings_of(task: str) -> dict[str, Any]:
    own = {"binary": {"y"}, "multiclass": {"k"}, "multilabel": {"l_p", "l_q"}, "regression": {"v"}}
    return {**TASKS[task], "drop": sorted(OTHERS - own[task]), **QUICK}


def test_signature_has_every_setting_and_no_other() -> None:
    names = {
        f.name for record in (DataSettings, TrainingSettings) for f in dataclasses.fields(record)
    }
    parameters = inspect.signature(train).parameters
    assert set(parameters) == names | {"source", "callbacks", "recipe", "unknown"}
    assert all(p.kind is p.KEYWORD_ONLY for name, p in parameters.items() if name in names)
    for record in (DataSettings, TrainingSettings):
        assert all(f.metadata["help"].endswith(".") for f in dataclasses.fields(record))


def test_unknown_setting_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(XentError, match=r"no setting 'epoch'\. Did you mean 'epochs'"):
        xent.train(table(), target="y", epoch=3, runs=tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task", TASKS)
def test_run_folder(task: str, tmp_path: Path) -> None:
    run = xent.train(table(), runs=tmp_path, **settings_of(task))
    names = {path.name for path in run.folder.iterdir()}
    expected = {
        "run.json",
        "split.json",
        "encoder.json",
        "model.safetensors",
        "history.jsonl",
        "evaluation.json",
    }
    assert names == expected | {"predictions.parquet", "checkpoints"} | (
        {"curves"} if task != "regression" else set()
    )
    assert run.record.task == task
    assert run.status == "finished"
    assert list(run.verdict.parts) == ["training", "validation", "test"]
    assert [part.n_rows for part in run.verdict.parts.values()] == [192, 48, 60]
    assert not list(run.folder.glob("checkpoints/*.parquet"))
    values = json.loads((run.folder / "run.json").read_text())
    assert set(values["files"]) >= expected - {"run.json"}
    assert values["recipe"]["dtype"] == "float32"
    assert read_model(run.folder / "model.safetensors").task == task

    again = xent.load_run(run.folder)
    assert again.verdict.to_json() == run.verdict.to_json()
    assert again.history.records == run.history.records
    np.testing.assert_array_equal(again.predict(table()), run.predict(table()))


@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_those_of_the_verdict(task: str, tmp_path: Path) -> None:
    frame = table()
    run = xent.train(frame, runs=tmp_path, **settings_of(task))
    saved = run.predictions
    split = json.loads((run.folder / "split.json").read_text())
    for part in ("validation", "test"):
        rows = saved.filter(pl.col("part") == part)
        assert rows["row"].to_list() == split[part]
        of_part = frame[split[part]]
        verdict = run.verdict.parts[part]
        if task == "binary":
            assert (rows["y"] == of_part["y"]).all()
            right = (rows["decision"] == rows["y"]).mean()
            assert verdict["accuracy"].value == pytest.approx(right)
            # -1 is the positive class
            p = rows["p_-1"].to_numpy().astype(float)
            nll = -np.log(np.where(of_part["y"].to_numpy() == -1, p, 1 - p)).mean()
            assert verdict["log_loss"].value == pytest.approx(nll, rel=1e-5)
        elif task == "multiclass":
            p = rows.select(f"p_{k}" for k in range(3)).to_numpy()
            np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
            assert verdict["accuracy"].value == pytest.approx(
                (rows["decision"] == of_part["k"]).mean()
            )
        elif task == "multilabel":
            right = (rows["decision_l_p"] == of_part["l_p"]) & (
                rows["decision_l_q"] == of_part["l_q"]
            )
            assert verdict["exact_match"].value == pytest.approx(right.mean())
            assert (rows["decision_l_p"] == (rows["p_l_p"] >= 0.5).cast(int)).all()
        else:
            error = rows["mean"] - of_part["v"]
            assert verdict["rmse"].value == pytest.approx(math.sqrt((error**2).mean()), rel=1e-6)
    assert saved.height == len(split["validation"]) + len(split["test"])


def test_prediction_of_the_same_rows_is_the_same(tmp_path: Path) -> None:
    frame = table()
    settings = {**settings_of("binary"), "drop": ["k", "l_*", "v", "t"]}
    run = xent.train(frame, runs=tmp_path, weight="w", group="g", **settings)
    everything = run.predict_table(frame)
    assert everything.columns == [
        "row",
        "part",
        "y",
        "weight",
        "group",
        "z_0",
        "p_1",
        "p_-1",
        "decision",
    ]
    assert everything["weight"].to_list() == frame["w"].to_list()
    saved = run.predictions
    assert saved.columns == everything.columns
    same = everything[saved["row"].to_numpy()]
    np.testing.assert_allclose(same["z_0"], saved["z_0"], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(
        run.predict_proba(frame).argmax(axis=1), (everything["decision"] == -1).cast(int)
    )
    np.testing.assert_array_equal(run.logits(frame)[:, 0], everything["z_0"])
    assert [layer.shape[1] for layer in run.activations(frame)] == [4, 1]
    unlabelled = run.predict_table(frame.drop("y", "w", "g"))
    assert unlabelled.columns == ["row", "part", "z_0", "p_1", "p_-1", "decision"]
    # what the label column holds does not matter to a prediction
    odd = frame.with_columns(pl.lit("?").alias("y"))
    np.testing.assert_array_equal(run.predict(odd), run.predict(frame))


def test_evaluate_gives_the_figures_of_the_summary(tmp_path: Path) -> None:
    frame = table()
    for task in TASKS:
        run = xent.train(frame, runs=tmp_path, **settings_of(task))
        test = frame[json.loads((run.folder / "split.json").read_text())["test"]]
        again = run.evaluate(test).parts["new data"]
        for name, figure in run.verdict.parts["test"].figures.items():
            assert again[name].value == pytest.approx(figure.value, rel=1e-6, nan_ok=True)
            assert again[name].constant == pytest.approx(figure.constant, rel=1e-6, nan_ok=True)


def test_changing_test_rows_changes_no_parameter(tmp_path: Path) -> None:
    frame = table().with_columns(
        pl.Series("split", ["train"] * 200 + ["validation"] * 50 + ["test"] * 50)
    )
    settings = {"target": "y", "split": "split", "drop": ["k", "l_*", "v", "w", "g", "t"], **QUICK}
    run = xent.train(frame, runs=tmp_path, **settings)
    # other values, missing ones, another category: all in rows that are not trained on
    is_test = pl.int_range(300) >= 250
    changed = frame.with_columns(
        a=pl.when(is_test).then(1e6).otherwise("a"),
        b=pl.when(is_test).then(None).otherwise("b"),
        c=pl.when(is_test).then(pl.lit("new")).otherwise("c"),
    )
    other = xent.train(changed, runs=tmp_path, **settings)
    assert (run.folder / "encoder.json").read_bytes() == (
        other.folder / "encoder.json"
    ).read_bytes()
    np.testing.assert_array_equal(run.model.engine.parameters, other.model.engine.parameters)
    assert run.history.records == other.history.records


def test_identical_rows_are_never_on_both_sides(tmp_path: Path) -> None:
    frame = pl.concat([table(150), table(150)])
    run = xent.train(frame, runs=tmp_path, **settings_of("binary"))
    split = json.loads((run.folder / "split.json").read_text())
    parts = [{row % 150 for row in split[part]} for part in ("train", "validation", "test")]
    assert sum(map(len, parts)) == 150
    assert split["n_kept_together"] == 150
    assert split["n_torn"] == 0


def test_given_split_says_what_it_tears(tmp_path: Path) -> None:
    frame = pl.concat([table(150), table(150)]).with_columns(
        pl.Series("s", ["train"] * 150 + ["test"] * 150)
    )
    run = xent.train(
        frame, runs=tmp_path, split="s", **{**settings_of("binary"), "validation_fraction": 0.0}
    )
    split = json.loads((run.folder / "split.json").read_text())
    assert split["n_torn"] == 150
    assert list(run.verdict.parts) == ["training", "test"]
    with pytest.warns(UserWarning, match="too few for a validation part"):
        held = xent.train(frame, runs=tmp_path, split="s", **settings_of("binary"))
    assert list(held.verdict.parts) == ["training", "test"]


def test_given_split_gets_a_validation_part(tmp_path: Path) -> None:
    frame = table(400).with_columns(pl.Series("s", ["train"] * 300 + ["test"] * 100))
    run = xent.train(frame, runs=tmp_path, split="s", **settings_of("binary"))
    split = json.loads((run.folder / "split.json").read_text())
    assert split["test"] == list(range(300, 400))
    assert len(split["validation"]) == 60
    assert "validation shuffled, stratified" in split["method"]


def test_groups_and_time(tmp_path: Path) -> None:
    drop = ["k", "l_*", "v", "w"]
    run = xent.train(table(), target="y", group="g", drop=[*drop, "t"], runs=tmp_path, **QUICK)
    split = json.loads((run.folder / "split.json").read_text())
    groups = [{row // 5 for row in split[part]} for part in ("train", "validation", "test")]
    assert sum(map(len, groups)) == 60
    run = xent.train(table(), target="y", time="t", drop=[*drop, "g"], runs=tmp_path, **QUICK)
    split = json.loads((run.folder / "split.json").read_text())
    times = [table()["t"][split[part]] for part in ("train", "validation", "test")]
    assert times[0].max() < times[1].min()
    assert times[1].max() < times[2].min()


def test_separate_test_table(tmp_path: Path) -> None:
    settings = settings_of("binary")
    run = xent.train(table(), test=table(80, seed=9), runs=tmp_path, **settings)
    assert [part.n_rows for part in run.verdict.parts.values()] == [240, 60, 80]
    assert run.predictions.filter(pl.col("part") == "test")["row"].to_list() == list(range(80))
    assert run.record.test is not None
    again = run.evaluate(table(80, seed=9)).parts["new data"]
    assert again["auc"].value == pytest.approx(run.verdict.parts["test"]["auc"].value)


def test_no_test_part_and_no_validation_part(tmp_path: Path) -> None:
    settings = {**settings_of("binary"), "test_fraction": 0.0, "validation_fraction": 0.0}
    run = xent.train(table(), runs=tmp_path, **settings)
    assert list(run.verdict.parts) == ["training"]
    assert run.predictions.height == 0
    assert run.curve_epochs == []
    assert run.record.best_epoch == 0


def test_rows_of_weight_zero_do_not_count(tmp_path: Path) -> None:
    frame = table().with_columns(
        pl.Series("s", ["train"] * 200 + ["validation"] * 50 + ["test"] * 50)
    )
    settings = {
        **settings_of("binary"),
        "split": "s",
        "weight": "w",
        "drop": ["k", "l_*", "v", "g", "t"],
        "batch_size": 1000,
    }
    run = xent.train(frame, runs=tmp_path, **settings)
    without = xent.train(frame.filter(pl.col("w") > 0), runs=tmp_path, **settings)
    np.testing.assert_allclose(
        run.model.engine.parameters, without.model.engine.parameters, rtol=1e-4, atol=1e-6
    )
    for part in ("validation", "test"):
        one, other = run.verdict.parts[part], without.verdict.parts[part]
        assert one.n_rows == other.n_rows
        assert one["log_loss"].value == pytest.approx(other["log_loss"].value, rel=1e-4)


def test_class_weight_shifts_decisions(tmp_path: Path) -> None:
    settings = {**settings_of("binary"), "epochs": 30}
    plain = xent.train(table(), runs=tmp_path, **settings).verdict.parts["test"]
    heavy = xent.train(
        table(), runs=tmp_path, class_weight={-1: 20.0, 1: 1.0}, **settings
    ).verdict.parts["test"]
    assert heavy["recall"].value > plain["recall"].value
    assert heavy["fpr"].value > plain["fpr"].value
    # the constant predictor knows the rows as they are
    assert heavy["log_loss"].constant == plain["log_loss"].constant


def test_regression_is_in_units_of_the_target(tmp_path: Path) -> None:
    settings = {**settings_of("regression"), "hidden": (16,), "epochs": 200, "batch_size": 16}
    learned = xent.train(table(), runs=tmp_path, distribution="gaussian", **settings)
    best = learned.history[learned.record.best_epoch - 1]
    verdict = learned.verdict.parts["validation"]
    assert best["validation_loss"] == pytest.approx(verdict["nll"].value, rel=1e-4)
    assert best["validation_rmse"] == pytest.approx(verdict["rmse"].value, rel=1e-3)


def test_without_a_distribution_the_spread_is_that_of_held_out_residuals(tmp_path: Path) -> None:
    settings = {**settings_of("regression"), "hidden": (16,), "epochs": 200, "batch_size": 16}
    run = xent.train(table(), runs=tmp_path, **settings)
    best = run.history[run.record.best_epoch - 1]
    verdict = run.verdict.parts["validation"]
    sd = verdict["rmse"].value
    # with the residuals' own sd the mean NLL is that of the normal's entropy
    assert verdict["nll"].value == pytest.approx(math.log(sd * math.sqrt(2 * math.pi * math.e)))
    assert run.model.distribution.sd == pytest.approx(sd, rel=1e-4)
    assert best["validation_rmse"] == pytest.approx(verdict["rmse"].value, rel=1e-3)
    assert verdict["r2"].value > 0.5
    assert abs(run.predict(table()).mean() - 50_000) < 500
    with pytest.raises(XentError, match="no probabilities"):
        run.predict_proba(table())


@pytest.mark.parametrize("distribution", ["laplace", Laplace(), Bernoulli()])
def test_distribution_by_name_or_object(distribution: object, tmp_path: Path) -> None:
    task = "binary" if isinstance(distribution, Bernoulli) else "regression"
    run = xent.train(table(), distribution=distribution, runs=tmp_path, **settings_of(task))
    assert run.model.distribution == (Bernoulli() if task == "binary" else Laplace())
    baseline = "logistic regression" if task == "binary" else "ridge regression"
    assert run.evaluation.baseline_name == baseline


def test_a_loss_made_of_a_distribution_predicts_as_that_does(tmp_path: Path) -> None:
    focal = Focal(Bernoulli())
    run = xent.train(table(), distribution=focal, runs=tmp_path, **settings_of("binary"))
    assert run.model.distribution == focal
    probabilities = run.predict_proba(table())
    np.testing.assert_array_equal(probabilities[:, 1], Bernoulli().mean(run.logits(table())[:, 0]))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert run.evaluate(table()).parts


def test_arguments_win_over_the_recipe(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'target = "y"\nepochs = 7\nactivation = "tanh"\ndrop = ["k", "l_*", "v", "w", "g", "t"]\n'
    )
    # the default value, given, is given
    run = xent.train(
        table(),
        recipe=tmp_path / "recipe.toml",
        activation="relu",
        hidden=(),
        runs=tmp_path / "runs",
        epochs=2,
    )
    assert run.settings["activation"] == "relu"
    assert run.settings["epochs"] == 2
    assert run.settings["target"] == "y"
    assert run.settings["hidden"] == []


def test_seeds(tmp_path: Path) -> None:
    settings = settings_of("binary")
    del settings["random_state"]
    one = xent.train(table(), runs=tmp_path, **settings)
    again = xent.train(table(), runs=tmp_path, random_state=one.record.seed, **settings)
    assert (one.folder / "model.safetensors").read_bytes() == (
        again.folder / "model.safetensors"
    ).read_bytes()
    other = xent.train(table(), runs=tmp_path, random_state=one.record.seed + 1, **settings)
    assert other.history.records != one.history.records
    drawn = xent.train(table(), runs=tmp_path, random_state=np.random.default_rng(0), **settings)
    assert isinstance(drawn.settings["random_state"], int)


@pytest.mark.parametrize("kind", ["pandas", "numpy", "arrow", "csv"])
def test_sources(kind: str, tmp_path: Path) -> None:
    frame = table()
    source: Any = {
        "pandas": frame.to_pandas,
        "arrow": frame.to_arrow,
        "numpy": lambda: frame.drop("c").to_numpy(),
        "csv": lambda: tmp_path / "t.csv",
    }[kind]()
    frame.write_csv(tmp_path / "t.csv")
    names = (
        {"target": "x2", "drop": [f"x{i}" for i in range(3, 10)]}
        if kind == "numpy"
        else {"target": "y", "drop": sorted(OTHERS - {"y"})}
    )
    run = xent.train(source, runs=tmp_path / "runs", **names, **QUICK)
    assert run.predict(source).shape == (300,)
    assert set(run.predict(source)) <= {-1, 1}
    # the file is remembered, a table in memory is not
    assert (run.record.data.path is None) == (kind != "csv")


def test_texts_stay_texts_in_new_files(tmp_path: Path) -> None:
    frame = table().with_columns(
        c=pl.when(pl.col("c") == "u").then(pl.lit("1")).otherwise(pl.lit("x"))
    )
    frame = frame.with_columns(
        y=pl.when(pl.col("y") == 1).then(pl.lit("1")).otherwise(pl.lit("none"))
    )
    run = xent.train(frame, runs=tmp_path, **{**settings_of("binary"), "positive": "1"})
    new = frame.filter((pl.col("c") == "1") & (pl.col("y") == "1"))
    new.write_csv(tmp_path / "new.csv")
    np.testing.assert_array_equal(run.logits(tmp_path / "new.csv"), run.logits(new))
    assert run.evaluate(tmp_path / "new.csv").parts["new data"]["recall"].value >= 0
    assert run.notes(tmp_path / "new.csv") == ()


def test_callbacks_are_called_and_can_stop(tmp_path: Path) -> None:
    class Stop(xent.Callback):
        def epoch_end(self, moment: Any) -> None:
            if moment.epoch == 2:
                moment.stop("enough")

    run = xent.train(table(), runs=tmp_path, callbacks=[Stop()], **settings_of("binary"))
    assert run.record.stopped_because == "enough"
    assert run.record.n_epochs == 2


def test_warnings_are_shown_and_recorded(tmp_path: Path) -> None:
    with pytest.warns(xent.TrainingWarning, match="gradient|units|finite"):
        run = xent.train(
            table(),
            runs=tmp_path,
            **{**settings_of("binary"), "hidden": (4,) * 20, "activation": "sigmoid", "epochs": 8},
        )
    assert run.record.warnings


def test_divergence_in_the_first_epoch_leaves_no_folder(tmp_path: Path) -> None:
    settings = {
        **settings_of("regression"),
        "optimizer": "sgd",
        "learning_rate": 1e30,
        "distribution": "gaussian",
    }
    with pytest.raises(XentError, match="not finite in epoch 1"), np.errstate(all="ignore"):
        xent.train(table(), runs=tmp_path, **settings)
    assert list(tmp_path.iterdir()) == []


def test_data_report(tmp_path: Path) -> None:
    from xent.workflow import prepare

    for task, line in {
        "binary": "target y: binary (two distinct values; positive class -1, as told); 1 ",
        "multilabel": "target: 2 labels, l_p, l_q",
        "regression": "target v: regression (as told)",
    }.items():
        settings = settings_of(task)
        data = DataSettings(**{k: v for k, v in settings.items() if k not in QUICK})
        training = dataclasses.replace(TrainingSettings(), dtype="float32")
        prepared = prepare(table(), dataclasses.replace(data, test=table(20)), training, 0)
        report = prepared.report()
        assert report[0] == "the table: 300 rows, 11 columns"
        assert report[1].startswith(line)
        assert report[-1] == "the table: 20 rows test"


def test_a_part_without_weight_is_refused_before_training(tmp_path: Path) -> None:
    frame = table().with_columns(
        pl.Series("s", ["train"] * 240 + ["test"] * 60), pl.Series("w", [1] * 240 + [0] * 60)
    )
    settings = {**settings_of("binary"), "drop": ["k", "l_*", "v", "g", "t"]}
    with pytest.raises(XentError, match="weight is 0 in all 60 rows of the test part"):
        xent.train(frame, split="s", weight="w", runs=tmp_path, **settings)
    assert list(tmp_path.iterdir()) == []


def test_texts_stay_texts_in_the_test_file(tmp_path: Path) -> None:
    as_text = pl.when(pl.col("c") == "u").then(pl.lit("1")).otherwise(pl.lit("x"))
    frame = table().with_columns(c=as_text)
    frame.filter(pl.col("c") == "1").write_csv(tmp_path / "test.csv")
    frame.write_csv(tmp_path / "train.csv")
    settings = settings_of("binary")
    run = xent.train(
        tmp_path / "train.csv", test=tmp_path / "test.csv", runs=tmp_path / "runs", **settings
    )
    saved = run.predictions.filter(pl.col("part") == "test")
    expected = run.logits(frame.filter(pl.col("c") == "1"))
    np.testing.assert_array_equal(saved["z_0"], expected[:, 0])
