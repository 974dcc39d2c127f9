"""Charts of `xent.figures` in a page: light and dark, as wide as their place, their data held once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xent.reports.page import chart_figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.reports.markup import Markup

__all__ = ["themed_chart"]

# a chart of several keeps its own width: only one can be as wide as its place
COMPOSED = ("hconcat", "vconcat", "concat", "facet", "repeat", "spec")


def themed_chart(name: str, make: Callable[[str], Any], *, title: str = "") -> Markup:
    """Return a chart that the page shows light or dark, as the reader's system is.

    Parameters
    ----------
    name : str
        Unlike that of any other chart of the page.
    make : callable
        From "light" or "dark" to an `altair.Chart`.
    title : str
        By default the chart's own, which the page shows as text, so that it breaks where the page is narrow.
    """
    # against the schema they are checked in the tests of figures: here it would take seconds
    made = {theme: make(theme).to_dict(validate=False) for theme in ("light", "dark")}
    datasets: dict[str, Any] = {}
    for theme, specification in made.items():
        own = specification.pop("title", "")
        named = specification.pop("datasets", {})
        made[theme] = _without_data(specification, named, datasets)
        if not any(key in specification for key in COMPOSED):
            made[theme]["width"] = "container"
    # by number, and in columns: names are written once, not once a row
    names = {text: f"d{place}" for place, text in enumerate(datasets)}
    held = {names[text]: _columns(rows) for text, rows in datasets.items()}
    made = {theme: _renamed(specification, names) for theme, specification in made.items()}
    text, note = _texts(own)
    return chart_figure(name, title or text, {**made, "datasets": held}, note=note)


def _without_data(part: Any, named: dict[str, Any], datasets: dict[str, Any]) -> Any:
    """Return a specification with its rows taken out, into `datasets` by their text."""
    if isinstance(part, list):
        return [_without_data(value, named, datasets) for value in part]
    if not isinstance(part, dict):
        return part
    made = {
        key: _without_data(value, named, datasets) for key, value in part.items() if key != "data"
    }
    data = part.get("data")
    if isinstance(data, dict):
        rows = data.get("values", named.get(data.get("name", "")))
        if isinstance(rows, list):
            text = json.dumps(rows, sort_keys=True)
            datasets[text] = rows
            data = {"name": text}
    if data is not None:
        made["data"] = data
    return made


def _renamed(part: Any, names: dict[str, str]) -> Any:
    if isinstance(part, list):
        return [_renamed(value, names) for value in part]
    if not isinstance(part, dict):
        return part
    return {
        key: {"name": names[value["name"]]}
        if key == "data" and isinstance(value, dict) and value.get("name") in names
        else _renamed(value, names)
        for key, value in part.items()
    }


def _columns(rows: list[Any]) -> Any:
    """Return rows of the same entries as columns; others as they are."""
    if not rows or not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        return rows
    return {"n_rows": len(rows), "columns": {key: [row[key] for row in rows] for key in rows[0]}}


def _texts(title: Any) -> tuple[str, str]:
    """Return title and subtitle of a specification."""
    if not isinstance(title, dict):
        return _line(title), ""
    return _line(title.get("text", "")), _line(title.get("subtitle", ""))


def _line(text: str | list[str]) -> str:
    """Return lines as one, told apart where they do not end in a sign themselves."""
    lines = [text] if isinstance(text, str) else text
    ended = [line if line.endswith((":", ";", ",", ".")) else f"{line};" for line in lines[:-1]]
    return " ".join([*ended, *lines[-1:]])
