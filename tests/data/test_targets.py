"""Targets: inferred, coded, given back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.data import TargetCoding, matching_columns, target_values
from xent.errors import XentError

classes = st.one_of(
    st.lists(st.text("ab1é", max_size=3), min_size=2, max_size=5, unique=True),
    st.lists(st.integers(-(2**60), 2**60), min_size=2, max_size=5, unique=True),
    st.lists(st.floats(-9, 9), min_size=2, max_size=5, unique=True),
    st.just([False, True]),
)


@given(classes, st.randoms(use_true_random=False))
def test_labels_of_any_type_are_given_back(labels, random):
    values = labels * 3
    random.shuffle(values)
    task = "binary" if len(labels) == 2 else "multiclass"
    coding = TargetCoding.fit(values, task=task)
    assert list(coding.classes) == sorted(labels)
    codes = coding.encode(values)
    assert codes.dtype == np.int64
    assert coding.decode(codes).tolist() == values
    copy = TargetCoding.from_json(json.loads(json.dumps(coding.to_json())))
    assert copy == coding
    assert [type(label) for label in copy.classes] == [type(label) for label in coding.classes]
    np.testing.assert_array_equal(copy.encode(values), codes)


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["a", "b"], "binary", "two distinct values; positive class 'b', the last in order"),
        ([0, 1, 1], "binary", "positive class 1"),
        ([-1.0, 1.0], "binary", "positive class 1.0"),
        ([True, False], "binary", "positive class True"),
        (["a", "b", "c"] * 2, "multiclass", "text, 3 distinct values"),
        (list(range(20)) * 2, "multiclass", "integers, 20 distinct values; task may be regression"),
        (list(range(21)) * 2, "regression", "integers, 21 distinct values"),
        ([1.0, 2.0, 3.0] * 2, "regression", "numbers, 3 distinct values"),
        ([[0, 1], [1, 1]], "multilabel", "2 target columns"),
    ],
)
def test_the_task_is_inferred_and_says_why(values, task, reason):
    names = ["a", "b"] if task == "multilabel" else ["y"]
    coding = TargetCoding.fit(values, names=names)
    assert coding.task == task
    assert reason in coding.reason


def test_the_positive_class_is_the_users_choice():
    coding = TargetCoding.fit([-1, 1, 1], positive="-1")
    assert (coding.classes, coding.positive) == ((1, -1), -1)
    assert coding.encode([-1, 1]).tolist() == [1, 0]
    assert coding.decode([1, 0]).tolist() == [-1, 1]
    assert coding.reason.endswith("positive class -1, as told")
    assert TargetCoding.fit(["<=50K", ">50K"], positive=">50K").positive == ">50K"
    assert TargetCoding.fit([1.5, 2.5, 3.5], task="regression").positive is None


def test_the_number_of_outputs():
    assert TargetCoding.fit([0, 1]).n_outputs == 1
    assert TargetCoding.fit(["a", "b", "c"] * 2).n_outputs == 3
    assert TargetCoding.fit([1.5, 2.5, 3.5]).n_outputs == 1
    assert TargetCoding.fit(np.eye(4), names=list("abcd")).n_outputs == 4


def test_numbers_and_labels_are_coded_as_they_are():
    numbers = TargetCoding.fit(np.array([[1], [2], [5]]), task="regression")
    assert numbers.encode([3, 4]).dtype == np.float64
    assert numbers.decode([3.5]).tolist() == [3.5]
    labels = TargetCoding.fit(np.array([[True, False], [True, True]]), names=["a", "b"])
    assert labels.encode([[0, 1]]).tolist() == [[0.0, 1.0]]
    single = TargetCoding.fit([0, 1, 1], task="multilabel", names=["a"])
    assert single.encode([0, 1]).tolist() == [[0.0], [1.0]]


def test_another_tables_types_are_understood():
    coding = TargetCoding.fit([0, 1, 1])
    assert coding.encode([1.0, 0.0]).tolist() == [1, 0]
    assert coding.encode(["1", "0"]).tolist() == [1, 0]
    assert coding.encode([True, False]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (["a", "a"], {}, "one class only: 'a' in all 2 rows"),
        ([3, 3, 3], {}, "one class only: 3 in all 3 rows"),
        ([1.0, np.nan], {}, "1 missing values .* data row 2"),
        ([1.5, np.nan, 2.5], {"task": "regression"}, "1 missing values .* data row 2"),
        ([1.5, np.inf, 2.5], {}, "target 'y' is infinite in data row 2"),
        (["a", "b"], {"task": "regression"}, "must hold numbers for regression, got text 'a'"),
        ([[1.0, 2.0]] * 3, {"task": "regression"}, "must be one column"),
        ([[1, 2]] * 3, {"task": "binary"}, "must be one column"),
        ([0, 1, 2], {"task": "binary"}, "has 3 classes. Use task multiclass"),
        (list("abcdef"), {}, "6 classes in 6 rows, nearly one a row"),
        ([0, 1], {"positive": "2"}, r"positive must be a class of 'y' \(0, 1\), got '2'"),
        (["no", "yes"], {"positive": "Yes"}, "got 'Yes'. Did you mean 'yes'"),
        ([0, 1, 2] * 3, {"positive": 2}, "positive is for a binary target, and 'y' is multiclass"),
        (
            [0, 1],
            {"task": "multiclas"},
            r"task must be one of binary, .* Did you mean 'multiclass'",
        ),
        ([], {}, r"must have shape \(n,\) or \(n, n_labels\) with n > 0, got \(0,\)"),
        (np.zeros((2, 2, 2)), {}, "must have shape"),
        ([[0, 1], [0, 2]], {"names": ["a", "b"]}, "'b' must hold 0 and 1, got 2 in data row 2"),
        ([["0", "1"]], {"names": ["a", "b"]}, "'a' must hold 0 and 1, got '0' in data row 1"),
        ([[0, 1], [0, 1]], {"names": ["a"]}, r"shape \(n, 1\), a column for each label, got"),
    ],
)
def test_bad_targets_are_refused_in_one_line(values, options, message):
    with pytest.raises(XentError, match=message) as caught:
        TargetCoding.fit(values, **options)
    assert "\n" not in str(caught.value)


def test_unknown_classes_and_codes_are_refused():
    coding = TargetCoding.fit(["cat", "dog", "cow"] * 2)
    with pytest.raises(XentError, match=r"class 'cats' in data row 2, .*\('cat', .*mean 'cat'"):
        coding.encode(["dog", "cats"])
    with pytest.raises(XentError, match="from 0 to 2, got 0 to 3"):
        coding.decode([0, 3])
    many = TargetCoding.fit(list(range(15)) * 2, task="multiclass")
    with pytest.raises(XentError, match=r"9, \.\.\.\)"):
        many.encode([99])


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"version": 2},
        {"task": "other"},
        {"task": ["binary"]},
        {"reason": None},
        {"names": []},
        {"names": ["a", "b"]},
        {"names": [1]},
        {"classes": [0]},
        {"classes": [0, 0]},
        {"classes": [0, 1, 2]},
        {"classes": [0, "1"]},
        {"classes": [0, [1]]},
        {"classes": [0.0, float("inf")]},
        {"classes": "ab"},
        {"task": "regression"},
        {"task": "multilabel"},
    ],
)
def test_a_damaged_document_is_refused(change):
    document = TargetCoding.fit([0, 1]).to_json()
    with pytest.raises(XentError):
        TargetCoding.from_json({**document, **change})
    with pytest.raises(XentError):
        TargetCoding.from_json("binary")


@pytest.mark.parametrize(
    ("name", "target", "task", "n_outputs"),
    [
        ("phishing.csv", "Result", "binary", 1),
        ("adult.csv", "income", "binary", 1),
        ("spambase.csv", "spam", "binary", 1),
        ("creditcard_subset.parquet", "Class", "binary", 1),
        ("wine_quality.csv", "quality", "multiclass", 7),
        ("california_housing.csv", "median_house_value", "regression", 1),
        ("boston_housing.csv", "MEDV", "regression", 1),
        ("emotions.csv", "label_*", "multilabel", 6),
        ("yeast.csv", "label_*", "multilabel", 14),
        ("scene.csv", "label_*", "multilabel", 6),
    ],
)
def test_real_targets(real_table, name, target, task, n_outputs):
    table = real_table(name)
    names = matching_columns(table.columns, target, argument="target")
    values = target_values(table, names)
    coding = TargetCoding.fit(values, names=names)
    assert (coding.task, coding.n_outputs) == (task, n_outputs)
    assert np.isfinite(coding.encode(values)).all()
    if coding.classes:
        np.testing.assert_array_equal(coding.decode(coding.encode(values)), values)


def test_label_cardinalities_of_the_multilabel_tables(real_table):
    from xent.data import n_duplicates, row_groups

    expected = {"emotions.csv": (1.868, 27), "yeast.csv": (4.237, 198), "scene.csv": (1.074, 15)}
    for name, (cardinality, n_sets) in expected.items():
        table = real_table(name)
        names = matching_columns(table.columns, "label_*", argument="targets")
        Y = TargetCoding.fit(target_values(table, names), names=names).encode(
            target_values(table, names)
        )
        assert round(Y.sum(axis=1).mean(), 3) == cardinality
        assert len(Y) - n_duplicates(row_groups(Y)) == n_sets


def test_a_target_column_that_is_not_there(real_table):
    table = real_table("phishing.csv")
    with pytest.raises(XentError, match=r"target: phishing\.csv has no column 'Resul'\. Did you"):
        target_values(table, ["Resul"])
