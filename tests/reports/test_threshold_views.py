"""The linked views: valid Vega-Lite, fed by what the script has, in colors that can be told apart and read."""

from __future__ import annotations

import json
import re
from typing import Any

import altair as alt
import jsonschema
import pytest

from xent.reports.scripts import page_script, page_style
from xent.reports.threshold_views import MARKS, VIEWS, threshold_views

MADE = threshold_views("predicted probability", (0.0, 1.0), 0.3)


def walk(part: Any) -> list[Any]:
    """Return every value in a specification."""
    if isinstance(part, dict):
        return [part, *(v for value in part.values() for v in walk(value))]
    if isinstance(part, list):
        return [part, *(v for value in part for v in walk(value))]
    return [part]


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_valid_and_says_nothing_that_the_schema_does_not_know(view: str) -> None:
    chart = alt.Chart.from_dict(MADE[view])
    assert json.loads(json.dumps(MADE[view])) == MADE[view]
    assert isinstance(chart, alt.LayerChart)
    with pytest.raises(jsonschema.ValidationError):
        alt.Chart.from_dict(MADE[view] | {"layers": []})


@pytest.mark.parametrize("view", VIEWS)
def test_every_layer_has_data_that_the_script_gives(view: str) -> None:
    script = page_script()
    given = re.search(rf"\b{view}: \(\) => \(\{{(\w+):", script)
    assert given is not None
    for layer in MADE[view]["layer"]:
        data = layer["data"]
        assert data.get("values") or data["name"] == given[1]


def test_bars_have_an_edge_on_either_side() -> None:
    # x and x2 without bin="binned" draw ticks of five pixels
    (bars, *_) = MADE["histogram"]["layer"]
    assert bars["encoding"]["x"]["bin"] == "binned"
    assert bars["encoding"]["x2"] == {"field": "high"}


def test_a_mark_that_there_is_none_for_has_no_layer() -> None:
    without = threshold_views("score", (-1, 1), 0.5, marks=[m for m in MARKS if m != "chosen"])
    for view in VIEWS:
        assert "chosen ?" not in json.dumps(without[view])
        has_marks = "chosen ?" in json.dumps(MADE[view])
        assert has_marks == (view != "cost_curve")


def palettes() -> list[dict[str, str]]:
    """Return the colors of the page, light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", page_style(), flags=re.DOTALL)[:2]
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in blocks]


def test_every_color_of_a_view_is_one_of_the_page_light_and_dark() -> None:
    names = {
        value[1:]
        for view in MADE.values()
        for value in walk(view)
        if isinstance(value, str) and value.startswith("@")
    }
    light, dark = palettes()
    assert {"line", "now", "best", "positive", "negative"} <= names <= set(light) & set(dark)
    assert set(light) == set(dark)


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [0, 1])
def test_texts_and_marks_stand_out_from_the_page(place: int) -> None:
    colors = palettes()[place]
    for text in ("ink", "soft", "accent", "now"):
        assert contrast(colors[text], colors["paper"]) >= 4.5, text
    assert contrast(colors["soft"], colors["panel"]) >= 4.5
    assert contrast(colors["warn"], colors["warnpaper"]) >= 4.5
    for mark in ("line", "best", "chosen", "positive", "negative", "hue1", "hue2", "hue3", "hue4"):
        assert contrast(colors[mark], colors["paper"]) >= 3, mark
