"""Gain and lift charts."""

from __future__ import annotations

import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import binary, points

from xent.errors import XentError
from xent.figures import gain_curve, lift_curve


def test_the_gain_lies_between_chance_and_knowing() -> None:
    e = binary()
    chart = gain_curve(e)
    assert points(rows_of(chart, 2)) == list(
        zip(e.gain.share.tolist(), e.gain.recall.tolist(), strict=True)
    )
    assert points(rows_of(chart)) == [(0, 0), (1, 1)]
    assert points(rows_of(chart, 1)) == [(0, 0), (e.prevalence.value, 1), (1, 1)]
    for share, recall in points(rows_of(chart, 2)):
        assert recall <= min(1, share / e.prevalence.value) + 1e-12
    light = check_chart(lambda theme: gain_curve(e, theme=theme))
    assert axis_titles(light) == {
        "share of rows chosen, highest scores first",
        "recall (share of positives)",
    }


def test_the_lift_ends_at_one() -> None:
    e = binary()
    chart = lift_curve(e)
    drawn = points(rows_of(chart, 1))
    assert drawn == list(zip(e.lift.share.tolist(), e.lift.lift.tolist(), strict=True))
    assert drawn[-1] == (1, 1)
    assert points(rows_of(chart)) == [(0, 1), (1, 1)]
    light = check_chart(lambda theme: lift_curve(e, theme=theme))
    assert "lift (precision / prevalence)" in axis_titles(light)


@pytest.mark.parametrize("chart", [gain_curve, lift_curve])
def test_long_curves_are_cut_down_and_keep_their_ends(chart: object) -> None:
    e = binary(20_000, "logits")
    layer = 2 if chart is gain_curve else 1
    rows = rows_of(chart(e), layer)
    assert len(rows) <= 2000
    assert rows[-1]["x"] == 1
    if chart is lift_curve:
        assert max(row["y"] for row in rows) == e.lift.lift.max()


@pytest.mark.parametrize("chart", [gain_curve, lift_curve])
def test_without_positive_rows_there_is_none(chart: object) -> None:
    with pytest.raises(XentError, match="needs positive rows"):
        chart(([0, 0], [0.3, 0.4]))
