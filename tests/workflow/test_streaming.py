"""A stream's figures are those of all rows at once."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from xent import evaluate
from xent.errors import XentError
from xent.workflow.prediction_files import PredictionColumns
from xent.workflow.streaming import evaluate_stream

GENERATOR = np.random.default_rng(0)
Y = GENERATOR.random(3000) < 0.3
Z = (GENERATOR.normal(size=3000) + Y).round(2)
FRAME = pl.DataFrame(
    {"y": Y, "z": Z, "w": GENERATOR.integers(0, 3, 3000), "label": np.where(Y, 1, -1)}
)


@pytest.fixture
def path(tmp_path):
    FRAME.write_parquet(tmp_path / "p.parquet")
    return tmp_path / "p.parquet"


@pytest.mark.parametrize("weight", [None, "w"])
def test_figures_are_those_of_all_rows_at_once(path, weight):
    streamed = evaluate_stream(path, PredictionColumns("y", logit="z", weight=weight))
    whole = evaluate(Y, logits=Z, weight=None if weight is None else FRAME[weight].to_numpy())
    assert streamed.n_rows == whole.n_rows
    for name, figure in streamed.figures.items():
        assert figure.value == pytest.approx(whole[name].value, rel=1e-12), name
    assert streamed.figures["auc"].value == whole.auc.value or weight is not None
    assert "3,000" in str(streamed) or weight is not None


def test_numbers_as_labels_and_scores(path):
    streamed = evaluate_stream(path, PredictionColumns("label", score="z", positive="1"))
    assert streamed.figures["auc"].value == evaluate(Y, scores=Z).auc.value
    assert math.isnan(streamed.figures["log_loss"].value)
    assert "probability" in streamed.figures["log_loss"].why
    assert "recall" not in streamed.figures
    assert streamed.to_json()["figures"]["log_loss"]["value"] is None
    assert streamed.to_records()[0]["figure"] == "log_loss"


def test_one_class_only(tmp_path):
    pl.DataFrame({"y": [0, 0], "p": [0.1, 0.2]}).write_csv(tmp_path / "p.csv")
    streamed = evaluate_stream(tmp_path / "p.csv", PredictionColumns("y", probability="p"))
    assert "absent" in streamed.figures["auc"].why
    assert "positive" in streamed.figures["average_precision"].why


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (PredictionColumns("y", decision="z"), "exactly one of probability"),
        (PredictionColumns("y", logit="z", group="w"), "no groups"),
        (PredictionColumns("label", logit="z", positive="yes"), "must be numbers"),
        (PredictionColumns("label", logit="z"), "0 and 1|0 or 1"),
        (PredictionColumns("y", probability="z"), r"\[0, 1\]"),
    ],
)
def test_what_does_not_fit_is_refused(path, columns, message):
    with pytest.raises(XentError, match=message):
        evaluate_stream(path, columns)


def test_no_rows(tmp_path):
    FRAME.clear().write_parquet(tmp_path / "p.parquet")
    with pytest.raises(XentError, match="no rows"):
        evaluate_stream(tmp_path / "p.parquet", PredictionColumns("y", logit="z"))
