"""The correlation matrix of features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import check_chart, layers_of, rows_of

from xent.errors import XentError
from xent.figures import correlation_matrix

RNG = np.random.default_rng(8)


def matrix_of(chart: Any) -> tuple[list[str], Any]:
    cells = rows_of(chart)
    names = list(dict.fromkeys(cell["row"] for cell in cells))
    return names, np.array([cell["r"] for cell in cells]).reshape(len(names), len(names))


def test_correlations_are_those_of_numpy() -> None:
    X = RNG.standard_normal((200, 6)) @ RNG.standard_normal((6, 6))
    light = check_chart(lambda theme: correlation_matrix(X, theme=theme))
    color = layers_of(light)[0]["encoding"]["color"]
    assert color["scale"]["domain"] == [-1, 0, 1]
    assert color["title"] == "Pearson correlation (no unit)"
    names, r = matrix_of(correlation_matrix(X))
    order = [int(name[1:]) for name in names]
    np.testing.assert_allclose(r, np.corrcoef(X.T)[np.ix_(order, order)], atol=1e-12)


def test_features_that_go_together_stand_side_by_side() -> None:
    a, b = RNG.standard_normal((2, 300))
    noise = 0.1 * RNG.standard_normal((300, 4))
    X = np.column_stack([a, b, -a, b]) + noise
    names, _ = matrix_of(correlation_matrix(X, ["a", "b", "minus a", "b again"]))
    assert {frozenset(names[:2]), frozenset(names[2:])} == {
        frozenset({"a", "minus a"}),
        frozenset({"b", "b again"}),
    }


def test_constant_columns_and_the_weakest_of_very_many_are_left_out() -> None:
    X = RNG.standard_normal((100, 70))
    X[:, 5] = 7.0
    X[:, 60] = X[:, 61] + 0.01 * X[:, 60]
    light = check_chart(lambda theme: correlation_matrix(X, theme=theme))
    assert light["title"]["subtitle"] == (
        "60 of 70 features, those with the strongest correlations; 1 constant left out"
    )
    names, _ = matrix_of(correlation_matrix(X))
    assert len(names) == 60
    assert {"x60", "x61"} <= set(names)
    assert "x5" not in names
    # so many have no room for their numbers
    assert [layer["mark"]["type"] for layer in layers_of(light)] == ["rect"]


def test_numbers_of_any_size_do_not_overflow() -> None:
    a = RNG.standard_normal(50)
    _, r = matrix_of(correlation_matrix(np.column_stack([a * 1e200, a * 1e-200, a])))
    np.testing.assert_allclose(r, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": [1, 2]}, "X must be a matrix"),
        ({"X": [["a", "b"], ["c", "d"]]}, "X must be a matrix"),
        ({"X": [[1.0, np.nan], [2.0, 3.0]]}, "missing values"),
        ({"X": [[1.0, 5.0], [2.0, 5.0]]}, "at least 2 columns that change, got 1"),
        ({"X": np.eye(3), "names": ["a", "b"]}, "name the 3 columns"),
        ({"X": np.eye(3), "most": 1}, "most must be at least 2"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(XentError, match=message):
        correlation_matrix(**given)
