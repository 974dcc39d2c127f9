"""Predicted against true numbers, and their residuals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, layers_of, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.errors import XentError
from xent.evaluation import evaluate
from xent.figures import predicted_against_true, residual_histogram, residuals_against_predicted

RNG = np.random.default_rng(10)
Y = RNG.gamma(3, 2, 300)
PREDICTED = Y + RNG.standard_normal(300)


def test_rows_are_dots_and_the_line_is_the_diagonal() -> None:
    light = check_chart(lambda theme: predicted_against_true(Y, PREDICTED, unit="kg", theme=theme))
    assert axis_titles(light) == {"true (kg)", "predicted (kg)"}
    chart = predicted_against_true(evaluate(Y, predictions=PREDICTED, n_bootstrap=0))
    rows = rows_of(chart)
    assert [row["x"] for row in rows] == Y.tolist()
    assert [row["y"] for row in rows] == PREDICTED.tolist()
    assert all(row["x"] == row["y"] for row in rows_of(chart, 1))
    encoding = layers_of(chart.to_dict())[0]["encoding"]
    assert encoding["x"]["scale"]["domain"] == encoding["y"]["scale"]["domain"]


def test_many_rows_are_counted_in_cells_and_none_is_lost() -> None:
    y = RNG.standard_normal(20_000)
    predicted = y + RNG.standard_normal(20_000)
    light = check_chart(lambda theme: predicted_against_true(y, predicted, theme=theme))
    assert layers_of(light)[0]["mark"]["type"] == "rect"
    rows = rows_of(predicted_against_true(y, predicted))
    assert sum(row["rows"] for row in rows) == 20_000
    weight = RNG.integers(0, 3, 20_000)
    weighted = rows_of(predicted_against_true(y, predicted, weight=weight))
    assert sum(row["rows"] for row in weighted) == weight.sum()
    assert sum(row["rows"] for row in rows_of(residuals_against_predicted(y, predicted))) == 20_000


def test_residuals_and_their_running_means() -> None:
    light = check_chart(lambda theme: residuals_against_predicted(Y, PREDICTED, theme=theme))
    assert "residual: true - predicted (units of the target)" in axis_titles(light)
    chart = residuals_against_predicted(Y, PREDICTED)
    assert [row["y"] for row in rows_of(chart)] == (Y - PREDICTED).tolist()
    means = rows_of(chart, 2)
    assert len(means) == 15
    # 15 groups of 20 rows each: their mean is the mean of all
    assert np.mean([row["y"] for row in means]) == pytest.approx(np.mean(Y - PREDICTED))
    assert [row["x"] for row in means] == sorted(row["x"] for row in means)
    few = residuals_against_predicted(Y[:30], PREDICTED[:30]).to_dict()
    assert len(layers_of(few)) == 2


def test_the_histogram_holds_every_residual_and_the_curve_as_much() -> None:
    light = check_chart(lambda theme: residual_histogram(Y, PREDICTED, unit="kg", theme=theme))
    assert "residual: true - predicted (kg)" in axis_titles(light)
    bars, curve = (
        rows_of(residual_histogram(Y, PREDICTED)),
        rows_of(residual_histogram(Y, PREDICTED), 1),
    )
    assert sum(bar["rows"] for bar in bars) == 300
    # the curve's highest point: n times the width of a bin over the spread and sqrt(2 pi)
    width = bars[0]["high"] - bars[0]["low"]
    peak = 300 * width / (np.std(Y - PREDICTED) * math.sqrt(2 * math.pi))
    assert max(point["rows"] for point in curve) == pytest.approx(peak, rel=0.01)
    assert layers_of(light)[0]["encoding"]["x"]["bin"] == "binned"  # else bars are ticks
    weight = np.arange(300) % 3
    weighted = rows_of(residual_histogram(Y, PREDICTED, weight=weight))
    assert sum(bar["rows"] for bar in weighted) == weight.sum()


def test_large_residuals_are_written_out() -> None:
    drawn = residual_histogram(1e5 * Y, 1e5 * PREDICTED).to_dict()
    subtitle = drawn["title"]["subtitle"][0]
    deviation = np.std(1e5 * (Y - PREDICTED))
    assert f"standard deviation {float(f'{deviation:.3g}'):,.0f};" in subtitle
    assert not any("e+" in text for text in [subtitle, *axis_titles(drawn)])


def test_a_single_wild_residual_does_not_flatten_the_rest() -> None:
    y = np.append(Y, 1e6)
    chart = residual_histogram(y, np.append(PREDICTED, 0.0))
    bars = rows_of(chart)
    assert bars[-1]["high"] < 20
    assert sum(bar["rows"] for bar in bars) == 301
    assert chart.to_dict()["title"]["subtitle"][1] == "1 of the rows lie beyond the ends"


@settings(max_examples=25)
@given(
    st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=30),
    st.sampled_from([0.0, 1.0, -3.5, 1e7]),
)
def test_any_finite_numbers_are_drawn(values: list[float], shift: float) -> None:
    y = np.array(values)
    for chart_of in (predicted_against_true, residuals_against_predicted, residual_histogram):
        made: Any = chart_of(y, y + shift)
        for place in range(len(made.layer)):
            for row in made.layer[place].data.values:
                assert all(math.isfinite(value) for value in row.values())
    assert sum(bar["rows"] for bar in made.layer[0].data.values) == len(y)


def test_mistakes_are_named() -> None:
    evaluation = evaluate(Y, predictions=PREDICTED, n_bootstrap=0)
    with pytest.raises(XentError, match="left out beside an evaluation"):
        predicted_against_true(evaluation, PREDICTED)
    with pytest.raises(XentError, match="predictions must be given"):
        residual_histogram(Y)
    with pytest.raises(XentError, match="finite"):
        residuals_against_predicted([1.0, 2.0], [1.0, np.nan])
