"""What a test can ask of a chart: its views, their data, their axes, and the picture."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import vl_convert

THEMES = ("light", "dark")


def layers_of(specification: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every mark of a chart, however deep in layers and panels."""
    parts = [
        part
        for key in ("layer", "hconcat", "vconcat", "concat")
        for part in specification.get(key, [])
    ]
    if not parts:
        return [specification]
    inherited = {key: specification[key] for key in ("data", "encoding") if key in specification}
    found = []
    for part in parts:
        merged = {**inherited, **part}
        merged["encoding"] = {**inherited.get("encoding", {}), **part.get("encoding", {})}
        found += layers_of(merged)
    return found


def data_of(layer: dict[str, Any], specification: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a mark's data, wherever they are kept."""
    data = layer["data"]
    rows: list[dict[str, Any]] = (
        data["values"] if "values" in data else specification["datasets"][data["name"]]
    )
    return rows


def axis_titles(specification: dict[str, Any]) -> set[str]:
    """Return the titles of the axes of all marks."""
    titles = set()
    for layer in layers_of(specification):
        for channel in ("x", "y"):
            title = layer["encoding"].get(channel, {}).get("title")
            if title:
                titles.add(title)
    return titles


def picture_bytes(specification: dict[str, Any]) -> bytes:
    """Draw a chart and return the pixels of its PNG, as they are before compression."""
    png, place, content = vl_convert.vegalite_to_png(specification, scale=0.5), 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            content += png[place + 8 : place + 8 + length]
        place += length + 12
    return zlib.decompress(content)


def check_chart(make: Any) -> dict[str, Any]:
    """Make a chart in both themes: every mark has data, and the pictures are more than paper.

    Returns the light specification.
    """
    made = {theme: make(theme).to_dict() for theme in THEMES}
    backgrounds = {specification["background"] for specification in made.values()}
    assert len(backgrounds) == 2
    for specification in made.values():
        for layer in layers_of(specification):
            assert data_of(layer, specification), f"no data: {layer['mark']}"
        # paper of one color has some ten different bytes
        assert len(set(picture_bytes(specification))) > 100
    light: dict[str, Any] = made["light"]
    return light


def rows_of(chart: Any, layer: int = 0) -> list[dict[str, Any]]:
    """Return the rows of one mark of a chart."""
    specification = chart.to_dict(validate=False)  # every part was checked when it was made
    return data_of(layers_of(specification)[layer], specification)
