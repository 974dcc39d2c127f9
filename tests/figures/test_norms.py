"""Norms by layer by epoch, and units that no longer answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of

import xent
from xent.errors import XentError
from xent.figures import gradient_norms, idle_units, weight_norms
from xent.network import Dense, Network, mlp


def records(n_epochs: int, n_layers: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "gradient_norms": {f"layers.{2 * k}.weight": 2.0**-k / epoch for k in range(n_layers)}
            | {"layers.0.bias": 9.0},
            "weight_norms": {f"layers.{2 * k}.weight": 5.0 + k for k in range(n_layers)},
        }
        for epoch in range(1, n_epochs + 1)
    ]


@pytest.mark.parametrize("chart_of", [gradient_norms, weight_norms])
def test_every_dense_layer_has_a_line(chart_of: Any) -> None:
    light = check_chart(lambda theme: chart_of(records(6), theme=theme))
    rows = rows_of(chart_of(records(6)))
    assert list(dict.fromkeys(row["layer"] for row in rows)) == ["layer 1", "layer 2", "layer 3"]
    assert all("Euclidean" in title for title in axis_titles(light) - {"epoch"})
    name = "gradient_norms" if chart_of is gradient_norms else "weight_norms"
    assert [row["norm"] for row in rows if row["layer"] == "layer 2"] == [
        record[name]["layers.2.weight"] for record in records(6)
    ]


def test_a_norm_of_zero_leaves_a_gap_on_the_logarithmic_axis() -> None:
    given = records(3, 1)
    given[1]["gradient_norms"]["layers.0.weight"] = 0.0
    assert [row["norm"] for row in rows_of(gradient_norms(given))] == [1.0, None, 1 / 3]


def test_many_layers_and_epochs_stay_readable() -> None:
    many_epochs = rows_of(gradient_norms(records(2600, 1)))
    assert 400 <= len(many_epochs) <= 2000
    assert len({row["layer"] for row in rows_of(gradient_norms(records(2, 12)))}) == 12


def test_dead_units_and_saturated_outputs_are_counted() -> None:
    network = Network(2, (Dense(4, "relu"), Dense(2, "tanh"), Dense(2, "gelu"), Dense(1)))
    relu = np.array([[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 3.0]])
    tanh = np.array([[0.999, 0.0], [-0.985, -0.97]])  # within 0.02 of an end: two of four
    outputs = [relu, tanh, np.zeros((2, 2)), np.zeros((2, 1))]
    light = check_chart(lambda theme: idle_units(network, outputs, theme=theme))
    rows = rows_of(idle_units(network, outputs))
    assert [(row["layer"], row["kind"], row["share"]) for row in rows] == [
        ("layer 1 (relu)", "dead units", 0.5),
        ("layer 2 (tanh)", "saturated outputs", 0.5),
    ]
    assert "share of units or outputs" in axis_titles(light)


def test_a_run_gives_what_the_charts_take(tmp_path: Any) -> None:
    run = xent.train(
        "example:breast_cancer",
        target="target",
        epochs=2,
        hidden=[8],
        random_state=0,
        runs=str(tmp_path),
    )
    assert len(rows_of(gradient_norms(run.history))) == 4
    outputs = run.activations("example:breast_cancer")
    (row,) = rows_of(idle_units(run.model.engine.network, outputs))
    assert row["share"] == pytest.approx(1 - np.mean((outputs[0] > 0).any(axis=0)))


def test_mistakes_are_named() -> None:
    with pytest.raises(XentError, match="no 'gradient_norms'"):
        gradient_norms([{"epoch": 1, "loss": 0.5}])
    with pytest.raises(XentError, match="each of the 2 layers, got 1"):
        idle_units(mlp(2, (3,), 1), [np.zeros((2, 3))])
    with pytest.raises(XentError, match="defined for relu, sigmoid, tanh"):
        idle_units(mlp(2, (3,), 1, activation="gelu"), [np.zeros((2, 3)), np.zeros((2, 1))])
