"""Hidden activations: their distribution by layer, and one layer unit by unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, layers_of, rows_of

from xent.errors import XentError
from xent.figures import activation_distributions, activation_map

RNG = np.random.default_rng(6)
RELU = np.maximum(RNG.standard_normal((500, 12)), 0)
LOGITS = RNG.standard_normal((500, 3))


def test_quantiles_and_zeros_of_every_layer() -> None:
    light = check_chart(
        lambda theme: activation_distributions([RELU, LOGITS], names=["relu", "out"], theme=theme)
    )
    assert axis_titles(light) == {"output of a unit for a row (no unit)"}
    relu, out = rows_of(activation_distributions([RELU, LOGITS]))
    assert (relu["layer"], out["layer"]) == ("layer 1", "layer 2")
    assert relu["zeros"] == np.mean(RELU == 0)
    assert relu["text"] == f"{np.mean(RELU == 0):.0%} are 0"
    assert out["text"] == ""
    assert [out[key] for key in ("p1", "p25", "p50", "p75", "p99")] == pytest.approx(
        np.quantile(LOGITS, [0.01, 0.25, 0.5, 0.75, 0.99]).tolist()
    )


def test_a_large_layer_is_sampled_from_rows_at_equal_distances() -> None:
    large = np.broadcast_to(np.arange(5000.0)[:, None], (5000, 2000))
    (row,) = rows_of(activation_distributions([large]))
    assert row["p50"] == pytest.approx(2499.5, abs=3)


def test_cells_are_outputs_in_the_order_of_classes() -> None:
    y = np.arange(500) % 3
    outputs = np.eye(3)[y] * 2.0
    light = check_chart(lambda theme: activation_map(outputs, y=y, theme=theme))
    assert axis_titles(light) == {
        "unit, in the order of the rows that they answer to",
        "row, in the order of the target",
    }
    assert light["title"]["subtitle"] == "100 of 500 rows, evenly spaced"
    cells = rows_of(activation_map(outputs, y=y))
    assert len(cells) == 100 * 3
    assert all(cell["output"] == outputs[cell["row"], cell["unit"] - 1] for cell in cells)
    rows = list(dict.fromkeys(cell["row"] for cell in cells))
    assert [y[row] for row in rows] == sorted(y[row] for row in rows)
    # the unit of the first class comes first
    assert [cell["unit"] for cell in cells[:3]] == [1, 2, 3]


def test_of_many_units_those_that_vary_most_are_shown() -> None:
    outputs = RNG.standard_normal((50, 200)) * np.arange(200)
    cells = rows_of(activation_map(outputs))
    assert len({cell["unit"] for cell in cells}) == 64
    assert min(cell["unit"] for cell in cells) > 90


def test_colors_diverge_from_zero_only_where_both_signs_are() -> None:
    def domain(outputs: Any) -> list[float]:
        specification = activation_map(outputs).to_dict()
        scale: dict[str, list[float]] = layers_of(specification)[0]["encoding"]["color"]["scale"]
        return scale["domain"]

    low, middle, high = domain(LOGITS)
    assert (middle, low) == (0, -high)
    assert len(domain(RELU)) == 2
    assert domain(np.zeros((3, 3))) == [0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: activation_distributions([]), "at least one layer"),
        (lambda: activation_distributions([RELU], names=["a", "b"]), "name the 1 layers"),
        (lambda: activation_distributions([[1.0, 2.0]]), r"activations\[0\] must be a matrix"),
        (lambda: activation_map([[np.nan]]), "diverged"),
        (lambda: activation_map(RELU, y=[1]), "y must have shape"),
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises(XentError, match=message):
        call()
