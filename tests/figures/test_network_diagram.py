"""A network drawn from its description."""

from __future__ import annotations

from typing import Any

import pytest
from drawn import check_chart, rows_of

from xent.errors import XentError
from xent.figures import network_diagram
from xent.network import Dense, Dropout, Network, Pixels, Scale, mlp, small_cnn


def dots(chart: Any) -> list[int]:
    """Return how many units of each column are drawn."""
    rows = [row for row in rows_of(chart, 1) if row["index"] >= 0]
    return [sum(row["column"] == k for row in rows) for k in sorted({r["column"] for r in rows})]


def texts(chart: Any) -> list[list[str]]:
    return [row["text"] for row in rows_of(chart, -1)]


@pytest.mark.checklist(
    row=60,
    call="xent.figures.network_diagram(Network(3, (Dense(4), Dense(2))))",
    figure="3, 4, 2 units, every one linked to every next",
)
def test_small_networks_are_drawn_unit_by_unit() -> None:
    network = mlp(3, (4,), 2, activation="sigmoid")
    check_chart(lambda theme: network_diagram(network, theme=theme))
    chart = network_diagram(network)
    assert dots(chart) == [3, 4, 2]
    assert len(rows_of(chart, 0)) == 3 * 4 + 4 * 2
    assert texts(chart) == [
        ["input", "3 features"],
        ["hidden", "4 units", "sigmoid", "16 parameters"],
        ["output", "2 units", "10 parameters"],
    ]
    assert chart.to_dict()["title"]["text"] == "26 parameters"


@pytest.mark.checklist(
    row=60,
    call="xent.figures.network_diagram(mlp(784, (1024, 1024), 10))",
    figure="1,863,690 parameters",
)
def test_large_layers_are_elided() -> None:
    chart = network_diagram(mlp(784, (1024, 1024), 10, activation="sigmoid"))
    assert dots(chart) == [8, 8, 8, 10]
    assert [row["unit"] for row in rows_of(chart, 1)][6:8] == ["", "input 781 of 784"]
    assert chart.to_dict()["title"]["text"] == "1,863,690 parameters"
    # links join shown units only
    assert len(rows_of(chart, 0)) == 64 + 64 + 80


@pytest.mark.checklist(
    row=60, call="xent.figures.network_diagram(Network(2, (Dense(1),)))", figure="a linear model"
)
def test_a_linear_model_and_layers_without_parameters() -> None:
    assert dots(network_diagram(Network(2, (Dense(1),)))) == [2, 1]
    layers = (Dropout(0.1), Dense(3, "relu"), Scale(), Dropout(0.5), Dense(1))
    chart = network_diagram(Network(2, layers), width=600)
    assert texts(chart) == [
        ["input", "2 features", "dropout 0.1"],
        ["hidden", "3 units", "relu", "scale", "dropout 0.5", "12 parameters"],
        ["output", "1 unit", "4 parameters"],
    ]


def test_parameters_of_the_columns_add_up() -> None:
    network = mlp(30, (100, 50), 3, batch_norm=True, dropout=0.2)
    counts = [
        int(line.split()[0].replace(",", ""))
        for lines in texts(network_diagram(network, width=900))
        for line in lines
        if line.endswith("parameters")
    ]
    assert sum(counts) == network.n_parameters


def test_deep_networks_leave_out_the_middle_and_turn_their_text() -> None:
    network = mlp(30, (64,) * 20, 3)
    check_chart(lambda theme: network_diagram(network, theme=theme))
    chart = network_diagram(network)
    columns = texts(chart)
    assert len(columns) == 13
    assert columns[6] == ["10 more layers", ""]
    assert columns[1] == ["hidden \u00b7 64 units \u00b7 relu", "1,984 parameters"]
    # nothing is linked to the column that stands for others
    assert not {6} & {row["column"] for row in rows_of(chart, 0)}


def test_inputs_and_outputs_may_have_names() -> None:
    chart = network_diagram(mlp(2, (3,), 1), inputs=["age", "height"], outputs=["risk"])
    assert [row["name"] for row in rows_of(chart, 2)] == ["age", "height"]
    assert [row["name"] for row in rows_of(chart, 3)] == ["risk"]
    with pytest.raises(XentError, match="inputs must hold 2 names, got 1"):
        network_diagram(mlp(2, (3,), 1), inputs=["age"])
    with pytest.raises(XentError, match="outputs must hold 1 names, got 2"):
        network_diagram(mlp(2, (3,), 1), outputs=["a", "b"])


def test_layers_of_images_are_called_what_they_are() -> None:
    network = Network(
        (3, 32, 32), (Pixels((0.5,) * 3, (0.2,) * 3), *small_cnn((3, 32, 32), 1).layers)
    )
    texts = [
        column["text"] for column in network_diagram(network, width=1000).layer[-1].data.values
    ]
    assert texts[0] == ["input", "3 channels, 32x32", "standardized"]
    assert texts[2][:5] == [
        "convolution",
        "32 channels, 16x16",
        "batch norm",
        "max-pooling",
        "relu",
    ]
    assert texts[-1] == ["output", "1 unit", "129 parameters"]
    shown = sum(
        int(text[-1].split()[0].replace(",", "")) for text in texts if "parameters" in text[-1]
    )
    assert shown == network.n_parameters
