"""Files in batches: every row once, in order, and what does not fit is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from xent.data.streams import column_batches, column_types, frame_batches
from xent.errors import XentError

FRAME = pl.DataFrame(
    {"y": np.arange(2500) % 2 == 0, "p": np.arange(2500) / 2500, "t": ["a"] * 2500}
)


def write(frame, path):
    {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".arrow": frame.write_ipc}[
        path.suffix
    ](path)
    return path


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".arrow"])
def test_every_row_once_in_order(tmp_path, ending):
    path = write(FRAME, tmp_path / f"p{ending}")
    batches = list(column_batches(path, ["y", "p"], batch_rows=500))
    assert len(batches) > 1
    np.testing.assert_array_equal(np.concatenate([b["p"] for b in batches]), FRAME["p"])
    np.testing.assert_array_equal(np.concatenate([b["y"] for b in batches]), FRAME["y"])


@pytest.mark.parametrize(
    ("names", "message"),
    [(["q"], "no column 'q'"), (["t"], "must hold numbers, got String")],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, names, message):
    path = write(FRAME, tmp_path / "p.parquet")
    with pytest.raises(XentError, match=message):
        list(column_batches(path, names))


def test_missing_values_are_named_by_row(tmp_path):
    frame = pl.DataFrame({"p": [0.1, 0.2, None]})
    with pytest.raises(XentError, match="data row 3"):
        list(column_batches(write(frame, tmp_path / "p.csv"), ["p"]))


def test_files_that_are_absent_damaged_or_of_another_kind_are_refused(tmp_path):
    with pytest.raises(XentError, match="no file"):
        list(column_batches(tmp_path / "p.parquet", ["p"]))
    with pytest.raises(XentError, match="must end in"):
        list(column_batches(tmp_path / "p.xlsx", ["p"]))
    path = write(FRAME, tmp_path / "p.parquet")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(XentError, match="cannot be read"):
        list(column_batches(path, ["p"]))


def test_text_where_it_may_be(tmp_path):
    path = write(FRAME, tmp_path / "p.parquet")
    assert [str(kind) for kind in column_types(path).values()] == ["Boolean", "Float64", "String"]
    batches = list(frame_batches(path, ["p"], texts=["t"], batch_rows=700))
    assert sum(batch.height for batch in batches) == 2500
    assert batches[0].columns == ["t", "p"]
    FRAME.with_columns(pl.lit(None).cast(pl.Date).alias("d")).write_parquet(path)
    with pytest.raises(XentError, match="must hold text, numbers or booleans, got Date"):
        list(frame_batches(path, ["p"], texts=["d"]))


def test_whole_numbers_first_and_fractions_later(tmp_path):
    (tmp_path / "p.csv").write_text("p\n" + "1\n" * 5000 + "0.5\n")
    batches = list(column_batches(tmp_path / "p.csv", ["p"]))
    assert batches[-1]["p"][-1] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y,p,p\n1,0.3,0.9\n", "column name 'p' more than once"),
        ("y,p\n100000000000000000000000,0.3\n", "more than 64 bits"),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(XentError, match=message):
        list(column_batches(tmp_path / "t.csv", ["y", "p"]))


def test_a_folder_is_named(tmp_path):
    with pytest.raises(XentError, match="is a folder"):
        column_types(tmp_path)
