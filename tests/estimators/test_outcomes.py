from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from xent.errors import XentError
from xent.estimators.outcomes import find_outcomes, outcomes_of_classes, target_array


@pytest.mark.parametrize(
    "y", [["b", "a", "b"], [1, -1, 1], [True, False, True], [2.0, 1.0, 2.0]], ids=str
)
def test_two_classes_of_any_type_come_back_as_they_were(y):
    y, outcomes = find_outcomes(np.array(y))
    codes = outcomes.encode(y)
    assert outcomes.task == "binary"
    assert codes.tolist() == [1.0, 0.0, 1.0]
    assert np.array_equal(outcomes.decode(codes.astype(int)), y)
    assert outcomes.decode(codes.astype(int)).dtype == y.dtype


def test_several_classes():
    y, outcomes = find_outcomes(np.array([30, 10, 20, 10]))
    assert (outcomes.task, outcomes.classes.tolist()) == ("multiclass", [10, 20, 30])
    assert outcomes.encode(y).tolist() == [2, 0, 1, 0]
    assert outcomes.encode(y).dtype == np.int64


def test_labels_dense_and_sparse():
    Y = np.array([[1, 0], [0, 0], [1, 1]])
    y, outcomes = find_outcomes(csr_matrix(Y))
    assert outcomes.task == "multilabel"
    assert np.array_equal(outcomes.encode(y), Y)
    assert outcomes.encode(y).dtype == np.float64
    assert outcomes.decode(Y.astype(bool)).dtype == Y.dtype
    assert find_outcomes(Y.astype(float))[1].dtype == np.int64


def test_a_class_whose_rows_all_weigh_nothing_is_none():
    _, outcomes = find_outcomes(np.array([0, 1, 2, 0]), np.array([True, True, False, True]))
    assert outcomes.classes.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0.5, 1.2, 3.3]), "Unknown label type: continuous"),
        (np.array([1, 1, 1]), "one class: np.int64.1. in every row"),
        (np.array([[1, 2], [0, 1], [2, 2]]), "Unknown label type: multiclass-multioutput"),
        (np.array([[2, 0], [0, 2]]), r"0 and 1 .* got \[2, 0\] in row 0"),
    ],
)
def test_what_is_no_classification_target_is_refused(y, message):
    with pytest.raises(XentError, match=message):
        find_outcomes(y)


def test_other_classes_or_shapes_later_are_refused():
    outcomes = outcomes_of_classes(["no", "yes"])
    with pytest.raises(XentError, match=r"'yess'\), which is none of no, yes. Did you mean 'yes'"):
        outcomes.encode(np.array(["no", "yess"]))
    with pytest.raises(XentError, match="one class a row"):
        outcomes.encode(np.zeros((3, 2)))
    labels = find_outcomes(np.eye(3, dtype=int))[1]
    with pytest.raises(XentError, match=r"\(n, 3\), a column for each label, got \(2, 2\)"):
        labels.encode(np.eye(2))
    with pytest.raises(XentError, match="at least two classes"):
        outcomes_of_classes([1])


def test_a_column_becomes_flat_with_the_warning_of_scikit_learn():
    from sklearn.exceptions import DataConversionWarning

    with pytest.warns(DataConversionWarning):
        assert target_array(np.array([[1], [0]])).shape == (2,)
