"""Cost charts: by threshold, and for every mix of costs."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import binary, points, subtitle

import xent
from xent.errors import XentError
from xent.figures import cost_by_threshold, cost_curve


def test_the_cost_at_every_threshold_and_the_cheapest() -> None:
    e = binary()
    chart = cost_by_threshold(e, cost_fn=5, cost_fp=1, points={"chosen": 0.61})
    for threshold, cost in points(rows_of(chart)):
        assert cost == pytest.approx(e.at(threshold).counts.mean_cost(cost_fn=5, cost_fp=1))
    x = [row["x"] for row in rows_of(chart)]
    assert x == sorted(set(e.scores.tolist()))
    cheapest, chosen = points(rows_of(chart, -1))
    assert cheapest[1] == min(y for _, y in points(rows_of(chart)))
    assert chosen == (0.61, e.at(0.61).counts.mean_cost(cost_fn=5, cost_fp=1))
    texts = [row["text"] for layer in (3, 5) for row in rows_of(chart, layer)]
    assert texts == [f"cheapest: {cheapest[0]:.3g}", "chosen: 0.61"]
    # a rule over a name would make it unreadable
    kinds = [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    assert kinds == ["line", "rule", "rule", "text", "text", "text", "text", "point"]
    assert subtitle(chart) == "a miss costs 5, a false alarm 1"


def test_both_themes_and_units() -> None:
    e = binary(declared="logits")
    light = check_chart(lambda theme: cost_by_threshold(e, cost_fn=1, cost_fp=2, theme=theme))
    assert axis_titles(light) == {"threshold (logit)", "mean cost of a row"}


def test_the_cheapest_threshold_survives_thinning() -> None:
    e = binary(30_000, "logits")
    chart = cost_by_threshold(e, cost_fn=3, cost_fp=1)
    rows = rows_of(chart)
    assert len(rows) <= 1200
    costs = e.counts
    every = [
        costs.at(float(t)).mean_cost(cost_fn=3, cost_fp=1)
        for t in np.quantile(np.asarray(e.scores), np.linspace(0, 1, 400))
    ]
    assert rows_of(chart, -1)[0]["y"] <= min(every)


def test_infinite_scores_have_no_place() -> None:
    e = xent.evaluate([0, 1, 0, 1], logits=[-np.inf, np.inf, 0.2, 0.4])
    assert [row["x"] for row in rows_of(cost_by_threshold(e, cost_fn=1, cost_fp=1))] == [0.2, 0.4]
    only = xent.evaluate([0, 1], logits=[-np.inf, np.inf])
    with pytest.raises(XentError, match="needs a finite score"):
        cost_by_threshold(only, cost_fn=1, cost_fp=1)


def test_the_cost_curve_lies_below_the_constant_decisions() -> None:
    e = binary()
    chart = cost_curve(e)
    drawn = points(rows_of(chart, 1))
    curve = e.cost_curve
    assert drawn == list(zip(curve.probability_cost.tolist(), curve.cost.tolist(), strict=True))
    assert points(rows_of(chart)) == [(0, 0), (0.5, 0.5), (1, 0)]
    for x, y in drawn:
        assert y <= min(x, 1 - x) + 1e-12
    check_chart(lambda theme: cost_curve(e, theme=theme))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(XentError, match="needs both classes"):
        cost_curve(([1, 1], [0.1, 0.2]))
    with pytest.raises(XentError, match="cost_fn must be finite"):
        cost_by_threshold(binary(), cost_fn=-1, cost_fp=1)
    with pytest.raises(XentError, match="finite thresholds"):
        cost_by_threshold(binary(), cost_fn=1, cost_fp=1, points={"none": np.inf})
