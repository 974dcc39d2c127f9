"""What goes wrong silently in Vega-Lite: asked of every chart about scores."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import vl_convert
from drawn import data_of, layers_of
from rows import binary

from xent import figures
from xent.evaluation import roc_curve

MATRIX = np.diag([5, 6, 7]) + 1
CHARTS = {
    "roc": lambda theme: figures.roc_curve(
        binary(), points={"chosen": 0.4}, band=True, theme=theme
    ),
    "several": lambda theme: figures.roc_curve({"a": binary(), "b": binary(90)}, theme=theme),
    "epochs": lambda theme: figures.roc_by_epoch(
        {k: roc_curve([0, 1, 0, 1], [0.1, 0.2, 0.3, k]) for k in (0, 1)}, theme=theme
    ),
    "pr": lambda theme: figures.precision_recall_curve(binary(), points={"a": 0.4}, theme=theme),
    "det": lambda theme: figures.det_curve(binary(), theme=theme),
    "gain": lambda theme: figures.gain_curve(binary(), theme=theme),
    "lift": lambda theme: figures.lift_curve(binary(), theme=theme),
    "cost curve": lambda theme: figures.cost_curve(binary(), theme=theme),
    "cost": lambda theme: figures.cost_by_threshold(binary(), cost_fn=2, cost_fp=1, theme=theme),
    "histogram": lambda theme: figures.score_histogram(binary(), points={"a": 0.4}, theme=theme),
    "reliability": lambda theme: figures.reliability_diagram(binary(), theme=theme),
    "thresholds": lambda theme: figures.figures_by_threshold(binary(), theme=theme),
    "confusion": lambda theme: figures.confusion_matrix(MATRIX, theme=theme),
    "loss": lambda theme: figures.loss_by_probability(theme=theme),
    "step": lambda theme: figures.decision_step(theme=theme),
}


@pytest.fixture(scope="module", params=CHARTS)
def specification(request: pytest.FixtureRequest) -> dict[str, Any]:
    made: dict[str, Any] = CHARTS[request.param]("dark").to_dict()
    return made


def test_every_view_finds_its_data_and_every_field_is_in_it(specification: dict[str, Any]) -> None:
    # a data name without a dataset, and a field without a column, draw an empty chart
    for layer in layers_of(specification):
        rows = data_of(layer, specification)
        assert rows
        for channel, encoding in layer["encoding"].items():
            for part in encoding if isinstance(encoding, list) else [encoding]:
                if "field" in part:
                    assert any(part["field"] in row for row in rows), (channel, part)


def test_bars_between_two_ends_are_binned(specification: dict[str, Any]) -> None:
    # else they are ticks of 5 pixels
    for layer in layers_of(specification):
        if layer["mark"]["type"] == "bar" and "x2" in layer["encoding"]:
            assert layer["encoding"]["x"]["bin"] == "binned"


def test_every_axis_has_a_title(specification: dict[str, Any]) -> None:
    for channel in ("x", "y"):
        titles = [
            layer["encoding"].get(channel, {}).get("title") for layer in layers_of(specification)
        ]
        assert any(titles)


def test_colors_of_kinds_have_a_domain_of_their_own(specification: dict[str, Any]) -> None:
    # without it a color depends on which rows there are
    for layer in layers_of(specification):
        color = layer["encoding"].get("color", {})
        if color.get("type") == "nominal":
            rows = data_of(layer, specification)
            assert color["scale"]["domain"] == list(
                dict.fromkeys(row[color["field"]] for row in rows)
            )


def test_drawing_says_no_warning(specification: dict[str, Any], capfd: Any) -> None:
    vl_convert.vegalite_to_vega(specification, show_warnings=True)
    told = capfd.readouterr()
    assert (told.out + told.err).strip() == ""


def test_a_misspelt_chart_names_the_nearest() -> None:
    with pytest.raises(AttributeError, match="Did you mean 'roc_curve'"):
        figures.roc_curv  # noqa: B018 (the look-up is what is tested)
    assert set(figures.__all__) <= set(dir(figures))


@pytest.mark.parametrize("name", sorted(figures.__all__))
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(figures, name) is not None


def test_altair_is_loaded_when_a_chart_is_used() -> None:
    program = """if True:
        import sys, xent.figures
        print("altair" in sys.modules)
        xent.figures.roc_curve
        print("altair" in sys.modules)
    """
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", "True"]


def test_no_module_stands_in_the_place_of_a_chart() -> None:
    # importing a module binds its name in the package, where the chart of that name is loaded late
    modules = {module.name for module in pkgutil.iter_modules(figures.__path__)}
    assert not modules & set(figures.__all__)
