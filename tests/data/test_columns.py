"""Columns as codes: identical rows, groups, times."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from xent.data import group_codes, identical_rows, read_table, time_numbers
from xent.errors import XentError


def test_identical_rows_agree_in_every_column():
    frame = pl.DataFrame(
        {
            "a": [1, 1, 1, 2, 1],
            "b": ["x", "x", None, "x", "x"],
            "c": [0.0, -0.0, 0.0, 0.0, None],
            "d": [True, True, True, True, True],
            "e": [2**60, 2**60, 2**60, 2**60, 2**60 + 1],
            "f": [None] * 5,
        }
    )
    table = read_table(frame)
    assert identical_rows(table, table.columns).tolist() == [0, 0, 1, 2, 3]
    assert identical_rows(table, ["a", "b", "c"]).tolist() == [0, 0, 1, 2, 3]
    assert identical_rows(table, ["e"]).tolist() == [0, 0, 0, 0, 1]
    assert identical_rows(table, []).tolist() == [0] * 5


def test_groups_of_any_type():
    table = read_table(pl.DataFrame({"t": ["b", "a", "b"], "n": [7, 7, -1], "g": ["x", None, "y"]}))
    assert group_codes(table, "t").tolist() == [1, 0, 1]
    assert group_codes(table, "n").tolist() == [1, 1, 0]
    with pytest.raises(
        XentError, match="group: column 'g' has 1 missing values, the first in data row 2"
    ):
        group_codes(table, "g")
    with pytest.raises(XentError, match=r"group: the table has no column 'G'\. Did you mean 'g'"):
        group_codes(table, "G")


@pytest.mark.parametrize(
    "times",
    [
        [3, 1, 2, 1],
        [3.5, -1, 0, -1],
        ["2024-05-10", "2023-12-31", "2024-05-09", "2023-12-31"],
        ["2024-05-01 12:30", "2024-05-01", "2024-05-01T00:00:01Z", "2024-05-01 00:00"],
        [datetime(2024, 1, 3), datetime(2024, 1, 1), datetime(2024, 1, 2), datetime(2024, 1, 1)],
        [True, False, False, False],
    ],
)
def test_times_of_any_type_are_numbers_in_their_order(times):
    if times[0] is True:
        with pytest.raises(XentError, match="must hold times or numbers, got Boolean"):
            time_numbers(read_table(pl.DataFrame({"t": times})), "t")
        return
    numbers = time_numbers(read_table(pl.DataFrame({"t": times}, strict=False)), "t")
    assert numbers.argsort(kind="stable").tolist() == [1, 3, 2, 0]
    assert numbers[1] == numbers[3]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2024-05-01", "5/1/24"], "such as 2024-05-01 .* got '5/1/24' in data row 2"),
        ([1.0, np.inf], "is infinite in data row 2"),
        ([None, 1.0], "has 1 missing values, the first in data row 1"),
    ],
)
def test_what_is_no_time_is_refused(times, message):
    with pytest.raises(XentError, match=f"time: column 't' .*{message}"):
        time_numbers(read_table(pl.DataFrame({"t": times})), "t")
