"""Documents read back: whatever is in them, the answer is a value or one clear line."""

from __future__ import annotations

import copy
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.data import (
    Encoder,
    NumericEncoder,
    Split,
    TargetCoding,
    find_roles,
    read_table,
    split_rows,
)
from xent.data.documents import numbers_of
from xent.errors import XentError

TABLE = read_table(
    pl.DataFrame(
        {"age": [31, None, 45], "member": [True, False, True], "city": ["Oslo", "Rome", None]}
    )
)
DOCUMENTS = [
    (Encoder, Encoder.fit(TABLE, np.arange(3), find_roles(TABLE)).to_json()),
    (NumericEncoder, NumericEncoder.fit(np.array([[1.0, 2.0], [3.0, np.nan]])).to_json()),
    (Split, split_rows(10, random_state=0).to_json()),
    (TargetCoding, TargetCoding.fit([0, 1, 1]).to_json()),
]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 10**400, -(2**63) - 1]),
    st.floats(),
    st.text(max_size=3),
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(document, dict):
        inner = [place for key, value in document.items() for place in places(value, (*path, key))]
    elif isinstance(document, list):
        inner = [place for i, value in enumerate(document) for place in places(value, (*path, i))]
    else:
        inner = []
    return [path, *inner]


@pytest.mark.parametrize(("kind", "document"), DOCUMENTS)
def test_a_document_with_anything_anywhere_is_read_or_refused(kind, document):
    @settings(max_examples=150)
    @given(st.sampled_from(places(document)[1:]), anything, st.booleans())
    def check(place, value, is_removed):
        changed = copy.deepcopy(document)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        if is_removed:
            del inner[place[-1]]
        else:
            inner[place[-1]] = value
        try:
            again = kind.from_json(changed)
        except XentError:
            return
        json.dumps(again.to_json(), allow_nan=False)
        if isinstance(again, Encoder) and again.columns == ("age", "member", "city"):
            assert np.isfinite(again.transform(TABLE)).all()

    check()


def test_lists_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("xent.data.documents._MOST_VALUES", 3)
    with pytest.raises(XentError, match="'a' must be a list of at most 3 entries"):
        numbers_of({"a": [1, 2, 3, 4]}, "a")
