"""Tables from files and from memory."""

from __future__ import annotations

import gzip
import io
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from xent.data import Table, read_table
from xent.errors import XentError

FRAME = pl.DataFrame(
    {"age": [31, None, 45], "height": [1.5, 2.5, None], "city": ["Oslo", "Rome", None]}
)


def written(frame: pl.DataFrame, suffix: str) -> bytes:
    target = io.BytesIO()
    if suffix == ".parquet":
        frame.write_parquet(target)
    elif suffix in {".feather", ".arrow"}:
        frame.write_ipc(target)
    elif suffix == ".ipc":
        frame.write_ipc_stream(target)
    else:
        frame.write_csv(target, separator="\t" if "tsv" in suffix else ",")
    content = target.getvalue()
    return gzip.compress(content) if suffix.endswith(".gz") else content


@pytest.mark.parametrize(
    "suffix",
    [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".CSV", ".parquet", ".arrow", ".feather", ".ipc"],
)
def test_every_kind_of_file_is_the_same_table(tmp_path, suffix):
    path = tmp_path / f"people{suffix}"
    path.write_bytes(written(FRAME, suffix.lower()))
    table = read_table(path)
    assert table.frame.equals(FRAME)
    assert (table.name, table.n_rows, table.columns) == (
        path.name,
        3,
        ("age", "height", "city"),
    )
    assert read_table(str(path)).fingerprint == table.fingerprint


def test_a_packed_file_has_the_fingerprint_of_its_content(tmp_path):
    (tmp_path / "a.csv").write_bytes(written(FRAME, ".csv"))
    (tmp_path / "b.csv.gz").write_bytes(written(FRAME, ".csv.gz"))
    plain, packed = read_table(tmp_path / "a.csv"), read_table(tmp_path / "b.csv.gz")
    assert plain.fingerprint == packed.fingerprint
    (tmp_path / "a.csv").write_bytes(written(FRAME, ".csv").replace(b"31", b"32"))
    assert read_table(tmp_path / "a.csv").fingerprint != plain.fingerprint


def test_every_object_in_memory_is_the_same_table():
    tables = [
        read_table(source)
        for source in (FRAME, FRAME.lazy(), FRAME.to_arrow(), FRAME.to_pandas(), read_table(FRAME))
    ]
    for table in tables[:3]:
        assert table.frame.equals(FRAME)
    # pandas keeps whole numbers beside a missing one as floats.
    assert tables[3].frame.equals(FRAME.with_columns(pl.col("age").cast(pl.Float64)))
    assert len({table.fingerprint for table in (*tables[:3], tables[4])}) == 1


def test_a_fingerprint_sees_values_names_types_and_gaps():
    frames = [
        FRAME,
        FRAME.rename({"age": "Age"}),
        FRAME.with_columns(pl.col("age").cast(pl.Int32)),
        FRAME.with_columns(age=pl.Series([31, 45, None])),
        FRAME.with_columns(city=pl.Series(["Osl", "oRome", None])),
        FRAME[::-1],
    ]
    assert len({read_table(frame).fingerprint for frame in frames}) == len(frames)


def test_missing_values_have_one_form():
    table = read_table(pl.DataFrame({"a": [1.0, float("nan")], "b": ["?", " x "], "c": ["NA", ""]}))
    assert table.frame.rows() == [(1.0, None, None), (None, "x", None)]


def test_plain_types():
    frame = pl.DataFrame(
        {
            "c": pl.Series(["u", "v"], dtype=pl.Categorical),
            "e": pl.Series(["u", "v"], dtype=pl.Enum(["u", "v"])),
            "d": pl.Series([Decimal("1.5"), Decimal("2.5")]),
            "big": pl.Series([1, 10**20], dtype=pl.Int128),
        }
    )
    assert read_table(frame).frame.dtypes == [pl.String, pl.String, pl.Float64, pl.Float64]


def test_one_call_gives_a_table_back_unchanged():
    table = read_table(FRAME, name="people")
    assert read_table(table) is table


def test_pandas_columns_of_every_kind():
    frame = pd.DataFrame(
        {
            "int": [1, 2, 3],
            "Int": pd.array([1, None, 3], dtype="Int64"),
            "category": pd.Categorical(["u", None, "v"]),
            "code": pd.Categorical([1, 2, 1]),
            "date": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "bool": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["a", None, "b"], dtype="string"),
            "mixed": [1, "x", None],
            "none": [None, None, None],
            "sets": [{1}, {2}, None],
            "dates": [pd.Timestamp("2024-01-01"), "x", None],
        }
    )
    table = read_table(frame)
    assert table.frame["Int"].to_list() == [1, None, 3]
    assert table.frame["category"].to_list() == ["u", None, "v"]
    assert table.frame["code"].to_list() == ["1", "2", "1"]
    assert table.frame["date"].dtype.is_temporal()
    assert table.frame["bool"].to_list() == [True, None, False]
    assert table.frame["text"].to_list() == ["a", None, "b"]
    assert table.frame["mixed"].to_list() == ["1", "x", None]
    assert table.frame["none"].to_list() == [None, None, None]
    assert table.frame["dates"].to_list() == ["2024-01-01 00:00:00", "x", None]
    assert read_table(pd.DataFrame([[1, 2]])).columns == ("0", "1")


