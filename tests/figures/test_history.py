"""Loss and metrics by epoch: what is drawn of what was recorded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from drawn import axis_titles, check_chart, layers_of, rows_of
from hypothesis import given
from hypothesis import strategies as st

from xent.errors import XentError
from xent.figures import loss_history, metric_history
from xent.figures.epochs import kept_epochs


def records(n_epochs: int) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "validation_loss": 1 / epoch + epoch / 50,
            "penalty": 0.0,
            "accuracy": 1 - 0.5 / epoch,
            "validation_accuracy": 1 - 0.6 / epoch,
            "gradient_norms": {"layers.0.weight": 1.0},
        }
        for epoch in range(1, n_epochs + 1)
    ]


def drawn_lines(chart: Any) -> dict[str, list[tuple[int, float]]]:
    parts: dict[str, list[tuple[int, float]]] = {}
    for row in rows_of(chart):
        parts.setdefault(row["part"], []).append((row["epoch"], row["value"]))
    return parts


def marked_epochs(chart: Any) -> list[int]:
    n_marks = len(layers_of(chart.to_dict()))
    return [rows_of(chart, place)[0]["epoch"] for place in range(1, n_marks)]


def test_both_parts_are_drawn_and_the_best_epoch_is_marked() -> None:
    given_records = records(20)
    light = check_chart(lambda theme: loss_history(given_records, theme=theme))
    chart = loss_history(given_records)
    lines = drawn_lines(chart)
    assert lines["training"] == [(row["epoch"], row["loss"]) for row in given_records]
    assert lines["validation"] == [(row["epoch"], row["validation_loss"]) for row in given_records]
    assert set(lines) == {"training", "validation"}  # a penalty of 0 throughout is none
    assert axis_titles(light) == {"epoch", "loss (nats)"}
    # 1 / e + e / 50 is least at the square root of 50
    assert marked_epochs(chart) == [7, 7, 7]
    assert chart.layer[-1].data.values[0]["text"] == "best: epoch 7"


def test_the_mark_may_be_set_or_left_out() -> None:
    assert marked_epochs(loss_history(records(9), best_epoch=3)) == [3, 3, 3]
    assert marked_epochs(loss_history(records(9), best_epoch=0)) == []
    plain = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.4}]
    assert marked_epochs(loss_history(plain)) == []  # without a validation part there is no best
    assert marked_epochs(loss_history(plain, best_epoch=2)) == [2, 2]  # a rule and its text


def test_a_penalty_is_drawn_beside_the_loss() -> None:
    given_records = [{**row, "penalty": 0.01 * row["epoch"]} for row in records(5)]
    lines = drawn_lines(loss_history(given_records))
    assert lines["penalty"] == [(e, 0.01 * e) for e in range(1, 6)]


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    given_records = [{"epoch": e, "loss": math.nan if e == 2 else 1.0} for e in (1, 2, 3)]
    chart = loss_history(given_records)
    assert drawn_lines(chart)["training"] == [(1, 1.0), (2, None), (3, 1.0)]
    check_chart(lambda theme: loss_history(given_records, theme=theme))


def test_ten_thousand_epochs_are_thinned_without_losing_a_peak() -> None:
    given_records = records(10_000)
    given_records[6543]["loss"] = 99.0
    chart = loss_history(given_records)
    line = drawn_lines(chart)["training"]
    assert len(line) <= 2000
    assert (6544, 99.0) in line
    assert line[0][0] == 1
    assert line[-1][0] == 10_000


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_thinning_keeps_extremes_ends_and_gaps(seed: int, share_of_gaps: float) -> None:
    rng = np.random.default_rng(seed)
    drawn = np.where(rng.random(2500) < share_of_gaps, math.nan, rng.standard_cauchy(2500))
    values = drawn.tolist()
    pairs = list(enumerate(values, start=1))
    kept = kept_epochs(pairs)
    assert kept == sorted(kept, key=lambda pair: pair[0])
    assert {repr(pair) for pair in kept} <= {repr(pair) for pair in pairs}
    finite = [value for value in values if math.isfinite(value)]
    shown = [value for _, value in kept if math.isfinite(value)]
    if finite:
        assert (min(shown), max(shown)) == (min(finite), max(finite))
    gaps = np.isnan(values)
    n_gaps = int(np.sum(gaps & ~np.concatenate([[False], gaps[:-1]])))
    assert sum(math.isnan(value) for _, value in kept) == n_gaps


def test_a_logarithmic_scale_refuses_what_it_cannot_show() -> None:
    light = check_chart(lambda theme: loss_history(records(9), scale="log", theme=theme))
    assert layers_of(light)[0]["encoding"]["y"]["scale"]["type"] == "log"
    with pytest.raises(XentError, match=r"negative ones\. Use scale='linear'"):
        loss_history([{"epoch": 1, "loss": -0.5}], scale="log")
    with_penalty = [{"epoch": e, "loss": 1.0, "penalty": e - 1.0} for e in (1, 2)]
    assert drawn_lines(loss_history(with_penalty, scale="log"))["penalty"] == [(2, 1.0)]
    with pytest.raises(XentError, match="scale must be"):
        loss_history(records(2), scale="cubic")  # type: ignore[arg-type]  # the mistake


def test_a_metric_is_best_where_it_is_highest_and_an_error_where_it_is_lowest() -> None:
    chart = metric_history(records(6), "accuracy")
    assert marked_epochs(chart)[0] == 6
    light = check_chart(lambda theme: metric_history(records(6), "accuracy", theme=theme))
    assert axis_titles(light) == {"epoch", "accuracy (share of rows)"}
    assert light["title"]["text"] == "Accuracy by epoch"
    errors = [{"epoch": e, "rmse": 1.0, "validation_rmse": abs(e - 2.0)} for e in (1, 2, 3)]
    assert marked_epochs(metric_history(errors, "validation_rmse"))[0] == 2


def test_mistakes_are_named() -> None:
    with pytest.raises(XentError, match="Did you mean 'accuracy'"):
        metric_history(records(2), "acuracy")
    with pytest.raises(XentError, match="has no 'gradient_norms'"):
        metric_history(records(2), "gradient_norms")
    with pytest.raises(XentError, match="at least one epoch"):
        loss_history([])
    with pytest.raises(XentError, match="under 'epoch'"):
        loss_history([{"loss": 1.0}])
    with pytest.raises(XentError, match="theme must be one of"):
        loss_history(records(2), theme="drak")


def test_one_epoch_is_a_dot() -> None:
    check_chart(lambda theme: loss_history(records(1), theme=theme))
