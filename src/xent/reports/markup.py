"""HTML from text: everything is escaped unless it was made here."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["Markup", "element", "escape", "join", "json_block", "table"]

# control characters that HTML does not allow in text
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
MOST_COLUMNS = 99
_VOID = {"br", "img", "input", "meta"}


class Markup(str):
    """HTML that is whole and safe; any other string is text, and gets escaped."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Return text as HTML that shows exactly it; what HTML cannot hold becomes U+FFFD.

    Examples
    --------
    >>> escape("</script><b>")
    '&lt;/script&gt;&lt;b&gt;'
    """
    if isinstance(text, Markup):
        return text
    whole = str(text).encode("utf-8", "replace").decode("utf-8")
    return Markup(html.escape(_FORBIDDEN.sub("\ufffd", whole), quote=True))


def element(name: str, attributes: Mapping[str, object] | None = None, *children: object) -> Markup:
    """Return an element; children and values of attributes that are no `Markup` are escaped.

    Examples
    --------
    >>> element("p", {"class": "note"}, "a < b")
    '<p class="note">a &lt; b</p>'
    """
    given = "".join(
        f" {key}" if value is True else f' {key}="{escape(value)}"'
        for key, value in (attributes or {}).items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def join(parts: Sequence[object]) -> Markup:
    """Return parts one after another, escaped where they are text."""
    return Markup("".join(escape(part) for part in parts))


def table(
    head: Sequence[object],
    rows: Sequence[Sequence[object]],
    *,
    caption: str = "",
    texts: Collection[int] = (0,),
) -> Markup:
    """Return a table that scrolls by itself where the page is narrow.

    Parameters
    ----------
    head : sequence
        Cells of the first row; empty: none.
    rows : sequence of sequences
        The first cell of each names its row.
    caption : str
        Stands above it.
    texts : collection of int
        The columns that hold text; the others hold numbers.
    """
    parts = []
    kinds = ["text" if place in texts else "number" for place in range(len(head) or MOST_COLUMNS)]
    if head:
        cells = [
            element("th", {"scope": "col", "class": kind}, cell)
            for cell, kind in zip(head, kinds, strict=True)
        ]
        parts.append(element("thead", None, element("tr", None, *cells)))
    body = []
    for first, *others in rows:
        named = element("th", {"scope": "row", "class": "text"}, first)
        cells = [
            element("td", {"class": kind}, cell)
            for cell, kind in zip(others, kinds[1:], strict=False)
        ]
        body.append(element("tr", None, named, *cells))
    parts.append(element("tbody", None, *body))
    region = {
        "class": "scroll",
        "tabindex": "0",
        "role": "region",
        "aria-label": caption or "table",
    }
    # no caption: it would be broken to the width of the table
    title = element("h3", None, caption) if caption else Markup("")
    return join([title, element("div", region, element("table", None, *parts))])


def json_block(identifier: str, data: Any) -> Markup:
    r"""Return a block of data for scripts, in which no text can end the block.

    Examples
    --------
    >>> print(json_block("a", {"name": "</script>"}))
    <script type="application/json" id="a">{"name":"\u003c/script\u003e"}</script>
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    opening = f'<script type="application/json" id="{escape(identifier)}">'
    return Markup(f"{opening}{text}</script>")
