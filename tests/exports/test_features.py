"""Raw columns become the very features that the encoder makes of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from xent.data import Encoder, find_roles, read_table
from xent.data.categories import CategoryCoding
from xent.errors import XentError
from xent.exports.features import add_features, category_numbers
from xent.exports.graph import Graph
from xent.exports.session import feeds


def fitted(frame: pl.DataFrame, **roles: object) -> Encoder:
    table = read_table(frame)
    return Encoder.fit(table, np.arange(table.n_rows), find_roles(table, **roles), rare_share=0.01)


def features(encoder: Encoder, frame: pl.DataFrame, run, dtype: str = "float64") -> tuple:
    graph = Graph()
    made = add_features(graph, encoder, np.dtype(dtype))
    graph.output("X", made.name, dtype, ("n", encoder.n_features))
    if made.valid is not None:
        graph.output("valid", made.valid, np.bool_, ("n",))
    out = run(graph, feeds(made.inputs, frame))
    return out["X"], out.get("valid")


@pytest.fixture(scope="module")
def training() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 400
    return pl.DataFrame(
        {
            "age": rng.normal(45, 12, n).round(),
            "far off": 1e9 + rng.normal(0, 1, n),
            "income": pl.Series(rng.lognormal(10, 1, n)).set(pl.Series(rng.random(n) < 0.1), None),
            "constant": [7.0] * n,
            "smokes": rng.random(n) < 0.3,
            "city": pl.Series(rng.choice(["Oslo", "Rome", "東京", "New York"], n)).set(
                pl.Series(rng.random(n) < 0.1), None
            ),
            "complete": rng.choice(["a", "b"], n),
            "many": [f"v{k}" for k in rng.integers(0, 300, n)],
            "grade": rng.choice([1.0, 2.5, -3.0], n),
        }
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_features_are_the_encoder_s_to_the_bit(training, dtype: str, run) -> None:
    encoder = fitted(training, categorical=["grade"])
    rng = np.random.default_rng(1)
    rows = training.select(
        [
            column.cast(pl.Float64 if column.dtype != pl.String else pl.String).set(
                pl.Series(rng.random(400) < 0.2), None
            )
            for column in training
        ]
    ).with_columns(
        pl.Series("city", rng.choice(["Oslo", "", "NA", "?", "unseen", "東京", "🙂"], 400)),
        pl.Series("grade", rng.choice([1.0, 2.5, 99.0, None], 400).astype(float)).fill_nan(None),
    )
    X, valid = features(encoder, rows, run, dtype)
    expected = encoder.transform(read_table(rows), dtype=np.dtype(dtype))
    assert X.dtype == expected.dtype
    np.testing.assert_array_equal(X, expected)
    assert valid.all()


def test_a_value_without_a_place_is_the_average_row(training, run) -> None:
    encoder = fitted(training.select("complete", "age"))
    rows = pl.DataFrame({"age": [40.0, 40.0], "complete": ["neither", None]})
    X, _ = features(encoder, rows, run)
    np.testing.assert_array_equal(X[:, 1:], np.tile(encoder.categorical[0].shares, (2, 1)))


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
def test_categories_of_a_float32_column_are_met_in_float64(dtype, run) -> None:
    grades = pl.Series("grade", [0.1, 2.5, -3.0] * 10, dtype=dtype)
    encoder = fitted(pl.DataFrame({"grade": grades}), categorical=["grade"])
    rows = pl.DataFrame({"grade": [0.1, 2.5, 0.2]}, schema={"grade": pl.Float32})
    X, _ = features(encoder, rows, run)
    np.testing.assert_array_equal(X, encoder.transform(read_table(rows), dtype=np.float64))
    np.testing.assert_array_equal(features(encoder, rows.cast(pl.Float64), run)[0], X)


def test_categories_that_float32_cannot_tell_apart_stay_apart(run) -> None:
    near = float(np.float32(0.1))
    rows = pl.DataFrame({"grade": [0.1, near, 2.5] * 10})
    encoder = fitted(rows, categorical=["grade"])
    X, _ = features(encoder, rows, run)
    np.testing.assert_array_equal(X, encoder.transform(read_table(rows), dtype=np.float64))


def test_infinite_numbers_are_no_valid_rows(training, run) -> None:
    table = read_table(pl.DataFrame({"age": [40.0, 50.0, 60.0], "still": [7.0, 7.0, 8.0]}))
    encoder = Encoder.fit(table, np.arange(2), find_roles(table))  # still is constant in training
    rows = pl.DataFrame({"age": [40.0, np.inf, 40.0, None], "still": [7.0, 7.0, -np.inf, 9.0]})
    _, valid = features(encoder, rows, run)
    assert valid.tolist() == [True, False, False, True]


def test_rows_too_far_off_for_float32_are_not_valid(run) -> None:
    encoder = fitted(pl.DataFrame({"tiny": [0.0, 1e-30, 2e-30]}))
    _, valid = features(encoder, pl.DataFrame({"tiny": [1e-30, 1e20]}), run, "float32")
    assert valid.tolist() == [True, False]


def test_columns_of_any_name_become_inputs_of_their_own() -> None:
    names = ["Sub_3", "threshold", "probabilities", "größe in cm", "module/x"]
    encoder = fitted(pl.DataFrame({name: [1.0, 2.0, 4.0] for name in names}))
    graph = Graph()
    made = add_features(graph, encoder, np.dtype("float32"))
    assert [one.column for one in made.inputs] == names
    assert [one.name for one in made.inputs] == names
    assert graph.input("", np.float64, ("n", 1)) == "column"
    assert graph.optional_input("threshold", np.array(0.5)) == "threshold_"
    assert graph.prefix("module/") == "_module/"
    graph.output("probabilities", made.name, "float32", ("n", 5))
    assert graph.outputs[0].name == "probabilities_"
    assert graph.to_bytes({})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 10], [1.0, 10.0, 2.0]),
        ([0.5, -1.0, 0.5], [-1.0, 0.5]),
        ([True, False, True], None),
        (["1", "2", "2"], None),
        ([2**60 + 1, 5, 5], None),
    ],
    ids=["whole", "halves", "booleans", "text", "beyond float64"],
)
def test_categories_are_numbers_where_numbers_say_all(values: list, expected: list | None) -> None:
    found = category_numbers(CategoryCoding.fit(pl.Series("x", values)))
    assert (found if found is None else found.tolist()) == expected


def test_half_a_surrogate_pair_is_refused() -> None:
    graph = Graph()
    with pytest.raises(XentError, match="cannot be written as UTF-8"):
        graph.input("\ud800", np.float64, ("n", 1))
    graph.constant(np.array(["\udfff"], dtype=object))
    with pytest.raises(XentError, match="cannot be written as UTF-8"):
        graph.to_bytes({})


def test_a_graph_that_is_none_is_refused_in_one_line() -> None:
    graph = Graph()
    graph.output("y", graph.add("NoSuchOperator", graph.constant(1.0)), np.float64, ())
    with pytest.raises(XentError, match="cannot be written as an ONNX file"):
        graph.to_bytes({})