def test_numpy_arrays():
    X = np.array([[1.0, 2.0], [np.nan, 4.0]])
    assert read_table(X).frame.rows() == [(1.0, 2.0), (None, 4.0)]
    assert read_table(X).columns == ("x0", "x1")
    fields = np.array([(1, "a", b"u"), (2, "b", b"v")], dtype="i4,U1,S1")
    assert read_table(fields).frame.rows() == [(1, "a", "u"), (2, "b", "v")]
    mixed = np.array([[1, "a"], [None, np.nan]], dtype=object)
    assert read_table(mixed).frame.rows() == [(1, "a"), (None, None)]
    assert read_table(np.eye(2, dtype=np.longdouble)).frame.dtypes == [pl.Float64] * 2
    assert read_table(np.eye(2, dtype=bool)).frame.dtypes == [pl.Boolean] * 2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(3), r"shape \(n, d\) to be a table, got \(3,\)"),
        (np.zeros((0, 3)), "the table has no rows"),
        (np.zeros((3, 0)), "the table has no columns"),
        (np.zeros((2, 2), dtype=complex), "real numbers, got complex128"),
        (np.zeros(2, dtype=[("a", "f8", 3)]), "one value a row"),
        ({"a": [1]}, "got dict"),
        (None, "got NoneType"),
        (pd.Series([1, 2]), "got Series"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "unique column names"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "differ as text"),
        (pd.DataFrame(), "the table has no columns"),
        (pa.table({"a": pa.array([], pa.int64())}), "the table has no rows"),
    ],
)
def test_objects_that_are_no_table_are_refused(source, message):
    with pytest.raises(XentError, match=message):
        read_table(source)


def test_an_absent_file_names_the_nearest(tmp_path):
    (tmp_path / "phishing.csv").write_text("a\n1\n")
    with pytest.raises(XentError, match=r"no file .*phising.csv\. Did you mean 'phishing.csv'\?"):
        read_table(tmp_path / "phising.csv")
    with pytest.raises(XentError, match="there is no file"):
        read_table(tmp_path / "absent" / "a.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b"a,b\n", "a.csv has no rows"),
        ("a.csv", b"a,b\n1\n", "line 2 has 1 fields"),
        ("a.xlsx", b"PK", r"of no known kind \(.xlsx\)\. Known: .csv"),
        ("table", b"a\n1\n", "of no known kind"),
        ("a.csv.gz", b"a,b\n1,2\n", "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-20], "not a whole gzip file"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.parquet", b"PAR1 nothing", "not a readable parquet file"),
        ("a.arrow", b"ARROW1 nothing", "not a readable arrow file"),
        ("a.feather", b"nothing", "not a readable feather file"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(XentError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)


def test_a_folder_and_an_impossible_name_are_refused(tmp_path):
    with pytest.raises(XentError, match="is a folder"):
        read_table(tmp_path)
    with pytest.raises(XentError, match="cannot be read"):
        read_table(tmp_path / ("x" * 400 + ".csv"))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_parquet_file_is_refused(tmp_path, share):
    content = written(FRAME, ".parquet")
    path = tmp_path / "a.parquet"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(XentError, match="not a readable parquet file"):
        read_table(path)


def test_an_unknown_column_names_the_nearest():
    with pytest.raises(XentError, match=r"target: the table has no column 'agee'\. Did .*'age'"):
        read_table(FRAME).column("agee", argument="target")


def test_tables_are_frozen():
    with pytest.raises(AttributeError):
        read_table(FRAME).name = "b"
    assert isinstance(read_table(FRAME), Table)


def test_a_damaged_parquet_file_is_one_line_or_a_table(tmp_path):
    """Three random bytes wrong, 300 times: among the seeds is one at which polars panics."""
    stream = io.BytesIO()
    pl.DataFrame({"a": [1.0] * 500, "b": ["x"] * 500}).write_parquet(stream)
    rng, path = random.Random(0), tmp_path / "damaged.parquet"
    messages = []
    for _ in range(300):
        content = bytearray(stream.getvalue())
        for _ in range(3):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            read_table(path)
        except XentError as error:
            messages.append(str(error))
    assert len(messages) > 200
    assert not any("\n" in message for message in messages)
