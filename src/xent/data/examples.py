"""Built-in examples: real data that comes with scikit-learn, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from xent.data.tables import Table, read_table
from xent.errors import XentError, nearest_hint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xent.arrays import Array

__all__ = ["EXAMPLES", "example_table"]

EXAMPLES = ("breast_cancer", "diabetes", "digits", "wine")
"""The names of the examples. The target is the column ``target`` in each."""


def example_table(name: str) -> Table:
    """Return a real data set by name, with the target in the column ``target``.

    Parameters
    ----------
    name : {"breast_cancer", "diabetes", "digits", "wine"}
        569 x 30, malignant or benign; 442 x 10, disease progression (a number); 1,797 x 64 pixels
        0 to 16, digits 0 to 9; 178 x 13, three cultivars.

    Raises
    ------
    XentError
        When there is no such example.

    Examples
    --------
    >>> table = example_table("breast_cancer")
    >>> table.n_rows, len(table.columns), sorted(table.column("target").unique())
    (569, 31, ['benign', 'malignant'])
    """
    if name not in EXAMPLES:
        raise XentError(
            f"there is no example {name!r}.{nearest_hint(name, EXAMPLES)} "
            f"Known: {', '.join(EXAMPLES)}."
        )
    # scikit-learn takes half a second to load; only who asks for an example pays for it.
    from sklearn import datasets

    loaders = {
        "breast_cancer": datasets.load_breast_cancer,
        "diabetes": lambda: datasets.load_diabetes(scaled=False),
        "digits": datasets.load_digits,
        "wine": datasets.load_wine,
    }
    bunch = loaders[name]()
    return read_table(_frame(bunch.data, bunch.feature_names, _target(bunch)), name=name)


def _target(bunch: Any) -> Array:
    """Return the target with the names of its classes, where they have names."""
    names = getattr(bunch, "target_names", None)
    if names is None or np.asarray(names).dtype.kind != "U":
        return np.asarray(bunch.target)
    return np.asarray(np.asarray(names)[bunch.target])


def _frame(X: Array, names: Sequence[str], target: Array) -> pl.DataFrame:
    columns = {
        name.replace(" ", "_"): column for name, column in zip(names, X.T.copy(), strict=True)
    }
    return pl.DataFrame({**columns, "target": target})
