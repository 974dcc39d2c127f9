"""The confusion matrix chart: counts, rates, and the largest confusions by name."""

from __future__ import annotations

import re

import numpy as np
import pytest
import vl_convert
from drawn import axis_titles, check_chart, rows_of
from rows import binary, subtitle

import xent
from xent.errors import XentError
from xent.figures import confusion_matrix


def cells(chart: object) -> dict[tuple[str, str], tuple[float, float]]:
    return {(row["truth"], row["decision"]): (row["rows"], row["rate"]) for row in rows_of(chart)}


def test_counts_and_rates_of_the_true_class() -> None:
    chart = confusion_matrix([[4, 2], [1, 93]], classes=["phishing", "normal"])
    assert cells(chart) == {
        ("phishing", "phishing"): (4, 4 / 6),
        ("phishing", "normal"): (2, 2 / 6),
        ("normal", "phishing"): (1, 1 / 94),
        ("normal", "normal"): (93, 93 / 94),
    }
    assert subtitle(chart) == "97 of 100 rows right"
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    for text in ("93", "98.9%", "66.7%", "phishing", "true class", "decision"):
        assert f">{text}<" in svg
    light = check_chart(
        lambda theme: confusion_matrix([[4, 2], [1, 93]], classes=["a", "b"], theme=theme)
    )
    assert axis_titles(light) == {"true class", "decision"}


def test_a_decision_at_a_threshold_has_the_positive_class_first() -> None:
    point = binary().at(0.3)
    made = cells(confusion_matrix(point))
    assert made["positive", "positive"][0] == point.counts.tp
    assert made["positive", "negative"] == (
        point.counts.fn,
        pytest.approx(point.fnr.value),
    )
    assert made["negative", "positive"] == (point.counts.fp, pytest.approx(point.fpr.value))


def test_an_evaluation_of_several_classes_is_its_matrix() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    e = xent.evaluate(truth, labels=np.where(rng.random(200) < 0.3, rng.integers(0, 4, 200), truth))
    assert rows_of(confusion_matrix(e)) == rows_of(confusion_matrix(e.confusion_matrix))


def test_the_largest_confusions_are_named() -> None:
    matrix = np.diag([50.0] * 10)
    matrix[8, 1], matrix[3, 5], matrix[5, 3] = 12, 9, 2
    assert subtitle(confusion_matrix(matrix)) == (
        "500 of 523 rows right; numbers: % of the true class\n"
        "most confused: 8 as 1: 12 (19%); 3 as 5: 9 (15%); 5 as 3: 2 (4%)"
    )
    long = [f"a long name of a class, {k}" for k in range(10)]
    lines = subtitle(confusion_matrix(matrix, classes=long)).split("\n")
    assert lines[1:3] == ["most confused:", f"{long[8]} as {long[1]}: 12 (19%)"]


@pytest.mark.parametrize("k", [2, 6, 7, 12, 13, 100])
def test_any_number_of_classes_is_readable(k: int) -> None:
    matrix = np.random.default_rng(k).poisson(0.2, (k, k)) + np.diag([20] * k)
    chart = confusion_matrix(matrix)
    rows = rows_of(chart)
    # what is not drawn is empty: the paper has the color of none
    assert sum(row["rows"] for row in rows) == matrix.sum()
    specification = chart.to_dict()
    assert specification["view"]["fill"] == "#eef4fa"
    if k > 12:
        assert len(rows) == np.count_nonzero(matrix)
    svg = vl_convert.vegalite_to_svg(specification)
    names = [int(text) for text in re.findall(r'<text[^>]*text-anchor="end"[^>]*>(\d+)<', svg)]
    assert len(set(names)) <= 80
    check_chart(lambda theme: confusion_matrix(matrix, theme=theme))


def test_a_class_without_rows_has_rates_of_nought() -> None:
    assert cells(confusion_matrix([[0, 0], [1, 3]]))["0", "1"] == (0, 0)


@pytest.mark.parametrize(
    ("source", "classes", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], None, r"shape \(K, K\)"),
        ([[1]], None, "K at least 2"),
        ([[1, -2], [0, 1]], None, "finite and not negative"),
        ([[1, np.nan], [0, 1]], None, "finite and not negative"),
        ([[1, 2], [0, 1]], ["a"], "2 different names"),
        ([[1, 2], [0, 1]], ["a", "a"], "2 different names"),
    ],
)
def test_what_is_no_matrix_is_refused(source: object, classes: object, message: str) -> None:
    with pytest.raises(XentError, match=message):
        confusion_matrix(source, classes=classes)


def test_an_evaluation_without_a_decision_is_refused_with_the_cure() -> None:
    with pytest.raises(XentError, match=r"Give evaluation\.at\(threshold\)"):
        confusion_matrix(binary())
