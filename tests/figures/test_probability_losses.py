"""The two curves of the log loss, and the step that has no slope."""

from __future__ import annotations

import math

import pytest
from drawn import axis_titles, check_chart, data_of, layers_of, rows_of

from xent.errors import XentError
from xent.figures import decision_step, loss_by_probability


@pytest.mark.checklist(
    row=34, call="loss_by_probability()", figure="-log p and -log(1 - p) on one plot"
)
def test_the_two_curves_of_the_log_loss() -> None:
    rows = rows_of(loss_by_probability())
    names = list(dict.fromkeys(row["row"] for row in rows))
    assert names == ["positive row: −log p", "negative row: −log(1 − p)"]
    for row in rows:
        p = row["x"] if row["row"] == names[0] else 1 - row["x"]
        assert row["y"] == pytest.approx(-math.log(p), rel=1e-12)
    assert min(row["x"] for row in rows) == pytest.approx(0.002)
    assert max(row["x"] for row in rows) == pytest.approx(0.998)
    light = check_chart(lambda theme: loss_by_probability(theme=theme))
    assert axis_titles(light) == {"predicted probability of the positive class", "loss (nats)"}


@pytest.mark.checklist(
    row=31, call="decision_step(threshold=0.5)", figure="the step and its derivative"
)
def test_the_derivative_of_a_decision_is_nought_and_undefined_at_the_jump() -> None:
    chart = decision_step()
    specification = chart.to_dict()
    step, below, above, derivative, hole = (
        data_of(layer, specification) for layer in layers_of(specification)
    )
    assert {(row["x"], row["y"]) for row in step} == {
        (0, 0),
        (0.5, 0),
        (0.5, None),
        (0.5, 1),
        (1, 1),
    }
    assert {row["y"] for row in derivative if row["y"] is not None} == {0}
    # the line is broken at the jump
    assert [row["x"] for row in derivative if row["y"] is None] == [0.5]
    assert (below, above, hole) == (
        [{"x": 0.5, "y": 0}],
        [{"x": 0.5, "y": 1}],
        [{"x": 0.5, "y": 0}],
    )
    fills = [layer["mark"].get("fill") for layer in layers_of(specification)]
    # at the threshold itself the decision is positive
    assert (fills[1], fills[2]) == ("#ffffff", "#0072b2")
    light = check_chart(lambda theme: decision_step(threshold=0.3, theme=theme))
    assert axis_titles(light) >= {"decision (0 or 1)", "derivative (per unit of p)"}


@pytest.mark.parametrize("least", [0, 0.5, -1])
def test_a_loss_without_end_is_refused(least: float) -> None:
    with pytest.raises(XentError, match=r"between 0 and 0\.5"):
        loss_by_probability(least=least)


@pytest.mark.parametrize("threshold", [0, 1, 2])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(XentError, match="between 0 and 1"):
        decision_step(threshold=threshold)
