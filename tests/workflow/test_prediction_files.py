"""Labelled predictions in tables: which column is what, and what does not fit."""

from __future__ import annotations

import polars as pl
import pytest

from xent.errors import XentError
from xent.workflow.prediction_files import PredictionColumns, read_predictions_of


def read(frame, label="y", **columns):
    return read_predictions_of(pl.DataFrame(frame), PredictionColumns(label, **columns))


def test_zeros_and_ones_need_no_positive():
    read_one = read({"y": [0, 1, 1], "p": [0.1, 0.6, 0.7]}, probability="p")
    assert read_one.y.tolist() == [0, 1, 1]
    assert read_one.classes == (0, 1)
    assert read_one.evaluate(n_bootstrap=0).auc.value == 1
    truths = read({"y": [True, False], "p": [0.1, 0.6]}, probability="p")
    assert truths.y.tolist() == [1, 0]
    assert truths.classes == (False, True)


def test_any_labels_with_the_positive_named():
    frame = {"y": ["good", "bad", "good"], "z": [-1.0, 2.0, 0.5]}
    given = read(frame, logit="z", positive="bad")
    assert given.y.tolist() == [0, 1, 0]
    assert given.declared == "logits"
    assert given.classes == ("good", "bad")
    numbers = read({"y": [-1, 1], "s": [3, 4]}, score="s", positive="-1")
    assert numbers.y.tolist() == [1, 0]
    alone = read({"y": ["bad", "bad"], "z": [1.0, 2.0]}, logit="z", positive="bad")
    assert alone.y.tolist() == [1, 1]


def test_a_column_a_class():
    frame = {"y": ["b", "a"], "p_a": [0.2, 0.5], "p_b": [0.5, 0.3], "p_c": [0.3, 0.2]}
    given = read(frame, probability="p_*")
    assert given.classes == ("a", "b", "c")
    assert given.y.tolist() == [1, 0]
    assert given.evaluate(n_bootstrap=0).accuracy.value == 1
    listed = read({**frame, "y": [1, 0]}, probability="p_a, p_b, p_c")
    assert listed.classes == (0, 1, 2)
    two = read({"y": ["a", "b"], "p_a": [0.2, 0.5], "p_b": [0.8, 0.5]}, probability="p_*")
    assert two.evaluate(n_bootstrap=0).task == "binary"


def test_a_column_a_label_and_numbers():
    frame = {"l_a": [0, 1], "l_b": [1, 1], "p_a": [0.2, 0.5], "p_b": [0.5, 0.3]}
    given = read(frame, label="l_*", probability="p_*")
    assert given.y.tolist() == [[0, 1], [1, 1]]
    assert given.evaluate(n_bootstrap=0).task == "multilabel"
    numbers = read({"y": [1.5, 2.5], "mean": [1.0, 3.0]}, prediction="mean")
    assert numbers.evaluate(n_bootstrap=0).mae.value == 0.5
    assert numbers.classes == ()


def test_decisions():
    binary = read({"y": [0, 1], "d": [1, 1]}, decision="d")
    assert binary.evaluate(n_bootstrap=0).task == "binary"
    named = read({"y": ["n", "p"], "d": ["p", "p"]}, decision="d", positive="p")
    assert named.predicted.tolist() == [1, 1]
    classes = read({"y": ["a", "b", "c"], "d": ["a", "c", "c"]}, decision="d")
    assert classes.classes == ("a", "b", "c")
    assert classes.predicted.tolist() == [0, 2, 2]
    with pytest.raises(XentError, match="must hold labels as the truth does"):
        read({"y": ["a", "b"], "d": [1, 2]}, decision="d")


def test_weight_group_and_cluster():
    frame = {"y": [0, 1], "p": [0.1, 0.6], "w": [1, 2], "g": ["u", "v"], "c": [1, 2]}
    given = read(frame, probability="p", weight="w", group="g", cluster="c")
    assert given.weight.tolist() == [1, 2]
    assert list(given.evaluate(n_bootstrap=0).by_group()) == ["u", "v"]
    assert given.cluster.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        ({"y": [0], "p": [0.5]}, {}, "got none"),
        ({"y": [0], "p": [0.5]}, {"probability": "p", "score": "p"}, "probability and score"),
        ({"y": [0], "prob": [0.5]}, {"probability": "prb"}, "Did you mean 'prob'"),
        ({"y": [0], "p": [0.5]}, {"probability": "q_*"}, "no column 'q_\\*'"),
        ({"y": [0, 1], "p": ["a", "b"]}, {"probability": "p"}, "must hold numbers"),
        ({"y": [0, 1], "p": [0.5, None]}, {"probability": "p"}, "1 missing values"),
        ({"y": [0, None], "p": [0.5, 0.5]}, {"probability": "p"}, "missing values"),
        ({"y": ["a", "b"], "p": [0.5, 0.5]}, {"probability": "p"}, "positive must say"),
        (
            {"y": list("abcdef"), "p": [0.5] * 6},
            {"probability": "p", "positive": "a"},
            "two classes for one column",
        ),
        (
            {"y": ["good", "bad"], "p": [0.5, 0.5]},
            {"probability": "p", "positive": "goood"},
            "Did you mean 'good'",
        ),
        (
            {"y": ["x", "a"], "p_a": [0.5, 0.5], "p_b": [0.5, 0.5]},
            {"probability": "p_*"},
            "label 'x' has no column",
        ),
        (
            {"y": ["a", "b"], "p_a": [0.5, 0.5], "p_b": [0.5, 0.5]},
            {"probability": "p_*", "positive": "a"},
            "must come last",
        ),
        (
            {"y": [0, 1], "p": [0.5, 0.5], "g": ["a", None]},
            {"probability": "p", "group": "g"},
            "1 missing",
        ),
        ({"y": [0, 1], "p": [0.5, 0.5]}, {"probability": "p", "cluster": "k"}, "no column 'k'"),
    ],
)
def test_what_does_not_fit_is_refused(frame, columns, message):
    with pytest.raises(XentError, match=message):
        read(frame, **columns)
