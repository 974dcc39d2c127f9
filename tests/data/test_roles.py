"""Roles of columns: nothing real thrown out, everything useless named."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from xent.data import find_roles, matching_columns, read_table
from xent.errors import XentError


def role_of(values, name="x", **options) -> str:
    roles = find_roles(read_table(pl.DataFrame({name: values}, strict=False)), **options)
    return roles.columns[0].role


N = 100
shuffled = np.random.default_rng(0).permutation(N)


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("x", [0.5, 1.5] * 50, "numeric"),
        ("x", np.arange(N) / 2, "numeric"),  # in a row, and with decimals: a measurement
        ("x", [1, 2, 3] * 30, "numeric"),
        ("x", np.arange(N), "identifier"),
        ("x", np.arange(N) + 1_000, "identifier"),
        ("x", shuffled, "identifier"),
        ("x", np.delete(np.arange(N), [3, 50, 51]), "identifier"),
        ("x", np.arange(N) * 10, "numeric"),  # ten days apart, say
        ("customer_id", np.arange(N) * 7919, "identifier"),
        ("customerId", np.arange(N) * 7919, "identifier"),
        ("ID", np.arange(N) * 7919, "identifier"),
        ("humid", np.arange(N) * 7919, "numeric"),
        ("grid", np.arange(N) * 7919, "numeric"),
        ("store_id", [1, 2, 3] * 30, "numeric"),
        ("x", np.arange(19), "numeric"),  # too few rows to say
        ("x", [None, *range(N)], "numeric"),  # an index has no gaps
        ("x", ["a", "b", None] * 9, "categorical"),
        ("x", [f"k{i}" for i in range(N)], "identifier"),
        ("x", [f"k{i % 60}" for i in range(N)], "identifier"),
        ("x", [f"the letter number {i} of this year" for i in range(N)], "text"),
        ("x", [f"k{i}" for i in range(19)], "categorical"),
        ("x", [True, False, None], "boolean"),
        ("x", [7] * 9, "constant"),
        ("x", ["a"] * 9, "constant"),
        ("x", [None] * 9, "constant"),
        ("x", [7, None] * 9, "numeric"),  # there or not there: that says something
        ("x", [date(2024, 1, 1) + timedelta(i) for i in range(9)], "date"),
        ("x", ["2024-05-01", "2024-05-02", None], "date"),
        ("x", ["1/5/2024 12:30", "02.05.24", "2024-05-02T10:00:00Z"], "date"),
        ("x", ["2024-05-01", "never"], "categorical"),
        ("x", [[1], [2]], "unsupported"),
        ("x", [b"a", b"b"], "unsupported"),
        ("x", pl.Series([{1}, {2}], dtype=pl.Object), "unsupported"),
    ],
)
def test_the_role_of_a_column(name, values, role):
    assert role_of(values, name) == role


def test_a_declaration_beats_every_rule():
    assert role_of(np.arange(N), numeric=["x"]) == "numeric"
    assert role_of([1, 2, 3] * 30, categorical=["x"]) == "categorical"
    assert role_of([f"k{i}" for i in range(N)], categorical=["*"]) == "categorical"
    assert role_of([1, 2, 3] * 30, drop=["x"]) == "dropped"


def test_columns_with_a_task_are_no_features():
    frame = pl.DataFrame({name: [1.5, 2.5, 2.5] for name in "abcdefg"})
    roles = find_roles(
        read_table(frame), target=["a", "b"], weight="c", group="d", time="e", split="f"
    )
    assert roles.features == ("g",)
    assert roles.names("target") == ("a", "b")
    assert [entry.role for entry in roles.columns[2:6]] == ["weight", "group", "time", "split"]


def test_only_the_given_rows_have_a_say():
    frame = pl.DataFrame({"x": [1, 1, 1, 2], "y": ["a", "b", "a", "b"]})
    assert find_roles(read_table(frame)).features == ("x", "y")
    assert find_roles(read_table(frame), rows=np.array([0, 1, 2])).features == ("y",)


def test_names_and_patterns():
    columns = ["a", "b", "char_freq_[", "char_freq_(", "label_x", "label_y"]
    assert matching_columns(columns, "label_*", argument="targets") == ("label_x", "label_y")
    # A name is itself, even one that would be a pattern.
    assert matching_columns(columns, ["char_freq_["], argument="drop") == ("char_freq_[",)
    assert matching_columns(columns, ["b", "a"], argument="drop") == ("a", "b")
    assert matching_columns(columns, None, argument="drop") == ()
    with pytest.raises(XentError, match=r"drop: no column 'lable_x'\. Did you mean 'label_x'"):
        matching_columns(columns, "lable_x", argument="drop")
    with pytest.raises(XentError, match="targets: no column 'z_\\*'"):
        matching_columns(columns, ["a", "z_*"], argument="targets")


def test_two_roles_for_one_column_are_refused():
    table = read_table(np.eye(3))
    with pytest.raises(XentError, match="column 'x1' cannot be categorical and numeric"):
        find_roles(table, numeric=["x*"], categorical=["x1"])
    with pytest.raises(XentError, match="column 'x0' cannot be weight and target"):
        find_roles(table, target="x0", weight="x0")
    with pytest.raises(XentError, match="drop: no column 'x7'"):
        find_roles(table, drop=["x7"])


def test_what_is_printed():
    frame = pl.DataFrame(
        {"id": range(30), "size": [1.5, None] * 15, "kind": ["a", "b", "b"] * 10, "y": [0, 1] * 15}
    )
    roles = find_roles(read_table(frame), target="y")
    assert str(roles).splitlines() == [
        "column  role         distinct  missing  reason",
        "id      identifier         30        0  30 different whole numbers in a row",
        "size    numeric             1       15  numbers",
        "kind    categorical         2        0  text",
        "y       target              2        0  as told",
    ]
    assert roles.summary() == (
        "2 features: 1 numeric, 1 categorical",
        "left out: id (identifier: 30 different whole numbers in a row)",
    )
    nothing = find_roles(read_table(pl.DataFrame({"x": [1, 1]})))
    assert nothing.summary()[0] == "0 features: none"


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("phishing.csv", {"target": "Result"}, {"numeric": 30}),
        ("adult.csv", {"target": "income", "split": "split"}, {"numeric": 6, "categorical": 8}),
        ("adult.csv", {"target": "income"}, {"numeric": 6, "categorical": 9}),
        ("scene.csv", {"target": "label_*"}, {"numeric": 294}),
        ("yeast.csv", {"target": "label_*"}, {"numeric": 103}),
        ("emotions.csv", {"target": "label_*"}, {"numeric": 72}),
        (
            "california_housing.csv",
            {"target": "median_house_value"},
            {"numeric": 8, "categorical": 1},
        ),
        ("boston_housing.csv", {"target": "MEDV"}, {"numeric": 13}),
        ("wine_quality.csv", {"target": "quality"}, {"numeric": 11, "categorical": 1}),
        ("spambase.csv", {"target": "spam"}, {"numeric": 57}),
        ("creditcard_subset.parquet", {"target": "Class"}, {"numeric": 30}),
    ],
)
def test_every_real_feature_is_kept(real_table, name, options, expected):
    table = real_table(name)
    for rows in (None, np.arange(0, table.n_rows, 2), np.arange(200)):
        roles = find_roles(table, rows=rows, **options)
        if rows is None or rows.size > 200:
            counts = {role: len(roles.names(role)) for role in expected}
            assert counts == expected, roles
            assert len(roles.features) == sum(expected.values())
        assert not roles.names("identifier", "text", "date"), roles


@pytest.mark.checklist(
    row=3, call="find_roles(phishing.csv)", figure="30 names; {-1,1}, {-1,0,1}, one {0,1}"
)
def test_the_phishing_features_and_their_domains(real_table):
    table = real_table("phishing.csv")
    roles = find_roles(table, target="Result")
    assert len(roles.features) == 30
    domains = {name: tuple(sorted(table.column(name).unique())) for name in roles.features}
    assert [name for name, domain in domains.items() if domain == (0, 1)] == ["Redirect"]
    assert sorted(name for name, domain in domains.items() if domain == (-1, 0, 1)) == [
        "Links_in_tags", "Links_pointing_to_page", "SFH", "SSLfinal_State", "URL_Length",
        "URL_of_Anchor", "having_Sub_Domain", "web_traffic",
    ]  # fmt: skip
    assert sum(domain == (-1, 1) for domain in domains.values()) == 21
