"""Rows with the line of a model, and the pictures of the first networks of the worked examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from drawn import axis_titles, check_chart, rows_of

import xent
from xent.errors import XentError
from xent.figures import fitted_line, loss_history


def houses() -> tuple[Any, Any]:
    rng = np.random.RandomState(20)
    x = rng.randn(100, 1) + 5
    return x.ravel(), (2.8 * x - rng.randn(100, 1)).ravel()


@pytest.mark.checklist(row=61, call="xent.figures.fitted_line(x, y)", figure="100 houses as points")
def test_houses_are_points() -> None:
    x, y = houses()
    rows = rows_of(fitted_line(x, y))
    assert [row["x"] for row in rows][:3] == pytest.approx([5.88389, 5.19587, 5.35754], abs=1e-5)
    assert [row["y"] for row in rows][:3] == pytest.approx([17.00698, 13.42266, 14.78244], abs=1e-5)
    assert len(rows) == 100


@pytest.mark.checklist(
    row=67,
    call="xent.figures.fitted_line(x, y, lambda x: w * x + b)",
    figure="2.876444 x - 0.464747",
)
def test_the_fitted_line_is_drawn_through_them() -> None:
    x, y = houses()
    w, b = np.polyfit(x, y, 1)
    titles = {"x_title": "area (100 m2)", "y_title": "price (million)"}
    light = check_chart(
        lambda theme: fitted_line(x, y, lambda at: w * at + b, theme=theme, **titles)
    )
    assert axis_titles(light) == set(titles.values())
    line = rows_of(fitted_line(x, y, lambda at: w * at + b), 1)
    first, last = line[0], line[-1]
    slope = (last["y"] - first["y"]) / (last["x"] - first["x"])
    assert slope == pytest.approx(2.876444, abs=1e-6)
    assert first["y"] - slope * first["x"] == pytest.approx(-0.464747, abs=1e-6)
    assert first["x"] < x.min() < x.max() < last["x"]


@pytest.mark.checklist(
    row=70,
    call="xent.figures.loss_history(run.history)",
    figure="1,000 epochs, flat after about 800",
)
def test_the_loss_of_the_trapezoids_is_flat_in_the_end(tmp_path: Any) -> None:
    rng = np.random.RandomState(20)
    x = rng.uniform(0.5, 1.5, (50, 2))
    frame = pl.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "area": 0.5 * x.sum(axis=1) * x[:, 0]})
    run = xent.train(
        frame,
        target="area",
        hidden=[80],
        activation="sigmoid",
        optimizer="adam",
        batch_size=50,
        epochs=1000,
        test_fraction=0.0,
        validation_fraction=0.0,
        random_state=0,
        runs=str(tmp_path),
    )
    line = [(row["epoch"], row["value"]) for row in rows_of(loss_history(run.history))]
    assert [epoch for epoch, _ in line] == list(range(1, 1001))
    values = dict(line)
    drop = values[1] - values[1000]
    assert drop > 0
    assert abs(values[800] - values[1000]) < 0.02 * drop


def test_many_rows_are_cells_and_mistakes_are_named() -> None:
    x = np.linspace(0, 1, 6000)
    assert sum(row["rows"] for row in rows_of(fitted_line(x, x))) == 6000
    with pytest.raises(XentError, match="finite number for each of 201 values"):
        fitted_line(x, x, lambda at: at[:3])
    with pytest.raises(XentError, match="x must"):
        fitted_line(x[:5], x)
