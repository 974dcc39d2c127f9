"""Tables: each check fires on its fault, and healthy tables raise none."""

from __future__ import annotations

import numpy as np
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
    assert "leak" not in checks({**columns, "id": np.arange(N).astype(str)}, y)
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
    assert set(diagnose_table(columns, y).left_out) == {"copies across parts", "drift"}
    assert checks(columns, y, np.full(N, "all")) == []
    with pytest.raises(XentError, match="column 'x' must have shape"):
        diagnose_table({"x": np.ones(3)}, y)
    with pytest.raises(XentError, match="at least one row"):
        diagnose_table({"x": np.ones(0)}, np.ones(0))
