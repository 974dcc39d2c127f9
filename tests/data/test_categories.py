"""Categories: places for what training met, the average row for what it never met."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent.data.categories import CategoryCoding, category_texts
from xent.errors import XentError

values = st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=1, max_size=20)


def series(values, **options) -> pl.Series:
    return pl.Series("c", values, dtype=pl.String, **options)


@given(values, st.data(), st.integers(1, 3))
def test_weight_two_is_repetition_and_zero_is_absence(cells, data, most):
    weight = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(cells), max_size=len(cells)))
    )
    if not weight.any():
        weight[0] = 1
    options = {"max_categories": most, "rare_share": 0.2}
    weighted = CategoryCoding.fit(series(cells), weight.astype(float), **options)
    repeated = CategoryCoding.fit(
        series([cell for cell, n in zip(cells, weight, strict=True) for _ in range(n)]), **options
    )
    assert weighted.feature_names == repeated.feature_names
    assert weighted.shares == pytest.approx(repeated.shares)


@given(values, st.integers(1, 4))
def test_training_rows_have_one_place_each(cells, most):
    coding = CategoryCoding.fit(series(cells), max_categories=most)
    coded = coding.encode(series(cells))
    assert coded.shape == (len(cells), coding.n_features) == (len(cells), len(coding.feature_names))
    assert coded.dtype == np.float32
    assert set(np.unique(coded)) <= {0, 1}
    assert (coded.sum(axis=1) == 1).all()
    np.testing.assert_allclose(coded.mean(axis=0), coding.shares, rtol=1e-6)


@given(values, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(cells, random):
    shuffled = list(cells)
    random.shuffle(shuffled)
    assert CategoryCoding.fit(series(cells)) == CategoryCoding.fit(series(shuffled))


@given(values)
def test_json_keeps_everything(cells):
    coding = CategoryCoding.fit(series(cells))
    assert CategoryCoding.from_json(json.loads(json.dumps(coding.to_json()))) == coding


def test_rare_and_unseen_values_share_a_place():
    coding = CategoryCoding.fit(series(["a"] * 1500 + ["b"] * 600 + ["c"]))
    assert coding.feature_names == ("c=a", "c=b", "c is rare or unseen")
    assert coding.places(series(["c", "new", "b"])).tolist() == [2, 2, 1]
    assert coding.unseen(series(["c", "new", "b", None])).to_list() == ["c", "new"]


def test_the_most_frequent_categories_have_a_place():
    cells = ["a"] * 2 + ["b"] * 3 + ["c"] * 2 + ["d"]
    coding = CategoryCoding.fit(series(cells), max_categories=2)
    assert coding.categories == ("a", "b")  # of equals the first in order
    assert coding.has_rare


def test_what_training_never_met_is_the_average_row():
    coding = CategoryCoding.fit(series(["a", "b", "b", "b"]))
    assert coding.encode(series(["new", None, "a"])).tolist() == [[0.25, 0.75]] * 2 + [[1, 0]]
    gappy = CategoryCoding.fit(series(["a", "b", None, None]))
    assert gappy.places(series([None, "new"])).tolist() == [2, -1]
    empty = CategoryCoding.fit(series([None, None]))
    assert empty.encode(series(["a", None])).tolist() == [[1], [1]]


def test_a_category_of_weight_zero_leaves_no_trace():
    coding = CategoryCoding.fit(series(["a", "b", None]), np.array([1.0, 0.0, 0.0]))
    assert coding == CategoryCoding.fit(series(["a"]))


def test_categories_are_compared_as_text():
    as_integers = CategoryCoding.fit(pl.Series("c", [1, 2, 2]))
    assert as_integers.categories == ("1", "2")
    assert not as_integers.is_text
    assert as_integers.places(pl.Series("c", [2.0, 1.0])).tolist() == [1, 0]
    assert as_integers.places(series(["2", "1"])).tolist() == [1, 0]
    assert category_texts(pl.Series("c", [-0.0, 1e15, 0.1])).to_list() == [
        "0",
        "1000000000000000",
        "0.1",
    ]
    assert category_texts(pl.Series("c", [True, None])).to_list() == ["true", None]


@pytest.mark.parametrize("cells", [[[1], [2]], [b"a", b"b"], [{"a": 1}]])
def test_other_values_are_no_categories(cells):
    with pytest.raises(XentError, match="column 'c' must hold text or numbers to be categorical"):
        category_texts(pl.Series("c", cells))


@pytest.mark.parametrize(
    "change",
    [
        {"name": 1},
        {"categories": ["a", "a"]},
        {"categories": ["a"]},
        {"categories": [1, 2]},
        {"shares": [0.5, 0.6]},
        {"shares": [1.5, -0.5]},
        {"shares": [0.5, float("nan")]},
        {"shares": [True, False]},
        {"has_rare": 0},
        {"has_missing": True},
        {"is_text": None},
        {"categories": [], "shares": []},
    ],
)
def test_a_damaged_document_is_refused(change):
    document = CategoryCoding.fit(series(["a", "b"])).to_json()
    with pytest.raises(XentError):
        CategoryCoding.from_json({**document, **change})
    with pytest.raises(XentError):
        CategoryCoding.from_json([])
