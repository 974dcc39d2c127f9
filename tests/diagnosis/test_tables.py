"""Tables: each check fires on its fault, and healthy tables raise none."""

from __future__ import annotations

import math
import re

import numpy as np
import polars as pl
import pytest

from xent.diagnosis import diagnose_table
from xent.errors import XentError

N = 600


def table(seed=0):
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 2, N)
    columns = {
        "x": generator.normal(size=N) + y,
        "n": generator.normal(size=N),
        "color": generator.choice(["red", "blue", "green"], N),
    }
    return columns, y, np.where(np.arange(N) % 3 == 0, "test", "training")


def checks(columns, y, part=None):
    return [finding.check for finding in diagnose_table(columns, y, part=part).findings]


def test_healthy_tables_raise_nothing():
    assert sum(bool(checks(*table(seed))) for seed in range(60)) <= 1


def test_leaks():
    columns, y, part = table()
    for leak in (y * 2.0 + 1, np.where(y == 1, "paid", "open"), columns["n"] * 1e-3 + y):
        found = diagnose_table({**columns, "leak": leak}, y, part=part).findings
        assert found[0].check == "leak"
        assert "'leak'" in found[0].seen
    # names of rows tell nothing
    assert checks({**columns, "id": np.arange(N).astype(str)}, y) == ["column of row names"]
    # too few rows of a class to know
    assert "leak" not in checks({"a": np.array([0, 1, 0, 1])}, np.array([0, 1, 0, 1]))


def test_copies_across_parts():
    columns, y, part = table()
    for values in columns.values():
        values[1] = values[0]
    found = diagnose_table(columns, y, part=part).findings
    assert found[0].check == "copies across parts"
    assert found[0].evidence["n_rows"] == 2


@pytest.mark.parametrize("column", ["n", "color"])
def test_drift(column):
    columns, y, part = table()
    late = part == "test"
    if column == "n":
        columns["n"][late] += 1
    else:
        columns["color"][late] = np.where(
            columns["color"][late] == "red", "blue", columns["color"][late]
        )
    found = diagnose_table(columns, y, part=part).findings
    assert [finding.check for finding in found] == ["drift"]
    assert found[0].evidence["column"] == column
    few = {"n": np.r_[columns["n"][:15], np.nan]}
    assert checks(few, y[:16], part[:16]) in ([], ["imbalance"])


