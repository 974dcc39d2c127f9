"""Encoding and splitting against scikit-learn."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import LabelBinarizer, OneHotEncoder, StandardScaler

from xent.data import Encoder, NumericEncoder, find_roles, hold_out, one_vs_rest, read_table


@pytest.mark.parametrize("weighted", [False, True])
def test_standardization_equals_the_standard_scaler(weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(3, [1, 10, 1e-3], (500, 3))
    weight = rng.random(500) if weighted else None
    ours = NumericEncoder.fit(X, weight)
    theirs = StandardScaler().fit(X, sample_weight=weight)
    np.testing.assert_allclose(ours.center, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(ours.scale, theirs.scale_, rtol=1e-12)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("imputation", ["mean", "median"])
def test_imputation_equals_the_simple_imputer(imputation):
    rng = np.random.default_rng(1)
    X = rng.exponential(size=(300, 4))
    X[rng.random((300, 4)) < [0.1, 0, 0.3, 0.02]] = np.nan
    ours = NumericEncoder.fit(X, imputation=imputation)
    theirs = SimpleImputer(strategy=imputation, add_indicator=True).fit(X)
    np.testing.assert_allclose(ours.fill, theirs.statistics_, rtol=1e-12)
    expected = theirs.transform(X)
    expected[:, :4] = (expected[:, :4] - ours.center) / ours.scale
    np.testing.assert_allclose(ours.transform(X), expected, rtol=1e-9, atol=1e-12)


def test_categories_equal_the_one_hot_encoder():
    rng = np.random.default_rng(2)
    column = rng.choice(["red", "green", "blue", "über"], 200)
    table = read_table(pl.DataFrame({"c": column}))
    encoder = Encoder.fit(table, np.arange(200), find_roles(table))
    theirs = OneHotEncoder(sparse_output=False).fit(column[:, None])
    np.testing.assert_array_equal(encoder.transform(table), theirs.transform(column[:, None]))


def test_one_hot_equals_the_label_binarizer():
    codes = np.random.default_rng(3).integers(0, 4, 50)
    np.testing.assert_array_equal(one_vs_rest(codes, 4), LabelBinarizer().fit_transform(codes))


def test_class_counts_are_as_near_as_a_stratified_shuffle_split():
    classes = np.random.default_rng(4).choice(4, 997, p=[0.6, 0.3, 0.08, 0.02])
    share = np.bincount(classes) * 0.2
    splitter = StratifiedShuffleSplit(n_splits=20, test_size=0.2, random_state=0)
    for seed, (_, theirs) in enumerate(splitter.split(classes, classes)):
        _, ours = hold_out(997, 0.2, random_state=seed, stratify=classes)
        assert np.abs(np.bincount(classes[ours], minlength=4) - share).max() <= 1
        assert np.abs(np.bincount(classes[theirs], minlength=4) - share).max() <= 1
