"""The page: head with its policy, sections, charts, scripts; one file that needs no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xent.reports.markup import Markup, element, escape, join, json_block
from xent.reports.scripts import chart_library, page_policy, page_script, page_style

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Section", "chart_figure", "report_page"]


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Parameters
    ----------
    anchor : str
        Its name in links.
    heading : str
    body : Markup
    """

    anchor: str
    heading: str
    body: Markup


def chart_figure(
    name: str,
    title: str,
    specification: Mapping[str, Any],
    *,
    linked: str = "",
    note: str = "",
) -> Markup:
    """Return a chart with its data, drawn by the page's script.

    Parameters
    ----------
    name : str
        Unlike that of any other chart of the page.
    title : str
    specification : mapping
        Vega-Lite; or "light" and "dark", and the "datasets" of both.
    linked : str
        Name of the view of the threshold page that it is.
    note : str
        Shown below it.
    """
    caption = element("figcaption", None, element("h3", None, title))
    foot = element("p", {"class": "note"}, note) if note else Markup("")
    return element(
        "figure",
        {
            "class": "chart",
            "data-chart": name,
            "data-linked": linked or None,
        },
        caption,
        element("div", {"class": "plot", "role": "group", "aria-label": title}),
        foot,
        json_block(f"chart-{name}", specification),
    )


def report_page(title: str, lead: object, sections: Sequence[Section]) -> str:
    """Return the whole page as HTML.

    Parameters
    ----------
    title : str
        Any text, also from data.
    lead : Markup or str
        Below the title.
    sections : sequence of Section

    Examples
    --------
    >>> page = report_page("<b>", "a report", [])
    >>> "<title>&lt;b&gt;</title>" in page, "default-src 'none'" in page
    (True, True)
    """
    library, script = chart_library(), page_script()
    links = [element("a", {"href": f"#{section.anchor}"}, section.heading) for section in sections]
    body = join(
        [
            element("a", {"href": "#main", "class": "skip"}, "Skip to the content"),
            element(
                "header",
                None,
                element("h1", None, title),
                element("div", {"class": "lead"}, lead),
                element("nav", {"aria-label": "Sections"}, *links),
            ),
            element(
                "noscript",
                None,
                element("p", {"class": "warning"}, "Charts need JavaScript; tables do not."),
            ),
            element("main", {"id": "main"}, *map(_section, sections)),
            element("script", None, Markup(library)),
            element("script", None, Markup(script)),
        ]
    )
    head = _head(title, page_policy(library, script))
    parts = ["<!doctype html>\n", '<html lang="en">', head]
    return "".join([*map(str, parts), str(element("body", None, body)), "</html>\n"])


def _head(title: str, policy: str) -> Markup:
    # the policy comes first of what it governs; it has no sign that HTML would read otherwise, and single quotes
    governed = {"http-equiv": "Content-Security-Policy", "content": Markup(policy)}
    return element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", governed),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "color-scheme", "content": "light dark"}),
        element("meta", {"name": "referrer", "content": "no-referrer"}),
        element("title", None, title),
        element("style", None, Markup(page_style())),
    )


def _section(section: Section) -> Markup:
    heading = element("h2", {"id": f"{section.anchor}-heading"}, section.heading)
    return element(
        "section",
        {"id": section.anchor, "aria-labelledby": f"{section.anchor}-heading"},
        heading,
        escape(section.body),
    )
