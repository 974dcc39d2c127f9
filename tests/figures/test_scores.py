"""The score histogram: every row is in a bar of its class."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import axis_titles, check_chart, rows_of
from rows import binary, draws, subtitle

import xent
from xent.errors import XentError
from xent.figures import score_histogram


def test_every_row_is_in_a_bar_of_its_class() -> None:
    e = binary()
    chart = score_histogram(e, classes=("legal", "phishing"), points={"chosen": 0.3})
    bars = rows_of(chart)
    for name, of_class in (("legal", ~e.truth), ("phishing", e.truth)):
        own = [bar for bar in bars if bar["class"] == name]
        assert sum(bar["rows"] for bar in own) == of_class.sum()
        assert sum(bar["share"] for bar in own) == pytest.approx(1)
        for bar in own[:-1]:
            inside = (bar["low"] <= e.scores) & (e.scores < bar["high"]) & of_class
            assert bar["rows"] == inside.sum()
    light = check_chart(lambda theme: score_histogram(e, points={"chosen": 0.3}, theme=theme))
    assert axis_titles(light) >= {"predicted probability", "share of the class's rows"}


def test_bars_are_bars_and_not_ticks() -> None:
    # x and x2 without "binned" would draw bars 5 pixels wide
    specification = score_histogram(binary()).to_dict()
    assert specification["layer"][0]["encoding"]["x"]["bin"] == "binned"


def test_the_outline_runs_along_the_tops() -> None:
    chart = score_histogram(binary(), n_bins=4)
    bars, tops = rows_of(chart), rows_of(chart, 1)
    assert [(row["low"], row["share"]) for row in tops] == [
        (bar[side], bar["share"]) for bar in bars for side in ("low", "high")
    ]
    dashes = chart.to_dict()["layer"][1]["encoding"]["strokeDash"]["scale"]
    assert dashes == {"domain": ["negative", "positive"], "range": [[4, 3], [1, 0]]}


def test_the_rule_stands_at_its_threshold() -> None:
    chart = score_histogram(binary(), points={"chosen": 0.3, "other": 0.8})
    assert [rows_of(chart, layer)[0]["low"] for layer in (2, 3)] == [0.3, 0.8]
    texts = [layer["mark"] for layer in chart.to_dict()["layer"] if "text" in layer["encoding"]]
    # left of the middle the name runs to the right, and the other way round
    assert [text["align"] for text in texts] == ["left", "left", "right", "right"]


def test_weights_are_summed_and_infinite_scores_said() -> None:
    truth, logits = draws(60)
    logits[:3] = np.inf
    weight = np.arange(60.0)
    chart = score_histogram(xent.evaluate(truth, logits=logits, weight=weight))
    drawn = sum(bar["rows"] for bar in rows_of(chart))
    assert drawn == pytest.approx(weight[3:].sum())
    # a row of weight 0 is none: two of the three are left
    assert subtitle(chart) == "2 infinite scores are not drawn"


def test_scores_of_one_value_and_of_none() -> None:
    bars = rows_of(score_histogram(([0, 1, 1], [2.0, 2.0, 2.0])))
    assert sum(bar["rows"] for bar in bars) == 3
    with pytest.raises(XentError, match="needs a finite score"):
        score_histogram(xent.evaluate([0, 1], logits=[-np.inf, np.inf]))
