"""Charts as files: complete, offline, and never half."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING

import altair as alt
import pytest

from xent.errors import XentError
from xent.figures import save
from xent.figures.theme import themed

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture
def chart() -> alt.Chart:
    values = [{"x": 0.1, "of": "a"}, {"x": 0.7, "of": HOSTILE}]
    made = alt.Chart(alt.Data(values=values)).mark_point().encode(x="x:Q", color="of:N")
    return themed(made, "light", title=f"a < b {HOSTILE}", width=200, height=100)


@pytest.mark.parametrize(
    ("ending", "start"),
    [(".png", b"\x89PNG"), (".svg", b"<svg"), (".pdf", b"%PDF"), (".html", b"<!DOCTYPE html>")],
)
def test_every_ending_is_what_it_says(
    chart: alt.Chart, tmp_path: Path, ending: str, start: bytes
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = save(chart, tmp_path / f"figure{ending.upper()}")
    assert path.read_bytes().startswith(start)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_json_is_the_specification(chart: alt.Chart, tmp_path: Path) -> None:
    path = save(chart, str(tmp_path / "figure.json"))
    assert json.loads(path.read_text()) == chart.to_dict()
    assert alt.Chart.from_json(path.read_text()).to_dict()["mark"] == {"type": "point"}


def test_the_scale_is_that_of_the_pixels(chart: alt.Chart, tmp_path: Path) -> None:
    def width(scale: float) -> int:
        return int.from_bytes(
            save(chart, tmp_path / "f.png", scale=scale).read_bytes()[16:20], "big"
        )

    assert width(3) == pytest.approx(3 * width(1), abs=3)


def test_the_page_needs_no_network_and_no_text_breaks_out(chart: alt.Chart, tmp_path: Path) -> None:
    page = save(chart, tmp_path / "figure.html").read_text()
    assert page.count("<script>") == 2
    assert page.count("</script>") == 2
    markup = re.sub(r"(?s)<script>.*?</script>", "", page)
    assert "src=" not in markup
    assert "href=" not in markup
    assert "default-src 'none'" in markup
    # the library is closed in a function: its one-letter names are not the page's
    assert page.count("<script>(function () {") == 1
    assert "window.xent" in page
    embedded = re.search(r'xent\.embed\("#chart", (.*), \{\n', page)
    assert json.loads(embedded[1]) == chart.to_dict()
    assert "editor: false" in page
    assert "&lt;/script&gt;" in page.split("<style>")[0]


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.htm"])
def test_an_unknown_ending_is_refused_with_the_list(
    chart: alt.Chart, tmp_path: Path, name: str
) -> None:
    with pytest.raises(XentError, match=r"\.html, \.json, \.pdf, \.png, \.svg, got"):
        save(chart, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_nearest_ending_is_named(chart: alt.Chart, tmp_path: Path) -> None:
    with pytest.raises(XentError, match=r"Did you mean '\.html'"):
        save(chart, tmp_path / "figure.htm")


@pytest.mark.parametrize("scale", [0, -1, 11, float("nan")])
def test_a_scale_out_of_range_is_refused(chart: alt.Chart, tmp_path: Path, scale: float) -> None:
    with pytest.raises(XentError, match="scale must be above 0"):
        save(chart, tmp_path / "figure.png", scale=scale)


def test_a_folder_that_is_absent_is_said(chart: alt.Chart, tmp_path: Path) -> None:
    with pytest.raises(XentError, match="cannot write"):
        save(chart, tmp_path / "absent" / "figure.json")
    assert not list(tmp_path.iterdir())


def test_pictures_are_drawn_without_a_request(tmp_path: Path) -> None:
    remote = alt.Chart("http://127.0.0.1:9/rows.csv").mark_point().encode(x="x:Q")
    with pytest.raises(ValueError, match=r"(?i)not allowed|external"):
        save(remote, tmp_path / "figure.svg")
    assert not list(tmp_path.iterdir())
