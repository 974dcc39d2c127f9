"""Losses under audit as charts: what is drawn is what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, layers_of, rows_of

from xent.audits import Sweep
from xent.errors import XentError
from xent.figures import loss_by_logit, usable_logits


def sweep(
    dtype: str = "float32", label: int = 1, loss: str = "clipped", reach: float = 60
) -> Sweep:
    x = np.linspace(-reach, reach, 481)
    side = x if label else -x
    exact = np.logaddexp(0.0, -side)
    slope = (-1.0 if label else 1.0) / (1.0 + np.exp(side))
    got = np.where(np.abs(x) > 16, 0.0, slope)
    return Sweep(loss, dtype, label, x, np.minimum(exact, 16.0), got, exact, slope)


def both() -> list[Sweep]:
    return [sweep(dtype, label) for dtype in ("float32", "bfloat16") for label in (1, 0)]


def test_loss_and_gradient_stand_beside_the_exact_ones() -> None:
    chart = loss_by_logit(both())
    rows = rows_of(chart)
    assert {row["line"] for row in rows} == {"exact", "float32", "bfloat16"}
    assert max(abs(row["x"]) for row in rows) <= 40
    light = check_chart(lambda theme: loss_by_logit(both(), theme=theme))
    assert axis_titles(light) == {"logit", "loss (nats)", "gradient at the logit"}
    assert len(layers_of(light)) == 4


def test_one_label_alone_has_the_whole_width() -> None:
    assert len(layers_of(loss_by_logit([sweep()]).to_dict())) == 2


def test_what_is_no_number_is_a_gap() -> None:
    whole = sweep()
    value = np.where(whole.logit < -30, np.inf, whole.value)
    broken = Sweep("broken", "float32", 1, whole.logit, value, *[whole.gradient] * 1,
                   whole.exact_value, whole.exact_gradient)  # fmt: skip
    rows = [row for row in rows_of(loss_by_logit([broken])) if row["line"] == "float32"]
    assert any(row["y"] is None for row in rows if row["x"] < -30)


def test_the_bars_end_where_the_loss_does() -> None:
    chart = usable_logits(both())
    rows = [row for row in rows_of(chart) if row["name"] == "clipped, label 1"]
    wrong = [row for row in rows if row["kind"] == "gradient wrong"]
    assert {(row["low"], row["gives"]) for row in wrong} == {(-60, "0")}
    right = next(row for row in rows if row["kind"] == "gradient right")
    assert right["low"] == -16
    check_chart(lambda theme: usable_logits(both(), theme=theme))


def test_a_gradient_that_is_no_number_says_so() -> None:
    whole = sweep()
    gradient = np.where(whole.logit < -30, np.nan, whole.exact_gradient)
    broken = Sweep("broken", "float32", 1, whole.logit, whole.exact_value, gradient,
                   whole.exact_value, whole.exact_gradient)  # fmt: skip
    wrong = [row for row in rows_of(usable_logits([broken])) if row["kind"] == "gradient wrong"]
    assert [row["gives"] for row in wrong] == ["no number"]


def test_mistakes_are_refused() -> None:
    with pytest.raises(XentError, match="of one loss, got 2"):
        loss_by_logit([sweep(), sweep(loss="other")])
    with pytest.raises(XentError, match="of one loss, got 0"):
        loss_by_logit([])
    with pytest.raises(XentError, match="reach must be above 0"):
        loss_by_logit([sweep()], reach=0)
    near = sweep()
    far = Sweep("far", "float32", 1, near.logit + 100, *[near.value] * 4)
    with pytest.raises(XentError, match="within a reach"):
        loss_by_logit([far], reach=1)
    with pytest.raises(XentError, match="must not be empty"):
        usable_logits([])
