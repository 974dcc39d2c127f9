"""Rows without a table: to the bit what the encoder makes of the same rows as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.data import Encoder, read_table
from xent.data.roles import find_roles
from xent.errors import XentError
from xent.studio.row_encoding import RowEncoder
from xent.studio.rows import RowForm, columns_of


def encoder_of(*, has_gaps: bool) -> Encoder:
    """Return an encoder of numbers (one constant), a boolean, texts, and numbers as categories."""
    rng = np.random.default_rng(7)
    n = 200
    age: list[float | None] = rng.normal(40, 10, n).tolist()
    city: list[str | None] = rng.choice(["Oslo", "Rome", "Bonn"], n).tolist()
    if has_gaps:
        age[::9] = [None] * len(age[::9])
        city[::7] = [None] * len(city[::7])
        city[1] = "Lima"  # rare
    frame = pl.DataFrame(
        {
            "age": age,
            "member": rng.random(n) < 0.5,
            "always": [3.0] * (n - 1) + [4.0],  # one number in all training rows
            "tiny": rng.normal(0, 1e-9, n),
            "city": city,
            "grade": rng.integers(1, 4, n),
        }
    )
    table = read_table(frame)
    roles = find_roles(table, categorical=["grade"])
    return Encoder.fit(table, np.arange(n - 1), roles, rare_share=0.02)


ENCODERS = {has_gaps: encoder_of(has_gaps=has_gaps) for has_gaps in (False, True)}
ROWS = st.fixed_dictionaries(
    {
        "age": st.none() | st.floats(-1e6, 1e6) | st.integers(-5, 200),
        "member": st.none() | st.booleans() | st.sampled_from([0, 1]),
        "always": st.none() | st.just(3) | st.floats(-10, 10),
        "tiny": st.none() | st.floats(-1e20, 1e20),
        "city": st.none() | st.sampled_from(["Oslo", "Rome", " Bonn ", "Lima", "Paris", "", "NA"]),
        "grade": st.none() | st.sampled_from([1, 2.0, "3", 4, 2.5]),
    }
)


def as_table(encoder: Encoder, numbers: Any, texts: Any) -> Any:
    """Return the checked cells as a table: the plain way."""
    names, text_names = encoder.numeric.names, [coding.name for coding in encoder.categorical]
    columns = {
        name: [None if np.isnan(row[k]) else row[k] for row in numbers]
        for k, name in enumerate(names)
    }
    columns |= {name: [row[k] for row in texts] for k, name in enumerate(text_names)}
    schema = dict.fromkeys(names, pl.Float64) | dict.fromkeys(text_names, pl.String)
    return read_table(pl.DataFrame(columns, schema=schema))


@settings(max_examples=40)
@given(st.lists(ROWS, min_size=1, max_size=12), st.booleans(), st.sampled_from(["f4", "f8"]))
def test_the_same_bits_as_by_way_of_a_table(
    rows: list[dict[str, Any]], has_gaps: bool, dtype: str
) -> None:
    encoder = ENCODERS[has_gaps]
    checked = RowForm(columns_of(encoder)).checked(rows)
    table = as_table(encoder, checked.numbers, checked.texts)
    expected = encoder.transform(table, dtype=np.dtype(dtype))
    got = RowEncoder(encoder).encode(checked, np.dtype(dtype))
    assert got.dtype == expected.dtype
    assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("n_rows", [1, 20])
def test_a_number_too_large_once_encoded_is_refused_by_name(n_rows: int) -> None:
    encoder = ENCODERS[True]
    row = {"age": 1, "member": 1, "always": 3, "tiny": 1e30, "city": "Oslo", "grade": 1}
    checked = RowForm(columns_of(encoder)).checked([row] * n_rows)
    with np.errstate(all="ignore"), pytest.raises(XentError, match="tiny"):
        RowEncoder(encoder).encode(checked)


def test_models_of_one_kind_of_column() -> None:
    for frame in (pl.DataFrame({"a": [1.0, 2.5, 4.0]}), pl.DataFrame({"c": ["x", "y", "x"]})):
        table = read_table(frame)
        encoder = Encoder.fit(table, np.arange(3), find_roles(table))
        checked = RowForm(columns_of(encoder)).checked(frame.to_dicts())
        expected = encoder.transform(table)
        assert RowEncoder(encoder).encode(checked).tobytes() == expected.tobytes()
