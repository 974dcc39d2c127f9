"""A function of two parameters as a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import vl_convert
from drawn import axis_titles, check_chart, rows_of

from xent.errors import XentError
from xent.figures import surface_map
from xent.training.optimizers import Optimizer
from xent.training.update_rules import Sgd

AT = np.arange(-4, 4.125, 0.25)


def valley(x: Any, y: Any) -> Any:
    return x**2 + (y + 1) ** 2 + 4


def descent(n_steps: int) -> np.ndarray:
    """Return the points of gradient descent from (-2, 3) with steps of 0.1."""
    w, gradient = np.array([-2.0, 3.0]), np.zeros(2)
    optimizer, points = Optimizer(Sgd(), w, gradient), [w.copy()]
    for _ in range(n_steps):
        gradient[:] = 2 * w[0], 2 * (w[1] + 1)
        optimizer.step(0.1)
        points.append(w.copy())
    return np.array(points)


@pytest.mark.checklist(
    row=78,
    call="xent.figures.surface_map(x, y, J, path=steps)",
    figure="J on [-4, 4]^2 in steps of 0.25, 20 steps down; least: 4 at (0, -1)",
)
def test_the_valley_with_the_steps_of_a_descent() -> None:
    J, path = valley(*np.meshgrid(AT, AT)), descent(20)
    titles = {"x_title": "x", "y_title": "y", "value_title": "J (no unit)"}
    light = check_chart(lambda theme: surface_map(AT, AT, J, path=path, theme=theme, **titles))
    assert axis_titles(light) == {"x", "y"}
    chart = surface_map(AT, AT, J, path=path, **titles)
    cells = rows_of(chart)
    assert len(cells) == 33 * 33
    for cell in cells:
        x, y = (cell["x"] + cell["x_end"]) / 2, (cell["y"] + cell["y_end"]) / 2
        assert cell["value"] == pytest.approx(valley(x, y), rel=1e-12)
        assert (cell["x_end"] - cell["x"], cell["y_end"] - cell["y"]) == (0.25, 0.25)
    points = rows_of(chart, 2)
    assert [row["step"] for row in points] == list(range(21))
    drawn = np.array([(row["x"], row["y"]) for row in points])
    np.testing.assert_array_equal(drawn.round(3)[[1, 20]], [(-1.6, 2.2), (-0.023, -0.954)])
    # errata 27: that is where the twentieth step ends; the valley's floor lies lower
    assert valley(*drawn[20]) == pytest.approx(4.002658, abs=5e-7)
    (least,) = rows_of(chart, -1)
    assert (least["x"], least["y"], least["value"]) == (0, -1, 4)
    assert least["text"] == "least: 4 at (0, -1)"


def test_of_a_fine_grid_every_kth_cell_is_drawn_and_the_least() -> None:
    x, y = np.linspace(0, 1, 1001), np.linspace(0, 2, 30)
    values = np.ones((30, 1001))
    values[17, 503] = -7
    chart = surface_map(x, y, values)
    cells = rows_of(chart)
    assert len(cells) <= 101 * 30
    (least,) = [cell for cell in cells if cell["value"] == -7]
    assert least["x"] < x[503] < least["x_end"]
    assert least["y"] < y[17] < least["y_end"]
    assert rows_of(chart, -1)[0]["value"] == -7


def test_the_colors_are_told_by_a_ramp_not_by_symbols() -> None:
    at = np.linspace(0, 1, 3)
    drawn = vl_convert.vegalite_to_vega(surface_map(at, at, at + at[:, None]).to_dict())
    (legend,) = drawn["legends"]
    assert legend["fill"] == "color"
    assert "stroke" not in legend


def test_the_axes_hold_a_path_that_leaves_the_grid() -> None:
    at = np.linspace(0, 1, 3)
    chart = surface_map(at, at, np.ones((3, 3)), path=[(0, 0), (5, -3)]).to_dict()
    encoding = chart["layer"][0]["encoding"]
    assert encoding["x"]["scale"]["domain"] == [-0.25, 5]
    assert encoding["y"]["scale"]["domain"] == [-3, 1.25]


def test_mistakes_are_named() -> None:
    with pytest.raises(
        XentError, match=r"values must be finite numbers of shape \(y, x\) = \(3, 2\)"
    ):
        surface_map([0, 1], [0, 1, 2], np.ones((2, 3)))
    with pytest.raises(XentError, match="x must be at least 2 rising"):
        surface_map([1, 0], [0, 1], np.ones((2, 2)))
    with pytest.raises(XentError, match="path must be finite points"):
        surface_map([0, 1], [0, 1], np.ones((2, 2)), path=[1, 2])
    with pytest.raises(XentError, match="values must be finite"):
        surface_map([0, 1], [0, 1], [[1, 2], [3, np.nan]])
