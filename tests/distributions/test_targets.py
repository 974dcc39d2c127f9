"""Whatever does not fit is refused with name, expectation, what came, and the cure."""

from __future__ import annotations

import numpy as np
import pytest

from xent.distributions import (
    Bernoulli,
    Categorical,
    Gaussian,
    MultiLabel,
    MultiLabelSoftmax,
    Poisson,
)
from xent.errors import XentError

NAN = float("nan")


@pytest.mark.parametrize(
    ("distribution", "y", "message"),
    [
        (
            Bernoulli(),
            np.zeros((10, 768)),
            r"y must have shape \(n,\) or \(n, 1\), got \(10, 768\).*Categorical",
        ),
        (Bernoulli(), 1.0, r"got \(\)"),
        (Bernoulli(), [0, 1, 2], r"must lie in \[0, 1\], got 2.0 at row 2.*\(y \+ 1\) / 2"),
        (Bernoulli(), [-1, 1], "got -1.0 at row 0"),
        (Bernoulli(), [0.0, NAN], "must not be NaN, got nan at row 1"),
        (Bernoulli(), ["a", "b"], "must hold numbers, got dtype <U1.*codes"),
        (Bernoulli(), [None, 1], "must hold numbers, got dtype object"),
        (MultiLabel(3), np.zeros((4, 2)), r"shape \(n, 3\), got \(4, 2\)"),
        (MultiLabel(3), np.zeros(4), r"shape \(n, 3\), got \(4,\)"),
        (MultiLabel(2), [[0, 1], [1, 3]], "got 3.0 at row 1, column 1"),
        (MultiLabelSoftmax(2), [[0, NAN]], "NaN.* at row 0, column 1"),
        (
            Categorical(3),
            [0, 1, 3],
            r"must lie in 0..2, got 3.0 at row 2. Class labels are codes 0..2",
        ),
        (Categorical(3), [0, -1], "got -1.0 at row 1"),
        (Categorical(3), [0.5], r"whole codes, got 0.5 at row 0. Soft labels have shape \(n, 3\)"),
        (Categorical(3), [NAN], "must not be NaN"),
        (Categorical(3), np.zeros((5, 4)), r"shape \(n, 3\), got \(5, 4\)"),
        (Categorical(3), np.zeros((5, 3, 1)), r"shape \(n,\)"),
        (Categorical(3), [[0.2, 0.2, 0.2]], "sum to 1, got 0.6.*MultiLabelSoftmax"),
        (Categorical(3), [[1.5, -0.5, 0.0]], r"must lie in \[0, 1\]"),
        (Gaussian(), [1.0, NAN], "must be finite, got nan at row 1"),
        (Gaussian(), [np.inf], "must be finite"),
        (Gaussian(), np.zeros((3, 2)), r"got \(3, 2\)"),
        (Poisson(), [1, -2], "must not be negative, got -2.0 at row 1"),
        (Poisson(), [np.inf], "must be finite"),
    ],
)
def test_bad_targets_are_refused(distribution, y, message):
    with pytest.raises(XentError, match=message):
        distribution.check_targets(y)


@pytest.mark.parametrize(
    ("distribution", "width", "y"),
    [
        (Bernoulli(), 1, [0, 1]),
        (Categorical(3), 3, [0, 1]),
        (MultiLabel(2), 2, [[0, 1], [1, 1]]),
        (Gaussian(), 2, [0, 1]),
    ],
)
def test_rows_must_agree(distribution, width, y):
    for call in (distribution.nll, distribution.grad, distribution.value_and_grad):
        with pytest.raises(XentError, match="y must have shape"):
            call(np.zeros((3, width)), y)
    with pytest.raises(XentError, match="y must have shape"):
        distribution.check_targets(y, n_rows=3)


def test_a_column_is_the_same_target_and_never_broadcast():
    z = np.array([0.5, -1.0, 2.0])
    for outputs in (z, z[:, None]):
        for y in ([1, 0, 1], [[1], [0], [1]]):
            assert Bernoulli().nll(outputs, y).shape == (3,)
    np.testing.assert_array_equal(
        Bernoulli().nll(z, [[1], [0], [1]]), Bernoulli().nll(z[:, None], [1, 0, 1])
    )
    rows = np.zeros((3, 2))
    np.testing.assert_array_equal(
        Categorical(2).nll(rows, [[1], [0], [1]]), Categorical(2).nll(rows, [1, 0, 1])
    )


@pytest.mark.parametrize(
    ("z", "message"),
    [
        (
            np.zeros((3, 2)),
            r"z must have shape \(n,\) or \(n, 1\) for Bernoulli\(\), got \(3, 2\).*last layer",
        ),
        (0.0, r"got \(\)"),
        (["a"], "z must hold real numbers, got dtype"),
        (np.zeros(3, complex), "z must hold real numbers"),
        (np.zeros(3, np.longdouble), "z must have at most 64 bits"),
    ],
)
def test_bad_outputs_are_refused(z, message):
    with pytest.raises(XentError, match=message):
        Bernoulli().nll(z, [0, 1, 1])


def test_outputs_of_several_columns():
    with pytest.raises(
        XentError, match=r"z must have shape \(n, 3\) for Categorical\(n_classes=3\), got \(3,\)"
    ):
        Categorical(3).nll(np.zeros(3), [0])
    with pytest.raises(XentError, match="z must have shape"):
        Categorical(3).mean(np.zeros((2, 4)))


def test_canonical_targets():
    for y in ([1, 0], [[1], [0]], [True, False], np.array([1, 0], np.uint8)):
        checked = Bernoulli().check_targets(y)
        assert checked.dtype == np.float64
        np.testing.assert_array_equal(checked, [1, 0])
    assert Bernoulli().check_targets(np.array([0.5], np.float32)).dtype == np.float32
    for y in ([1, 0], [[1], [0]], [True, False], [1.0, 0.0], np.array([1, 0], np.int8)):
        checked = Categorical(2).check_targets(y)
        assert checked.dtype == np.int64
        np.testing.assert_array_equal(checked, [1, 0])
    soft = Categorical(2).check_targets([[1, 0], [0, 1]])
    assert soft.dtype == np.float64
    assert soft.shape == (2, 2)
    assert MultiLabel(1).check_targets([1, 0]).shape == (2, 1)
    assert Gaussian().check_targets([1, 2]).dtype == np.float64
    assert Poisson().check_targets([True, False]).dtype == np.float64
    assert Categorical(3).check_targets(np.zeros(0)).shape == (0,)


def test_data_frames_columns_are_arrays():
    pandas = pytest.importorskip("pandas")
    y = pandas.Series([0, 1])
    np.testing.assert_array_equal(Bernoulli().nll(pandas.Series([0.0, 0.0]), y), [np.log(2)] * 2)
