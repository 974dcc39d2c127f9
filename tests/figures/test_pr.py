"""The precision-recall chart: steps whose area is the average precision."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import binary, draws, points, subtitle

from xent.errors import XentError
from xent.figures import precision_recall_curve


@pytest.mark.checklist(
    row=30, call="precision_recall_curve(e)", figure="recall on x, precision on y"
)
def test_recall_on_x_and_precision_on_y_in_steps() -> None:
    e = binary()
    chart = precision_recall_curve(e)
    drawn = points(rows_of(chart, 1))
    assert drawn[1:] == list(zip(e.pr.recall.tolist(), e.pr.precision.tolist(), strict=True))
    assert drawn[0] == (0, e.pr.precision[0])
    specification = chart.to_dict()
    assert specification["layer"][1]["mark"]["interpolate"] == "step-before"
    assert axis_titles(specification) == {
        "recall (share of positives)",
        "precision (share of positive predictions)",
    }
    # "step-before" draws each precision over the recall that its threshold added
    x, y = np.array(drawn).T
    assert float(np.sum(np.diff(x) * y[1:])) == pytest.approx(e.average_precision.value, abs=1e-12)
    check_chart(lambda theme: precision_recall_curve(e, theme=theme))


def test_chance_has_the_prevalence() -> None:
    e = binary()
    chart = precision_recall_curve(e)
    share = float(np.mean(e.truth))
    assert points(rows_of(chart)) == [(0, share), (1, share)]
    precision = e.average_precision
    assert subtitle(chart) == (
        f"average precision {precision.value:.3f} ({precision.low:.3f} to {precision.high:.3f}); "
        f"dashed: prevalence {share:.3g}"
    )


def test_points_lie_where_the_evaluation_says_and_nothing_has_no_precision() -> None:
    e = binary()
    chart = precision_recall_curve(e, points={"chosen": 0.4, "none": 1.1})
    (point,) = rows_of(chart, 2)
    at = e.at(0.4)
    assert (point["x"], point["y"]) == (at.recall.value, at.precision.value)
    check_chart(lambda theme: precision_recall_curve(e, points={"a": 0.4}, theme=theme))


def test_several_curves_are_named_with_their_average_precision() -> None:
    chart = precision_recall_curve({"a": binary(), "b": binary(100)})
    names = {row["curve"] for row in rows_of(chart, 1)}
    assert names == {
        f"a (AP {binary().average_precision.value:.3f})",
        f"b (AP {binary(100).average_precision.value:.3f})",
    }
    check_chart(lambda theme: precision_recall_curve({"a": binary(), "b": binary()}, theme=theme))


def test_teeth_keep_their_height_in_a_long_curve() -> None:
    e = binary(30_000, "logits")
    y = [row["y"] for row in rows_of(precision_recall_curve(e), 1)]
    assert len(y) <= 2001
    assert (min(y), max(y)) == (e.pr.precision.min(), e.pr.precision.max())


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(XentError, match="needs positive rows"):
        precision_recall_curve(([0, 0], [0.1, 0.2]))
    with pytest.raises(XentError, match="points go with one curve"):
        precision_recall_curve({"a": binary(), "b": binary()}, points={"x": 0.5})
    assert precision_recall_curve(draws(20))
