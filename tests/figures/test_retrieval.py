"""What was relevant and what was retrieved, dot by dot."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from drawn import check_chart, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import binary, subtitle

from xent.errors import XentError
from xent.evaluation import ConfusionCounts
from xent.figures import retrieval_picture
from xent.figures.retrieval import MEANINGS

# the usual example: 30 pages retrieved, 20 of them relevant, 40 relevant ones missed
PAGES = ConfusionCounts(tp=20, fn=40, fp=10, tn=30)


def dots(chart: Any) -> Counter[str]:
    return Counter(row["cell"] for row in rows_of(chart, 1))


@pytest.mark.checklist(
    row=131,
    call="xent.figures.retrieval_picture(ConfusionCounts(tp=20, fn=40, fp=10, tn=30))",
    figure="30 retrieved: precision 20/30, recall 20/60",
)
def test_thirty_retrieved() -> None:
    chart = retrieval_picture(PAGES)
    (frame,) = rows_of(chart, 0)
    inside = [
        row
        for row in rows_of(chart, 1)
        if frame["x"] < row["x"] < frame["x_end"] and frame["y"] < row["y"] < frame["y_end"]
    ]
    assert len(inside) == 30
    relevant = [row for row in rows_of(chart, 1) if "relevant" in row["cell"]]
    assert len(relevant) == 60
    # relevant ones are on the left of all others
    others = [row for row in rows_of(chart, 1) if "relevant" not in row["cell"]]
    assert max(row["x"] for row in relevant) < min(row["x"] for row in others)
    assert len([row for row in inside if row in relevant]) == 20
    bars = {row["figure"]: row["value"] for row in rows_of(chart, 2)}
    assert bars == {"precision": PAGES.precision, "recall": PAGES.recall}
    assert bars == {"precision": pytest.approx(2 / 3), "recall": pytest.approx(1 / 3)}
    assert subtitle(chart) == ""
    check_chart(lambda theme: retrieval_picture(PAGES, theme=theme))


@settings(max_examples=15)
@given(*(st.integers(0, 60) for _ in range(4)))
def test_every_row_has_its_place(tp: int, fn: int, fp: int, tn: int) -> None:
    if not tp + fn + fp + tn:
        return
    chart = retrieval_picture(ConfusionCounts(tp=tp, fn=fn, fp=fp, tn=tn))
    given_counts = {"tp": tp, "fn": fn, "fp": fp, "tn": tn}
    layers = chart.to_dict()["vconcat"][0]["layer"]
    rows = rows_of(chart, len(layers) - 1)
    assert len({(row["x"], row["y"]) for row in rows}) == len(rows) == tp + fn + fp + tn
    assert Counter(row["cell"] for row in rows) == Counter(
        {MEANINGS[name]: count for name, count in given_counts.items() if count}
    )
    assert len(layers) == 1 + bool(tp + fp)


def test_of_many_rows_a_dot_is_several_and_no_cell_is_lost() -> None:
    chart = retrieval_picture(ConfusionCounts(tp=190, fn=10, fp=20, tn=99_980))
    assert subtitle(chart) == "a dot is 167 rows, or the rest of them"
    assert dots(chart) == Counter(
        {
            MEANINGS["tp"]: 2,
            MEANINGS["fn"]: 1,
            MEANINGS["fp"]: 1,
            MEANINGS["tn"]: 599,
        }
    )
    texts = [row["text"] for row in rows_of(chart, 2)]
    assert texts == [
        "190 of 210 retrieved are relevant: 90.5%",
        "190 of 200 relevant are retrieved: 95.0%",
    ]


def test_what_is_undefined_says_so() -> None:
    nothing = retrieval_picture(ConfusionCounts(tp=0, fn=3, fp=0, tn=4))
    assert rows_of(nothing, 1)[0]["value"] is None
    assert rows_of(nothing, 1)[0]["text"] == "0 of 0 retrieved are relevant: undefined"


def test_counts_of_an_evaluation_and_mistakes() -> None:
    evaluation = binary(300)
    assert sum(dots(retrieval_picture(evaluation.at(0.5).counts)).values()) == 300
    with pytest.raises(XentError, match="at least one row"):
        retrieval_picture(ConfusionCounts(tp=0, fn=0, fp=0, tn=0))
    many = ConfusionCounts(*(np.array([1, 2]) for _ in range(4)))
    with pytest.raises(XentError, match=r"whole numbers of one decision, got fn = array"):
        retrieval_picture(many)
    with pytest.raises(XentError, match=r"got tp = 0\.5"):
        retrieval_picture(ConfusionCounts(tp=0.5, fn=1, fp=1, tn=1))  # type: ignore[type-var]
