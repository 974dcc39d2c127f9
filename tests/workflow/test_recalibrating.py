"""A run's recalibrator: what it is fitted to, what uses it, and that it can be taken back."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import xent
from xent.errors import XentError
from xent.evaluation import fit_isotonic, fit_platt, fit_temperature, log_loss
from xent.evaluation.calibration import Temperature
from xent.runs import Run, load_run
from xent.workflow.deciding import decide_run
from xent.workflow.recalibrating import recalibrate_run, remove_recalibrator

if TYPE_CHECKING:
    from pathlib import Path

    from xent.arrays import Array


def table(n: int = 900) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 24))
    y = (x[:, :3] @ [1.0, -1.0, 0.5] + 2 * rng.normal(size=n) > 1.2).astype(int)
    columns = {f"x{k}": x[:, k] for k in range(24)}
    return pl.DataFrame(
        {**columns, "y": y, "kind": np.where(x[:, 0] > 0.7, "c", np.where(y, "a", "b"))}
    )


def trained(folder: Path, **settings: object) -> Run:
    # no early stopping: the network overfits, and its probabilities are too sure
    given = {
        "target": "y", "drop": ["kind"], "hidden": (30,), "epochs": 60, "early_stopping": False,
        "learning_rate": 0.02, "random_state": 1, "runs": folder,
    }  # fmt: skip
    return xent.train(table(), **{**given, **settings})


def part(run: Run, name: str) -> tuple[Array, Array]:
    rows = run.raw_predictions.filter(pl.col("part") == name)
    return rows["y"].to_numpy(), rows["z_0"].to_numpy().astype(np.float64)


@pytest.mark.filterwarnings("ignore:isotonic learns")
@pytest.mark.parametrize(
    ("method", "fit"),
    [
        ("temperature", fit_temperature),
        ("platt", partial(fit_platt, smooth_targets=False)),
        ("isotonic", fit_isotonic),
    ],
)
def test_it_is_fitted_on_the_validation_part_and_everything_uses_it(
    tmp_path: Path, method: str, fit: object
) -> None:
    run = trained(tmp_path)
    before = run.predict_proba(table())
    done = recalibrate_run(run, method)
    y, z = part(run, "validation")
    expected = fit(y, logits=z)
    assert done.recalibrator == expected
    run = load_run(run.folder)
    p = 1 / (1 + np.exp(-expected.apply(np.log(before[:, 1]) - np.log(before[:, 0]))))
    np.testing.assert_allclose(run.predict_proba(table())[:, 1], p, atol=1e-5)
    test_y, test_z = part(run, "test")
    rows = run.predictions.filter(pl.col("part") == "test")
    np.testing.assert_allclose(rows["z_0"].to_numpy(), expected.apply(test_z), rtol=1e-6)
    assert done.effect["test"]["log_loss"]["after"] == pytest.approx(
        log_loss(test_y, logits=expected.apply(test_z))
    )
    again = run.predict_table(table().filter(pl.Series(np.arange(900)).is_in(rows["row"])))
    np.testing.assert_allclose(
        again["p_1"].to_numpy(), rows.sort("row")["p_1"].to_numpy(), atol=1e-5
    )


def test_temperature_mends_an_overfitted_network(tmp_path: Path) -> None:
    effect = recalibrate_run(trained(tmp_path), "temperature").effect["test"]
    assert effect["log_loss"]["after"] < 0.98 * effect["log_loss"]["before"]
    assert effect["calibration_error"]["after"] < effect["calibration_error"]["before"]


def test_a_decision_made_before_is_removed_and_a_new_one_counts_the_new_probabilities(
    tmp_path: Path,
) -> None:
    run = trained(tmp_path)
    costs = {"cost_fn": 5.0, "cost_fp": 1.0, "n_bootstrap": 10}
    first, _ = decide_run(run, costs)
    recalibrate_run(run, "temperature")
    assert run.decision is None
    second, _ = decide_run(run, costs)
    assert second.threshold.value != first.threshold.value
    np.testing.assert_array_equal(
        run.predict(table()) == 1, run.predict_proba(table())[:, 1] >= second.threshold.value
    )


@pytest.mark.filterwarnings("ignore:isotonic learns")
def test_it_can_be_taken_back_and_replaced(tmp_path: Path) -> None:
    run = trained(tmp_path)
    raw = run.predict_proba(table())
    once = recalibrate_run(run, "platt").recalibrator
    recalibrate_run(run, "isotonic")
    # fitted on the network's own outputs, not on recalibrated ones
    assert recalibrate_run(run, "platt").recalibrator == once
    remove_recalibrator(run)
    np.testing.assert_array_equal(run.predict_proba(table()), raw)
    with pytest.raises(XentError, match="no recalibrator to remove"):
        remove_recalibrator(run)


def test_class_weights_are_taken_back(tmp_path: Path) -> None:
    run = trained(tmp_path, class_weight={0: 1.0, 1: 4.0})
    before = run.logits(table()).ravel()
    recalibrate_run(run, "class_weight")
    np.testing.assert_allclose(run.logits(table()).ravel(), before - np.log(4), atol=1e-5)
    run = trained(tmp_path, class_weight="balanced")
    share = 1 / (1 + np.exp(-run.evaluation.constant.parameters[0]))
    before = run.logits(table()).ravel()
    recalibrate_run(run, "class_weight")
    moved = np.log(share / (1 - share))
    np.testing.assert_allclose(run.logits(table()).ravel(), before + moved, atol=1e-5)


@pytest.mark.filterwarnings("ignore:isotonic learns")
def test_several_classes(tmp_path: Path) -> None:
    run = trained(tmp_path, target="kind", drop=["y"], class_weight={"a": 2.0})
    raw = run.predict_proba(table())
    effect = recalibrate_run(run, "temperature").effect["validation"]
    assert effect["log_loss"]["after"] < effect["log_loss"]["before"]
    for method in ("isotonic", "class_weight"):
        recalibrate_run(run, method)
        np.testing.assert_allclose(run.predict_proba(table()).sum(axis=1), 1)
    odds = run.predict_proba(table())[:, 0] / run.predict_proba(table())[:, 1]
    np.testing.assert_allclose(odds, raw[:, 0] / raw[:, 1] / 2, rtol=1e-4)
    recalibrate_run(run, "prior_shift", prevalence=[0.2, 0.3, 0.5])
    assert run.predict_proba(table())[:, 2].mean() > raw[:, 2].mean()
    with pytest.raises(XentError, match="binary"):
        recalibrate_run(run, "platt")


def test_mistakes(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with pytest.raises(XentError, match="Did you mean 'platt'"):
        recalibrate_run(run, "plat")
    with pytest.raises(XentError, match="prevalence must be given"):
        recalibrate_run(run, "prior_shift")
    with pytest.raises(XentError, match="no other"):
        recalibrate_run(run, "platt", prevalence=0.1)
    with pytest.raises(XentError, match="without class_weight"):
        recalibrate_run(run, "class_weight")
    number = trained(tmp_path, target="x0", drop=["kind"], task="regression")
    with pytest.raises(XentError, match="needs classes"):
        recalibrate_run(number, "temperature")
    bare = trained(tmp_path, validation_fraction=0.0)
    with pytest.raises(XentError, match="no validation part"):
        recalibrate_run(bare, "temperature")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    run = trained(tmp_path)
    recalibrate_run(run, "temperature")
    path = run.files.recalibrator
    whole = json.loads(path.read_text())
    damages = [
        {**whole, "format": "other"},
        {**whole, "version": 99},
        {**whole, "model": "0" * 64},
        {**whole, "recalibrator": {"kind": "temperature", "temperature": -1}},
        {**whole, "recalibrator": [1]},
        [],
    ]
    for damage in damages:
        path.write_text(json.dumps(damage))
        with pytest.raises(XentError, match=r"recalibrator\.json"):
            _ = run.recalibrator


def test_few_rows_for_an_isotonic_map_are_said(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="isotonic learns .* by heart"):
        recalibrate_run(trained(tmp_path), "isotonic")


def test_what_makes_the_loss_worse_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path)
    harmful = {"temperature": lambda *_, **__: Temperature(50.0)}
    monkeypatch.setattr("xent.workflow.recalibrating.FITTED", harmful)
    with pytest.raises(XentError, match="nothing was written"):
        recalibrate_run(run, "temperature")
    assert run.recalibrator is None
