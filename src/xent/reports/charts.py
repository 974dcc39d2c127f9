"""Charts of `xent.figures` in a page: light and dark, as wide as their place, their data held once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xent.reports.page import chart_figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from xent.reports.markup import Markup

__all__ = ["themed_chart"]

# a chart of several keeps its own width: only one can be as wide as its place
COMPOSED = ("hconcat", "vconcat", "concat", "facet", "repeat", "spec")


def themed_chart(
    name: str, make: Callable[[str], Any], *, title: str = "", wide: bool = False
) -> Markup:
    """Return a chart that the page shows light or dark, as the reader's system is.

    Parameters
    ----------
    name : str
        Unlike that of any other chart of the page.
    make : callable
        From "light" or "dark" to an `altair.Chart`.
    title : str
        By default the chart's own, which the page shows as text, so that it breaks where the page is narrow.
    wide : bool
        Whether it takes the whole width of the page.
    """
    made = {theme: make(theme).to_dict() for theme in ("light", "dark")}
    datasets: dict[str, Any] = {}
    for specification in made.values():
        datasets |= specification.pop("datasets", {})
        own = specification.pop("title", "")
        if not any(key in specification for key in COMPOSED):
            specification["width"] = "container"
    text, note = _texts(own)
    return chart_figure(
        name, title or text, {**made, "datasets": datasets}, note=note, is_wide=wide
    )


def _texts(title: Any) -> tuple[str, str]:
    """Return title and subtitle of a specification."""
    if not isinstance(title, dict):
        return _line(title), ""
    return _line(title.get("text", "")), _line(title.get("subtitle", ""))


def _line(text: str | list[str]) -> str:
    return " ".join(text) if isinstance(text, list) else text
