"""Charts in a page: both schemes, data once, title as text that can break, as wide as their place."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import altair as alt
import polars as pl

from xent.reports.charts import themed_chart

HOSTILE = "</script><script>alert(1)</script>"
ROWS = alt.Data(values=[{"x": k, "y": k * k} for k in range(50)])


def drawn(theme: str) -> Any:
    color = {"light": "#111111", "dark": "#eeeeee"}[theme]
    title = alt.TitleParams(HOSTILE, subtitle=["first", "second:", "third"])
    chart = alt.Chart(ROWS, width=480).mark_line(color=color).encode(x="x:Q", y="y:Q")
    return chart.properties(title=title)


def block(html: str) -> dict[str, Any]:
    """Return the data of a chart's script."""
    (found,) = re.findall(r'<script type="application/json" id="chart-c">(.*?)</script>', html)
    held: dict[str, Any] = json.loads(found)
    return held


def test_both_schemes_share_their_data() -> None:
    held = block(themed_chart("c", drawn))
    columns = {"x": list(range(50)), "y": [k * k for k in range(50)]}
    assert held["datasets"] == {"d0": {"n_rows": 50, "columns": columns}}
    assert [held[theme]["mark"]["color"] for theme in ("light", "dark")] == ["#111111", "#eeeeee"]
    for theme in ("light", "dark"):
        assert held[theme]["data"] == {"name": "d0"}
        assert "datasets" not in held[theme]
        assert held[theme]["width"] == "container"


def test_the_title_is_text_of_the_page() -> None:
    html = themed_chart("c", drawn)
    assert f"<h3>{HOSTILE}</h3>" in unescape(html)
    assert '<p class="note">first; second: third</p>' in html
    assert "title" not in block(html)["light"]
    assert html.count("<script") == 1
    named = themed_chart("c", drawn, title="mine")
    assert "<h3>mine</h3>" in named


def test_charts_above_each_other_keep_their_widths() -> None:
    held = block(themed_chart("c", lambda theme: alt.vconcat(drawn(theme), drawn(theme))))
    assert "width" not in held["light"]
    assert [part["width"] for part in held["light"]["vconcat"]] == [480, 480]


def test_a_chart_without_a_title_has_an_empty_heading() -> None:
    html = themed_chart("c", lambda _: alt.Chart(ROWS).mark_point().encode(x="x:Q"))
    assert "<h3></h3>" in html


def test_rows_of_other_entries_and_named_data_stay_as_they_are() -> None:
    uneven = [{"x": 1}, {"x": 2, "y": 3}]
    layered = alt.layer(
        alt.Chart(alt.Data(values=uneven)).mark_point().encode(x="x:Q"),
        alt.Chart(alt.Data(values=[{}])).mark_rule().encode(x=alt.datum(1)),
        alt.Chart(alt.Data(values=[])).mark_rule().encode(x="x:Q"),
    )
    held = block(themed_chart("c", lambda _: layered))
    assert held["datasets"]["d0"] == uneven
    assert held["datasets"]["d1"] == {"n_rows": 1, "columns": {}}
    assert held["datasets"]["d2"] == []
    assert [layer["data"]["name"] for layer in held["dark"]["layer"]] == ["d0", "d1", "d2"]
    frame = alt.Chart(pl.DataFrame({"x": [1, 2]})).mark_point().encode(x="x:Q")
    held = block(themed_chart("c", lambda _: frame))
    assert held["datasets"] == {"d0": {"n_rows": 2, "columns": {"x": [1, 2]}}}
