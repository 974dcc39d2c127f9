"""Figures against the threshold, and the marks that stand on such axes."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import binary, draws

import xent
from xent.errors import XentError
from xent.figures import figures_by_threshold
from xent.figures.threshold_axis import step_places


def drawn_lines(chart: object) -> dict[str, dict[float, float]]:
    lines: dict[str, dict[float, float]] = {}
    for row in rows_of(chart):
        lines.setdefault(row["figure"], {})[row["x"]] = row["y"]
    return lines


def test_every_point_is_what_the_evaluation_says_there() -> None:
    e = binary()
    chart = figures_by_threshold(e, figures=("precision", "recall", "mcc"))
    lines = drawn_lines(chart)
    assert list(lines) == ["precision", "recall", "MCC"]
    for label, name in (("precision", "precision"), ("recall", "recall"), ("MCC", "mcc")):
        for threshold, value in list(lines[label].items())[::17]:
            expected = e.at(threshold)[name].value
            assert value is None if np.isnan(expected) else value == expected
    light = check_chart(lambda theme: figures_by_threshold(e, points={"a": 0.4}, theme=theme))
    assert axis_titles(light) == {"threshold (probability)", "precision, recall, F1"}


def test_a_long_curve_keeps_every_column_of_the_axis() -> None:
    # most scores crowd in the middle: by their number alone the ends would be a few coarse steps
    e = binary(60_000, "logits")
    lines = drawn_lines(figures_by_threshold(e, figures=["precision"]))
    line = lines["precision"]
    assert len(line) <= 1200
    x, y = np.array(list(line)), np.array(list(line.values()))
    every = e.at_thresholds("precision")
    thresholds, values = every.thresholds[::-1], every.values[::-1]
    drawn = y[np.minimum(np.searchsorted(x, thresholds), x.size - 1)]
    columns = np.minimum((thresholds - thresholds[0]) / np.ptp(thresholds) * 300, 299).astype(int)
    for column in range(300):
        held = columns == column
        if held.any():
            assert drawn[held].max() <= values[held].max()
            assert drawn[held].min() >= values[held].min()


def test_what_is_undefined_is_a_gap() -> None:
    e = xent.evaluate([0, 0, 1, 1], logits=[-1.0, 0.0, 1.0, 2.0])
    (line,) = drawn_lines(figures_by_threshold(e, figures=["mcc"])).values()
    assert line[-1.0] is None
    assert line[1.0] == 1
    assert step_places(np.arange(3.0), np.full(3, np.nan)).tolist() == [0]


def test_a_single_threshold_is_drawn() -> None:
    assert rows_of(figures_by_threshold(([0, 1], [0.5, 0.5]), figures=["accuracy"])) == [
        {"i": 0, "x": 0.5, "y": 0.5, "figure": "accuracy"}
    ]


def test_many_figures_share_a_title() -> None:
    names = ("precision", "recall", "f1", "mcc", "specificity")
    chart = figures_by_threshold(binary(), figures=names)
    assert axis_titles(chart.to_dict()) == {"threshold (probability)", "figure"}


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(XentError, match="Did you mean 'recall'"):
        figures_by_threshold(binary(), figures=["recal"])
    with pytest.raises(XentError, match="needs a defined figure"):
        figures_by_threshold(([0, 0], [0.3, 0.4]), figures=["recall"])
    with pytest.raises(XentError, match="got nan for 'chosen'"):
        figures_by_threshold(draws(20), points={"chosen": float("nan")})
    with pytest.raises(XentError, match="at most 7 lines, got 8"):
        figures_by_threshold(
            binary(),
            figures=("precision", "recall", "f1", "mcc", "specificity", "npv", "fpr", "fnr"),
        )
