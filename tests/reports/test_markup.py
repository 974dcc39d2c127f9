"""Text from data never becomes HTML, and no data ends its block."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from xent.reports.markup import Markup, element, escape, json_block, table

HOSTILE = "</script><script>alert(1)</script>"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cn"))))
def test_any_text_is_read_back_as_that_text_and_makes_no_element(text: str) -> None:
    read = _read(element("p", None, text))
    assert read.tags == ["p"]
    assert "".join(read.texts) == text


@given(st.text())
def test_an_attribute_holds_any_text(text: str) -> None:
    assert _read(element("p", {"title": text})).tags == ["p"]


def test_what_html_cannot_hold_is_replaced() -> None:
    assert escape("a\x00b\ud800") == "a\ufffdb?"


def test_markup_is_not_escaped_twice() -> None:
    assert element("p", None, element("b", None, "<"), Markup("<i>")) == "<p><b>&lt;</b><i></p>"


def test_attributes_without_a_value_stand_alone_or_not_at_all() -> None:
    given = {"hidden": True, "id": None, "class": False}
    assert element("input", given) == "<input hidden>"


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
def test_a_block_of_data_is_read_back_and_cannot_be_ended(data: object) -> None:
    block = json_block("a", [data, HOSTILE])
    assert block.count("</script") == 1
    assert "<!--" not in block
    body = block[block.index(">") + 1 : block.rindex("</script")]
    assert json.loads(body) == [data, HOSTILE]


def test_a_table_says_which_cells_name_rows_and_columns() -> None:
    made = table(("", "rows"), [("a & b", 3)], caption="Rows")
    assert '<th scope="col" class="number">rows</th>' in made
    assert '<th scope="row" class="text">a &amp; b</th><td class="number">3</td>' in made
    assert made.startswith("<h3>Rows</h3>")
    assert "thead" not in table((), [("a", 1)])
