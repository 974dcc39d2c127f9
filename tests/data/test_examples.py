"""The built-in examples, and what loading this room costs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import xent.data
from xent.data import EXAMPLES, Encoder, TargetCoding, example_table, find_roles, target_values
from xent.errors import XentError


@pytest.mark.parametrize(
    ("name", "shape", "task"),
    [
        ("breast_cancer", (569, 31), "binary"),
        ("diabetes", (442, 11), "regression"),
        ("digits", (1797, 65), "multiclass"),
        ("wine", (178, 14), "multiclass"),
    ],
)
def test_an_example_is_a_table_with_a_target(name, shape, task):
    table = example_table(name)
    assert (table.name, table.frame.shape) == (name, shape)
    assert TargetCoding.fit(target_values(table, ["target"])).task == task
    roles = find_roles(table, target="target")
    Z = Encoder.fit(table, np.arange(table.n_rows), roles).transform(table)
    assert np.isfinite(Z).all()
    assert name in EXAMPLES


def test_an_unknown_example_names_the_nearest():
    with pytest.raises(XentError, match=r"no example 'digit'\. Did you mean 'digits'\?"):
        example_table("digit")


def test_arrays_and_splits_load_no_other_library():
    program = (
        "import sys, xent.data\n"
        "from xent.data import NumericEncoder, TargetCoding, iterate_batches, read_idx, split_rows\n"
        "heavy = {'polars', 'narwhals', 'pandas', 'pyarrow', 'scipy', 'sklearn', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_files_load_neither_narwhals_nor_pandas_nor_sklearn(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,x\n2,y\n")
    program = (
        "import sys, numpy as np\n"
        "from xent.data import Encoder, find_roles, read_table\n"
        f"table = read_table({str(tmp_path / 'a.csv')!r})\n"
        "Encoder.fit(table, np.arange(2), find_roles(table)).transform(table)\n"
        "heavy = {'narwhals', 'pandas', 'pyarrow', 'scipy', 'sklearn', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there():
    for name in xent.data.__all__:
        assert getattr(xent.data, name) is not None
    assert dir(xent.data) == sorted(xent.data.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Tabel'"):
        xent.data.Tabel  # noqa: B018
