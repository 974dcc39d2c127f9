"""The encoder of tables: fitted on training rows, JSON bit for bit, clear about what does not fit."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xent.data import Encoder, find_roles, hold_out, read_table
from xent.errors import XentError

PEOPLE = {
    "age": [31, 45, None, 60],
    "height": [1.5, 1.75, 1.8, 1.6],
    "member": [True, False, None, True],
    "city": ["Oslo", "Rome", "Oslo", None],
}
ALL = np.arange(4)


def people(**changes):
    return read_table(pl.DataFrame({**PEOPLE, **changes}, strict=False), name="people.csv")


def fitted(table=None, rows=ALL, weight=None, **options) -> Encoder:
    table = people() if table is None else table
    return Encoder.fit(table, rows, find_roles(table, rows=rows), weight, **options)


cells = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(0, 99)),
        "height": st.one_of(st.none(), st.floats(-9, 9, allow_subnormal=False)),
        "member": st.one_of(st.none(), st.booleans()),
        "city": st.one_of(st.none(), st.sampled_from(["Oslo", "Rome", "Bonn"])),
    }
)
SCHEMA = {"age": pl.Int64, "height": pl.Float64, "member": pl.Boolean, "city": pl.String}
DECLARED = {"numeric": ["age", "height"], "categorical": ["city"]}


@given(st.lists(cells, min_size=1, max_size=15), st.data())
@settings(max_examples=40)
def test_weight_two_is_repetition_and_zero_is_absence(rows, data):
    weight = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    )
    if not weight.any():
        weight[0] = 1
    frame = pl.DataFrame(rows, schema=SCHEMA)
    table, repeated = read_table(frame), read_table(frame[np.repeat(np.arange(len(rows)), weight)])
    roles = find_roles(table, **DECLARED)
    one = Encoder.fit(table, np.arange(table.n_rows), roles, weight.astype(float))
    other = Encoder.fit(repeated, np.arange(repeated.n_rows), roles)
    assert one.feature_names == other.feature_names
    np.testing.assert_allclose(
        one.transform(table, dtype=np.float64), other.transform(table, dtype=np.float64), atol=1e-9
    )


@given(st.lists(cells, min_size=2, max_size=15), st.integers(0, 99), st.data())
@settings(max_examples=40)
def test_changing_a_test_row_changes_no_parameter(rows, seed, data):
    train, test = hold_out(len(rows), 0.3, random_state=seed)
    table = read_table(pl.DataFrame(rows, schema=SCHEMA))
    changed = list(rows)
    for row in test.tolist():
        changed[row] = data.draw(cells)
    other = read_table(pl.DataFrame(changed, schema=SCHEMA))
    roles = find_roles(table, rows=train)
    assert find_roles(other, rows=train) == roles
    if not roles.features:
        return
    one, two = Encoder.fit(table, train, roles), Encoder.fit(other, train, roles)
    assert one.to_json() == two.to_json()


def test_changing_a_real_test_row_changes_no_parameter(real_table):
    table = real_table("adult.csv")
    train, test = hold_out(table.n_rows, 0.2, random_state=0)
    roles = find_roles(table, rows=train, target="income", split="split")
    before = Encoder.fit(table, train, roles).to_json()
    row = pl.int_range(table.n_rows) == int(test[5])
    for column, value in (("age", 10**6), ("workclass", "Astronaut"), ("occupation", None)):
        frame = table.frame.with_columns(
            pl.when(row).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
        )
        changed = read_table(frame)
        assert not changed.frame.equals(table.frame)
        after = find_roles(changed, rows=train, target="income", split="split")
        assert Encoder.fit(changed, train, after).to_json() == before
    # And a training row does: the test can fail.
    row = pl.int_range(table.n_rows) == int(train[5])
    frame = table.frame.with_columns(age=pl.when(row).then(10**6).otherwise("age"))
    assert Encoder.fit(read_table(frame), train, roles).to_json() != before


@given(st.lists(cells, min_size=1, max_size=15))
@settings(max_examples=40)
def test_json_keeps_every_bit(rows):
    table = read_table(pl.DataFrame(rows, schema=SCHEMA))
    encoder = Encoder.fit(table, np.arange(table.n_rows), find_roles(table, **DECLARED))
    copy = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert copy.transform(table).tobytes() == encoder.transform(table).tobytes()
    assert copy.feature_names == encoder.feature_names
    assert copy.to_json() == encoder.to_json()


@given(st.lists(cells, min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_rows_does_not_matter(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    table = read_table(pl.DataFrame(rows, schema=SCHEMA))
    roles = find_roles(table, **DECLARED)
    one = Encoder.fit(table, np.arange(len(rows)), roles)
    other = Encoder.fit(table, np.array(order), roles)
    np.testing.assert_allclose(
        one.transform(table, dtype=np.float64), other.transform(table, dtype=np.float64), atol=1e-9
    )
    np.testing.assert_array_equal(
        one.transform(table, np.array(order)), one.transform(table)[order]
    )


def test_the_layout_of_an_encoded_row():
    encoder = fitted()
    assert encoder.feature_names == (
        "age", "height", "member", "age is missing", "member is missing",
        "city=Oslo", "city=Rome", "city is missing",
    )  # fmt: skip
    Z = encoder.transform(people())
    assert (Z.dtype, Z.flags.c_contiguous) == (np.float32, True)
    np.testing.assert_allclose(
        Z[:, 1], (np.array(PEOPLE["height"]) - 1.6625) / 0.11924240, rtol=1e-6
    )
    assert Z[:, 3].tolist() == [0, 0, 1, 0]
    assert Z[:, 5:].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert Z[2, 0] == pytest.approx((45 - 136 / 3) / encoder.numeric.scale[0])  # the median
    assert fitted(imputation="mean").transform(people())[2, 0] == 0
    assert encoder.columns == ("age", "height", "member", "city")
    assert encoder.text_columns == ("city",)
    assert encoder.transform(people(), np.array([3]), dtype=np.float64).shape == (1, 8)


def test_other_types_of_the_same_values_are_the_same():
    encoder = fitted()
    expected = encoder.transform(people())
    texts = people(
        age=["31", "45.0", None, "60"], member=["TRUE", "false", None, "true"], extra=["x"] * 4
    )
    np.testing.assert_array_equal(encoder.transform(texts), expected)
    numbers = people(member=[1, 0, None, 1])
    np.testing.assert_array_equal(encoder.transform(numbers), expected)
    gone = encoder.transform(people(age=[None] * 4))
    assert (gone[:, 3] == 1).all()


def test_a_text_column_stays_text_when_a_new_file_has_only_numbers(tmp_path):
    (tmp_path / "train.csv").write_text("code,x\n01,1.5\n02,2.5\nA,1.5\n01,2.5\n")
    (tmp_path / "new.csv").write_text("code,x\n01,1.5\n")
    table = read_table(tmp_path / "train.csv")
    encoder = Encoder.fit(table, ALL, find_roles(table))
    new = read_table(tmp_path / "new.csv", text=encoder.text_columns)
    np.testing.assert_array_equal(encoder.transform(new), encoder.transform(table)[:1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"age": [1, 2, 3, "x"]}, "'age' must hold numbers, as in training, got 'x' in data row 4"),
        ({"member": ["yes", "no", "yes", "no"]}, "'member' must .* got 'yes' in data row 1"),
        ({"height": [1.5, np.inf, 2, 2]}, "feature 'height' is infinite in data row 2"),
        ({"height": [1e60, 1, 2, 2]}, r"'height' is 1e\+60, too far from .* in data row 1"),
        ({"height": [[1], [2], [3], [4]]}, "'height' must hold numbers, as in training, got List"),
        ({"city": [[1], [2], [3], [4]]}, "'city' must hold text or numbers"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_one_line(changes, message):
    with pytest.raises(XentError, match=message) as caught:
        fitted().transform(people(**changes))
    assert "\n" not in str(caught.value)


def test_a_missing_column_names_the_nearest():
    frame = pl.DataFrame(PEOPLE).rename({"height": "Hight"})
    table = read_table(frame, name="new.csv")
    with pytest.raises(
        XentError, match=r"new\.csv has no column 'height', .* Did you mean 'Hight'"
    ):
        fitted().transform(table)
    with pytest.raises(XentError, match="no column 'height'"):
        fitted().novelties(table)


def test_messages_count_rows_of_the_whole_table():
    encoder = fitted()
    bad = people(height=[1, 2, np.inf, 3])
    with pytest.raises(XentError, match="in data row 3"):
        encoder.transform(bad, np.array([2, 3]))
    with pytest.raises(XentError, match="in data row 3"):
        fitted(bad, np.array([1, 2]))
    with pytest.raises(XentError, match="in data row 4"):
        encoder.transform(people(age=[1, 2, 3, "x"]), np.array([3]))


def test_declared_columns_that_are_no_numbers_are_refused():
    roles = find_roles(people(), numeric=["city"])
    with pytest.raises(XentError, match="'city' must hold numbers, as in training, got 'Oslo'"):
        Encoder.fit(people(), ALL, roles)


def test_a_table_without_features_is_refused():
    table = read_table(pl.DataFrame({"id": range(40), "y": [0, 1] * 20}), name="a.csv")
    message = r"a\.csv has no feature column \(left out: id \(identifier.*Declare one with numeric="
    with pytest.raises(XentError, match=message):
        Encoder.fit(table, np.arange(40), find_roles(table, target="y"))
    with pytest.raises(XentError, match="it has no others"):
        Encoder.fit(table, np.arange(40), find_roles(table, target=["id", "y"]))


def test_what_training_never_met_is_told():
    table = people(age=[1, 2, 3, 4], city=["Oslo", "Bonn", "Bern", None], height=[None, 1, 2, 3])
    assert fitted().novelties(table) == (
        "height: 1 missing value, none in training",
        "city: 2 values without a category in training, first 'Bonn'",
    )
    assert fitted().novelties(people()) == ()
    assert fitted().novelties(table, np.array([2, 3])) == (
        "city: 1 value without a category in training, first 'Bern'",
    )
    assert np.isfinite(fitted().transform(table)).all()


@pytest.mark.parametrize(
    "change",
    [
        {"format": "xent-split"},
        {"version": 3},
        {"numeric": None},
        {"boolean": ["city"]},
        {"boolean": "member"},
        {"categorical": {}},
        {"categorical": [None]},
    ],
)
def test_a_damaged_document_is_refused(change):
    document = fitted().to_json()
    with pytest.raises(XentError):
        Encoder.from_json({**document, **change})
    with pytest.raises(XentError):
        Encoder.from_json("encoder")
    with pytest.raises(XentError, match="none of them twice"):
        Encoder.from_json({**document, "categorical": document["categorical"] * 2})


def test_a_newer_version_is_named():
    with pytest.raises(
        XentError, match=r"version 2, this xent reads 1\. Was it written by a newer"
    ):
        Encoder.from_json({**fitted().to_json(), "version": 2})


NAMES = [
    ("phishing.csv", {"target": "Result"}, 30),
    ("adult.csv", {"target": "income", "split": "split"}, None),
    ("scene.csv", {"target": "label_*"}, 294),
    ("yeast.csv", {"target": "label_*"}, 103),
    ("emotions.csv", {"target": "label_*"}, 72),
    ("california_housing.csv", {"target": "median_house_value"}, 14),
    ("wine_quality.csv", {"target": "quality"}, 13),
    ("spambase.csv", {"target": "spam"}, 57),
    ("creditcard_subset.parquet", {"target": "Class"}, 30),
]


@pytest.mark.parametrize(("name", "options", "n_features"), NAMES)
def test_real_tables(real_table, name, options, n_features):
    table = real_table(name)
    train, test = hold_out(table.n_rows, 0.2, random_state=0)
    encoder = Encoder.fit(table, train, find_roles(table, rows=train, **options))
    Z = encoder.transform(table, train)
    n_numbers = encoder.numeric.n_inputs
    whole = encoder.numeric.scale > 0
    whole[encoder.numeric.indicator] = False  # the median is not the mean
    numbers = Z[:, :n_numbers].astype(np.float64)[:, whole]
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(numbers.std(axis=0), 1, rtol=1e-5)
    assert np.isfinite(encoder.transform(table, test)).all()
    copy = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert copy.transform(table).tobytes() == encoder.transform(table).tobytes()
    if n_features is not None:
        assert encoder.n_features == n_features


def test_the_gaps_of_california_and_adult(real_table):
    california = real_table("california_housing.csv")
    assert california.column("total_bedrooms").null_count() == 207
    rows = np.arange(california.n_rows)
    encoder = Encoder.fit(california, rows, find_roles(california, target="median_house_value"))
    place = encoder.feature_names.index("total_bedrooms is missing")
    assert encoder.transform(california)[:, place].sum() == 207
    adult = real_table("adult.csv")
    for column, n_missing in (("workclass", 2799), ("occupation", 2809), ("native-country", 857)):
        assert adult.column(column).null_count() == n_missing