def test_contradictions_constants_and_imbalance():
    columns, y, _ = table()
    some = {"a": np.arange(N) // 2, "b": np.arange(N) // 2 * 1.5}
    assert "contradicting labels" in checks(some, np.arange(N) % 2)
    assert "constant column" in checks({**columns, "c": np.ones(N)}, y)
    rare = (np.arange(N) < 4).astype(int)
    assert "imbalance" in checks(columns, rare)
    missing = {"m": np.array([None, "a", "b"] * 200, dtype=object)}
    assert checks(missing, y) in ([], ["contradicting labels"])


def test_without_parts_it_is_said_and_wrong_shapes_are_refused():
    columns, y, _ = table()
    left_out = diagnose_table(columns, y).left_out
    for check in ("copies across parts", "drift"):
        assert left_out[check] == "no part was given"
    assert checks(columns, y, np.full(N, "all")) == []
    with pytest.raises(XentError, match="column 'x' must have shape"):
        diagnose_table({"x": np.ones(3)}, y)
    with pytest.raises(XentError, match="at least one row"):
        diagnose_table({"x": np.ones(0)}, np.ones(0))


def numbers(seed=0):
    generator = np.random.default_rng(seed)
    columns = {
        "x": generator.normal(size=N),
        "n": generator.integers(0, 50, N).astype(float),
        "color": generator.choice(["red", "blue", "green"], N),
    }
    columns["n"][generator.random(N) < 0.05] = np.nan
    y = 3 * columns["x"] + generator.normal(size=N) + 10
    return columns, y, np.where(generator.random(N) < 0.3, "test", "training")


def found(columns, y, **settings):
    return diagnose_table(columns, y, task="regression", **settings).findings


def test_healthy_tables_of_numbers_raise_nothing():
    n_found = 0
    for seed in range(60):
        columns, y, part = numbers(seed)
        group = np.where(part == "test", 100, 0) + np.arange(N) % 10
        time = np.where(part == "test", N, 0) + np.arange(N)
        missing = np.where(np.random.default_rng(seed).random(N) < 0.1, np.nan, y)
        diagnosis = diagnose_table(
            columns, missing, task="regression", part=part, group=group, time=time
        )
        n_found += bool(diagnosis.findings)
        assert not diagnosis.left_out
    assert n_found <= 1


@pytest.mark.parametrize("column", ["log", "grid", "text"])
def test_leaks_of_numbers(column):
    columns, y, _ = numbers()
    if column == "grid":
        y = np.round(y)
    leak = {"log": np.log(y + 10), "grid": (y * 7) % 101, "text": np.round(y).astype(str)}[column]
    if column == "text":
        y = np.round(y)
    first = found({**columns, "leak": leak}, y)[0]
    assert first.check == "leak"
    assert first.evidence["column"] == "leak"
    # a column that tells much is none
    assert found({**columns, "near": y + np.random.default_rng(9).normal(size=N)}, y) == ()
    gaps = np.where(np.arange(N) < N - 20, np.nan, y)
    assert "leak" not in [finding.check for finding in found({"gaps": gaps, **columns}, y)]


def test_targets_of_numbers():
    columns, y, _ = numbers()
    generator = np.random.default_rng(1)
    heavy = found(columns, np.exp(2.5 * generator.normal(size=N)))
    assert [finding.check for finding in heavy] == ["heavy tails"]
    assert math.isnan(heavy[0].p_value)
    piled = found(columns, np.minimum(y, 13))
    assert [finding.check for finding in piled] == ["piled targets"]
    assert piled[0].evidence["values"] == [13.0]
    assert "piled targets" in [finding.check for finding in found(columns, np.maximum(y - 10, 0))]
    constant = found(columns, np.full(N, 2.0))
    assert [finding.check for finding in constant] == ["constant target"]
    # grades on a short scale pile up everywhere
    assert found(columns, np.clip(np.round(y / 4), 1, 5)) == ()


def test_copies_with_other_targets():
    columns, y, part = numbers()
    part[:2] = ["training", "test"]
    for values in columns.values():
        values[1] = values[0]
    first = found(columns, y, part=part)[0]
    assert first.check == "copies across parts"
    assert first.evidence["n_differing"] == 2
    for values in columns.values():
        values[:60] = values[60:120]
    clash = found(columns, y)
    assert [finding.check for finding in clash] == ["contradicting targets"]
    assert clash[0].evidence["n_rows"] >= 100


def test_the_real_houses_of_boston_and_california_are_cut_off(shared_data):
    for name, target, value in (
        ("boston_housing.csv", "MEDV", 50.0),
        ("california_housing.csv", "median_house_value", 500001.0),
    ):
        frame = pl.read_csv(shared_data / name, infer_schema_length=None)
        columns = {c: frame[c].to_numpy() for c in frame.columns if c != target}
        y = frame[target].to_numpy()
        piled = [f for f in found(columns, y) if f.check == "piled targets"]
        assert piled[0].evidence["values"] == [value]


def test_groups_and_time():
    columns, y, part = numbers()
    group = np.arange(N) // 4
    torn = found(columns, y, part=part, group=group)
    assert [finding.check for finding in torn] == ["groups across parts"]
    assert torn[0].evidence["n_groups"] > 50
    alone = diagnose_table(columns, y, task="regression", group=group)
    assert alone.left_out["groups across parts"] == "no part was given"
    future = found(columns, y, part=part, time=np.arange(N))
    assert [finding.check for finding in future] == ["future in training"]
    assert future[0].evidence["share"] > 0.9
    days = np.arange(N).astype("datetime64[D]")
    drifting = found(columns, y + np.arange(N) / 100, time=days)
    assert [finding.check for finding in drifting] == ["drift over time"]
    assert drifting[0].evidence["column"] == "target"


def test_targets_missing_at_random_and_not():
    columns, y, _ = numbers()
    gone = np.where(columns["x"] > 1, np.nan, y)
    first = found(columns, gone)[0]
    assert first.check == "missing targets"
    assert first.evidence["column"] == "x"
    assert first.p_value < 1e-3
    random = np.where(np.random.default_rng(5).random(N) < 0.3, np.nan, y)
    assert found(columns, random) == ()
    with pytest.raises(XentError, match="at least one known target"):
        found(columns, np.full(N, np.nan))


def test_missing_values_that_drift():
    columns, y, part = numbers()
    columns["n"][part == "test"] = np.nan
    checks_of = found(columns, y, part=part)
    assert [finding.check for finding in checks_of] == ["drift"]
    assert "whether column 'n' is missing" in checks_of[0].seen


def test_useless_columns():
    columns, y, _ = numbers()
    late = np.where(np.arange(N) % 50 == 0, 1.5, np.nan)
    for name, column, check in (
        ("row", np.arange(N) + 17, "column of row names"),
        ("name", np.array([f"row {i}" for i in range(N)]), "column of row names"),
        ("empty", late, "empty column"),
        ("none", np.full(N, np.nan), "constant column"),
        ("when", np.full(N, "2024-01-01", dtype="datetime64[D]"), "constant column"),
    ):
        assert [f.check for f in found({**columns, name: column}, y)] == [check], name


def test_several_labels():
    generator = np.random.default_rng(0)
    columns, _, part = numbers()
    y = (generator.random((N, 4)) < [0.5, 0.3, 0.3, 0.2]).astype(int)

    def labels(y, columns=columns, **settings):
        return diagnose_table(columns, y, task="multilabel", **settings).findings

    assert labels(y, part=part) == ()
    leaking = labels(y, {**columns, "paid": y[:, 1] * 2.0}, names="abcd")
    assert [finding.check for finding in leaking] == ["leak"]
    assert "label b" in leaking[0].seen
    opposite = labels(np.column_stack([y, 1 - y[:, 2]]))
    assert [finding.check for finding in opposite] == ["repeated labels"]
    assert "opposite" in opposite[0].seen
    exclusive = labels(np.eye(4)[generator.integers(0, 4, N)])
    assert [finding.check for finding in exclusive] == ["exclusive labels"]
    assert labels(np.zeros((N, 2)))[0].check == "constant target"


def test_what_is_not_understood_is_refused():
    columns, y, _ = numbers()
    for settings, message in (
        ({"task": "regresion"}, "Did you mean"),
        ({"task": "multilabel"}, "(n, L)"),
        ({"task": "regression", "time": np.arange(3)}, "time must have shape"),
    ):
        with pytest.raises(XentError, match=re.escape(message)):
            diagnose_table(columns, y, **settings)
    with pytest.raises(XentError, match="must hold numbers"):
        diagnose_table(columns, np.array(["a"] * N))
    with pytest.raises(XentError, match="finite"):
        diagnose_table(columns, np.full(N, math.inf))
    with pytest.raises(XentError, match="at least one column"):
        diagnose_table({}, y)
