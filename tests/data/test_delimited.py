"""CSV and TSV: every broken file gets one line that names the place."""

from __future__ import annotations

import csv
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.data import delimited
from xent.data.delimited import MISSING_MARKERS, parse_delimited
from xent.errors import XentError


def parse(source: str | bytes, **options) -> pl.DataFrame:
    content = source.encode() if isinstance(source, str) else source
    return parse_delimited(content, source="a.csv", **options)


@pytest.mark.parametrize(
    ("text", "line", "more"),
    [
        ("a,b\n1,2\n3\n4,5\n", 3, "fewer"),
        ("a,b\n1,2\n3,4\n5,6,7\n", 4, "more"),
        ('a,b\n1,"x\ny"\n3\n', 4, "fewer"),  # a quoted line end: line 2 goes on in line 3
        ("a,b\n1,2\n\n3\n", 4, "fewer"),
        ("a,b\n1,2\n3,4,", 3, "more"),
    ],
)
def test_broken_row_is_named_by_its_line(text, line, more):
    with pytest.raises(XentError, match=rf"a\.csv: line {line} has \d fields, {more} than the 2"):
        parse(text)


def test_quote_that_never_closes_is_named():
    with pytest.raises(XentError, match=r"a\.csv: line 3 has 1 fields, fewer than the 2"):
        parse('a,b\n1,2\n"3,4\n5,6\n')


def test_quote_that_swallows_too_much_is_named():
    with pytest.raises(XentError, match=r"a\.csv: line 3 cannot be read .*quote missing"):
        parse('a,b\n1,2\n"3,4\n' + "5,6\n" * 50_000)


def test_a_header_quote_that_never_closes_is_named():
    with pytest.raises(XentError, match=r"a\.csv: line 1 cannot be read"):
        parse('"a,b\n' + "5,6\n" * 50_000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv is empty"),
        (b" \n\n", "a.csv is empty"),
        (b"a,b\n1,2\n3,\xff\n", r"not UTF-8: byte 0xff in line 3"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16, not UTF-8"),
        (b"a,b\n1,\0\n", "zero byte in line 2"),
        (b"a,b,a\n1,2,3\n", "column name 'a' 2 times"),
        (b"5.1,3.5\n4.9,3.0\n", "must begin with a line of column names, got numbers"),
    ],
)
def test_bad_files_are_refused_in_one_line(content, message):
    with pytest.raises(XentError, match=message) as caught:
        parse(content)
    assert "\n" not in str(caught.value)


def test_counted_names_are_a_header():
    assert parse("0,1\n5,6\n").columns == ["0", "1"]
    assert parse("1,2\n5,6\n").columns == ["1", "2"]


def test_types_come_from_all_rows():
    rows = "".join(f"{i},0\n" for i in range(5000))
    frame = parse("a,b\n" + rows + "5000,0.25\n")
    assert frame.dtypes == [pl.Int64, pl.Float64]
    assert frame["b"].max() == 0.25


@pytest.mark.parametrize("marker", MISSING_MARKERS)
def test_markers_and_empty_cells_are_missing(marker):
    frame = parse(f"a,b\n1,x\n{marker},y\n {marker} ,z\n")
    assert frame["a"].to_list() == [1, None, None]


def test_blanks_and_plus_signs_around_numbers_do_not_count():
    frame = parse("age , score\n 39,+1\n 50, -2.5\n")
    assert frame.columns == ["age", "score"]
    assert frame.rows() == [(39, 1.0), (50, -2.5)]


def test_booleans_in_every_spelling():
    assert parse("a,b\ntrue,x\nFalse,y\n?,z\n")["a"].to_list() == [True, False, None]
    assert parse("a\nyes\nno\n")["a"].to_list() == ["yes", "no"]
    assert parse("a,b\n?,1\nNA,2\n")["a"].to_list() == [None, None]


def test_numbers_in_every_spelling():
    frame = parse("a,b,c,d\n1e3,.5,-0,99999999999999999999\n2,+1.5,7,NaN\n")
    assert frame.rows() == [(1000.0, 0.5, 0, 1e20), (2.0, 1.5, 7, None)]
    assert parse("a,b\n1,inf\nNaN,2\n").rows() == [(1, np.inf), (None, 2.0)]


def test_codes_stay_text_where_told():
    assert parse("zip\n01\n02\n")["zip"].to_list() == [1, 2]
    assert parse("zip\n01\n02\n", text=["zip"])["zip"].to_list() == ["01", "02"]
    assert parse("a\n1_000\n2\n")["a"].to_list() == ["1_000", "2"]


def test_line_ends_marks_and_empty_lines():
    expected = [(1, 2), (3, 4)]
    assert parse(b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n").rows() == expected
    assert parse("a,b\r1,2\r3,4\r").rows() == expected
    assert parse("a,b\n\n1,2\n\n3,4\n\n\n").rows() == expected
    assert parse("a\n1\n\n3\n").rows() == [(1,), (None,), (3,)]  # one column: an empty cell


def test_a_quote_inside_a_cell_is_a_quote():
    assert parse('a,b\n1,5" pipe\n2,x\n').rows() == [(1, '5" pipe'), (2, "x")]
    assert parse('a,b\n1,5" pipe\n2,6" pipe\n').rows() == [(1, '5" pipe'), (2, '6" pipe')]
    assert parse('a,b\n1,x"y"z\n').rows() == [(1, 'x"y"z')]


def test_quoted_cells_need_no_second_look(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a regular file was taken for a broken one")

    monkeypatch.setattr(delimited, "_rewritten", refuse)
    frame = parse('a,b\n1,"x, y"\n2,"say ""no"""\n3,"two\nlines"\n')
    assert frame["b"].to_list() == ["x, y", 'say "no"', "two\nlines"]


def test_separators_are_found_in_the_header():
    assert parse("a;b\n1,5;2\n-2,25;3\n").rows() == [(1.5, 2), (-2.25, 3)]
    assert parse("a\tb\n1\t2\n").rows() == [(1, 2)]
    assert parse("a;x,b\n1,2\n").columns == ["a;x", "b"]


def test_a_name_is_made_for_a_column_without_one():
    frame = parse(",x\n0,5\n1,6\n")
    assert frame.columns == ["column_1", "x"]


def test_a_header_without_rows_has_no_rows():
    assert parse("a,b\n").shape == (0, 2)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=6)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_what_python_writes_is_read_back(rows):
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    frame = parse(target.getvalue(), text=["a", "b"])
    stripped = pl.DataFrame(rows, schema=["a", "b"], orient="row").select(
        pl.all().str.strip_chars()
    )
    expected = [
        tuple(None if cell in MISSING_MARKERS else cell for cell in row) for row in stripped.rows()
    ]
    assert frame.rows() == expected
