"""Class labels, compared by value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.data import one_vs_rest
from xent.data.labels import checked_labels, find_label, python_label
from xent.errors import XentError


@pytest.mark.checklist(row=94, call="one_vs_rest([0,0,1,2,1], 3).T", figure="[1,1,0,0,0], ...")
def test_one_against_the_rest():
    targets = one_vs_rest(np.array([0, 0, 1, 2, 1]), 3).T.tolist()
    assert targets == [[1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 1, 0]]


@pytest.mark.checklist(row=95, call="one_vs_rest([0,0,1,2,1], 3)", figure="[1,0,0], [1,0,0], ...")
def test_one_hot():
    rows = one_vs_rest(np.array([0, 0, 1, 2, 1]), 3).tolist()
    assert rows == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]


@given(st.lists(st.integers(0, 5), max_size=20))
def test_one_hot_rows_have_one_one(codes):
    rows = one_vs_rest(np.array(codes, dtype=np.int64), 6)
    assert rows.argmax(axis=1).tolist() == codes
    assert (rows.sum(axis=1) == 1).all()


@pytest.mark.parametrize("codes", [[0, 3], [-1, 0], [0.5], [[0, 1]], ["a"]])
def test_codes_out_of_range_are_refused(codes):
    with pytest.raises(XentError, match="codes must be"):
        one_vs_rest(np.array(codes), 3)


@pytest.mark.parametrize(
    ("wanted", "classes", "found"),
    [
        ("-1", (-1, 1), -1),
        (-1, (-1, 1), -1),
        (-1.0, (-1, 1), -1),
        ("1.0", (0, 1), 1),
        (1, (False, True), True),
        ("true", (False, True), True),
        ("False", (False, True), False),
        (True, (0, 1), 1),
        (">50K", ("<=50K", ">50K"), ">50K"),
        (1, ("0", "1"), "1"),
        ("2", (0, 1), None),
        ("x", (0, 1), None),
        ("x", (False, True), None),
        ("YES", ("no", "yes"), None),
    ],
)
def test_a_class_is_found_by_its_text(wanted, classes, found):
    result = find_label(wanted, classes)
    assert result == found
    assert type(result) is type(found)


def test_objects_become_plain_labels():
    column = np.array([1, 2.5], dtype=object)
    assert checked_labels(column, "y").dtype == np.float64
    assert checked_labels(np.array([True, False], dtype=object), "y").dtype == bool
    assert checked_labels(np.array([np.int8(3), 4], dtype=object), "y").tolist() == [3, 4]
    assert checked_labels(np.array([1, 2], dtype=np.uint8), "y").dtype == np.int64


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["a", None, None], dtype=object), "2 missing values .* first in data row 2"),
        (np.array([1.0, np.nan]), "1 missing values .* data row 2"),
        (np.array(["a", float("nan")], dtype=object), "data row 2"),
        (np.array(["a", pd.NA], dtype=object), "data row 2"),
        (np.array(["a", 1], dtype=object), "mixes int, str"),
        (np.array([True, 1], dtype=object), "mixes bool, int"),
        (np.array([1j]), "text, numbers or booleans, got complex128"),
        (np.array([b"a"]), r"got \|S1"),
        (np.array([{1}, {2}], dtype=object), "got object"),
    ],
)
def test_what_is_no_label_is_refused(column, message):
    with pytest.raises(XentError, match=f"target 'y' .*{message}|{message}"):
        checked_labels(column, "y")


def test_only_plain_values_are_labels():
    with pytest.raises(XentError, match="a label must be text, a number or a boolean"):
        python_label(None)


def test_whole_numbers_of_64_bits_without_a_sign_do_not_wrap():
    largest = np.array([5, 2**63 - 1], dtype=np.uint64)
    assert checked_labels(largest, "y").tolist() == [5, 2**63 - 1]
    with pytest.raises(XentError, match=r"'y' must hold whole numbers below 2\*\*63, got 9223"):
        checked_labels(largest + np.uint64(1), "y")
