"""Figures of every class with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of

from xent.errors import XentError
from xent.evaluation import evaluate, kish, wilson
from xent.figures import class_figures

# Fig 3-37 of the checklist's source
BOOK = [[1, 1, 1], [2, 1, 0], [2, 0, 2]]


def values(chart: Any, figure: str) -> list[float]:
    return [row["value"] for row in rows_of(chart) if row["figure"] == figure]


def test_figures_of_a_matrix_and_of_an_evaluation_are_the_same() -> None:
    y, labels = [1, 1, 1, 0, 0, 0, 2, 2, 2, 2], [1, 0, 0, 0, 2, 1, 0, 0, 2, 2]
    of_rows = class_figures(evaluate(y, labels=labels, n_bootstrap=0))
    chart = class_figures(BOOK)
    assert rows_of(chart) == rows_of(of_rows)
    assert values(chart, "precision") == pytest.approx([0.2, 0.5, 2 / 3])
    assert values(chart, "recall") == pytest.approx([1 / 3, 1 / 3, 0.5])
    assert values(chart, "F1") == pytest.approx([0.25, 0.4, 4 / 7])
    light = check_chart(lambda theme: class_figures(BOOK, names=["a", "b", "c"], theme=theme))
    assert axis_titles(light) == {"class", "precision, recall, F1"}
    assert light["title"]["subtitle"] == "lines: 95% intervals"


def test_intervals_are_those_of_the_figures() -> None:
    row = next(row for row in rows_of(class_figures(BOOK)) if row["figure"] == "recall")
    expected = wilson(1, 3)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))
    assert row["support"] == 3
    narrow = rows_of(class_figures(BOOK, level=0.5))
    assert narrow[0]["high"] - narrow[0]["low"] < row["high"] - row["low"]


def test_weights_count_as_their_effective_number() -> None:
    rng = np.random.default_rng(0)
    y, labels, weight = rng.integers(0, 3, 200), rng.integers(0, 3, 200), rng.gamma(1, 1, 200)
    weighted = rows_of(class_figures(evaluate(y, labels=labels, weight=weight, n_bootstrap=0)))
    plain = rows_of(class_figures(evaluate(y, labels=labels, n_bootstrap=0)))
    assert kish(weight) < 200
    widths = [np.mean([row["high"] - row["low"] for row in rows]) for rows in (weighted, plain)]
    assert widths[0] > widths[1]


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    chart = class_figures([[3, 0], [2, 0]], figures=["precision"])
    rows = rows_of(chart)
    assert [row["value"] for row in rows] == [0.6, None]
    assert rows[1]["why"] == "no row is predicted positive"
    assert [row["name"] for row in rows_of(chart, 1)] == ["0"]  # no line without an interval


def test_of_very_many_classes_the_worst_are_shown() -> None:
    matrix = np.diag(np.arange(1, 41)) + 1
    light = check_chart(lambda theme: class_figures(matrix, theme=theme))
    names = {row["name"] for row in rows_of(class_figures(matrix))}
    assert names == {str(k) for k in range(26)}
    assert light["title"]["subtitle"].startswith("the 26 lowest of 40 classes")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"evaluation": [1, 2]}, "shape \\(K, K\\)"),
        ({"evaluation": [[1, -1], [0, 2]]}, "must hold counts"),
        ({"evaluation": BOOK, "names": ["a"]}, "name the 3 classes"),
        ({"evaluation": BOOK, "figures": ["recal"]}, "Did you mean 'recall'"),
        ({"evaluation": BOOK, "figures": []}, "at least one figure"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(XentError, match=message):
        class_figures(**given)
