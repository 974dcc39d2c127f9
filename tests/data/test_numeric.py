"""The numeric encoder: exact moments, honest gaps, weights as repetition."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xent.data import NumericEncoder
from xent.errors import XentError

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
gappy = st.one_of(numbers, st.integers(-9, 9).map(float), st.just(np.nan))
shapes = st.tuples(st.integers(1, 12), st.integers(1, 3))
# Without a fill value every entry is drawn: otherwise most columns are constant.
matrices = hnp.arrays(np.float64, shapes, elements=gappy, fill=st.nothing())


def parameters(encoder: NumericEncoder) -> list[np.ndarray]:
    return [encoder.center, encoder.scale, encoder.fill, encoder.indicator]


def assert_close(one: NumericEncoder, other: NumericEncoder) -> None:
    spread = 1e-9 * (1 + np.abs(one.center))
    assert (np.abs(one.center - other.center) <= spread).all()
    assert (np.abs(one.scale - other.scale) <= spread).all()
    assert (np.abs(one.fill - other.fill) <= spread).all()
    assert one.indicator.tolist() == other.indicator.tolist()


@given(matrices, st.data(), st.sampled_from(["mean", "median"]))
def test_weight_two_is_repetition_and_zero_is_absence(X, data, imputation):
    weight = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X))))
    if not weight.any():
        weight[0] = 1
    weighted = NumericEncoder.fit(X, weight.astype(float), imputation=imputation)
    repeated = NumericEncoder.fit(np.repeat(X, weight, axis=0), imputation=imputation)
    assert_close(weighted, repeated)


@given(matrices, st.randoms(use_true_random=False), st.sampled_from(["mean", "median"]))
def test_the_order_of_rows_does_not_matter(X, random, imputation):
    order = list(range(len(X)))
    random.shuffle(order)
    assert_close(
        NumericEncoder.fit(X, imputation=imputation),
        NumericEncoder.fit(X[order], imputation=imputation),
    )


@given(matrices)
def test_encoded_training_rows_have_mean_0_and_sd_1(X):
    encoder = NumericEncoder.fit(X)
    Z = encoder.transform(X)
    assert Z.shape == (len(X), encoder.n_features) == (len(X), len(encoder.feature_names))
    assert np.isfinite(Z).all()
    for j in range(X.shape[1]):
        present = Z[~np.isnan(X[:, j]), j]
        if encoder.scale[j] > 1e-3:
            assert abs(present.mean()) < 1e-6
            assert abs(present.std() - 1) < 1e-6


@given(matrices)
def test_json_keeps_every_bit(X):
    encoder = NumericEncoder.fit(X)
    copy = NumericEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert copy.transform(X).tobytes() == encoder.transform(X).tobytes()
    assert copy.feature_names == encoder.feature_names


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9, 1e12, -1e15])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_huge_offset_costs_no_digit(offset, dtype):
    x = (offset + np.random.default_rng(0).integers(-500, 500, 1000)).astype(dtype)
    exact = [Fraction(float(value)) for value in x]
    mean = sum(exact) / len(exact)
    variance = sum((value - mean) ** 2 for value in exact) / len(exact)
    encoder = NumericEncoder.fit(x[:, None])
    tolerance = abs(np.spacing(float(mean))) + 2**-52 * float(variance) ** 0.5
    assert abs(encoder.center[0] - float(mean)) <= tolerance
    if variance:
        assert encoder.scale[0] == pytest.approx(float(variance) ** 0.5, rel=1e-12)
        expected = float((exact[7] - Fraction(encoder.center[0])) / Fraction(encoder.scale[0]))
        encoded = encoder.transform(x[7:8, None])
        assert encoded.dtype == dtype
        assert encoded[0, 0] == pytest.approx(expected, rel=float(np.finfo(dtype).eps))


@pytest.mark.parametrize("value", [0.1, 1e300, -3e-308, 7.0])
def test_a_constant_feature_is_encoded_as_zero_for_ever(value):
    encoder = NumericEncoder.fit(np.full((1000, 1), value))
    assert encoder.scale[0] == 0
    assert encoder.center[0] == value
    assert encoder.transform(np.array([[value], [value + 1], [-5.0]])).tolist() == [[0], [0], [0]]


def test_very_large_numbers_do_not_overflow():
    X = np.array([[1e200, 1.0, -1e180], [3e200, 2.0, 0.0], [np.nan, 3.0, 1e180]])
    encoder = NumericEncoder.fit(X)
    np.testing.assert_allclose(encoder.center, [2e200, 2.0, 0.0])
    assert encoder.feature_names == ("x0", "x1", "x2", "x0 is missing")
    np.testing.assert_allclose(encoder.scale[0], 1e200)
    np.testing.assert_allclose(encoder.transform(X)[:2, 0], [-1, 1])


def test_missing_values_are_filled_and_tagged():
    X = np.array([[1.0, 10.0], [2.0, np.nan], [9.0, 30.0]])
    encoder = NumericEncoder.fit(X, imputation="median", names=["a", "b"])
    assert encoder.feature_names == ("a", "b", "b is missing")
    assert encoder.fill.tolist() == [2.0, 20.0]
    # A gap where training had none is filled too, without a tag.
    new = encoder.transform(np.array([[np.nan, 30.0]]))
    assert new[0, 0] == pytest.approx((2.0 - 4.0) / encoder.scale[0])
    assert new[0, 1:].tolist() == [1.0, 0.0]
    mean = NumericEncoder.fit(X)
    assert mean.fill.tolist() == mean.center.tolist() == [4.0, 20.0]
    assert mean.transform(X)[1].tolist()[1:] == [0.0, 1.0]


def test_a_feature_without_any_value_is_a_tag_only():
    encoder = NumericEncoder.fit(np.array([[np.nan], [np.nan]]), imputation="median")
    assert encoder.transform(np.array([[np.nan], [3.0]])).tolist() == [[0, 1], [0, 0]]


def test_rows_of_weight_zero_leave_no_trace():
    X = np.array([[1.0], [np.nan], [3.0]])
    encoder = NumericEncoder.fit(X, np.array([1.0, 0.0, 1.0]))
    assert encoder.indicator.size == 0
    assert encoder.center[0] == 2.0


@pytest.mark.parametrize(
    ("given_dtype", "expected"),
    [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("bool", "f8"), ("f2", "f8"), ("u1", "f8")],
)
def test_the_dtype_is_kept(given_dtype, expected):
    X = np.array([[0, 1], [1, 0], [1, 1]]).astype(given_dtype)
    Z = NumericEncoder.fit(X).transform(X)
    assert Z.dtype == np.dtype(expected)
    assert Z.flags.c_contiguous


def test_chunks_do_not_show():
    rng = np.random.default_rng(3)
    X = rng.normal(5, 2, (5000, 40))
    X[4321, 7] = np.nan
    encoder = NumericEncoder.fit(X)
    column = X[:, 7][~np.isnan(X[:, 7])]
    np.testing.assert_allclose(encoder.center[7], column.mean(), rtol=1e-13)
    np.testing.assert_allclose(encoder.scale, np.nanstd(X, axis=0), rtol=1e-12)
    Z = encoder.transform(X)
    np.testing.assert_array_equal(Z[:, 40], np.isnan(X[:, 7]))
    np.testing.assert_array_equal(Z[4000:], encoder.transform(X[4000:]))


def test_infinite_values_name_feature_and_row():
    X = np.array([[1.0, 2.0], [3.0, np.inf]])
    with pytest.raises(XentError, match="feature 'x1' is infinite in data row 2"):
        NumericEncoder.fit(X)
    with pytest.raises(XentError, match="feature 'b' is infinite in data row 8"):
        NumericEncoder.fit(X, names=["a", "b"], row_numbers=np.array([4, 7]))
    encoder = NumericEncoder.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    for bad in (np.inf, -np.inf):
        with pytest.raises(XentError, match="feature 'x1' is infinite in data row 2"):
            encoder.transform(np.array([[1.0, 5.0], [3.0, bad]]))
    with pytest.raises(XentError, match="in data row 9"):
        encoder.transform(X, row_numbers=np.array([1, 8]))


def test_a_value_too_large_for_the_dtype_is_refused():
    encoder = NumericEncoder.fit(np.array([[1.0], [1.0 + 1e-9]]))
    out = np.empty((1, 1), dtype=np.float32)
    with pytest.raises(XentError, match=r"feature 'x0' is 1e\+32, too far from the training"):
        encoder.transform(np.array([[1e32]]), out)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(3), r"shape \(n, d\), got \(3,\)"),
        (np.zeros((2, 2, 2)), r"shape \(n, d\)"),
        (np.array([["a"]]), "real numbers, got <U1"),
        (np.array([[1j]]), "real numbers"),
        (np.zeros((0, 2)), "at least one row"),
    ],
)
def test_other_matrices_are_refused(X, message):
    with pytest.raises(XentError, match=message):
        NumericEncoder.fit(X)


def test_other_shapes_and_settings_are_refused():
    encoder = NumericEncoder.fit(np.eye(3))
    with pytest.raises(XentError, match=r"shape \(n, 3\), as in training, got \(2, 2\)"):
        encoder.transform(np.eye(2))
    with pytest.raises(XentError, match="Did you mean 'median'"):
        NumericEncoder.fit(np.eye(3), imputation="medain")


@pytest.mark.parametrize(
    "change",
    [
        {"center": [0.0]},
        {"center": [float("nan"), 0.0]},
        {"scale": [-1.0, 1.0]},
        {"fill": ["1", 2]},
        {"fill": [10**400, 2]},
        {"indicator": [2]},
        {"indicator": [1, 0]},
        {"names": ["a", "a"]},
        {"names": "ab"},
        {"version": 2},
        {"format": "other"},
    ],
)
def test_a_damaged_document_is_refused(change):
    document = NumericEncoder.fit(np.eye(2)).to_json()
    with pytest.raises(XentError):
        NumericEncoder.from_json({**document, **change})
    with pytest.raises(XentError):
        NumericEncoder.from_json(None)
